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
