package node

import (
	"context"

	"localchat/protocol"
)

// A RoomRef is what this node knows of a room that somebody names, before anything is asked of the room.
type RoomRef struct {
	// ID is zero where it is not known.
	ID RoomID
	// Name is the room's name as names are compared, and "" where it is not known. Two texts that name one room by its name have
	// one Name. It is for comparison and is not shown.
	Name string
	// Here: this node is in the room, or is taking it up again.
	Here bool
}

// Ref says which room a text names: an id, a name, an invite text, an address, or "" for the only room there is. It asks
// nobody else. A name of a room that is not here gives no ID, because another room may bear it too.
func (n *Node) Ref(ctx context.Context, text string) RoomRef {
	if inv, err := protocol.ParseInvite(text); err == nil {
		text = inv.Room.String()
	}
	// An error means that the node ends, and with it every request.
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
