// Package store keeps the state of a node on the disk: one file with its rooms, seats, pins and peers, and one with its key. It
// decides nothing.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"localchat/internal/private"
	"localchat/node/internal/fault"
)

// File is a bbolt file in the data directory. A node that has it open has the lock of the data directory.
const File = "localchat.db"

// version is that of the layout below. A file of a later version, or of one before oldest, is refused and not changed. Records of
// version 1 did not commit to keys. Version 2 has no mutes and version 3 no deputies; both are written on as version 4.
const (
	version = 4
	oldest  = 2
)

// The layout: meta/version and meta/peers = JSON; rooms/<room id>/{log/<seq, 8 bytes> = signed record, failures/<peer>, appeals/<peer> and
// invites/<id> = JSON, ban-shift = JSON}, for rooms that we are the authority of; seats/<room id> and places/<room id> = JSON; pins/<room name> =
// owner; candidates/<room id> = JSON, what we have got of a room that we accept; moved/<room id> = JSON, by which records we gave
// a room away; counters/<room id> = the first message number that has not been reserved, clocks/<room id> = a time that the room's
// Lamport clock has not reached; verified/<peer> and ignored/<peer> = JSON.
var (
	bucketMeta       = []byte("meta")
	bucketRooms      = []byte("rooms")
	bucketLog        = []byte("log")
	bucketFailures   = []byte("failures")
	bucketInvites    = []byte("invites")
	bucketAppeals    = []byte("appeals")
	bucketSeats      = []byte("seats")
	bucketPlaces     = []byte("places")
	bucketPins       = []byte("pins")
	bucketCandidates = []byte("candidates")
	bucketMoved      = []byte("moved")
	bucketCounters   = []byte("counters")
	bucketClocks     = []byte("clocks")
	bucketVerified   = []byte("verified")
	bucketIgnored    = []byte("ignored")
	keyVersion       = []byte("version")
	keyBanShift      = []byte("ban-shift")
)

// A Store is an open file. Every method returns when its change is on the disk, or with an error if it has not happened; only
// with [ErrInDoubt] is that unknown. A nil Store keeps nothing (--ephemeral). Its methods are called by one goroutine, the loop
// of node.
type Store struct {
	db *bolt.DB
	// broken is the error after which nothing more is written until the next start; see update.
	broken error
}

// ErrInDoubt says that the next start shows whether the change has happened.
var ErrInDoubt = errors.New("the disk failed at the last moment; only the next start can tell whether the change was saved")

// lockTimeout is how long Open waits for another node to close the data directory.
const lockTimeout = 200 * time.Millisecond

// Open locks dir, which it makes if it is missing, and opens its file. It returns a nil Store if dir is empty.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return nil, nil
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, File)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(dir, path); err != nil {
			return nil, unwritable(path, err)
		}
	}
	db, err := openFile(path)
	unfit := new(private.Error)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, &fault.Error{
			Code: fault.CodeUnavailable, Locked: true,
			Text:   fmt.Sprintf("another node uses the data directory %s", dir),
			Reason: fault.DirInUse,
		}
	case errors.As(err, &unfit):
		return nil, &fault.Error{Code: fault.CodeUnavailable, Text: "the store was rejected: " + unfit.Error(), Reason: fault.StoreUnfit, Mend: unfit.Mend}
	case errors.Is(err, os.ErrPermission):
		return nil, &fault.Error{Code: fault.CodeUnavailable, Text: fault.Text(err), Reason: fault.DirDenied}
	case err != nil:
		return nil, damaged(path, err)
	}
	s := &Store{db: db}
	if err := guarded(s.prepare); err != nil {
		if e := new(fault.Error); !errors.As(err, &e) {
			err = damaged(path, err)
		}
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// InUse reports whether a node has locked dir.
func InUse(dir string) bool {
	path := filepath.Join(dir, File)
	if _, err := os.Lstat(path); err != nil {
		return false
	}
	err := guarded(func() error {
		db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, OpenFile: openPrivate, ReadOnly: true})
		if err != nil {
			return err
		}
		return db.Close()
	})
	return errors.Is(err, bolterrors.ErrTimeout)
}

// unwritable returns the error of a start that cannot write to the store.
func unwritable(path string, err error) error {
	return &fault.Error{
		Code: fault.CodeUnavailable, Text: fmt.Sprintf("cannot write the store %s: %v", path, err),
		Reason: fault.DirUnwritable,
	}
}

// create makes a temporary file and links it to its name, so that an interrupted start leaves either no store or a whole one:
// bbolt takes a file whose first pages have not been written for a damaged one.
func create(dir, path string) error {
	f, err := os.CreateTemp(dir, File+".*.new") // O_EXCL, 0600
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
	if err := errors.Join((&Store{db: db}).prepare(), db.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// openPrivate opens the file for bbolt. Since the file holds tokens of invites and keys of seats, it refuses one that another
// user may have made or can read.
func openPrivate(path string, flag int, perm os.FileMode) (*os.File, error) {
	return private.Open(path, flag, perm, private.NobodyElse)
}

func openFile(path string) (db *bolt.DB, err error) {
	err = guarded(func() (err error) {
		if err := checkSize(path); err != nil {
			return err
		}
		db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, OpenFile: openPrivate})
		return err
	})
	return db, err
}

// checkSize reports that a file has lost its end. It opens the file to be read: on Windows bbolt makes one that it may write as
// long as its mapping, and the end that is missing would be zeros. An empty file is a new one.
func checkSize(path string) error {
	if st, err := os.Stat(path); err == nil && st.Size() == 0 {
		return nil
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, OpenFile: openPrivate, ReadOnly: true})
	if err != nil {
		return err
	}
	err = db.View(func(tx *bolt.Tx) error {
		st, err := os.Stat(path)
		if err == nil && st.Size() < tx.Size() {
			err = fmt.Errorf("%d bytes of its %d are left", st.Size(), tx.Size())
		}
		return err
	})
	return errors.Join(err, db.Close())
}

// guarded calls f, and returns an error if bbolt panics or reads past the end of its mapping, as it does on a damaged page.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a page of it is corrupt: %v", r)
		}
	}()
	return f()
}

func damaged(path string, err error) error {
	return &fault.Error{
		Code: fault.CodeInternal, Text: fmt.Sprintf("the store %s is damaged: %v", path, err),
		Reason: fault.StoreDamaged,
	}
}

var topBuckets = [][]byte{bucketMeta, bucketRooms, bucketSeats, bucketPlaces, bucketCandidates, bucketMoved, bucketPins, bucketCounters, bucketClocks, bucketVerified, bucketIgnored}

// prepare makes the missing buckets and refuses a file of another version. It does not write to a complete file.
func (s *Store) prepare() error {
	complete := true
	err := s.db.View(func(tx *bolt.Tx) error {
		for _, name := range topBuckets {
			complete = complete && tx.Bucket(name) != nil
		}
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			return nil
		}
		v := meta.Get(keyVersion)
		if v != nil && (len(v) != 1 || v[0] > version) {
			return &fault.Error{Code: fault.CodeUnavailable, Text: fmt.Sprintf("the store %s was written by a newer localchat", s.db.Path()), Reason: fault.StoreNewer}
		}
		complete = complete && v != nil && v[0] == version
		if v != nil && v[0] < oldest {
			return &fault.Error{Code: fault.CodeUnavailable, Text: fmt.Sprintf("the store %s was written by an older localchat, whose rooms this version cannot use", s.db.Path()), Reason: fault.StoreOlder}
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
		return tx.Bucket(bucketMeta).Put(keyVersion, []byte{version})
	})
}

// Close closes the file, and so unlocks the data directory.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	return s.db.Close()
}

// Broken returns the error after which nothing more is written until the next start, or nil.
func (s *Store) Broken() error { return s.broken }

// Damaged returns the error of a store that can be read and has an invalid content.
func (s *Store) Damaged(err error) error { return damaged(s.db.Path(), err) }

// update makes a change, the whole or none of it. bbolt writes and syncs the pages of a change before the meta page, which makes
// them valid. If the meta page is written and its sync fails, a reader of the file sees the change, but it may be lost in a power
// failure. A later sync that succeeds proves nothing, since the kernel reports a lost page only once. So nothing more is written
// until a new start has read the file.
func (s *Store) update(change func(tx *bolt.Tx) error) error {
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
			err = fmt.Errorf("%w: %w", ErrInDoubt, err)
		}
		return nil
	})
	return err
}

// view reads the store at a start. Any error means that the store is damaged.
func (s *Store) view(f func(tx *bolt.Tx) error) error {
	if err := guarded(func() error { return s.db.View(f) }); err != nil {
		return s.Damaged(err)
	}
	return nil
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
