package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"

	"localchat/authority"
	"localchat/protocol"
)

// A Candidate is what this node has got of a room that it has accepted, and may be the owner of: its log so far, and the books.
type Candidate struct {
	authority.Candidate
	Records [][]byte
}

// A Moved says that this node has given a room away, when, and by which signed records its owners since have followed each other.
type Moved struct {
	At        time.Time
	Transfers [][]byte
}

// maxMoved is the number of rooms that this node has given away, the latest: more than a person gives away. An older one is forgotten, and
// a member of it that has been away since is told that it is no member.
const maxMoved = 1024

// SaveCandidate saves what we have got of a room.
func (s *Store) SaveCandidate(room protocol.RoomID, c Candidate) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bucketCandidates), room[:], c, false) })
}

// DropCandidate removes it.
func (s *Store) DropCandidate(room protocol.RoomID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return tx.Bucket(bucketCandidates).Delete(room[:]) })
}

// Candidates returns what we have got of rooms that we have accepted.
func (s *Store) Candidates() (map[protocol.RoomID]Candidate, error) {
	return readAll[Candidate](s, bucketCandidates, "candidate")
}

// Moved returns the rooms that this node has given away.
func (s *Store) Moved() (map[protocol.RoomID]Moved, error) {
	return readAll[Moved](s, bucketMoved, "room given away")
}

func readAll[V any](s *Store, bucket []byte, what string) (map[protocol.RoomID]V, error) {
	all := make(map[protocol.RoomID]V)
	if s == nil {
		return all, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
			room, err := roomOfKey(k)
			if err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			var value V
			if err := json.Unmarshal(v, &value); err != nil {
				return fmt.Errorf("%s %s: %w", what, room, err)
			}
			all[room] = value
			return nil
		})
	})
	return all, err
}

// GiveAway writes the step by which this node gives a room away: its last batch, the seat that it has instead, and where the room went.
// The log stays until DropRoom.
func (s *Store) GiveAway(room protocol.RoomID, b authority.Batch, seat Seat, m Moved) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		if err := saveBatch(tx, room, b); err != nil {
			return err
		}
		if err := putJSON(tx.Bucket(bucketMoved), room[:], m, false); err != nil {
			return err
		}
		if err := forgetMoved(tx); err != nil {
			return err
		}
		return putJSON(tx.Bucket(bucketSeats), room[:], seat, false)
	})
}

// forgetMoved deletes the oldest entries beyond maxMoved.
func forgetMoved(tx *bolt.Tx) error {
	b := tx.Bucket(bucketMoved)
	n := 0
	var oldest []byte
	var at time.Time
	err := b.ForEach(func(k, v []byte) error {
		var m Moved
		if err := json.Unmarshal(v, &m); err != nil {
			return err
		}
		if n++; oldest == nil || m.At.Before(at) {
			oldest, at = append([]byte(nil), k...), m.At
		}
		return nil
	})
	if err != nil || n <= maxMoved {
		return err
	}
	return b.Delete(oldest)
}

// TakeOver makes a room, in which this node had a seat, a room of this node.
func (s *Store) TakeOver(room protocol.RoomID, d authority.Durable) error {
	if s == nil {
		return nil
	}
	b := authority.Batch{Records: d.Records, BanShift: d.BanShift, Failures: make(map[peer.ID]*authority.Failure), Invites: make(map[protocol.InviteID]*authority.Invite), Appeals: make(map[peer.ID]*authority.Appeal)}
	for _, f := range d.Failures {
		b.Failures[f.Peer] = &f
	}
	for _, i := range d.Invites {
		b.Invites[i.ID] = &i
	}
	for _, a := range d.Appeals {
		b.Appeals[a.Peer] = &a
	}
	return s.update(func(tx *bolt.Tx) error {
		if err := dropRoom(tx, room); err != nil { // the log of an earlier time in which we were the owner
			return err
		}
		if err := saveBatch(tx, room, b); err != nil {
			return err
		}
		if err := tx.Bucket(bucketMoved).Delete(room[:]); err != nil {
			return err
		}
		return dropSeat(tx, room)
	})
}
