package node

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/store"
)

// A peerMemory has the peers and addresses that are saved for the next start, see Config.Remember. Only the loop uses it. It is
// nil if nothing is to be saved.
type peerMemory struct {
	peers map[peer.ID]store.Peer // bounded by maxRemembered
	kept  time.Time              // when it was last compared and kept
}

// remember reads the saved peers, or removes them if Config.Remember is not set.
func (l *loop) remember() error {
	if !l.n.cfg.Remember {
		return l.store.ForgetPeers()
	}
	peers, err := l.store.Peers()
	if err != nil {
		return err
	}
	l.memory = &peerMemory{peers: peers, kept: l.now()}
	for p, r := range peers {
		l.n.gate.TypeIn(parseAddrs(r.Lasting)...)
		l.book.add(p, parseAddrs(r.Addrs), l.now())
	}
	return nil
}

// keepPeers notes the reached peers and their addresses, and saves them if they have changed.
func (l *loop) keepPeers() {
	m := l.memory
	if m == nil {
		return
	}
	m.kept = l.now()
	changed := false
	for _, e := range l.book.entries {
		if e.wanted || e.fixed {
			if m.note(e.peer, dialledAt(l.n.host.Network().ConnsToPeer(e.peer)), m.kept) {
				r := m.peers[e.peer]
				r.Lasting = formatAddrs(l.n.gate.Lasting(parseAddrs(r.Addrs)))
				m.peers[e.peer] = r
				changed = true
			}
		}
	}
	if !changed {
		return
	}
	if err := l.store.SavePeers(m.peers); err != nil {
		l.n.log.Warn("remember peers", "err", err)
	}
}

// dialledAt returns the addresses at which this node has dialled a peer. The port of a peer that has dialled us may be valid only
// for that connection.
func dialledAt(conns []network.Conn) (addrs []string) {
	for _, c := range conns {
		if c.Stat().Direction == network.DirOutbound {
			addrs = append(addrs, c.RemoteMultiaddr().String())
		}
	}
	return addrs
}

// note notes that p was reached at addrs, and reports whether one of them is new and so to be saved.
func (m *peerMemory) note(p peer.ID, addrs []string, now time.Time) (changed bool) {
	if len(addrs) == 0 {
		return false
	}
	r, known := m.peers[p]
	r.Peer = p
	if !known && len(m.peers) >= maxRemembered {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(m.peers)), func(a, b peer.ID) int {
			return cmp.Or(m.peers[a].Seen.Compare(m.peers[b].Seen), cmp.Compare(a, b))
		})
		delete(m.peers, oldest)
	}
	for _, a := range addrs {
		if !slices.Contains(r.Addrs, a) {
			changed = true
			r.Addrs = slices.Insert(slices.Clone(r.Addrs), 0, a)
		}
	}
	r.Addrs = r.Addrs[:min(len(r.Addrs), maxRememberedAddrs)]
	r.Seen = now
	m.peers[p] = r
	return changed
}
