package node

import (
	"context"

	"localchat/protocol"
)

// Unlisted returns how many rooms the connected nodes report that are not in [Node.Rooms], since this node remembers only so many
// rooms of each node. A room that a user asks for by its name or ID is remembered, and found on any page of a list.
func (n *Node) Unlisted(ctx context.Context) (int, error) { return ask(ctx, n, unlisted{}) }

type unlisted struct{}

func (unlisted) run(l *loop) (int, error) {
	ids := make(map[protocol.RoomID]bool)
	unnamed := 0
	for p, b := range l.book.entries {
		if len(b.shown) == 0 || !l.n.connected(p) {
			continue
		}
		for id := range b.shown {
			if l.directory.found[id] == nil && l.rooms[id] == nil {
				ids[id] = true
			}
		}
		known := 0
		for id, f := range l.directory.found {
			if (f.owner == p || f.from == p) && !b.shown[id] {
				known++
			}
		}
		for id, r := range l.rooms {
			if _, in := r.state().Member(p); in && !b.shown[id] {
				known++
			}
		}
		unnamed += max(0, b.more-known)
	}
	return len(ids) + unnamed, nil
}
