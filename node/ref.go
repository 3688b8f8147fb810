package node

import (
	"context"

	"localchat/protocol"
)

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
