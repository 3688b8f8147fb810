package command

import "slices"

// Table returns the commands that every console has, in the order of /help.
func Table() []*Command { return slices.Concat(talking(), personal(), moderating(), ruling()) }

// talking returns the commands to find a room, to be in it and to talk there.
func talking() []*Command {
	return []*Command{
		{
			Name: "help", Usage: "[COMMAND]", Max: 1, Targets: CommandNames, Run: runHelp,
			Help: "list the commands, or explain one", Examples: []string{"/help", "/help kick"},
		},
		{
			Name: "rooms", Run: runRooms,
			Help: "list the rooms you are in and those on this network", Examples: []string{"/rooms"},
		},
		{
			Name: "switch", Usage: "ROOM", min: 1, Max: 1, Targets: roomsIn, Run: runSwitch,
			Help: "switch to another room that you are in", Examples: []string{"/switch lab"},
		},
		{
			Name: "create", Aliases: []string{"room create", "host"}, Usage: "ROOM", min: 1, Max: 1, Ask: askCreate, Run: runCreate,
			Help: "create a room that you own and enter it; /policy changes who may join", Examples: []string{"/create lab", "/create lab --nick ann"},
		},
		{
			Name: "join", Usage: "ROOM, INVITE or HOST:PORT", min: 1, Max: 1, Slow: true, wait: KnockWait, Targets: roomsOut, Ask: askJoin, Run: runJoin,
			Help: "join a room on this network by its name, by an invite, or by the address of a node in it; add --nick NICK to choose your nick", Examples: []string{"/join lab", "/join lab --nick bob2", "/join LOCALCHAT:AG6JUOIPNTAYX4AZ...", "/join 192.168.1.20:4001"},
		},
		{
			Name: "leave", Aliases: []string{"part", "room leave"}, Usage: "[" + stay + " or " + yes + "]", Max: 1, Role: Member, Ask: askLeave, Run: runLeave,
			Help:     "leave the current room; to leave your own, close it with /close, or hide it with /leave stay; a deputy confirms with /leave yes",
			Examples: []string{"/leave", "/leave " + stay}, Targets: leaveWords,
		},
		{
			Name: "appeal", Usage: "TEXT", min: 1, Max: 1, exact: true, Slow: true, Run: runAppeal,
			Help: "after a removal, write to the owner of the room: once, within a day, 500 characters; you are told here if you are pardoned", Examples: []string{"/appeal it was my cat on the keyboard, sorry"},
		},
		{
			Name: "me", Usage: "TEXT", Role: Member, min: 1, Max: 1, exact: true, Run: runMe,
			Help: "say what you do: * bob waves", Examples: []string{"/me waves"},
		},
		{
			Name: "msg", Aliases: []string{"tell"}, Usage: "NICK TEXT", Role: Member, min: 2, Max: 2, exact: true, Slow: true, Targets: Others, Run: runMsg,
			Help: "send a direct message to one member", Examples: []string{"/msg bob not in front of everybody"},
		},
		{
			Name: "nick", Usage: "NAME", Role: Member, min: 1, Max: 1, Run: runNick,
			Help: "take another nick in the room, at most once a minute; marks, mutes and bans stay with you", Examples: []string{"/nick robert"},
		},
		{
			Name: "members", Aliases: []string{"who", "names"}, Role: Member, Run: runMembers,
			Help: "list the members of the room; its owner and deputies also see who knocks", Examples: []string{"/members"},
		},
		{
			Name: "away", Usage: "[TEXT]", Max: 1, Run: runAway,
			Help: "show in all your rooms that you are away, until /back; a member who sends you a direct message is told too", Examples: []string{"/away", "/away lunch, back at two"},
		},
		{
			Name: "back", Run: runBack,
			Help: "show that you are back", Examples: []string{"/back"},
		},
	}
}

// personal returns the commands that concern this person alone.
func personal() []*Command {
	return []*Command{
		{
			Name: "whois", Usage: "NICK", Role: Member, min: 1, Max: 1, Targets: othersAndKnocks, Run: runWhois,
			Help: "show a member's peer ID, their words, and when they joined and last spoke", Examples: []string{"/whois bob"},
		},
		{
			Name: "verify", Usage: "NICK [yes]", Role: Member, min: 1, Max: 2, Targets: othersAndKnocks, Values: justYes, Ask: askVerify, Run: runVerify,
			Help: "compare somebody's words and mark their key as verified; only you see the mark", Examples: []string{"/verify bob", "/verify bob yes"},
		},
		{
			Name: "unverify", Usage: "NICK", min: 1, Max: 1, Targets: verifiedOnes, Run: runUnverify,
			Help: "undo a /verify", Examples: []string{"/unverify bob"},
		},
		{
			Name: "verified", Run: runVerified,
			Help: "list the people you have verified", Examples: []string{"/verified"},
		},
		{
			Name: "ignore", Usage: "WHO", Role: Member, min: 1, Max: 1, Targets: othersAndKnocks, Run: runIgnore,
			Help: "hide what somebody says, in all rooms and in direct messages, from you alone; they are not told", Examples: []string{"/ignore dave"},
		},
		{
			Name: "unignore", Usage: "WHO", min: 1, Max: 1, Targets: ignoredOnes, Run: runUnignore,
			Help: "undo an /ignore; their lines that are still kept are shown", Examples: []string{"/unignore dave"},
		},
		{
			Name: "ignored", Run: runIgnored,
			Help: "list the people you ignore", Examples: []string{"/ignored"},
		},
		{
			Name: "whoami", Run: runWhoami,
			Help: "show your peer ID, nick and words", Examples: []string{"/whoami"},
		},
		{
			Name: "net", Run: runNet,
			Help: "show your addresses and the nodes you know", Examples: []string{"/net"},
		},
		{
			Name: "doctor", Slow: true, First: Looking, Run: runDoctor,
			Help: "check what stops this machine from finding or reaching others, and say what to do", Examples: []string{"/doctor"},
		},
		{
			Name: "search", Usage: "TEXT", Role: Member, min: 1, Max: 1, Run: runSearch,
			Help: "find lines of the room that contain a text", Examples: []string{"/search build box"},
		},
		{
			Name: "save", Usage: "FILE", Role: Member, min: 1, Max: 1, Run: runSave,
			Help: "write the lines kept here to a new file", Examples: []string{"/save lab.txt"},
		},
		{
			Name: "log", Run: runLog,
			Help: "show the last lines of this program's log", Examples: []string{"/log"},
		},
		{
			Name: "clear", Run: runClear,
			Help: "clear the screen", Examples: []string{"/clear"},
		},
		{
			Name: "set", Usage: "[NAME VALUE]", Max: 2, Targets: settingTargets, Values: settingValues, Run: runSet,
			Help: "show or change the settings of this console, which are saved: " + SettingNames(), Examples: []string{"/set", "/set times off", "/set notify all"},
		},
		{
			Name: "quit", Aliases: []string{"exit", "q"}, Usage: "[" + yes + "]", Max: 1, Targets: justYes, Ask: askQuit, Run: runQuit,
			Help: "quit; the node goes on if another localchat runs it", Examples: []string{"/quit", "/quit " + yes},
		},
	}
}

// moderating returns the commands about who may be in a room, and who may talk.
func moderating() []*Command {
	return []*Command{
		{
			Name: "invite", Aliases: []string{"room invite"}, Usage: "[NICK] [FOR]", Role: Member, Max: 2, Run: runInvite,
			Help: "make a single-use invite, as text and QR code, valid for a day or for a time; deputies may do so, and members if the policy allows it", Examples: []string{"/invite", "/invite carol", "/invite carol 2h"},
		},
		{
			Name: "share", Usage: "[" + off + " or OPTIONS]", Role: Member, Max: 1, Targets: shareWords, Run: runShare,
			Help:     "hand out the program and invites on a web page for this network; --no-invite, --port PORT, --for TIME, --invites N, --release FOLDER",
			Examples: []string{"/share", "/share --no-invite --for 20m", "/share --port 8080 --release dist", "/share " + off},
		},
		{
			Name: "accept", Usage: "WHO", Role: Moderator, min: 1, Max: 1, Targets: atTheDoorOrAll, Run: runAccept,
			Help: "let in somebody who knocks; all lets in everybody who knocks", Examples: []string{"/accept dave", "/accept all"},
		},
		{
			Name: "deny", Usage: "WHO [REASON]", Role: Moderator, min: 1, Max: 2, Targets: AtTheDoor, Run: runDeny,
			Help: "turn away somebody who knocks", Examples: []string{"/deny dave", "/deny dave who are you?"},
		},
		{
			Name: "kick", Usage: "WHO [REASON]", Role: Moderator, min: 1, Max: 2, Targets: Others, Run: runKick,
			Help: "remove a member and tell them why; they may ask to come back", Examples: []string{"/kick dave", "/kick dave too loud"},
		},
		{
			Name: "warn", Usage: "WHO TEXT", Role: Moderator, min: 2, Max: 2, Targets: Others, Run: runWarn,
			Help: "warn a member, who alone is told why; the owner and the deputies see how often somebody was warned", Examples: []string{"/warn dave mind your words"},
		},
		{
			Name: "mute", Usage: "WHO [FOR] [REASON]", Role: Moderator, min: 1, Max: 2, Targets: Others, Run: runMute,
			Help: "stop what a member says from reaching anybody, for a time (10m, 2h, 1d) or until /unmute; they are told why, and can still read", Examples: []string{"/mute dave", "/mute dave 10m let others talk"},
		},
		{
			Name: "unmute", Usage: "WHO", Role: Moderator, min: 1, Max: 1, Targets: mutedOnes, Run: runUnmute,
			Help: "lift a mute", Examples: []string{"/unmute dave"},
		},
		{
			Name: "voice", Usage: "WHO", Role: Moderator, min: 1, Max: 1, Targets: Others, Run: runVoice,
			Help: "let a member talk where only some may; see /policy speak voiced", Examples: []string{"/voice bob"},
		},
		{
			Name: "unvoice", Usage: "WHO", Role: Moderator, min: 1, Max: 1, Targets: voicedOnes, Run: runUnvoice,
			Help: "take a member's voice back", Examples: []string{"/unvoice bob"},
		},
		{
			Name: "floor", Usage: "WHO [FOR]", Role: Moderator, min: 1, Max: 2, Targets: askingOnes, Run: runFloor,
			Help: "give a member a voice that ends by itself, after 5 minutes or another time", Examples: []string{"/floor bob", "/floor bob 10m"},
		},
		{
			Name: "hands", Role: Moderator, Run: runHands,
			Help: "list the members that ask for a voice, in the order in which they asked", Examples: []string{"/hands"},
		},
		{
			Name: "hand", Usage: "[down]", Role: Member, Max: 1, Values: func(CompletionContext) []string { return []string{"down"} }, Run: runHand,
			Help: "ask the owner and the deputies for a voice where only some may talk; down: ask no more", Examples: []string{"/hand", "/hand down"},
		},
		{
			Name: "ban", Usage: "WHO [FOR] [REASON]", Role: Moderator, min: 1, Max: 2, Targets: Others, Ask: askBan, Run: runBan,
			Help: "remove somebody and keep them out, for a time (10m, 2h, 1d) or until /unban", Examples: []string{"/ban dave", "/ban dave 2h come back after lunch"},
		},
		{
			Name: "unban", Usage: "WHO", Role: Moderator, min: 1, Max: 1, Targets: Banned, Run: runUnban,
			Help: "lift a ban", Examples: []string{"/unban dave"},
		},
		{
			Name: "pardon", Usage: "WHO", Role: Moderator, min: 1, Max: 1, Targets: pardonable, Run: runPardon,
			Help: "let a removed member come back within a day without a knock, and lift their ban; they are told if they have appealed", Examples: []string{"/pardon dave"},
		},
		{
			Name: "appeals", Role: Moderator, Run: runAppeals,
			Help: "list what removed members have written to the owner", Examples: []string{"/appeals"},
		},
		{
			Name: "bans", Role: Moderator, Run: runBans,
			Help: "list the bans in force", Examples: []string{"/bans"},
		},
	}
}

// ruling returns the commands about what holds in a room.
func ruling() []*Command {
	return []*Command{
		{
			Name: "deputy", Usage: "NICK", Role: Owner, min: 1, Max: 1, Targets: notDeputies, Run: runDeputy,
			Help: "make a member a deputy, who may let people in, remove, mute and warn them, say who may talk, and set the subject and access, while your node runs", Examples: []string{"/deputy bob"},
		},
		{
			Name: "undeputy", Usage: "NICK", Role: Owner, min: 1, Max: 1, Targets: deputiesOf, Run: runUndeputy,
			Help: "make a deputy an ordinary member again", Examples: []string{"/undeputy bob"},
		},
		{
			Name: "deputies", Role: Member, Run: runDeputies,
			Help: "list the deputies of the room", Examples: []string{"/deputies"},
		},
		{
			Name: "transfer", Usage: "NICK or " + off, Role: Owner, min: 1, Max: 1, Targets: othersOrOff, Ask: askTransfer, Run: runTransfer,
			Help: "offer the room to a member, who owns it from the moment they /take it, within ten minutes; then you are an ordinary member. off takes the offer back", Examples: []string{"/transfer bob", "/transfer " + off},
		},
		{
			Name: "take", Usage: "ROOM", min: 1, Max: 1, Slow: true, Targets: roomsIn, Run: runTake,
			Help: "take a room that its owner offers you with /transfer; from then on you own it, and only you can admit and remove", Examples: []string{"/take lab"},
		},
		{
			Name: "invites", Role: Moderator, Run: runInvites,
			Help: "list the unused invites; a deputy sees those that the owner has not made", Examples: []string{"/invites"},
		},
		{
			Name: "uninvite", Usage: "ID", Role: Moderator, min: 1, Max: 1, Targets: openInvites, Run: runUninvite,
			Help: "revoke an invite", Examples: []string{"/uninvite mf2wk43umvzxi"},
		},
		{
			Name: "subject", Aliases: []string{"topic", "room topic", "room subject"}, Usage: "TEXT", Role: Moderator, min: 1, Max: 1, Run: runSubject,
			Help: "set the subject of the room", Examples: []string{"/subject today: the build"},
		},
		{
			Name: "policy", Usage: "[NAME VALUE]", Role: Member, Max: 2, Targets: policyTargets, Values: policyValues, Run: runPolicy,
			Help: "show the rules of the room, such as who may join and how long lines are kept; its owner can change " + policyNames() + ", and a deputy access and subject", Examples: []string{"/policy", "/policy access open", "/policy idle 1d", "/policy slow 5s", "/policy speak voiced"},
		},
		{
			Name: "audit", Usage: "[WHO]", Role: Member, Max: 1, Targets: everybody, Run: runAudit,
			Help: "show who did what to whom in this room, when and on whose order, from its signed log; localchat audit export writes it to a file", Examples: []string{"/audit", "/audit dave"},
		},
		{
			Name: "close", Aliases: []string{"room close"}, Usage: "[REASON]", Role: Owner, Max: 1, Ask: askClose, Run: runClose,
			Help: "end the room; every member is removed and told why", Examples: []string{"/close", "/close see you tomorrow"},
		},
		{
			Name: "renew", Role: Owner, Slow: true, Run: runRenew,
			Help: "replace a room whose log has split; its members are invited again and its bans stay", Examples: []string{"/renew"},
		},
	}
}
