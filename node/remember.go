package node

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"
)

// A rememberedPeer is one that shared a room with us, or whose address a person gave. What is remembered is a hint to
// dial, as what mDNS shows is: who is there, the handshake proves.
type rememberedPeer struct {
	Peer    peer.ID
	Addrs   []string // where a dial of ours has found it, the latest first
	Lasting []string // those of them that pass the gate in the next life too; see gate.lasting
	Seen    time.Time
}

// A peerMemory is what Config.Remember keeps of the peers of last time. It is owned by the loop; nil where nothing is to be
// kept.
type peerMemory struct {
	peers map[peer.ID]rememberedPeer // bounded by maxRemembered
	kept  time.Time                  // when it was last compared and kept
}

// remember takes up the peers of last time, or forgets them where nothing is to be remembered any more.
func (l *loop) remember() error {
	if !l.n.cfg.Remember {
		return l.store.forgetPeers()
	}
	peers, err := l.store.loadPeers()
	if err != nil {
		return err
	}
	l.memory = &peerMemory{peers: peers, kept: l.now()}
	for p, r := range peers {
		l.n.gate.typeIn(parseAddrs(r.Lasting)...)
		l.book.add(p, parseAddrs(r.Addrs), l.now())
	}
	return nil
}

// keepPeers notes who is reached, and where, and keeps it on disk once something has changed.
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
				r.Lasting = formatAddrs(l.n.gate.lasting(parseAddrs(r.Addrs)))
				m.peers[e.peer] = r
				changed = true
			}
		}
	}
	if !changed {
		return
	}
	if err := l.store.savePeers(m.peers); err != nil {
		l.n.log.Warn("remember peers", "err", err)
	}
}

// dialledAt are the addresses where we have dialled a peer. One that dialled us shows a port that may be gone with the
// connection.
func dialledAt(conns []network.Conn) (addrs []string) {
	for _, c := range conns {
		if c.Stat().Direction == network.DirOutbound {
			addrs = append(addrs, c.RemoteMultiaddr().String())
		}
	}
	return addrs
}

// note takes in that p was reached at addrs, and reports whether that is worth keeping: an address is new.
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

// The peers of last time are one value, which is small, and replaced as a whole.
var keyPeers = []byte("peers")

func (s *store) savePeers(peers map[peer.ID]rememberedPeer) error {
	if s == nil {
		return nil
	}
	list := slices.SortedFunc(maps.Values(peers), func(a, b rememberedPeer) int { return cmp.Compare(a.Peer, b.Peer) })
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bucketMeta), keyPeers, list, false) })
}

func (s *store) forgetPeers() error {
	if s == nil {
		return nil
	}
	var any bool
	err := s.view(func(tx *bolt.Tx) error {
		any = tx.Bucket(bucketMeta).Get(keyPeers) != nil
		return nil
	})
	if err != nil || !any {
		return err // a start that changes nothing writes nothing
	}
	return s.update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Delete(keyPeers) })
}

func (s *store) loadPeers() (map[peer.ID]rememberedPeer, error) {
	peers := make(map[peer.ID]rememberedPeer)
	if s == nil {
		return peers, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucketMeta).Get(keyPeers)
		if v == nil {
			return nil
		}
		var list []rememberedPeer
		if err := json.Unmarshal(v, &list); err != nil {
			return fmt.Errorf("peers of last time: %w", err)
		}
		for _, r := range list {
			peers[r.Peer] = r
		}
		return nil
	})
	return peers, err
}
