package hint

// anyFace has the hints that are the same for people and programs.
var anyFace = table{
	"no answer":                          "is the other node running, and on this network? try again",
	"interrupted":                        "try again",
	"shutting down":                      "start it again",
	"rooms not told":                     "try again",
	"owner silent":                       "they may be away from the keyboard; try again, or ask for an invite",
	"owner away":                         "only the owner's node can do that; try again when it is back",
	"order unanswered":                   "when the owner's node is back, the log says whether it was done, and you are told; to kick or ban again does no harm",
	"owner busy":                         "try again in a moment",
	"deputy may not":                     "ask the owner",
	"owner out of reach":                 "is their node running, and on this network? if the network isolates its clients (guest Wi-Fi), use another",
	"owner out of reach, invite expired": "is their node running, and on this network? if the network isolates its clients, use another; by this machine's clock, the invite has also expired",
	"slow":                               "say it again in {wait}",
	"too much at once":                   "wait until your earlier lines have been sent, then say it again",
	"no key":                             "the owner's node hands out the key; try again when it is back",
	"cannot tell":                        "a direct message needs the other node to be reachable now; say it in the room, or try again",
	"not taken":                          "one of you may have left the room",

	"no room named":    "give a room's name, its id, an invite text, or HOST:PORT of somebody in it",
	"room looks alike": "name it by its id: {room}",
	"in several rooms": "name it by its id:",
	"one log":          "nothing was done",
	"recovering":       "try again in a few seconds",
	"twin":             "stop one of the two nodes; this one goes on within a minute of the other's end",

	"person looks alike": "nothing was done; compare words with them, then give the end of the peer ID",
	"several people":     "nothing was done; give the end of a peer ID, which is in brackets here, or more of it",
	"verify self":        "you can only verify somebody else",
	"ignore self":        "you can only ignore somebody else",

	"banned":            "the owner or a deputy can lift the ban",
	"banned for a time": "try again in {wait}, or ask the owner to lift it",
	"too soon":          "try again in {wait}",
	"may talk":          "say it",
	"muted":             "the owner or a deputy can end it; you can still read, and a direct message to the owner gets through",
	"muted for a time":  "it ends in {wait}; you can still read, and a direct message to the owner gets through",
	"invite not valid":  "ask the owner for a new one",
	"room full":         "the owner has to make room",
	"full":              "make room first",
	"denied":            "ask the owner",
	"log too long":      "ask the owner for a new room",
	"no log":            "their node may be of another version",
	"false log":         "somebody may be impersonating the owner: compare words with them",
	"owner's nick":      "an owner chooses the nick when creating the room",

	"member absent":     "try again when they are here: they have to say that they take it",
	"member is a guest": "their node has to be started without --ephemeral",
	"member is muted":   "let them talk first",
	"not offered":       "the owner has to offer it to you again, and an offer holds for ten minutes",
	"nothing offered":   "nothing was done",
	"room changed":      "try again in a moment",
	"keeps nothing":     "start localchat without --ephemeral, and join the room anew",
	"bad books":         "their node may be of another version",
	"transfer lost":     "wait until their node is back: if the room is not yours then, try again",

	"bad room name":    "a room's name is one line of at most {limit} letters",
	"bad subject":      "a subject is one line of at most {limit} bytes",
	"bad reason":       "a reason is one line of at most {limit} bytes; nothing was done",
	"audit damaged":    "the file was changed or cut after it was written; nothing in it is to be believed",
	"bad appeal":       "an appeal is one line of at most {limit} characters; nothing was sent",
	"not removed":      "an appeal is for somebody whom the owner or a deputy has removed, within a day",
	"appealed already": "the owner has it, or gets it; nothing more was sent",
	"appeal over":      "ask the owner in person",
	"appeals full":     "try again later, within a day",
	"bad away":         "the text is one line of at most {limit} bytes; nothing was changed",
	"bad text":         "a line is at most {limit} bytes of text",
	"bad expiry":       "give 1 to {limit} seconds",
	"bad invite":       "copy the whole invite, from LOCALCHAT: to its end",
	"bad access":       "one of open, knock, invite",
	"bad speak":        "one of all, voiced",
	"bad history":      "one of none, since-join, all",
	"bad address":      "give 192.168.1.20:4001, or a whole multiaddr: /ip4/192.168.1.20/tcp/4001/p2p/12D3…",
	"no zone":          "name a network interface of this machine, as in {at}",

	"disk full": "make room in the data directory and try again",

	// These are about a node that does not start, which is reported on the command line, so they name flags for programs too.
	"cannot listen":           "check --listen and that this machine has a network; the default is every interface",
	"address in use":          "another program may be using the port; give another one with --listen, or leave it out; the address must be one of this machine",
	"bad listen address":      "give a port, as in --listen 4001, or /ip4/0.0.0.0/tcp/4001, or leave --listen out",
	"directory in use":        "for a second node on one machine add --ephemeral, or --data-dir with another directory",
	"directory unfit":         "{mend}; or name another directory with --data-dir",
	"directory denied":        "name another directory with --data-dir, or keep nothing with --ephemeral",
	"directory unwritable":    "make room, name another directory with --data-dir, or keep nothing with --ephemeral",
	"store unfit":             "it has not been touched; {mend}, or name another directory with --data-dir",
	"store damaged":           "it has not been touched; restore it from a copy, or move it away to start without your rooms and bans",
	"store newer":             "use that version; nothing has been changed",
	"store older":             "nothing has been changed; to start without those rooms and their bans, move that file away: your identity stays",
	"identity readable":       "if nobody has copied it: chmod 600 {path}; otherwise move it away to start with a new identity: " + newSomebody,
	"identity unfit":          "it has not been touched; {mend}",
	"identity damaged":        "it has not been touched; restore it from a copy, or move it away to start with a new identity: " + newSomebody,
	"known owners unreadable": "a node that uses the directory rewrites it when it starts",
}

// newSomebody ends a hint that leads to a new identity.
const newSomebody = "your rooms and memberships belong to the old one, and are kept for it"

// person has the hints for people, at a console and in a shell alike.
var person = table{
	"own fault":     "run again with -v and --log-file, and report the output",
	"several rooms": "join the one you mean by its id:",
	"nick taken":    "choose another with --nick",
	"nick refused":  "choose another with --nick: one word of at most {limit} letters of one script, which is not reserved and not the end of a peer ID",
	"nick choice":   "choose another nick with --nick",
	"nick held":     "choose another",
	"nick unfit":    "choose one word of at most {limit} letters of one script, which is not reserved and not the end of a peer ID",
	"nick soon":     "try again in {wait}",

	"bad idle time": "give 0 for never, or 1 second to 365 days: 90s, 10m, 6h or 1d",
	"bad voice":     "give 10m, 2h or 1d, or nothing for a voice that lasts",
	"bad slow":      "give 1 second to 6 hours, or 0 for none",
	"bad retention": "give 1 second to 365 days: 90s, 10m, 6h or 1d",
	"bad mute":      "give 10m, 2h or 1d, or nothing for a mute that lasts until it is lifted",
	"bad ban":       "give 10m, 2h or 1d, or nothing for a ban that does not end",
	"no port":       "/net there shows its port: give HOST:PORT, as in {at}",
	"bad port":      "/net there shows its port",
	"cannot dial":   "is localchat running there? /net there shows its addresses; on another network it needs --from-anywhere",

	"disk broken":   "repair the disk and start localchat again",
	"room not kept": "make room in the data directory, or keep nothing with --ephemeral",
}

// console has the hints at a console. They name its commands.
var console = table{
	"unreachable":   "/doctor says what is wrong",
	"no network":    "plug in a cable or connect to a Wi-Fi, then try again; /doctor says what is wrong",
	"nobody there":  "is localchat running there? /net there shows its addresses; on another network it needs --from-anywhere; /doctor says what is wrong",
	"other version": "use the same version of localchat on both",

	"not in that room":    "/rooms lists the rooms here; /join enters one",
	"not a member":        "ask to be admitted with /join",
	"no room there":       "/create ROOM makes one",
	"room not found":      "/rooms lists what can be seen; where the network blocks mDNS, ask the owner for an invite, or /join HOST:PORT",
	"room gone":           "/rooms lists what can be seen",
	"room closed":         "create a room with /create, or join another",
	"several rooms there": "/join the one you mean by its id; localchat has to be started with --peer {at}:",
	"own room":            "/switch to it",
	"room exists":         "/switch to it, /close it first, or choose another name",
	"room frozen":         "ask the owner in person; leave with /leave",
	"own room frozen":     "/renew replaces the room; its members are invited again and its bans stay",
	"owner leaves":        "/close REASON ends it and tells them why; or stay its owner: this node keeps serving it",
	"other owner":         "if that is right, join it by its id: /join {room}",

	"no such person":  "/members lists the members and those who knock, and /bans the banned",
	"at the door":     "/members lists the members",
	"already in":      "/members lists the members",
	"no member":       "/members lists the members",
	"not at the door": "/members shows who knocks; they may have gone",
	"no such invite":  "/invites lists them",
	"message to self": "/msg is for another member",
	"not verified":    "/verified lists the people you have verified",
	"many verified":   "/unverify people that you no longer meet",
	"not ignored":     "/ignored lists the people you ignore",
	"many ignored":    "/unignore people that you no longer meet",

	"voiceless":     "/hand asks the owner and the deputies for a voice",
	"owner only":    "/members shows who that is",
	"owner invites": "ask the owner; /policy shows the rules",
	"invite only":   "ask the owner for an invite text, then: /join LOCALCHAT:…",
	"other nick":    "/nick NAME changes it",

	"bad order": "/help says what each command needs",

	"no such network card": "after the % comes the name of a network interface of this machine, not of the other one; /doctor lists them",
}

// shell has the hints of the command line. They name its commands and flags. A hint of the console that begins with a command needs
// none here: InShell says that it is typed at a console.
var shell = table{
	"unreachable":   "localchat doctor says what is wrong",
	"no network":    "plug in a cable or connect to a Wi-Fi, then try again; localchat doctor says what is wrong",
	"nobody there":  "is localchat running there? /net there shows its addresses; on another network it needs --from-anywhere; localchat doctor says what is wrong",
	"other version": "use the same version on both: localchat version",

	"not in that room":    "localchat rooms lists the rooms here; localchat join enters one",
	"not a member":        "ask to be admitted with localchat join",
	"no room there":       "localchat create ROOM makes one",
	"room not found":      "localchat rooms lists what can be seen; where the network blocks mDNS, ask the owner for an invite text, or join HOST:PORT",
	"room gone":           "localchat rooms lists what can be seen",
	"room closed":         "create a room with localchat create, or join another",
	"several rooms there": "join the one you mean by its id, with --peer {at}:",
	"own room":            "localchat create enters it again",
	"room exists":         "localchat create enters it, if it is yours; or choose another name",
	"room frozen":         "ask the owner in person",
	"other owner":         "if that is right, join it by its id: localchat join {room}",

	"owner invites": "ask the owner",
	"invite only":   "ask the owner for an invite text, then: localchat join LOCALCHAT:…",
	"other nick":    "leave --nick out; in the room it can be changed",

	"bad order": "localchat --help says what each command needs",

	"no such network card": "after the % comes the name of a network interface of this machine, not of the other one; localchat doctor lists them",
}

// program has the hints for programs. They name methods and parameters.
var program = table{
	"unreachable":   "the command doctor says what is wrong",
	"own fault":     "start the program again with -v and --log-file, and report the output",
	"no network":    "plug in a cable or connect to a Wi-Fi, then try again; the command doctor says what is wrong",
	"nobody there":  "is a node running there? its node.info has its addresses; on another network it needs --from-anywhere; the command doctor says what is wrong",
	"cannot dial":   "is a node running there? its node.info has its addresses; on another network it needs --from-anywhere",
	"other version": "use the same version on both: node.info has it",

	"not in that room":    "room.list lists the rooms here; room.join enters one",
	"not a member":        "ask to be admitted with room.join",
	"no room there":       "room.create makes one",
	"room not found":      "room.list lists what can be seen; where the network blocks mDNS, ask the owner for an invite, or give room.join HOST:PORT as room",
	"room gone":           "room.list lists what can be seen",
	"room closed":         "create a room with room.create, or join another",
	"several rooms":       "room.join takes the id of the one you mean as room:",
	"several rooms there": "room.join takes the id of the one you mean as room:",
	"own room":            "use it by its id",
	"room exists":         "use it, room.close it first, or choose another name",
	"room frozen":         "ask the owner in person; leave with room.leave",
	"own room frozen":     "room.renew replaces the room; its members are invited again and its bans stay",
	"owner leaves":        "room.close ends it and tells them the reason; or stay its owner: this node keeps serving it",
	"other owner":         "if that is right, room.join takes its id as room: {room}",

	"no such person":  "room.members lists the members, room.knocks those who knock, and room.bans the banned",
	"at the door":     "room.members lists the members",
	"already in":      "room.members lists the members",
	"no member":       "room.members lists the members",
	"not at the door": "they may have gone; room.knocks lists who knocks",
	"no such invite":  "room.invites lists them",
	"message to self": "room.tell is for another member",
	"not verified":    "node.verified lists the people you have verified",
	"many verified":   "call node.verify with verified false for people that you no longer meet",
	"not ignored":     "node.ignored lists the people you ignore",
	"many ignored":    "call node.ignore with ignored false for people that you no longer meet",

	"owner only":    "room.members shows who that is",
	"owner invites": "ask the owner; room.policy shows the rules",
	"invite only":   "ask the owner for an invite text, and give it to room.join as invite",
	"nick taken":    "choose another with nick",
	"nick refused":  "choose another with nick: one word of at most {limit} letters of one script, which is not reserved and not the end of a peer ID",
	"nick choice":   "choose another with nick",
	"other nick":    "room.nick changes it",
	"nick held":     "choose another",
	"nick unfit":    "choose one word of at most {limit} letters of one script, which is not reserved and not the end of a peer ID",
	"nick soon":     "try again in {wait}",

	"bad idle time": "give 0 for never, or 1 to 31536000 seconds",
	"bad voice":     "give for_s in seconds, or leave it out for a voice that lasts",
	"bad slow":      "give 0 to {limit} seconds",
	"bad retention": "give 1 to 31536000 seconds",
	"voiceless":     "room.hand asks the owner and the deputies for a voice",
	"bad mute":      "give for_s in seconds, or leave it out for a mute that lasts until room.unmute",
	"bad ban":       "give for_s in seconds, or leave it out for a ban that does not end",
	"bad order":     "see the method's parameters in the documentation",
	"no port":       "node.info there has its port: give HOST:PORT, as in {at}",
	"bad port":      "node.info there has its port",

	"no such network card": "after the % comes the name of a network interface of this machine, not of the other one; the command doctor lists them",

	"disk broken":   "repair the disk and start the program again",
	"room not kept": "make room in the data directory, or start the program with --ephemeral to keep nothing",
}

// personWarned and programWarned have the hints about warnings, by the code of the warning.
var personWarned = map[string]string{
	"knocks": "/members shows who waits",
	"renew":  "/renew replaces the room; its members are invited again and its bans stay",
	"twin":   "to give it another identity, restart it with --ephemeral, or move its data directory away first",
}

var programWarned = map[string]string{
	"knocks": "room.knocks lists who waits",
	"renew":  "room.renew replaces the room; its members are invited again and its bans stay",
	"twin":   "to give it another identity, restart it with --ephemeral, or move its data directory away first",
}
