package node

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"localchat/authority"
	"localchat/internal/private"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// storeFile is one bbolt file; holding it open is the lock of the data directory.
const storeFile = "localchat.db"

// storeVersion of the layout below. A file of another version is refused and left alone. Version 1 held records that do not
// commit to keys.
const storeVersion = 2

// The layout: meta/version and meta/peers = JSON; rooms/<room id>/{log/<seq, 8 bytes> = signed record, failures/<peer> and invites/<id> =
// JSON, ban-shift = JSON}, for rooms that we are the authority of; seats/<room id> = JSON; pins/<room name> = owner; counters/<room id>
// = the first message number that has not been reserved, clocks/<room id> = a time that the room's Lamport clock has not
// reached; verified/<peer> = JSON.
var (
	bucketMeta     = []byte("meta")
	bucketRooms    = []byte("rooms")
	bucketLog      = []byte("log")
	bucketFailures = []byte("failures")
	bucketInvites  = []byte("invites")
	bucketSeats    = []byte("seats")
	bucketPins     = []byte("pins")
	bucketCounters = []byte("counters")
	bucketClocks   = []byte("clocks")
	bucketVerified = []byte("verified")
	keyVersion     = []byte("version")
	keyBanShift    = []byte("ban-shift")
)

// A store is what outlives the process: every method returns after its change is on the disk, or with an error if it
// has not happened; [errInDoubt] is the exception. A nil store keeps nothing (--ephemeral). It is used by the node
// loop alone.
type store struct {
	db *bolt.DB
	// broken is why nothing more is written in this life; see update.
	broken error
}

// errInDoubt: whether the change has happened shows at the next start.
var errInDoubt = errors.New("the disk failed at the last moment, so that only the next start can tell whether that has happened")

// A savedSeat is a member's place, as kept on its own node.
type savedSeat struct {
	Seat    authority.Seat
	Name    string
	Addrs   []string // of the authority, where it was last reached
	Lasting []string // those of them that pass the gate in the next life too; see gate.lasting
	Nick    string
}

// openStore locks dir and opens its file.
func openStore(dir string) (*store, error) {
	if dir == "" {
		return nil, nil
	}
	path := filepath.Join(dir, storeFile)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := newStore(dir, path); err != nil {
			return nil, unwritable(path, err)
		}
	}
	db, err := openFile(path)
	unfit := new(private.Error)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, &Error{
			Code: Unavailable, Locked: true,
			Text: fmt.Sprintf("another node uses the data directory %s", dir),
			Hint: "for a second node on one machine add --ephemeral, or --data-dir with another directory",
		}
	case errors.As(err, &unfit):
		return nil, &Error{Code: Unavailable, Text: "the store is not taken: " + unfit.Error(), Hint: unfit.Mend + "; or name another directory with --data-dir. It has not been touched"}
	case errors.Is(err, os.ErrPermission):
		return nil, &Error{Code: Unavailable, Text: fault.Text(err), Hint: "name another directory with --data-dir, or keep nothing with --ephemeral"}
	case err != nil:
		return nil, damagedStore(path, err)
	}
	s := &store{db: db}
	if err := guarded(s.prepare); err != nil {
		if e := new(Error); !errors.As(err, &e) {
			err = damagedStore(path, err)
		}
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// unwritable is the error of a start that cannot write to the store.
func unwritable(path string, err error) error {
	return &Error{
		Code: Unavailable, Text: fmt.Sprintf("cannot write the store %s: %v", path, err),
		Hint: "make room, name another directory with --data-dir, or keep nothing with --ephemeral",
	}
}

// newStore makes the file beside its place and links it there, so that a start that is cut off leaves either no store or
// a whole one: bbolt takes a file whose first pages have not been written for a damaged one.
func newStore(dir, path string) error {
	f, err := os.CreateTemp(dir, storeFile+".*.new") // O_EXCL, 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openFile(f.Name())
	if err != nil {
		return err
	}
	if err := errors.Join((&store{db: db}).prepare(), db.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// openPrivate opens the file for bbolt. It holds tokens of invites and keys of seats: nobody else may have put it there or
// can read it.
func openPrivate(path string, flag int, perm os.FileMode) (*os.File, error) {
	return private.Open(path, flag, perm, private.NobodyElse)
}

func openFile(path string) (db *bolt.DB, err error) {
	err = guarded(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, OpenFile: openPrivate})
		return err
	})
	return db, err
}

// guarded makes an error of what bbolt does on a damaged page: it panics, or reads past the end of its mapping.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a page of it makes no sense: %v", r)
		}
	}()
	return f()
}

func damagedStore(path string, err error) error {
	return &Error{
		Code: Internal, Text: fmt.Sprintf("the store %s is damaged: %v", path, err),
		Hint: "it has not been touched; restore it from a copy, or move it away to start without your rooms and bans",
	}
}

var topBuckets = [][]byte{bucketMeta, bucketRooms, bucketSeats, bucketPins, bucketCounters, bucketClocks, bucketVerified}

// prepare makes what is missing and refuses what is not ours to read. A file that needs nothing is not written to.
func (s *store) prepare() error {
	complete := true
	err := s.db.View(func(tx *bolt.Tx) error {
		st, err := os.Stat(s.db.Path())
		if err != nil {
			return err
		}
		if st.Size() < tx.Size() {
			return fmt.Errorf("%d bytes of its %d are left", st.Size(), tx.Size())
		}
		for _, name := range topBuckets {
			complete = complete && tx.Bucket(name) != nil
		}
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			return nil
		}
		v := meta.Get(keyVersion)
		complete = complete && v != nil
		if v != nil && (len(v) != 1 || v[0] > storeVersion) {
			return &Error{Code: Unavailable, Text: fmt.Sprintf("the store %s was written by a newer localchat", s.db.Path()), Hint: "use that version; nothing has been changed"}
		}
		if v != nil && v[0] < storeVersion {
			return &Error{Code: Unavailable, Text: fmt.Sprintf("the store %s was written by an older localchat, whose rooms this version cannot go on with", s.db.Path()), Hint: "to start without those rooms, their bans and pins, move that file away; your identity stays. Nothing has been changed"}
		}
		return nil
	})
	if err != nil || complete {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range topBuckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Put(keyVersion, []byte{storeVersion})
	})
}

func (s *store) close() error {
	if s == nil {
		return nil
	}
	return s.db.Close()
}

// update is one change, whole or not at all. bbolt writes and syncs a change's pages before the page that makes them count. If
// that last one is written and its sync fails, the change is seen by whoever reads the file, and may be gone after a
// power failure; and a later sync that succeeds proves nothing, since the kernel reports a lost page once. So nothing
// is built upon it: there is no write after that until a new start has read what holds.
func (s *store) update(change func(tx *bolt.Tx) error) error {
	if s.broken != nil {
		return s.broken
	}
	id := 0
	err := s.db.Update(func(tx *bolt.Tx) error {
		id = tx.ID()
		return change(tx)
	})
	if err == nil {
		return nil
	}
	// View fails only on a closed store.
	_ = s.db.View(func(tx *bolt.Tx) error {
		if tx.ID() == id {
			s.broken = fmt.Errorf("nothing is written any more, since an earlier write failed: %w", err)
			err = fmt.Errorf("%w: %w", errInDoubt, err)
		}
		return nil
	})
	return err
}

// saveBatch writes what one step of a ledger decided, all or nothing.
func (s *store) saveBatch(room protocol.RoomID, b authority.Batch) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
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
		return nil
	})
}

func putJSON(b *bolt.Bucket, key []byte, v any, remove bool) error {
	if remove {
		return b.Delete(key)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, raw)
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// loadRooms reads the rooms that we are the authority of. A damaged one fails the whole: going on without it would
// forget whom it banned.
func (s *store) loadRooms() (map[protocol.RoomID]authority.Durable, error) {
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

// view reads at a start; whatever goes wrong is damage.
func (s *store) view(f func(tx *bolt.Tx) error) error {
	if err := guarded(func() error { return s.db.View(f) }); err != nil {
		return damagedStore(s.db.Path(), err)
	}
	return nil
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
		// OpenRecord keeps the bytes, and bbolt's are gone with the transaction.
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
	return d, err
}

// dropRoom forgets a room of ours that has ended and told everybody.
func (s *store) dropRoom(room protocol.RoomID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		err := tx.Bucket(bucketRooms).DeleteBucket(room[:])
		if errors.Is(err, bolterrors.ErrBucketNotFound) {
			return nil
		}
		return err
	})
}

func (s *store) saveSeat(room protocol.RoomID, seat savedSeat) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bucketSeats), room[:], seat, false) })
}

func (s *store) dropSeat(room protocol.RoomID) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error { return tx.Bucket(bucketSeats).Delete(room[:]) })
}

// loadSeats reads the places that we had in others' rooms.
func (s *store) loadSeats() (map[protocol.RoomID]savedSeat, error) {
	seats := make(map[protocol.RoomID]savedSeat)
	if s == nil {
		return seats, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketSeats).ForEach(func(k, v []byte) error {
			room, err := roomOfKey(k)
			if err != nil {
				return fmt.Errorf("seat: %w", err)
			}
			var seat savedSeat
			if err := json.Unmarshal(v, &seat); err != nil {
				return fmt.Errorf("seat %s: %w", room, err)
			}
			seats[room] = seat
			return nil
		})
	})
	return seats, err
}

// reserve makes n numbers of a bucket ours in room, so that none is used twice even after a crash, and returns the first
// of them: one that no earlier call has reserved, and not below from.
func (s *store) reserve(bucket []byte, room protocol.RoomID, from, n uint64) (uint64, error) {
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
