package store

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	bolt "go.etcd.io/bbolt"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

var begin = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// key is the key of name, the same every time.
func key(name string) protocol.KeySigner {
	seed := sha256.Sum256([]byte(name))
	return protocol.KeySigner{PrivKey: must(crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed[:])))}
}

func peerOf(name string) peer.ID { return key(name).Peer() }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// saveRoom writes the decisions of a room of alice's, step by step, and returns the state that a start should find: bob
// was let in and kicked, and two invites are open.
func saveRoom(t *testing.T, s *Store) authority.Durable {
	t.Helper()
	var l authority.Ledger
	var records []protocol.SignedRecord
	now := begin
	step := func(ev authority.Event) {
		t.Helper()
		now = now.Add(2 * authority.ReturnAfter)
		next, effects, err := l.Step(authority.Env{Now: now, Rand: rand.Reader, Signer: key("alice"), Self: peerOf("alice")}, ev)
		if err != nil {
			t.Fatalf("%T: %v", ev, err)
		}
		l = next
		for _, e := range effects {
			switch e := e.(type) {
			case authority.Persist:
				if err := s.SaveBatch(l.State().Room(), e.Batch); err != nil {
					t.Fatal(err)
				}
			case authority.Commit:
				records = append(records, e.Record)
			}
		}
	}
	p := protocol.DefaultPolicy()
	p.Access = protocol.Open
	step(authority.CreateRoom{Name: "lab", Nick: "alice", Policy: p})
	step(authority.Knock{Peer: peerOf("bob"), Request: protocol.JoinRequest{Room: l.State().Room(), Nick: "bob"}})
	step(authority.Kick{Peer: peerOf("bob"), Reason: "too loud", Cut: protocol.Cut{Ctr: 5, Hash: protocol.Hash{5}}})
	step(authority.MakeInvite{By: peerOf("alice"), Nick: "dave"})
	step(authority.MakeInvite{By: peerOf("alice")})
	return authority.Durable{Records: records, Failures: l.Failures(), Invites: l.Invites(now)}
}

func reopen(t *testing.T, s *Store, dir string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return must(Open(dir))
}

// theRoom is the only room of s.
func theRoom(t *testing.T, s *Store) (protocol.RoomID, authority.Durable) {
	t.Helper()
	rooms := must(s.Rooms())
	if len(rooms) != 1 {
		t.Fatalf("there are %d rooms", len(rooms))
	}
	for id, d := range rooms {
		return id, d
	}
	return protocol.RoomID{}, authority.Durable{}
}

// TestStoreKeepsARoom: the next life of the authority begins with the data that a step has written.
func TestStoreKeepsARoom(t *testing.T) {
	dir := t.TempDir()
	s := must(Open(dir))
	want := saveRoom(t, s)
	s = reopen(t, s, dir)
	id, got := theRoom(t, s)
	if len(got.Records) != len(want.Records) {
		t.Fatalf("%d records of %d", len(got.Records), len(want.Records))
	}
	for i, r := range got.Records {
		if !bytes.Equal(r.Bytes(), want.Records[i].Bytes()) {
			t.Errorf("record %d differs", i+1)
		}
	}
	byID := func(a, b authority.Invite) int { return bytes.Compare(a.ID[:], b.ID[:]) }
	slices.SortFunc(got.Invites, byID)
	slices.SortFunc(want.Invites, byID)
	if len(want.Failures) != 1 || !reflect.DeepEqual(got.Failures, want.Failures) || len(want.Invites) != 2 || !reflect.DeepEqual(got.Invites, want.Invites) {
		t.Errorf("kept %+v\nnot %+v", got, want)
	}
	l := must(authority.Load(got))
	if l.State().Room() != id || l.State().Seq() != uint64(len(want.Records)) || !l.Owes(peerOf("bob"), begin) {
		t.Error("the ledger cannot be loaded")
	}
	// A nil deletes its entry, and no other.
	gone := want.Invites[0].ID
	err := s.SaveBatch(id, authority.Batch{
		Failures: map[peer.ID]*authority.Failure{peerOf("bob"): nil, peerOf("nobody"): nil},
		Invites:  map[protocol.InviteID]*authority.Invite{gone: nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, dir)
	_, got = theRoom(t, s)
	if len(got.Failures) != 0 || len(got.Invites) != 1 || got.Invites[0].ID == gone || len(got.Records) != len(want.Records) {
		t.Errorf("after deleting there are %+v", got)
	}
	for range 2 { // the second time there is nothing to drop
		if err := s.DropRoom(id); err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, dir)
	if rooms := must(s.Rooms()); len(rooms) != 0 {
		t.Error("a dropped room is back")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestStoreKeepsSeatsAndPins(t *testing.T) {
	dir := t.TempDir()
	s := must(Open(dir))
	room, other := protocol.RoomID{1}, protocol.RoomID{2}
	seat := must(authority.NewSeat(room, peerOf("alice"), peerOf("bob"), 7, rand.Reader))
	want := Seat{Seat: seat, Name: "lab", Nick: "bob", Addrs: []string{"/ip4/10.0.0.1/tcp/1"}}
	if err := errors.Join(s.SaveSeat(room, want), s.SaveSeat(other, want), s.DropSeat(other), s.DropSeat(other), s.Pin("lab", peerOf("alice"))); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, dir)
	seats := must(s.Seats())
	if !maps.EqualFunc(seats, map[protocol.RoomID]Seat{room: want}, func(a, b Seat) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("the seats are %+v", seats)
	}
	if owners := must(s.Pins()); !maps.Equal(owners, map[string]peer.ID{"lab": peerOf("alice")}) {
		t.Errorf("the owners are %v", owners)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestNumbersAreNeverReused: no number is given out twice, whenever the process ends.
func TestNumbersAreNeverReused(t *testing.T) {
	dir := t.TempDir()
	room, other := protocol.RoomID{1}, protocol.RoomID{2}
	s := must(Open(dir))
	next := uint64(0)
	for i := range uint64(10) {
		first := must(s.ReserveCounters(room, 0, i+1))
		if first < next {
			t.Fatalf("%d is given out again", first)
		}
		next = first + i + 1
		if i%3 == 0 {
			s = reopen(t, s, dir)
		}
	}
	if first := must(s.ReserveCounters(other, 0, 1)); first != 0 {
		t.Errorf("another room begins at %d", first)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestNoStore: an ephemeral node does everything and stores nothing.
func TestNoStore(t *testing.T) {
	s := must(Open(""))
	room := protocol.RoomID{1}
	if err := errors.Join(s.SaveBatch(room, authority.Batch{}), s.SaveSeat(room, Seat{}), s.DropSeat(room), s.DropRoom(room), s.Pin("a", "b"), s.Close()); err != nil {
		t.Error(err)
	}
	if len(must(s.Pins())) != 0 || len(must(s.Rooms())) != 0 || len(must(s.Seats())) != 0 || must(s.ReserveCounters(room, 0, 5)) != 0 {
		t.Error("something was kept")
	}
}

func TestSecondNodeIsLockedOut(t *testing.T) {
	dir := t.TempDir()
	s := must(Open(dir))
	_, err := Open(dir)
	if e := fault.As(err); !e.Locked || e.Code != fault.CodeUnavailable || !strings.Contains(e.Text, dir) || e.Reason == "" {
		t.Errorf("the error is %+v", e)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := must(Open(dir)).Close(); err != nil {
		t.Error("after it is closed:", err)
	}
}

// broken is a store file with a room and a seat, changed by change.
func broken(t *testing.T, change func(tx *bolt.Tx) error) (dir string, raw []byte) {
	t.Helper()
	dir = t.TempDir()
	s := must(Open(dir))
	saveRoom(t, s)
	if change != nil {
		if err := s.db.Update(change); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, must(os.ReadFile(filepath.Join(dir, File)))
}

// openAll opens the store of dir and loads everything that a start loads.
func openAll(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	_, err1 := s.Rooms()
	_, err2 := s.Seats()
	return errors.Join(err1, err2, s.Close())
}

// TestDamagedStore: damaged data is named, fails the start, and stays as it is for the user to repair.
func TestDamagedStore(t *testing.T) {
	room := func(tx *bolt.Tx) *bolt.Bucket {
		b := tx.Bucket(bucketRooms)
		k, _ := b.Cursor().First()
		return b.Bucket(k)
	}
	putFirst := func(b *bolt.Bucket, change func([]byte) []byte) error {
		k, v := b.Cursor().First()
		return b.Put(slices.Clone(k), change(slices.Clone(v)))
	}
	for what, c := range map[string]struct {
		change func(tx *bolt.Tx) error
		says   string
	}{
		"a bit of a record": {func(tx *bolt.Tx) error {
			return room(tx).Bucket(bucketLog).Put(seqKey(3), flip(room(tx).Bucket(bucketLog).Get(seqKey(3))))
		}, "record 3 of its log"},
		"a short record":   {func(tx *bolt.Tx) error { return room(tx).Bucket(bucketLog).Put(seqKey(2), []byte{1}) }, "record 2 of its log"},
		"a key of the log": {func(tx *bolt.Tx) error { return room(tx).Bucket(bucketLog).Put([]byte{0, 1}, []byte{1}) }, "of its log"},
		"a failure": {func(tx *bolt.Tx) error {
			return putFirst(room(tx).Bucket(bucketFailures), func([]byte) []byte { return []byte("{") })
		}, "failure of 12D3"},
		"an invite": {func(tx *bolt.Tx) error {
			return putFirst(room(tx).Bucket(bucketInvites), func(v []byte) []byte { return v[:len(v)/2] })
		}, "invite "},
		"no log":      {func(tx *bolt.Tx) error { return room(tx).DeleteBucket(bucketLog) }, "log"},
		"no failures": {func(tx *bolt.Tx) error { return room(tx).DeleteBucket(bucketFailures) }, "failures"},
		"no invites":  {func(tx *bolt.Tx) error { return room(tx).DeleteBucket(bucketInvites) }, "invites"},
		"a foreign room": {func(tx *bolt.Tx) error {
			_, err := tx.Bucket(bucketRooms).CreateBucket([]byte("lab"))
			return err
		}, "room"},
		"a long room id": {func(tx *bolt.Tx) error {
			_, err := tx.Bucket(bucketRooms).CreateBucket(make([]byte, 40))
			return err
		}, "room"},
		"a seat":         {func(tx *bolt.Tx) error { return tx.Bucket(bucketSeats).Put(make([]byte, 32), []byte("[]")) }, "seat"},
		"a foreign seat": {func(tx *bolt.Tx) error { return tx.Bucket(bucketSeats).Put([]byte("lab"), []byte("{}")) }, "seat"},
	} {
		t.Run(what, func(t *testing.T) {
			dir, before := broken(t, c.change)
			err := openAll(dir)
			if err == nil {
				t.Fatal("the damaged store is accepted")
			}
			if e := fault.As(err); e.Code != fault.CodeInternal || !strings.Contains(e.Text, File) || !strings.Contains(e.Text, c.says) || e.Reason != fault.StoreDamaged {
				t.Errorf("the error is %v", err)
			}
			if !bytes.Equal(must(os.ReadFile(filepath.Join(dir, File))), before) {
				t.Error("the file was touched")
			}
		})
	}
}

// TestForeignAndTruncatedStore: bytes that are no store are left alone, and do not end the process.
func TestForeignAndTruncatedStore(t *testing.T) {
	whole, good := broken(t, nil)
	s := must(Open(whole))
	var used int64 // the rest is only room for bbolt to grow
	if err := errors.Join(s.db.View(func(tx *bolt.Tx) error { used = tx.Size(); return nil }), s.Close()); err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{
		"text":       []byte("not a store\n"),
		"noise":      bytes.Repeat([]byte{0xa5}, 32<<10),
		"zeros":      make([]byte, 32<<10),
		"both metas": slices.Concat(make([]byte, 8<<10), good[8<<10:]),
	}
	for n := 1; n < int(used); n += 1021 {
		cases["truncated to "+strconv.Itoa(n)] = good[:n]
	}
	for what, raw := range cases {
		dir := t.TempDir()
		path := filepath.Join(dir, File)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openAll(dir); err == nil || fault.As(err).Code != fault.CodeInternal || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
		if !bytes.Equal(must(os.ReadFile(path)), raw) {
			t.Errorf("%s: the file was touched", what)
		}
	}
}

// TestNewerStore: a store of a later version is refused, and its content stays.
func TestNewerStore(t *testing.T) {
	for _, v := range [][]byte{{version + 1}, {255}, {1, 0}, {}} {
		dir, before := broken(t, func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyVersion, v) })
		err := openAll(dir)
		if err == nil {
			t.Fatalf("version %v is accepted", v)
		}
		if e := fault.As(err); e.Code != fault.CodeUnavailable || !strings.Contains(e.Text, "newer") || e.Locked {
			t.Errorf("version %v: %v", v, err)
		}
		if !bytes.Equal(must(os.ReadFile(filepath.Join(dir, File))), before) {
			t.Errorf("version %v: the file was touched", v)
		}
	}
}

// A store of the version before mutes, or before deputies, is opened with all its rooms and written on as the present one. One that is
// older still is refused, and its content stays.
func TestOlderStore(t *testing.T) {
	for _, v := range []byte{2, 3} {
		dir, _ := broken(t, func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyVersion, []byte{v}) })
		if err := openAll(dir); err != nil {
			t.Errorf("version %d is refused: %v", v, err)
			continue
		}
		s := must(Open(dir))
		err := s.db.View(func(tx *bolt.Tx) error {
			if now := tx.Bucket(bucketMeta).Get(keyVersion); !bytes.Equal(now, []byte{version}) {
				t.Errorf("version %d is written on as %v", v, now)
			}
			return nil
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	dir, before := broken(t, func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyVersion, []byte{1}) })
	err := openAll(dir)
	if err == nil || fault.As(err).Reason != fault.StoreOlder {
		t.Errorf("version 1: %v", err)
	}
	if !bytes.Equal(must(os.ReadFile(filepath.Join(dir, File))), before) {
		t.Error("version 1: the file was touched")
	}
}

// flip changes a bit of a copy of b.
func flip(b []byte) []byte {
	c := slices.Clone(b)
	c[len(c)/2] ^= 1
	return c
}
