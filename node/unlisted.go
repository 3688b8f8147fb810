package node

import (
	"context"

	"localchat/protocol"
)

// Unlisted is how many rooms are shown on this network that [Node.Rooms] has no place for, as far as the nodes that are
// connected say: each has so many places for the rooms of another one. A room that is asked for by its name or id has a place,
// and is found on whatever page of a list it stands.
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
