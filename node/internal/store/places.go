package store

import (
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"localchat/authority"
	"localchat/protocol"
)

// A PastPlace is the membership that this node has lost in a room of another node, from which its user may appeal until Until.
type PastPlace struct {
	authority.Appellant
	Name    string
	Nick    string
	Addrs   []string // of the authority, where it was last reached
	Lasting []string // those of them that may be dialled after a restart too
	Until   time.Time
}

// EndSeat removes our seat in room, and saves the place that it was.
func (s *Store) EndSeat(room protocol.RoomID, p PastPlace) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		if err := putJSON(tx.Bucket(bucketPlaces), room[:], p, false); err != nil {
			return err
		}
		return tx.Bucket(bucketSeats).Delete(room[:])
	})
}

// SavePastPlace saves the place that we have lost in room.
func (s *Store) SavePastPlace(room protocol.RoomID, p PastPlace) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bucketPlaces), room[:], p, false) })
}

// DropPastPlace removes it.
func (s *Store) DropPastPlace(room protocol.RoomID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return tx.Bucket(bucketPlaces).Delete(room[:]) })
}

// PastPlaces returns the places that we have lost in others' rooms.
func (s *Store) PastPlaces() (map[protocol.RoomID]PastPlace, error) {
	places := make(map[protocol.RoomID]PastPlace)
	if s == nil {
		return places, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketPlaces).ForEach(func(k, v []byte) error {
			room, err := roomOfKey(k)
			if err != nil {
				return fmt.Errorf("place: %w", err)
			}
			var p PastPlace
			if err := json.Unmarshal(v, &p); err != nil {
				return fmt.Errorf("place %s: %w", room, err)
			}
			places[room] = p
			return nil
		})
	})
	return places, err
}
