package command

import (
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// Identity is the result of "localchat id".
type Identity struct {
	Peer  node.PeerID `json:"peer"`
	Nick  string      `json:"nick"`
	Words string      `json:"words"`
}

func (i Identity) Lines() []safe.Text {
	return []safe.Text{
		"peer   " + safe.Phrase(i.Peer.String()),
		"nick   " + safe.Name(i.Nick),
		"words  " + safe.Phrase(i.Words),
	}
}

// Stopped returns the failure of a face whose events have ended.
func Stopped(n Node) error {
	if _, own := n.(OwnNode); own {
		return &fail.Error{Code: fail.ExitFailure, Text: "the node stopped", Hint: "run again with -v and --log-file FILE, to see why"}
	}
	return &fail.Error{Code: fail.ExitFailure, Text: "the localchat that ran the node has ended, or has disconnected this one", Hint: "start it again; a program that stops reading is disconnected"}
}

// Ending returns the failure of a command that cannot go on once we have left its room, or nil if ev does not end our membership.
func Ending(ev node.Event) error {
	switch b := ev.Body.(type) {
	case node.Removed:
		return &fail.Error{Code: fail.ExitRefused, Text: "no longer in " + ev.RoomName, Hint: string(render.AfterRemoval(b, render.RoomWord(ev.RoomName, ev.Room), "localchat "))}
	case node.Refused:
		return &fail.Error{Code: fail.ExitRefused, Text: "not a member of " + ev.RoomName, Hint: "ask to be admitted: localchat join " + string(render.RoomWord(ev.RoomName, ev.Room))}
	case node.Left:
		return &fail.Error{Code: fail.ExitFailure, Text: "no longer in " + ev.RoomName + ": another localchat on this data directory has left it", Hint: "localchat join " + string(render.RoomWord(ev.RoomName, ev.Room)) + " enters it again"}
	case node.RoomClosed:
		return &fail.Error{Code: fail.ExitRefused, Text: ev.RoomName + " is closed", Hint: "localchat create ROOM makes a new one"}
	}
	return nil
}

// WithCause adds to the error of [Ending] who removed us, until when and why. It is for a user who has not seen the event.
func WithCause(err error, ev node.Event) error {
	f, ok := err.(*fail.Error)
	b, removed := ev.Body.(node.Removed)
	if !ok || !removed {
		return err
	}
	said := *f
	said.Text += ": " + string(render.Cause(b))
	return &said
}
