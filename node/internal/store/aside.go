package store

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"

	"localchat/protocol"
)

// The layout for identities that are not in use: meta/identity = the peer to whom the top buckets rooms, seats, counters and
// clocks belong; aside/<peer>/{rooms,seats,counters,clocks,…} = those of another, and aside/<peer>/told once a face has been told.
var (
	keyIdentity = []byte("identity")
	bucketAside = []byte("aside")
	keyTold     = []byte("told")
)

// personal has the buckets that belong to a key. Pins and verified people belong to the person, under any key.
var personal = [][]byte{bucketRooms, bucketSeats, bucketCandidates, bucketMoved, bucketCounters, bucketClocks}

// TakeIdentity makes the rooms and seats of self the ones that are in use. Those of another identity, which was in use before,
// are kept aside until its key is back: they can be used with no other key.
func (s *Store) TakeIdentity(self peer.ID) error {
	if s == nil {
		return nil
	}
	was, err := s.identity()
	if err != nil || was == self || was == "" {
		return err // a start that changes nothing writes nothing
	}
	return s.setIdentity(self, func(tx *bolt.Tx) error {
		if err := putAside(tx, was); err != nil {
			return err
		}
		return takeBack(tx, self)
	})
}

// NoteIdentity notes the owner of the store, if the store does not name one yet. It is called after all of the store has been
// read: a damaged store is not written to.
func (s *Store) NoteIdentity(self peer.ID) error {
	if s == nil {
		return nil
	}
	was, err := s.identity()
	if err != nil || was != "" {
		return err
	}
	return s.setIdentity(self, func(*bolt.Tx) error { return nil })
}

func (s *Store) identity() (was peer.ID, err error) {
	err = s.view(func(tx *bolt.Tx) (err error) {
		was, err = ownerOf(tx)
		return err
	})
	return was, err
}

func (s *Store) setIdentity(self peer.ID, also func(*bolt.Tx) error) error {
	err := s.update(func(tx *bolt.Tx) error {
		if err := also(tx); err != nil {
			return err
		}
		return tx.Bucket(bucketMeta).Put(keyIdentity, []byte(self))
	})
	if err != nil {
		return unwritable(s.db.Path(), err)
	}
	return nil
}

// ownerOf returns the peer whose rooms and seats are in use; "" if there is none yet.
func ownerOf(tx *bolt.Tx) (peer.ID, error) {
	v := tx.Bucket(bucketMeta).Get(keyIdentity)
	if v == nil {
		return "", nil
	}
	p, err := peer.IDFromBytes(slices.Clone(v))
	if err != nil {
		return "", fmt.Errorf("whose rooms they are: %w", err)
	}
	return p, nil
}

func putAside(tx *bolt.Tx, was peer.ID) error {
	aside, err := tx.CreateBucketIfNotExists(bucketAside)
	if err != nil {
		return err
	}
	to, err := aside.CreateBucket([]byte(was))
	if err != nil {
		return err
	}
	for _, name := range personal {
		if err := tx.MoveBucket(name, nil, to); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
}

func takeBack(tx *bolt.Tx, self peer.ID) error {
	aside := tx.Bucket(bucketAside)
	from := aside.Bucket([]byte(self))
	if from == nil {
		return nil
	}
	for _, name := range personal {
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
		if from.Bucket(name) == nil { // put aside by an earlier version
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
			continue
		}
		if err := tx.MoveBucket(name, from, nil); err != nil {
			return err
		}
	}
	return aside.DeleteBucket([]byte(self))
}

// An Aside is an identity whose rooms are kept aside, with their names: of those that it owns, and those in which it has a seat.
type Aside struct {
	Peer          peer.ID
	Owned, Places []string
}

// Untold returns the identities whose rooms are kept aside and that no face has been told of.
func (s *Store) Untold() (all []Aside, err error) {
	if s == nil {
		return nil, nil
	}
	err = s.view(func(tx *bolt.Tx) error {
		aside := tx.Bucket(bucketAside)
		if aside == nil {
			return nil
		}
		return aside.ForEachBucket(func(p []byte) error {
			if b := aside.Bucket(p); b.Get(keyTold) == nil {
				all = append(all, leftIn(peer.ID(slices.Clone(p)), b))
			}
			return nil
		})
	})
	return all, err
}

// leftIn returns the names that it can read. It uses the room ID for any other: a damaged room is reported when its owner is
// back.
func leftIn(p peer.ID, b *bolt.Bucket) Aside {
	l := Aside{Peer: p}
	if rooms := b.Bucket(bucketRooms); rooms != nil {
		_ = rooms.ForEachBucket(func(id []byte) error {
			name := fmt.Sprintf("%x", id)
			if log := rooms.Bucket(id).Bucket(bucketLog); log != nil {
				if r, err := protocol.OpenRecord(slices.Clone(log.Get(seqKey(1)))); err == nil {
					if c, ok := r.Body.(protocol.Create); ok {
						name = c.Name
					}
				}
			}
			l.Owned = append(l.Owned, name)
			return nil
		})
	}
	if seats := b.Bucket(bucketSeats); seats != nil {
		_ = seats.ForEach(func(id, v []byte) error {
			var seat Seat
			name := fmt.Sprintf("%x", id)
			if json.Unmarshal(v, &seat) == nil && seat.Name != "" {
				name = seat.Name
			}
			l.Places = append(l.Places, name)
			return nil
		})
	}
	return l
}

// MarkTold notes that a face has been told of all that is kept aside.
func (s *Store) MarkTold(all []Aside) error {
	return s.update(func(tx *bolt.Tx) error {
		for _, l := range all {
			if b := tx.Bucket(bucketAside).Bucket([]byte(l.Peer)); b != nil {
				if err := b.Put(keyTold, []byte{1}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
