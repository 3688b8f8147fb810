package command

import (
	"context"
	"time"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// An Opening is the command that a console is opened with, which takes it into its first room.
type Opening struct {
	Run func(context.Context, Call) (Reply, error)
	// Wait is how long it may take.
	Wait time.Duration
	// Knocks: it waits for the owner of the room, who may want to compare our words.
	Knocks bool
	// Target is the room that is joined, as it was typed; "" where none is.
	Target string
}

// Command is the opening as a command.
func (o *Opening) Command() *Command {
	return &Command{Slow: true, wait: o.Wait, Run: o.Run}
}

// Of is the opening of a room by its id.
func (o *Opening) Of(id string) *Command {
	return &Command{Slow: true, wait: o.Wait, Run: func(ctx context.Context, c Call) (Reply, error) {
		return JoinRoom(ctx, c.N, c.Patient(node.JoinOptions{Room: id}))
	}}
}

// As is the opening of the same room by another nick.
func (o *Opening) As(nick string) *Command {
	return &Command{Slow: true, wait: o.Wait, Run: func(ctx context.Context, c Call) (Reply, error) {
		to := JoinOptions(o.Target)
		to.Nick = nick
		return JoinRoom(ctx, c.N, c.Patient(to))
	}}
}

// Asking is for the one who knocks and may be asked for their words.
func Asking(info node.Info) safe.Text {
	return render.NoticeMark + "asking to be let in as " + safe.Name(info.Nick) + "; your words: " + safe.Phrase(info.Words)
}

// Asked is for the one who waits at a door: whose answer is awaited, and for how long.
func Asked(room string, left time.Duration) safe.Text {
	unit := time.Second
	if left > 90*time.Second {
		unit = time.Minute
	}
	return render.NoticeMark + "the owner of " + safe.Name(room) + " is asked to let you in; the answer is awaited for " + safe.Name(render.SpanText(left.Round(unit)))
}

// sayCommand is what a line without a slash does.
var sayCommand = &Command{Name: "say", Who: Member, Run: func(ctx context.Context, c Call) (Reply, error) {
	return say(ctx, c, c.Args[0], false)
}}
