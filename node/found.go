package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// Rooms cost nothing to make up, and identities neither; addresses do. So each peer that shows rooms has a share of what
// is remembered, and so has each address; where all places are taken, the address with most of them gives one up to
// one that has fewer. What somebody here asks for has a place in any case.

// place says whether a room that p shows from host may be remembered, and makes room for it.
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

// giveUp forgets one of the rooms that may be forgotten, and that nobody asks for.
func (l *loop) giveUp(may func(*foundRoom) bool) bool {
	for id, f := range l.directory.found {
		if may(f) && !l.wants(id, f.name) {
			l.dropFound(id)
			return true
		}
	}
	return false
}

// want notes that somebody here asks for a room, by name or id.
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

// seeks reports whether somebody here asks for a room. Then each question to a peer is for the next page of its rooms, and
// after the last page for the first again: so a room is found wherever it stands, and no answer costs more than another.
func (l *loop) seeks() bool {
	now := l.now()
	for _, at := range l.directory.wanted {
		if now.Sub(at) <= wantedFor {
			return true
		}
	}
	return false
}

// wants reports whether somebody here asks for that room.
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

// hostOf is where a connected peer is: its address, or of IPv6 the network that one machine has to itself; "" if that is
// not known.
func (n *Node) hostOf(p peer.ID) string {
	for _, c := range n.host.Network().ConnsToPeer(p) {
		if h := hostAt(c.RemoteMultiaddr()); h != "" {
			return h
		}
	}
	return ""
}

// hostAt is the same for all addresses that one machine can take by itself. Behind one network card that is every link-local
// address: the machines there share what one of them may have, as those of any other IPv6 network do.
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

// mayPlace asks which of the rooms that a peer shows may be remembered: the others are not worth making words for.
type mayPlace struct {
	peer  peer.ID
	host  string
	typed bool
	ads   []openedAd
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
		case f != nil:
			a.words = f.words
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

// lose forgets the rooms that have not been seen for long.
func (l *loop) loseRooms(now time.Time) {
	for id, f := range l.directory.found {
		if now.Sub(f.seen) > roomLost*l.directory.roomsTurn {
			l.dropFound(id)
		}
	}
}
