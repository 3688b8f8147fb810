package command

import (
	"context"
	"strings"
	"time"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
)

// A Role is what a command requires of its user. The commands of others are refused here, before anything is sent; the owner's
// node would refuse them too.
type Role int

const (
	Everybody Role = iota // even outside a room
	Member                // of the current room
	Moderator             // of the current room: its owner or a deputy
	Owner                 // of the current room
)

func (r Role) String() string {
	return [...]string{"everybody", "members", "the room's owner and deputies", "the room's owner"}[r]
}

// A Command is one line of the console's command table. Help, arity, permission and "did you mean" all derive from it.
type Command struct {
	Name    string
	Aliases []string // "topic", or two words: "room close"
	Usage   string   // the arguments, as help shows them
	Role    Role
	// min and Max count arguments. The last one takes the rest of the line, spaces and all.
	min, Max int
	// exact is set if the last argument is sent as it was typed. Such an argument must be given; one blank separates it from what
	// comes before, and all other blanks belong to it.
	exact bool
	// Slow commands wait for other people; the user can go on typing meanwhile.
	Slow bool
	// wait is how long the command may take, if that does not follow from Slow.
	wait time.Duration
	// First is shown when the command begins.
	First    safe.Text
	Help     string
	Examples []string
	// Targets are the possible first arguments, for completion; nil: anything. Values are the possible second arguments.
	Targets, Values func(CompletionContext) []string
	// Ask returns the question of the full-screen console before an action that cannot be undone; nil, or a nil
	// confirmation: there is no question.
	Ask func(c Call, k CompletionContext) (*Confirmation, error)
	Run func(ctx context.Context, c Call) (Reply, error)
}

// A Confirmation is the question before a command is run, and the arguments to run it with after a yes: they mean what the
// question named, even if something has changed since.
type Confirmation struct {
	Text safe.Text
	Args []string
	// Choices are the answers, if there are others than yes and no.
	Choices []Choice
}

// A Choice is one answer: a key, its meaning, and its effect. The command is run with Args, or Begun is put into the input,
// for the user to complete.
type Choice struct {
	Key, Word safe.Text
	Args      []string
	Begun     string
}

// Patience returns how long the command may take.
func (c *Command) Patience() time.Duration {
	switch {
	case c.wait > 0:
		return c.wait
	case c.Slow:
		return JoinWait
	}
	return RequestWait
}

// Synopsis returns the command as it is typed.
func (c *Command) Synopsis() string { return strings.TrimSpace("/" + c.Name + " " + c.Usage) }

// A Call is everything that a command works with: it runs beside the console and shares nothing with it.
type Call struct {
	Node Node
	Args []string
	// Room is the current room, and Rooms are all rooms that we are in.
	Room  Room
	Rooms []Room
	Table []*Command
	// Keys are the lines of /help about the keys of this console.
	Keys []safe.Text
	Env  *Env
	Show Settings
	// Asked is called when the owner of a room has been asked to let us in; until is the time limit for the answer.
	Asked func(room string, until time.Time)
	// Terminal is set if the output is a terminal, which can show a QR code.
	Terminal bool
}

// Arg returns the i-th argument, or "".
func (c Call) Arg(i int) string {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return ""
}

// A Reply is what the console shows and does once a command is finished.
type Reply struct {
	// Hits are lines that were said, with their own times; they are shown before Lines.
	Hits  []Hit
	Lines []safe.Text
	// Page holds the same lines, for a console that can show them over the chat and close them.
	Page []PageLine
	// Figure is a drawing: lines that must not be wrapped.
	Figure []safe.Text
	// Room is the id of the new current room, "" for no change; Lines belong there.
	Room string
	// Secret is the text that "/copy invite" copies.
	Secret string
	// Then changes the console, if that is needed.
	Then func(Face)
}

// IsSecret reports whether line is an invite, which is copied whole.
func (r Reply) IsSecret(line safe.Text) bool {
	return r.Secret != "" && string(line) == r.Secret || IsInvite(string(line)) && !strings.Contains(string(line), " ")
}

// A Face is the part of a console that a command can change.
type Face interface {
	// Said records a line that we said; perhaps no other node has it yet.
	Said(id string)
	Settings() *Settings
	Clear()
	// PutAway hides a room that we own and that stays open.
	PutAway(r Room)
	End()
}

// A Hit is a line that was said before.
type Hit struct {
	At   time.Time
	Text safe.Text
}

// replied returns a reply that consists of lines alone.
func replied(lines ...safe.Text) (Reply, error) { return Reply{Lines: lines}, nil }

// A Room is a room that we are in, as the console knows it.
type Room struct {
	ID    string
	Name  string
	Nick  string // ours there
	Owned bool
	// Deputy is set if we are a deputy there.
	Deputy bool
	Away   bool // hidden
}

// Moderated reports whether we may give orders in the room.
func (r Room) Moderated() bool { return r.Owned || r.Deputy }

// TableFor returns the command table of a console on n, in the order of /help.
func TableFor(n Node) []*Command {
	table := Table()
	if _, own := n.(OwnNode); !own {
		table = append(table, &Command{
			Name: "detach", Run: runQuit,
			Help: "close this console; the node goes on in the process that runs it", Examples: []string{"/detach"},
		})
	}
	return table
}

// Table returns the commands that every console has.
func Table() []*Command {
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
			Name: "leave", Aliases: []string{"part", "room leave"}, Usage: "[" + stay + "]", Max: 1, Role: Member, Ask: askLeave, Run: runLeave,
			Help:     "leave the current room; to leave your own, close it with /close, or hide it with /leave stay",
			Examples: []string{"/leave", "/leave " + stay}, Targets: justStay,
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
			Name: "mute", Usage: "WHO [FOR] [REASON]", Role: Moderator, min: 1, Max: 2, Targets: Others, Run: runMute,
			Help: "stop what a member says from reaching anybody, for a time (10m, 2h, 1d) or until /unmute; they are told why, and can still read", Examples: []string{"/mute dave", "/mute dave 10m let others talk"},
		},
		{
			Name: "unmute", Usage: "WHO", Role: Moderator, min: 1, Max: 1, Targets: mutedOnes, Run: runUnmute,
			Help: "lift a mute", Examples: []string{"/unmute dave"},
		},
		{
			Name: "voice", Usage: "WHO", Role: Owner, min: 1, Max: 1, Targets: Others, Run: runVoice,
			Help: "let a member talk where only some may; see /policy speak voiced", Examples: []string{"/voice bob"},
		},
		{
			Name: "unvoice", Usage: "WHO", Role: Owner, min: 1, Max: 1, Targets: voicedOnes, Run: runUnvoice,
			Help: "take a member's voice back", Examples: []string{"/unvoice bob"},
		},
		{
			Name: "floor", Usage: "WHO [FOR]", Role: Owner, min: 1, Max: 2, Targets: askingOnes, Run: runFloor,
			Help: "give a member a voice that ends by itself, after 5 minutes or another time", Examples: []string{"/floor bob", "/floor bob 10m"},
		},
		{
			Name: "hands", Role: Owner, Run: runHands,
			Help: "list the members that ask for a voice, in the order in which they asked", Examples: []string{"/hands"},
		},
		{
			Name: "hand", Usage: "[down]", Role: Member, Max: 1, Values: func(CompletionContext) []string { return []string{"down"} }, Run: runHand,
			Help: "ask the owner for a voice where only some may talk; down: ask no more", Examples: []string{"/hand", "/hand down"},
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
			Name: "bans", Role: Moderator, Run: runBans,
			Help: "list the bans in force", Examples: []string{"/bans"},
		},
		{
			Name: "deputy", Usage: "NICK", Role: Owner, min: 1, Max: 1, Targets: notDeputies, Run: runDeputy,
			Help: "make a member a deputy, who may let people in, remove and mute them, and set the subject and access, while your node runs", Examples: []string{"/deputy bob"},
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
			Name: "invites", Role: Owner, Run: runInvites,
			Help: "list the unused invites", Examples: []string{"/invites"},
		},
		{
			Name: "uninvite", Usage: "ID", Role: Owner, min: 1, Max: 1, Targets: openInvites, Run: runUninvite,
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

// Permit returns the reason why the user may not run cmd now, or nil.
func Permit(cmd *Command, room Room) error {
	switch {
	case cmd.Role == Everybody:
		return nil
	case room.ID == "":
		return &fail.Error{Code: fail.ExitRefused, Text: "you are not in a room", Hint: "/rooms lists the rooms on this network, /join ROOM enters one, /create ROOM makes one"}
	case cmd.Role == Moderator && !room.Moderated():
		return &fail.Error{Code: fail.ExitRefused, Text: "/" + cmd.Name + " is for the owner of " + room.Name + " and its deputies; nothing was sent", Hint: "/members shows who they are"}
	case cmd.Role == Owner && !room.Owned:
		return &fail.Error{Code: fail.ExitRefused, Text: "/" + cmd.Name + " is for the owner of " + room.Name + "; nothing was sent", Hint: "/members shows who owns it"}
	}
	return nil
}
