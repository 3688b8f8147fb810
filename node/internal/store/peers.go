package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"
)

// A Peer shared a room with this node, or a user gave its address. A remembered address is a hint to dial, as mDNS's are: the
// handshake proves which peer is there.
type Peer struct {
	Peer    peer.ID
	Addrs   []string // where this node has reached it, the latest first
	Lasting []string // those of them that may be dialled after a restart too
	Seen    time.Time
}

// The peers are one value, which is small, and replaced as a whole.
var keyPeers = []byte("peers")

// SavePeers replaces the remembered peers.
func (s *Store) SavePeers(peers map[peer.ID]Peer) error {
	if s == nil {
		return nil
	}
	list := slices.SortedFunc(maps.Values(peers), func(a, b Peer) int { return cmp.Compare(a.Peer, b.Peer) })
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bucketMeta), keyPeers, list, false) })
}

// ForgetPeers removes the remembered peers.
func (s *Store) ForgetPeers() error {
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

// Peers returns the remembered peers.
func (s *Store) Peers() (map[peer.ID]Peer, error) {
	peers := make(map[peer.ID]Peer)
	if s == nil {
		return peers, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucketMeta).Get(keyPeers)
		if v == nil {
			return nil
		}
		var list []Peer
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
