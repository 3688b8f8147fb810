package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"

	"localchat/protocol"
)

// A Note is about a peer: its nick at that time, and when it was made.
type Note struct {
	Nick string
	At   time.Time
}

// Notes is a list of peers that the user of this node keeps.
type Notes struct{ bucket []byte }

// The lists: peers whose words were compared, and peers that are ignored.
var (
	Verified = Notes{bucketVerified}
	Ignored  = Notes{bucketIgnored}
)

// SaveNote adds p to a list.
func (s *Store) SaveNote(of Notes, p peer.ID, n Note) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(of.bucket), []byte(p), n, false) })
}

// DropNote removes p from a list.
func (s *Store) DropNote(of Notes, p peer.ID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return tx.Bucket(of.bucket).Delete([]byte(p)) })
}

// ReadNotes returns a list.
func (s *Store) ReadNotes(of Notes) (map[peer.ID]Note, error) {
	by := make(map[peer.ID]Note)
	if s == nil {
		return by, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(of.bucket).ForEach(func(k, v []byte) error {
			p, err := peer.IDFromBytes(k)
			if err != nil {
				return fmt.Errorf("%s %x: %w", of.bucket, k, err)
			}
			var n Note
			if err := json.Unmarshal(v, &n); err != nil {
				return fmt.Errorf("%s %s: %w", of.bucket, p, err)
			}
			by[p] = n
			return nil
		})
	})
	return by, err
}

// Pin saves the owner of the room called name.
func (s *Store) Pin(name string, owner peer.ID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketPins).Put([]byte(protocol.FoldName(name)), []byte(owner))
	})
}

// Pins returns the known owners, by the folded names of their rooms.
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
