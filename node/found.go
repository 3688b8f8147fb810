package node

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// A peer can invent any number of rooms and identities, but has few addresses. So each peer has a share of the rooms that are
// remembered, and each address has one. If all places are taken, one of the address with the most rooms is freed for an address
// with fewer. A room that a user of this node asks for may exceed the shares.

// place reports whether a room that p at host shows may be remembered, and frees a place for it if needed.
func (l *loop) place(p peer.ID, host string, id protocol.RoomID, name string, byOwner bool) bool {
	wanted := l.wants(id, name)
	ofPeer, ofHost, most, mostOf := 0, 0, 0, host
	hosts := make(map[string]int)
	for _, f := range l.directory.found {
		if f.from == p {
			ofPeer++
		}
		hosts[f.host]++
		if n := hosts[f.host]; n > most {
			most, mostOf = n, f.host
		}
	}
	ofHost = hosts[host]
	if !wanted && (ofPeer >= foundOfPeer || ofHost >= foundOfHost) {
		return false
	}
	switch {
	case ofHost >= foundOfHost:
		return l.giveUp(func(f *foundRoom) bool { return f.host == host })
	case len(l.directory.found) < maxFound:
		return true
	case byOwner && l.giveUp(func(f *foundRoom) bool { return !f.byOwner }):
		return true // rooms of absent owners cost least to make up
	}
	return (wanted || most > ofHost+1) && l.giveUp(func(f *foundRoom) bool { return f.host == mostOf })
}

// giveUp forgets one room for which may returns true and that no user asks for. It reports whether there was one.
func (l *loop) giveUp(may func(*foundRoom) bool) bool {
	for id, f := range l.directory.found {
		if may(f) && !l.wants(id, f.name) {
			l.dropFound(id)
			return true
		}
	}
	return false
}

// want notes that a user of this node asks for a room, by name or ID.
func (l *loop) want(room string) {
	now := l.now()
	for w, at := range l.directory.wanted {
		if now.Sub(at) > wantedFor {
			delete(l.directory.wanted, w)
		}
	}
	if len(l.directory.wanted) < maxWanted {
		l.directory.wanted[protocol.FoldName(room)] = now
	}
}

// seeks reports whether a user of this node asks for a room. Then each question to a peer is for the next page of its rooms, and
// after the last page for the first again. So a room is found on any page, and no answer costs more than another.
func (l *loop) seeks() bool {
	now := l.now()
	for _, at := range l.directory.wanted {
		if now.Sub(at) <= wantedFor {
			return true
		}
	}
	return false
}

// wants reports whether a user of this node asks for that room.
func (l *loop) wants(id protocol.RoomID, name string) bool {
	if len(l.directory.wanted) == 0 {
		return false
	}
	now := l.now()
	for _, w := range []string{id.String(), protocol.FoldName(name)} {
		if at, ok := l.directory.wanted[w]; ok && now.Sub(at) <= wantedFor {
			return true
		}
	}
	return false
}

// hostOf returns the address of a connected peer, or, of an IPv6 one, the network that a single machine can have for itself; ""
// if it is unknown.
func (n *Node) hostOf(p peer.ID) string {
	for _, c := range n.host.Network().ConnsToPeer(p) {
		if h := hostAt(c.RemoteMultiaddr()); h != "" {
			return h
		}
	}
	return ""
}

// hostAt returns the same text for all addresses that one machine can give itself. Those include all link-local addresses of one
// interface: the machines there have one share together, as those of any other IPv6 network have.
func hostAt(m multiaddr.Multiaddr) string {
	a, ok := lan.IP(m)
	if !ok {
		return ""
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	net, err := a.Prefix(64)
	if err != nil {
		return ""
	}
	if lan.IsZoned(m) {
		return net.String() + "%" + m[0].Value()
	}
	return net.String()
}

// mayPlace asks which of the rooms that a peer shows may be remembered. No words are computed for the others.
type mayPlace struct {
	roomsQuestion
	host string
	ads  []openedAd
}

func (q mayPlace) run(l *loop) ([]openedAd, error) {
	var ads []openedAd
	ofPeer := 0
	for _, a := range q.ads {
		id, body := a.create.RoomID(), a.create.Body.(protocol.Create)
		if q.typed {
			l.want(id.String())
		}
		switch f := l.directory.found[id]; {
		case q.quiet && l.namesake(looks{body.Name, protocol.Skeletons(body.Name)}) == nil:
			continue
		case f != nil:
			if f.owner() == a.owners.last() {
				a.words = f.words
			}
		case l.wants(id, body.Name):
		case ofPeer < foundOfPeer:
			ofPeer++
		default:
			continue
		}
		ads = append(ads, a)
	}
	return ads, nil
}

// loseRooms forgets the rooms that have not been seen for long.
func (l *loop) loseRooms(now time.Time) {
	for id, f := range l.directory.found {
		if now.Sub(f.seen) > roomLost*l.directory.roomsTurn {
			l.dropFound(id)
		}
	}
}

// Unlisted returns how many rooms the connected nodes report that are not in [Node.Rooms], since this node remembers only so many
// rooms of each node. A room that a user asks for by its name or ID is remembered, and found on any page of a list.
func (n *Node) Unlisted(ctx context.Context) (int, error) { return ask(ctx, n, unlisted{}) }

type unlisted struct{}

func (unlisted) run(l *loop) (int, error) {
	ids := make(map[protocol.RoomID]bool)
	unnamed := 0
	for p, b := range l.book.entries {
		if len(b.shown) == 0 || !l.answers(b) {
			continue
		}
		for id := range b.shown {
			if l.directory.found[id] == nil && l.rooms[id] == nil {
				ids[id] = true
			}
		}
		known := 0
		for id, f := range l.directory.found {
			if (f.owner() == p || f.from == p) && !b.shown[id] {
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
