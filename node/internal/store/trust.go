package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"

	"localchat/protocol"
)

// A Trust is a peer whose words were compared: its nick at that time, and when.
type Trust struct {
	Nick string
	At   time.Time
}

// SaveTrust keeps that words were compared with p.
func (s *Store) SaveTrust(p peer.ID, t Trust) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bucketVerified), []byte(p), t, false) })
}

// DropTrust takes that back.
func (s *Store) DropTrust(p peer.ID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return tx.Bucket(bucketVerified).Delete([]byte(p)) })
}

// Trusts reads the peers whose words were compared.
func (s *Store) Trusts() (map[peer.ID]Trust, error) {
	by := make(map[peer.ID]Trust)
	if s == nil {
		return by, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketVerified).ForEach(func(k, v []byte) error {
			p, err := peer.IDFromBytes(k)
			if err != nil {
				return fmt.Errorf("verified %x: %w", k, err)
			}
			var t Trust
			if err := json.Unmarshal(v, &t); err != nil {
				return fmt.Errorf("verified %s: %w", p, err)
			}
			by[p] = t
			return nil
		})
	})
	return by, err
}

// Pin remembers the owner of the room called name.
func (s *Store) Pin(name string, owner peer.ID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketPins).Put([]byte(protocol.FoldName(name)), []byte(owner))
	})
}

// Pins reads the owners that are known, by the folded names of their rooms.
func (s *Store) Pins() (map[string]peer.ID, error) {
	owners := make(map[string]peer.ID)
	if s == nil {
		return owners, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketPins).ForEach(func(k, v []byte) error {
			owners[string(k)] = peer.ID(append([]byte(nil), v...))
			return nil
		})
	})
	return owners, err
}
