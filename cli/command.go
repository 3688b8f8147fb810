package cli

import (
	"context"
	"strings"
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// Who may use a command. The owner's commands are refused here, before anything is sent; the owner's node would refuse
// them too.
type who int

const (
	everybody who = iota // in no room as well
	member               // of the room being typed into
	owner                // of it
)

func (w who) String() string {
	return [...]string{"everybody", "members", "the room's owner"}[w]
}

// A command is one line of the console's command table. Help, arity, permission and "did you mean" all derive from it.
type command struct {
	name    string
	aliases []string // "topic", or two words: "room close"
	usage   string   // the arguments, as help shows them
	who     who
	// min and max count arguments. The last one takes the rest of the line, spaces and all.
	min, max int
	// exact: the last argument, which must be given, is a text that is sent as it was typed: one blank stands before it,
	// and all others are its own.
	exact bool
	// slow commands wait for other people; a person goes on typing meanwhile.
	slow bool
	// wait is how long it may take, where that is not what slow says.
	wait time.Duration
	// first is what the person is told when it begins.
	first    safe.Text
	help     string
	examples []string
	// targets are what the first argument may be, for completion; nil: anything. values are those of the second.
	targets, values func(known) []string
	// ask is the question of the full-screen console before it does what cannot be taken back; nil, or a nil
	// confirmation: it does it at once.
	ask func(c call, k known) (*confirmation, error)
	run func(ctx context.Context, c call) (reply, error)
}

// A confirmation is what a person is asked before a command is done, and the arguments that it is done with after a yes:
// they mean what the question named, whatever has happened since.
type confirmation struct {
	text safe.Text
	args []string
	// choices are what there is to choose from, where that is more than yes.
	choices []choice
}

// A choice is a way to answer: a key, what it means, and what comes of it: the command is done with args, or begun is what
// the person goes on to type.
type choice struct {
	key, word safe.Text
	args      []string
	begun     string
}

// patience is how long a person waits for the command at most.
func (c *command) patience() time.Duration {
	switch {
	case c.wait > 0:
		return c.wait
	case c.slow:
		return joinWait
	}
	return requestWait
}

// synopsis is the command as it is typed.
func (c *command) synopsis() string { return strings.TrimSpace("/" + c.name + " " + c.usage) }

// A call is all that a command works with: it runs beside the console and shares nothing with it.
type call struct {
	n    peerNode
	args []string
	// room is the one being typed into, and rooms all that we are in.
	room  here
	rooms []here
	table []*command
	// keys is what help says of them.
	keys []safe.Text
	env  *Env
	show settings
	// asked is told when the owner of a room has been asked to let us in, and until when the answer is awaited.
	asked func(room string, until time.Time)
	// terminal: the screen is one, so a QR code makes sense.
	terminal bool
}

// arg is the i-th argument, "" where there is none.
func (c call) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}

// A reply is what a command wants shown and done on the console once it is finished.
type reply struct {
	// hits are lines that were said, with their own times; they come before the lines.
	hits  []hit
	lines []safe.Text
	// page are the same lines where they can be shown over the talk and put away.
	page []pageLine
	// figure is a drawing: lines that mean nothing when they are wrapped.
	figure []safe.Text
	// room is the id of the room to type into from now on, "" for no change; lines belong there.
	room string
	// secret is what /copy takes when it is asked for an invite.
	secret string
	then   func(face)
}

// isSecret reports whether line is an invite, which a person copies whole.
func (r reply) isSecret(line safe.Text) bool {
	return r.secret != "" && string(line) == r.secret || isInvite(string(line)) && !strings.Contains(string(line), " ")
}

// A face is a console as the reply of a command changes it.
type face interface {
	// said: this line of mine may have reached nobody yet.
	said(id string)
	settings() *settings
	clear()
	// putAway takes a room of ours out of sight, which goes on.
	putAway(r here)
	end()
}

// A hit is a line that was said before.
type hit struct {
	at   time.Time
	text safe.Text
}

// told makes a reply of lines alone.
func told(lines ...safe.Text) (reply, error) { return reply{lines: lines}, nil }

// here is a room that we are in, as the console knows it.
type here struct {
	id    string
	name  string
	nick  string // mine there
	owned bool
	away  bool // out of sight
}

// commands is the table, in the order of /help.
func commands() []*command {
	return []*command{
		{
			name: "help", usage: "[COMMAND]", max: 1, targets: commandNames, run: runHelp,
			help: "list the commands, or explain one", examples: []string{"/help", "/help kick"},
		},
		{
			name: "rooms", run: runRooms,
			help: "rooms that you are in, and those found on this network", examples: []string{"/rooms"},
		},
		{
			name: "switch", usage: "ROOM", min: 1, max: 1, targets: roomsIn, run: runSwitch,
			help: "type into another room that you are in", examples: []string{"/switch lab"},
		},
		{
			name: "create", aliases: []string{"room create", "host"}, usage: "ROOM", min: 1, max: 1, ask: askCreate, run: runCreate,
			help: "own a new room and enter it; /policy changes who may come in", examples: []string{"/create lab", "/create lab --nick ann"},
		},
		{
			name: "join", usage: "ROOM, INVITE or HOST:PORT", min: 1, max: 1, slow: true, wait: knockWait, targets: roomsOut, ask: askJoin, run: runJoin,
			help: "enter a room found on this network, by an invite text, or by the address of somebody in it; --nick NICK behind it asks for that nick", examples: []string{"/join lab", "/join lab --nick bob2", "/join LOCALCHAT:AG6JUOIPNTAYX4AZ...", "/join 192.168.1.20:4001"},
		},
		{
			name: "leave", aliases: []string{"part", "room leave"}, usage: "[" + stay + "]", max: 1, who: member, ask: askLeave, run: runLeave,
			help:     "leave the room that you type into; your own can be closed, with /close, or go on out of sight",
			examples: []string{"/leave", "/leave " + stay}, targets: justStay,
		},
		{
			name: "me", usage: "TEXT", who: member, min: 1, max: 1, exact: true, run: runMe,
			help: "say what you do: * bob waves", examples: []string{"/me waves"},
		},
		{
			name: "msg", aliases: []string{"tell"}, usage: "NICK TEXT", who: member, min: 2, max: 2, exact: true, slow: true, targets: others, run: runMsg,
			help: "a message to that member only, over a direct stream", examples: []string{"/msg bob not in front of everybody"},
		},
		{
			name: "members", aliases: []string{"who", "names"}, who: member, run: runMembers,
			help: "who is in the room", examples: []string{"/members"},
		},
		{
			name: "whois", usage: "NICK", who: member, min: 1, max: 1, targets: othersAndKnocks, run: runWhois,
			help: "a member's peer ID, the words to compare by voice, and when they came and spoke last", examples: []string{"/whois bob"},
		},
		{
			name: "verify", usage: "NICK [yes]", who: member, min: 1, max: 2, targets: othersAndKnocks, values: justYes, ask: askVerify, run: runVerify,
			help: "compare somebody's words and mark their key as verified, here and for you alone", examples: []string{"/verify bob", "/verify bob yes"},
		},
		{
			name: "unverify", usage: "NICK", min: 1, max: 1, targets: verifiedOnes, run: runUnverify,
			help: "take a /verify back", examples: []string{"/unverify bob"},
		},
		{
			name: "verified", run: runVerified,
			help: "with whom you have compared words", examples: []string{"/verified"},
		},
		{
			name: "whoami", run: runWhoami,
			help: "my peer ID, nick and words", examples: []string{"/whoami"},
		},
		{
			name: "net", run: runNet,
			help: "my addresses, and the nodes I know", examples: []string{"/net"},
		},
		{
			name: "doctor", slow: true, first: lookingText, run: runDoctor,
			help: "what stops this machine from finding or reaching others, and what to do", examples: []string{"/doctor"},
		},
		{
			name: "search", usage: "TEXT", who: member, min: 1, max: 1, run: runSearch,
			help: "lines of the room that hold a text", examples: []string{"/search build box"},
		},
		{
			name: "save", usage: "FILE", who: member, min: 1, max: 1, run: runSave,
			help: "write the lines kept here into a new file of yours", examples: []string{"/save lab.txt"},
		},
		{
			name: "log", run: runLog,
			help: "the last lines of this program's log", examples: []string{"/log"},
		},
		{
			name: "clear", run: runClear,
			help: "clear the screen", examples: []string{"/clear"},
		},
		{
			name: "set", usage: "[NAME on|off]", max: 2, targets: settingTargets, values: onOff, run: runSet,
			help: "show or change how this console shows things: " + settingNames(), examples: []string{"/set", "/set times off"},
		},
		{
			name: "quit", aliases: []string{"exit", "q"}, run: runQuit,
			help: "leave every room in order and end", examples: []string{"/quit"},
		},
		{
			name: "invite", aliases: []string{"room invite"}, usage: "[NICK]", who: member, max: 1, run: runInvite,
			help: "a single-use invite, as text and QR code; the owner's, or members' where the policy allows", examples: []string{"/invite", "/invite carol"},
		},
		{
			name: "accept", usage: "WHO", who: owner, min: 1, max: 1, targets: atTheDoorOrAll, run: runAccept,
			help: "let somebody in who knocks; all: everybody who does", examples: []string{"/accept dave", "/accept all"},
		},
		{
			name: "deny", usage: "WHO [REASON]", who: owner, min: 1, max: 2, targets: atTheDoor, run: runDeny,
			help: "turn somebody away who knocks", examples: []string{"/deny dave", "/deny dave who are you?"},
		},
		{
			name: "kick", usage: "WHO [REASON]", who: owner, min: 1, max: 2, targets: others, run: runKick,
			help: "out now, and told why; may ask to come back", examples: []string{"/kick dave", "/kick dave too loud"},
		},
		{
			name: "ban", usage: "WHO [FOR] [REASON]", who: owner, min: 1, max: 2, targets: others, ask: askBan, run: runBan,
			help: "out, and refused until lifted, or for a time: 10m, 2h, 1d", examples: []string{"/ban dave", "/ban dave 2h come back after lunch"},
		},
		{
			name: "unban", usage: "WHO", who: owner, min: 1, max: 1, targets: banned, run: runUnban,
			help: "lift a ban", examples: []string{"/unban dave"},
		},
		{
			name: "bans", who: owner, run: runBans,
			help: "the bans in force", examples: []string{"/bans"},
		},
		{
			name: "invites", who: owner, run: runInvites,
			help: "the invites that nobody has used", examples: []string{"/invites"},
		},
		{
			name: "uninvite", usage: "ID", who: owner, min: 1, max: 1, targets: openInvites, run: runUninvite,
			help: "revoke an invite", examples: []string{"/uninvite mf2wk43umvzxi"},
		},
		{
			name: "subject", aliases: []string{"topic", "room topic", "room subject"}, usage: "TEXT", who: owner, min: 1, max: 1, run: runSubject,
			help: "say what the room is about", examples: []string{"/subject today: the build"},
		},
		{
			name: "policy", usage: "[NAME VALUE]", who: member, max: 2, targets: policyTargets, values: policyValues, run: runPolicy,
			help: "how the room is run: for how long lines are kept, who may come in; its owner changes " + policyNames(), examples: []string{"/policy", "/policy access open", "/policy idle 1d"},
		},
		{
			name: "close", aliases: []string{"room close"}, usage: "[REASON]", who: owner, max: 1, ask: askClose, run: runClose,
			help: "everybody out, told why; the room ends", examples: []string{"/close", "/close see you tomorrow"},
		},
		{
			name: "renew", who: owner, slow: true, run: runRenew,
			help: "make a room anew whose log has split, with the same members invited and the same bans", examples: []string{"/renew"},
		},
	}
}

// permit says why cmd is not for the console's owner now, or nil.
func permit(cmd *command, room here) error {
	switch {
	case cmd.who == everybody:
		return nil
	case room.id == "":
		return &node.Error{Code: node.CodeNotMember, Text: "you are in no room", Hint: "/rooms lists those on this network, /join ROOM enters one, /create ROOM makes one"}
	case cmd.who == owner && !room.owned:
		return &node.Error{Code: node.CodeNotOwner, Text: "/" + cmd.name + " is for the owner of " + room.name + "; nothing was sent", Hint: "/members shows who that is"}
	}
	return nil
}
