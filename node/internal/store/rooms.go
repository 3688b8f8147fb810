package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"localchat/authority"
	"localchat/protocol"
)

// SaveBatch writes the changes of one step of a ledger, all or none.
func (s *Store) SaveBatch(room protocol.RoomID, b authority.Batch) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return saveBatch(tx, room, b) })
}

func saveBatch(tx *bolt.Tx, room protocol.RoomID, b authority.Batch) error {
	rb, err := tx.Bucket(bucketRooms).CreateBucketIfNotExists(room[:])
	if err != nil {
		return err
	}
	log, err := rb.CreateBucketIfNotExists(bucketLog)
	if err != nil {
		return err
	}
	for _, r := range b.Records {
		if err := log.Put(seqKey(r.Seq), r.Bytes()); err != nil {
			return err
		}
	}
	fb, err := rb.CreateBucketIfNotExists(bucketFailures)
	if err != nil {
		return err
	}
	if b.BanShift != nil {
		if err := putJSON(rb, keyBanShift, b.BanShift, false); err != nil {
			return err
		}
	}
	for p, f := range b.Failures {
		if err := putJSON(fb, []byte(p), f, f == nil); err != nil {
			return err
		}
	}
	ib, err := rb.CreateBucketIfNotExists(bucketInvites)
	if err != nil {
		return err
	}
	for id, inv := range b.Invites {
		if err := putJSON(ib, id[:], inv, inv == nil); err != nil {
			return err
		}
	}
	ab, err := rb.CreateBucketIfNotExists(bucketAppeals)
	if err != nil {
		return err
	}
	for p, a := range b.Appeals {
		if err := putJSON(ab, []byte(p), a, a == nil); err != nil {
			return err
		}
	}
	return nil
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// Rooms returns the rooms that this node is the authority of. If one is damaged, it returns an error and no rooms: a room without
// its log would have no bans.
func (s *Store) Rooms() (map[protocol.RoomID]authority.Durable, error) {
	rooms := make(map[protocol.RoomID]authority.Durable)
	if s == nil {
		return rooms, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketRooms).ForEachBucket(func(id []byte) error {
			room, err := roomOfKey(id)
			if err != nil {
				return err
			}
			d, err := loadRoom(tx.Bucket(bucketRooms).Bucket(id))
			if err != nil {
				return fmt.Errorf("room %s: %w", room, err)
			}
			rooms[room] = d
			return nil
		})
	})
	return rooms, err
}

func roomOfKey(k []byte) (protocol.RoomID, error) {
	if len(k) != len(protocol.RoomID{}) {
		return protocol.RoomID{}, fmt.Errorf("%x is no room", k)
	}
	return protocol.RoomID(k), nil
}

func loadRoom(rb *bolt.Bucket) (authority.Durable, error) {
	var d authority.Durable
	for _, name := range [][]byte{bucketLog, bucketFailures, bucketInvites} {
		if rb.Bucket(name) == nil {
			return d, fmt.Errorf("its %s are missing", name)
		}
	}
	if raw := rb.Get(keyBanShift); raw != nil {
		if err := json.Unmarshal(raw, &d.BanShift); err != nil {
			return d, fmt.Errorf("its %s: %w", keyBanShift, err)
		}
	}
	err := rb.Bucket(bucketLog).ForEach(func(k, v []byte) error {
		// OpenRecord keeps a reference to its argument, and bbolt's bytes are valid only during the transaction.
		r, err := protocol.OpenRecord(append([]byte(nil), v...))
		if err != nil {
			return fmt.Errorf("record %d of its log: %w", len(d.Records)+1, err)
		}
		d.Records = append(d.Records, r)
		return nil
	})
	if err != nil {
		return d, err
	}
	err = rb.Bucket(bucketFailures).ForEach(func(k, v []byte) error {
		var f authority.Failure
		if err := json.Unmarshal(v, &f); err != nil {
			return fmt.Errorf("failure of %s: %w", peer.ID(k), err)
		}
		d.Failures = append(d.Failures, f)
		return nil
	})
	if err != nil {
		return d, err
	}
	err = rb.Bucket(bucketInvites).ForEach(func(k, v []byte) error {
		var inv authority.Invite
		if err := json.Unmarshal(v, &inv); err != nil {
			return fmt.Errorf("invite %x: %w", k, err)
		}
		d.Invites = append(d.Invites, inv)
		return nil
	})
	ab := rb.Bucket(bucketAppeals)
	if err != nil || ab == nil { // an earlier version has made the room
		return d, err
	}
	err = ab.ForEach(func(k, v []byte) error {
		var a authority.Appeal
		if err := json.Unmarshal(v, &a); err != nil {
			return fmt.Errorf("appeal of %s: %w", peer.ID(k), err)
		}
		d.Appeals = append(d.Appeals, a)
		return nil
	})
	return d, err
}

// DropRoom removes a room of this node's own that has ended, after every member has been told.
func (s *Store) DropRoom(room protocol.RoomID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return dropRoom(tx, room) })
}

func dropRoom(tx *bolt.Tx, room protocol.RoomID) error {
	err := tx.Bucket(bucketRooms).DeleteBucket(room[:])
	if errors.Is(err, bolterrors.ErrBucketNotFound) {
		return nil
	}
	return err
}
