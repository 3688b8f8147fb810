package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"localchat/node/internal/fault"
	"localchat/protocol"
)

// room returns the room of this node with that ID, or with that name if it is unique here. An empty text stands for the only room.
func (l *loop) room(s string) (*room, error) {
	if s == "" && len(l.order) == 1 {
		return l.rooms[l.order[0]], nil
	}
	if id, err := protocol.ParseRoomID(strings.TrimSpace(s)); err == nil && l.rooms[id] != nil {
		return l.rooms[id], nil
	}
	found, alike := l.roomsCalled(s)
	// A room that has ended stays only to tell its members. If there is a newer one of that name, the newer one is meant.
	if len(found)+len(alike) > 1 {
		found, alike = slices.DeleteFunc(found, (*room).over), slices.DeleteFunc(alike, (*room).over)
	}
	switch {
	case len(found) == 0:
		err := l.notIn(s)
		if e := AsError(err); e.Code == CodeNotFound && len(alike) > 0 {
			e.Text += ", but in one with a similar name"
			e.Reason, e.Rooms = fault.RoomLooksAlike, []fault.Choice{{Room: alike[0].id, Name: alike[0].label()}}
		}
		return nil, err
	case len(found) == 1 && len(alike) == 0:
		return found[0], nil
	}
	var rooms []fault.Choice
	for _, r := range append(found, alike...) {
		rooms = append(rooms, fault.Choice{Room: r.id, Name: r.label()})
	}
	return nil, &Error{Code: CodeAmbiguous, Text: fmt.Sprintf("you are in several rooms called %q or similar", s), Reason: fault.InSeveralRooms, Rooms: rooms}
}

// roomsCalled returns our rooms with a name, and those with another name that looks like it.
func (l *loop) roomsCalled(name string) (exact, alike []*room) {
	skeletons := protocol.Skeletons(name)
	for _, id := range l.order {
		switch r := l.rooms[id]; {
		case protocol.SameName(r.label(), name):
			exact = append(exact, r)
		case shareOne(r.skeletons(), skeletons):
			alike = append(alike, r)
		}
	}
	return exact, alike
}

// notIn returns the error for a room that we are not in. It distinguishes a room on this network, one that we were in, one that has
// ended, and one that nobody here knows.
func (l *loop) notIn(s string) error {
	for id, f := range l.directory.found {
		if namesRoom(s, id, f.name) {
			return notMember(f.name)
		}
	}
	for id, f := range l.pastRooms {
		switch {
		case !namesRoom(s, id, f.name):
		case f.closed:
			return roomClosed(f.name)
		default:
			return notMember(f.name)
		}
	}
	return &Error{Code: CodeNotFound, Text: fmt.Sprintf("you are not in a room called %q", s), Reason: fault.NotInRoom}
}

// ownRoom is like room, and fails if we are not the authority of the room.
func (l *loop) ownRoom(s string) (*room, error) {
	r, err := l.room(s)
	if err != nil {
		return nil, err
	}
	if !r.owner() {
		return nil, &Error{Code: CodeNotOwner, Text: "only the owner of " + r.label() + " may do that", Reason: fault.OwnerOnly}
	}
	if r.desk.recovering != nil {
		return nil, r.desk.notReady()
	}
	return r, nil
}

// firstWords returns the beginning of a text, enough to recognize it.
func firstWords(s string) string {
	n := 0
	for i := range s {
		if n == quoteRunes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// directID returns the ID of a direct message in the form that faces get.
func directID(id [16]byte) string { return fmt.Sprintf("%x", id[:]) }

// A RoomRef has what this node knows of a room that a user names, before any other node is asked.
type RoomRef struct {
	// ID is zero if it is unknown.
	ID RoomID
	// Name is the room's name in the form in which names are compared, and "" if it is unknown. It is not to be shown.
	Name string
	// Here is set if this node is in the room, or enters it again.
	Here bool
}

// Ref returns the room that a text names by an ID, a name, an invite text or an address, or with "" the only room of this node.
// It asks no other node. For a name of a room that is not here it returns no ID, since several rooms may have that name.
func (n *Node) Ref(ctx context.Context, text string) RoomRef {
	if inv, err := protocol.ParseInvite(text); err == nil {
		text = inv.Room.String()
	}
	// There is an error only if the node ends, and then every request fails.
	ref, _ := ask(ctx, n, refOf{text})
	return ref
}

type refOf struct{ text string }

func (q refOf) run(l *loop) (RoomRef, error) {
	if r, err := l.room(q.text); err == nil {
		return RoomRef{ID: r.id, Name: protocol.FoldName(r.label()), Here: true}, nil
	}
	id, err := protocol.ParseRoomID(q.text)
	if err != nil {
		if _, addr := parseRoomAddr(q.text); addr {
			return RoomRef{}, nil
		}
		return RoomRef{Name: protocol.FoldName(q.text)}, nil
	}
	ref := RoomRef{ID: id}
	if d, ok := l.dormant.own[id]; ok {
		ref.Name = protocol.FoldName(d.ledger.State().Name())
	} else if s, ok := l.dormant.seats[id]; ok {
		ref.Name = protocol.FoldName(s.Name)
	} else if f := l.directory.found[id]; f != nil {
		ref.Name = protocol.FoldName(f.name)
	}
	return ref, nil
}
