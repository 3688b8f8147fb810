package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"

	"localchat/protocol"
)

// The layout of what is kept for an identity that is not in use: meta/identity = the peer whose rooms, seats, counters and
// clocks stand in their own buckets; aside/<peer>/{rooms,seats,counters,clocks} = those of another, and aside/<peer>/told
// once a face has been told.
var (
	keyIdentity = []byte("identity")
	bucketAside = []byte("aside")
	keyTold     = []byte("told")
)

// personal are the buckets that belong to a key. Pins and verified people are a person's, under any key.
var personal = [][]byte{bucketRooms, bucketSeats, bucketCounters, bucketClocks}

// takeIdentity makes the rooms and seats of self the ones that are in use. Those of another identity, which has been moved
// away, can be taken up by nobody but it: they are kept aside, and come back with it.
func (s *store) takeIdentity(self peer.ID) error {
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

// noteIdentity says whose store it is, where it does not say so yet. It comes after all of it has been read: a store that is
// damaged is not written to.
func (s *store) noteIdentity(self peer.ID) error {
	if s == nil {
		return nil
	}
	was, err := s.identity()
	if err != nil || was != "" {
		return err
	}
	return s.setIdentity(self, func(*bolt.Tx) error { return nil })
}

func (s *store) identity() (was peer.ID, err error) {
	err = s.view(func(tx *bolt.Tx) (err error) {
		was, err = ownerOf(tx)
		return err
	})
	return was, err
}

func (s *store) setIdentity(self peer.ID, also func(*bolt.Tx) error) error {
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

// ownerOf is whose rooms and seats are in use; "": there is none yet.
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
		if err := tx.MoveBucket(name, from, nil); err != nil {
			return err
		}
	}
	return aside.DeleteBucket([]byte(self))
}

// left are the rooms that were left behind with an identity, by their names: those that it owns, and those where it has a
// place.
type left struct {
	peer          peer.ID
	owned, places []string
}

// untoldAside are the identities whose rooms are kept aside and of which no face has been told.
func (s *store) untoldAside() (all []left, err error) {
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

// leftIn names what it can: what cannot be read is as good for its owner as before.
func leftIn(p peer.ID, b *bolt.Bucket) left {
	l := left{peer: p}
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
			l.owned = append(l.owned, name)
			return nil
		})
	}
	if seats := b.Bucket(bucketSeats); seats != nil {
		_ = seats.ForEach(func(id, v []byte) error {
			var seat savedSeat
			name := fmt.Sprintf("%x", id)
			if json.Unmarshal(v, &seat) == nil && seat.Name != "" {
				name = seat.Name
			}
			l.places = append(l.places, name)
			return nil
		})
	}
	return l
}

// asideTold notes that a face has been told of all that is kept aside.
func (s *store) asideTold(all []left) error {
	return s.update(func(tx *bolt.Tx) error {
		for _, l := range all {
			if b := tx.Bucket(bucketAside).Bucket([]byte(l.peer)); b != nil {
				if err := b.Put(keyTold, []byte{1}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// warning says what the new identity has not.
func (l left) warning() Warning {
	text := "this node has a new identity"
	if len(l.owned) > 0 {
		text += "; it does not own " + strings.Join(l.owned, ", ") + " any more"
	}
	if len(l.places) > 0 {
		text += "; its place in " + strings.Join(l.places, ", ") + " was the old one's"
	}
	return Warning{Code: "identity", Peer: l.peer, Text: text + ". Their data is kept aside: it comes back with the old identity.key"}
}

// tellAside tells a new reader of events what is kept aside. Once is enough for a person; which reader it was is not known
// before it has read, so each one of this life is told.
func (l *loop) tellAside(s *Subscription) {
	if len(l.aside) == 0 || l.n.cfg.NoResume {
		return // a command that takes up no rooms has no place to say it
	}
	for _, left := range l.aside {
		if len(left.owned)+len(left.places) > 0 {
			s.push(Event{Seq: l.seq, Time: l.now(), Body: left.warning()})
		}
	}
	if err := l.store.asideTold(l.aside); err != nil {
		l.n.log.Warn("note what was told", "err", err)
	}
}
