package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"localchat/authority"
	"localchat/protocol"
)

// A Seat is the membership of this node in a room of another node.
type Seat struct {
	Seat    authority.Seat
	Name    string
	Addrs   []string // of the authority, where it was last reached
	Lasting []string // those of them that may be dialled after a restart too
	Nick    string
}

// SaveSeat saves our seat in room.
func (s *Store) SaveSeat(room protocol.RoomID, seat Seat) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bucketSeats), room[:], seat, false) })
}

// DropSeat removes our seat in room, and what we have got to become its owner.
func (s *Store) DropSeat(room protocol.RoomID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return dropSeat(tx, room) })
}

func dropSeat(tx *bolt.Tx, room protocol.RoomID) error {
	if err := tx.Bucket(bucketCandidates).Delete(room[:]); err != nil {
		return err
	}
	return tx.Bucket(bucketSeats).Delete(room[:])
}

// Seats returns our seats in others' rooms.
func (s *Store) Seats() (map[protocol.RoomID]Seat, error) {
	seats := make(map[protocol.RoomID]Seat)
	if s == nil {
		return seats, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketSeats).ForEach(func(k, v []byte) error {
			room, err := roomOfKey(k)
			if err != nil {
				return fmt.Errorf("seat: %w", err)
			}
			var seat Seat
			if err := json.Unmarshal(v, &seat); err != nil {
				return fmt.Errorf("seat %s: %w", room, err)
			}
			seats[room] = seat
			return nil
		})
	})
	return seats, err
}

// ReserveCounters reserves n message numbers in room; see reserve.
func (s *Store) ReserveCounters(room protocol.RoomID, from, n uint64) (uint64, error) {
	return s.reserve(bucketCounters, room, from, n)
}

// ReserveClocks reserves n times of the room's Lamport clock; see reserve.
func (s *Store) ReserveClocks(room protocol.RoomID, from, n uint64) (uint64, error) {
	return s.reserve(bucketClocks, room, from, n)
}

// reserve reserves n numbers of a bucket in room, so that none is used twice even after a crash. It returns the first of them,
// which no earlier call has reserved, and which is not below from.
func (s *Store) reserve(bucket []byte, room protocol.RoomID, from, n uint64) (uint64, error) {
	if s == nil {
		return from, nil
	}
	first := from
	err := s.update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		if v := b.Get(room[:]); len(v) == 8 {
			first = max(first, binary.BigEndian.Uint64(v))
		}
		return b.Put(room[:], binary.BigEndian.AppendUint64(nil, first+n))
	})
	return first, err
}
