package command

import (
	"context"
	"time"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// An Opening is the command that a console starts with. It enters the first room.
type Opening struct {
	Run func(context.Context, Call) (Reply, error)
	// Wait is how long it may take.
	Wait time.Duration
	// Knocks is set if the command waits for the owner of the room, who may want to compare our words.
	Knocks bool
	// Target is the room to join, as it was typed, or "".
	Target string
}

// Command returns the opening as a command.
func (o *Opening) Command() *Command {
	return &Command{Slow: true, wait: o.Wait, Run: o.Run}
}

// Of returns the command that joins a room by its id.
func (o *Opening) Of(id string) *Command {
	return &Command{Slow: true, wait: o.Wait, Run: func(ctx context.Context, c Call) (Reply, error) {
		return JoinRoom(ctx, c, c.Patient(node.JoinOptions{Room: id}))
	}}
}

// As returns the command that joins the same room with another nick.
func (o *Opening) As(nick string) *Command {
	return &Command{Slow: true, wait: o.Wait, Run: func(ctx context.Context, c Call) (Reply, error) {
		to := JoinOptions(o.Target)
		to.Nick = nick
		return JoinRoom(ctx, c, c.Patient(to))
	}}
}

// Asking shows our nick and words before the owner of a room has been asked to admit us. The owner may want to compare them.
func Asking(info node.Info) safe.Text {
	return render.NoticeMark + "asking to be let in as " + safe.Name(info.Nick) + "; your words: " + safe.Phrase(info.Words)
}

// Asked says that the owner of a room has been asked to admit us, and how long we wait for the answer.
func Asked(room string, left time.Duration) safe.Text {
	unit := time.Second
	if left > 90*time.Second {
		unit = time.Minute
	}
	return render.NoticeMark + "the owner of " + safe.Name(room) + " was asked to let you in; waiting for an answer for up to " + safe.Name(render.SpanText(left.Round(unit)))
}

// sayCommand is the command of a line without a slash.
var sayCommand = &Command{Name: "say", Role: Member, Run: func(ctx context.Context, c Call) (Reply, error) {
	return say(ctx, c, c.Args[0], false)
}}
