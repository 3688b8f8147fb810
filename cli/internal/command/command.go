package command

import (
	"context"
	"strings"
	"time"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
)

// Who may use a command. The owner's commands are refused here, before anything is sent; the owner's node would refuse
// them too.
type Who int

const (
	Everybody Who = iota // in no room as well
	Member               // of the room being typed into
	Owner                // of it
)

func (w Who) String() string {
	return [...]string{"everybody", "members", "the room's owner"}[w]
}

// A Command is one line of the console's command table. Help, arity, permission and "did you mean" all derive from it.
type Command struct {
	Name    string
	Aliases []string // "topic", or two words: "room close"
	Usage   string   // the arguments, as help shows them
	Who     Who
	// min and max count arguments. The last one takes the rest of the line, spaces and all.
	min, Max int
	// exact: the last argument, which must be given, is a text that is sent as it was typed: one blank stands before it,
	// and all others are its own.
	exact bool
	// Slow commands wait for other people; a person goes on typing meanwhile.
	Slow bool
	// wait is how long it may take, where that is not what slow says.
	wait time.Duration
	// First is what the person is told when it begins.
	First    safe.Text
	Help     string
	Examples []string
	// Targets are what the first argument may be, for completion; nil: anything. values are those of the second.
	Targets, Values func(Known) []string
	// Ask is the question of the full-screen console before it does what cannot be taken back; nil, or a nil
	// confirmation: it does it at once.
	Ask func(c Call, k Known) (*Confirmation, error)
	Run func(ctx context.Context, c Call) (Reply, error)
}

// A Confirmation is what a person is asked before a command is done, and the arguments that it is done with after a yes:
// they mean what the question named, whatever has happened since.
type Confirmation struct {
	Text safe.Text
	Args []string
	// Choices are what there is to choose from, where that is more than yes.
	Choices []Choice
}

// A Choice is a way to answer: a key, what it means, and what comes of it: the command is done with args, or begun is what
// the person goes on to type.
type Choice struct {
	Key, Word safe.Text
	Args      []string
	Begun     string
}

// Patience is how long a person waits for the command at most.
func (c *Command) Patience() time.Duration {
	switch {
	case c.wait > 0:
		return c.wait
	case c.Slow:
		return JoinWait
	}
	return RequestWait
}

// Synopsis is the command as it is typed.
func (c *Command) Synopsis() string { return strings.TrimSpace("/" + c.Name + " " + c.Usage) }

// A Call is all that a command works with: it runs beside the console and shares nothing with it.
type Call struct {
	N    Node
	Args []string
	// Room is the one being typed into, and rooms all that we are in.
	Room  Room
	Rooms []Room
	Table []*Command
	// Keys is what help says of them.
	Keys []safe.Text
	Env  *Env
	Show Settings
	// Asked is told when the owner of a room has been asked to let us in, and until when the answer is awaited.
	Asked func(room string, until time.Time)
	// Terminal: the screen is one, so a QR code makes sense.
	Terminal bool
}

// Arg is the i-th argument, "" where there is none.
func (c Call) Arg(i int) string {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return ""
}

// A Reply is what a command wants shown and done on the console once it is finished.
type Reply struct {
	// Hits are lines that were said, with their own times; they come before the lines.
	Hits  []Hit
	Lines []safe.Text
	// Page are the same lines where they can be shown over the talk and put away.
	Page []PageLine
	// Figure is a drawing: lines that mean nothing when they are wrapped.
	Figure []safe.Text
	// Room is the id of the room to type into from now on, "" for no change; lines belong there.
	Room string
	// Secret is what /copy takes when it is asked for an invite.
	Secret string
	Then   func(Face)
}

// IsSecret reports whether line is an invite, which a person copies whole.
func (r Reply) IsSecret(line safe.Text) bool {
	return r.Secret != "" && string(line) == r.Secret || IsInvite(string(line)) && !strings.Contains(string(line), " ")
}

// A Face is a console as the reply of a command changes it.
type Face interface {
	// Said: this line of mine may have reached nobody yet.
	Said(id string)
	Settings() *Settings
	Clear()
	// PutAway takes a room of ours out of sight, which goes on.
	PutAway(r Room)
	End()
}

// A Hit is a line that was said before.
type Hit struct {
	At   time.Time
	Text safe.Text
}

// told makes a reply of lines alone.
func told(lines ...safe.Text) (Reply, error) { return Reply{Lines: lines}, nil }

// Room is a room that we are in, as the console knows it.
type Room struct {
	ID    string
	Name  string
	Nick  string // mine there
	Owned bool
	Away  bool // out of sight
}

// Table is the table, in the order of /help.
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
			Name: "leave", Aliases: []string{"part", "room leave"}, Usage: "[" + stay + "]", Max: 1, Who: Member, Ask: askLeave, Run: runLeave,
			Help:     "leave the room you are typing in; to leave your own, close it with /close, or hide it and stay its owner",
			Examples: []string{"/leave", "/leave " + stay}, Targets: justStay,
		},
		{
			Name: "me", Usage: "TEXT", Who: Member, min: 1, Max: 1, exact: true, Run: runMe,
			Help: "say what you do: * bob waves", Examples: []string{"/me waves"},
		},
		{
			Name: "msg", Aliases: []string{"tell"}, Usage: "NICK TEXT", Who: Member, min: 2, Max: 2, exact: true, Slow: true, Targets: Others, Run: runMsg,
			Help: "send a direct message to one member", Examples: []string{"/msg bob not in front of everybody"},
		},
		{
			Name: "members", Aliases: []string{"who", "names"}, Who: Member, Run: runMembers,
			Help: "list the members of the room", Examples: []string{"/members"},
		},
		{
			Name: "whois", Usage: "NICK", Who: Member, min: 1, Max: 1, Targets: othersAndKnocks, Run: runWhois,
			Help: "show a member's peer ID, their words, and when they joined and last spoke", Examples: []string{"/whois bob"},
		},
		{
			Name: "verify", Usage: "NICK [yes]", Who: Member, min: 1, Max: 2, Targets: othersAndKnocks, Values: justYes, Ask: askVerify, Run: runVerify,
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
			Name: "search", Usage: "TEXT", Who: Member, min: 1, Max: 1, Run: runSearch,
			Help: "find lines of the room that contain a text", Examples: []string{"/search build box"},
		},
		{
			Name: "save", Usage: "FILE", Who: Member, min: 1, Max: 1, Run: runSave,
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
			Name: "set", Usage: "[NAME on|off]", Max: 2, Targets: settingTargets, Values: onOff, Run: runSet,
			Help: "show or change the settings of this console: " + SettingNames(), Examples: []string{"/set", "/set times off"},
		},
		{
			Name: "quit", Aliases: []string{"exit", "q"}, Run: runQuit,
			Help: "leave all rooms and quit", Examples: []string{"/quit"},
		},
		{
			Name: "invite", Aliases: []string{"room invite"}, Usage: "[NICK]", Who: Member, Max: 1, Run: runInvite,
			Help: "make a single-use invite, as text and QR code; members may do so if the policy allows it", Examples: []string{"/invite", "/invite carol"},
		},
		{
			Name: "accept", Usage: "WHO", Who: Owner, min: 1, Max: 1, Targets: atTheDoorOrAll, Run: runAccept,
			Help: "let in somebody who knocks; all lets in everybody who knocks", Examples: []string{"/accept dave", "/accept all"},
		},
		{
			Name: "deny", Usage: "WHO [REASON]", Who: Owner, min: 1, Max: 2, Targets: AtTheDoor, Run: runDeny,
			Help: "turn away somebody who knocks", Examples: []string{"/deny dave", "/deny dave who are you?"},
		},
		{
			Name: "kick", Usage: "WHO [REASON]", Who: Owner, min: 1, Max: 2, Targets: Others, Run: runKick,
			Help: "remove a member and tell them why; they may ask to come back", Examples: []string{"/kick dave", "/kick dave too loud"},
		},
		{
			Name: "ban", Usage: "WHO [FOR] [REASON]", Who: Owner, min: 1, Max: 2, Targets: Others, Ask: askBan, Run: runBan,
			Help: "remove somebody and keep them out, for a time (10m, 2h, 1d) or until /unban", Examples: []string{"/ban dave", "/ban dave 2h come back after lunch"},
		},
		{
			Name: "unban", Usage: "WHO", Who: Owner, min: 1, Max: 1, Targets: Banned, Run: runUnban,
			Help: "lift a ban", Examples: []string{"/unban dave"},
		},
		{
			Name: "bans", Who: Owner, Run: runBans,
			Help: "list the bans in force", Examples: []string{"/bans"},
		},
		{
			Name: "invites", Who: Owner, Run: runInvites,
			Help: "list the unused invites", Examples: []string{"/invites"},
		},
		{
			Name: "uninvite", Usage: "ID", Who: Owner, min: 1, Max: 1, Targets: openInvites, Run: runUninvite,
			Help: "revoke an invite", Examples: []string{"/uninvite mf2wk43umvzxi"},
		},
		{
			Name: "subject", Aliases: []string{"topic", "room topic", "room subject"}, Usage: "TEXT", Who: Owner, min: 1, Max: 1, Run: runSubject,
			Help: "set the subject of the room", Examples: []string{"/subject today: the build"},
		},
		{
			Name: "policy", Usage: "[NAME VALUE]", Who: Member, Max: 2, Targets: policyTargets, Values: policyValues, Run: runPolicy,
			Help: "show the rules of the room, such as who may join and how long lines are kept; its owner can change " + policyNames(), Examples: []string{"/policy", "/policy access open", "/policy idle 1d"},
		},
		{
			Name: "close", Aliases: []string{"room close"}, Usage: "[REASON]", Who: Owner, Max: 1, Ask: askClose, Run: runClose,
			Help: "end the room; every member is removed and told why", Examples: []string{"/close", "/close see you tomorrow"},
		},
		{
			Name: "renew", Who: Owner, Slow: true, Run: runRenew,
			Help: "replace a room whose log has split; its members are invited again and its bans stay", Examples: []string{"/renew"},
		},
	}
}

// Permit says why cmd is not for the console's owner now, or nil.
func Permit(cmd *Command, room Room) error {
	switch {
	case cmd.Who == Everybody:
		return nil
	case room.ID == "":
		return &fail.Error{Code: fail.ExitRefused, Text: "you are in no room", Hint: "/rooms lists those on this network, /join ROOM enters one, /create ROOM makes one"}
	case cmd.Who == Owner && !room.Owned:
		return &fail.Error{Code: fail.ExitRefused, Text: "/" + cmd.Name + " is for the owner of " + room.Name + "; nothing was sent", Hint: "/members shows who that is"}
	}
	return nil
}
