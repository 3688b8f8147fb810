package command

import (
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// Identity is what "localchat id" says.
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

// Ending is the failure that an event of a room means for a command that lives as long as our place in it.
func Ending(ev node.Event) error {
	switch b := ev.Body.(type) {
	case node.Removed:
		return &fail.Error{Code: fail.ExitRefused, Text: "no longer in " + ev.RoomName, Hint: string(render.AfterRemoval(b, render.RoomWord(ev.RoomName, ev.Room), "localchat "))}
	case node.Refused:
		return &fail.Error{Code: fail.ExitRefused, Text: "not a member of " + ev.RoomName, Hint: "ask to be admitted: localchat join " + string(render.RoomWord(ev.RoomName, ev.Room))}
	case node.RoomClosed:
		return &fail.Error{Code: fail.ExitRefused, Text: ev.RoomName + " is closed", Hint: "localchat create ROOM makes a new one"}
	}
	return nil
}

// WithCause is an ending for who has not read the event or sees it no longer: who put us out, until when and why.
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
