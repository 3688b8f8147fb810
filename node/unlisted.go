package node

import (
	"context"

	"localchat/protocol"
)

// Unlisted is how many rooms are shown on this network that [Node.Rooms] has no place for, as far as the nodes that are
// connected say: a node names no more than so many rooms, and has so many places for those of each other node. A room that
// is asked for by its name or id has a place.
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
			if l.found[id] == nil && l.rooms[id] == nil {
				ids[id] = true
			}
		}
		known := 0
		for id, f := range l.found {
			if (f.owner == p || f.from == p) && !b.shown[id] {
				known++
			}
		}
		unnamed += max(0, b.more-known)
	}
	return len(ids) + unnamed, nil
}
