package node

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"localchat/authority"
	"localchat/protocol"
)

// A diskRoom is a room of alice's whose every batch is written to a store.
func diskRoom(t *testing.T, s *store) authority.Durable {
	t.Helper()
	w := newLawRoom(t, "lab")
	w.admit("bob", "carol")
	w.do(authority.Kick{Peer: personaID("bob"), Reason: "too loud", Cut: protocol.Cut{Ctr: 5, Hash: protocol.Hash{5}}})
	w.do(authority.MakeInvite{By: personaID("alice"), Nick: "dave"})
	w.do(authority.MakeInvite{By: personaID("alice")})
	b := authority.Batch{Records: w.records, Failures: make(map[PeerID]*authority.Failure), Invites: make(map[protocol.InviteID]*authority.Invite)}
	d := authority.Durable{Records: w.records, Failures: w.ledger.Failures(), Invites: w.ledger.Invites(w.now)}
	for _, f := range d.Failures {
		b.Failures[f.Peer] = &f
	}
	for _, i := range d.Invites {
		b.Invites[i.ID] = &i
	}
	if err := s.saveBatch(w.id(), b); err != nil {
		t.Fatal(err)
	}
	return d
}

func reopen(t *testing.T, s *store, dir string) *store {
	t.Helper()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return must(openStore(dir))
}

// theRoom is the only room of s.
func theRoom(t *testing.T, s *store) (protocol.RoomID, authority.Durable) {
	t.Helper()
	rooms := must(s.loadRooms())
	if len(rooms) != 1 {
		t.Fatalf("there are %d rooms", len(rooms))
	}
	for id, d := range rooms {
		return id, d
	}
	return protocol.RoomID{}, authority.Durable{}
}

// What a step has written is what the next life of the authority begins with.
func TestStoreKeepsARoom(t *testing.T) {
	dir := t.TempDir()
	s := must(openStore(dir))
	want := diskRoom(t, s)
	s = reopen(t, s, dir)
	id, got := theRoom(t, s)
	if len(got.Records) != len(want.Records) {
		t.Fatalf("%d records of %d", len(got.Records), len(want.Records))
	}
	for i, r := range got.Records {
		if !bytes.Equal(r.Bytes(), want.Records[i].Bytes()) {
			t.Errorf("record %d is another", i+1)
		}
	}
	byID := func(a, b authority.Invite) int { return bytes.Compare(a.ID[:], b.ID[:]) }
	slices.SortFunc(got.Invites, byID)
	slices.SortFunc(want.Invites, byID)
	if len(want.Failures) != 1 || !reflect.DeepEqual(got.Failures, want.Failures) || len(want.Invites) != 2 || !reflect.DeepEqual(got.Invites, want.Invites) {
		t.Errorf("kept %+v\nnot %+v", got, want)
	}
	l := must(authority.Load(got))
	if l.State().Room() != id || l.State().Seq() != uint64(len(want.Records)) || !l.Owes(personaID("bob"), lawStart) {
		t.Error("the ledger does not live again")
	}
	// A nil deletes, and no more than that.
	gone := want.Invites[0].ID
	err := s.saveBatch(id, authority.Batch{
		Failures: map[PeerID]*authority.Failure{personaID("bob"): nil, personaID("nobody"): nil},
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
		if err := s.dropRoom(id); err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, dir)
	if rooms := must(s.loadRooms()); len(rooms) != 0 {
		t.Error("a dropped room is back")
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func TestStoreKeepsSeatsAndPins(t *testing.T) {
	dir := t.TempDir()
	s := must(openStore(dir))
	room, other := protocol.RoomID{1}, protocol.RoomID{2}
	seat := must(authority.NewSeat(room, personaID("alice"), personaID("bob"), 7, random))
	want := savedSeat{Seat: seat, Name: "lab", Nick: "bob", Addrs: []string{"/ip4/10.0.0.1/tcp/1"}}
	if err := errors.Join(s.saveSeat(room, want), s.saveSeat(other, want), s.dropSeat(other), s.dropSeat(other), s.pin("lab", personaID("alice"))); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, dir)
	seats := must(s.loadSeats())
	if !maps.EqualFunc(seats, map[protocol.RoomID]savedSeat{room: want}, func(a, b savedSeat) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("the seats are %+v", seats)
	}
	if owners := must(s.loadPins()); !maps.Equal(owners, map[string]PeerID{"lab": personaID("alice")}) {
		t.Errorf("the owners are %v", owners)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

// No number is handed out twice, whenever the process ends.
func TestNumbersAreNeverReused(t *testing.T) {
	dir := t.TempDir()
	room, other := protocol.RoomID{1}, protocol.RoomID{2}
	s := must(openStore(dir))
	next := uint64(0)
	for i := range uint64(10) {
		first := must(s.reserve(bucketCounters, room, 0, i+1))
		if first < next {
			t.Fatalf("%d is handed out again", first)
		}
		next = first + i + 1
		if i%3 == 0 {
			s = reopen(t, s, dir)
		}
	}
	if first := must(s.reserve(bucketCounters, other, 0, 1)); first != 0 {
		t.Errorf("another room begins at %d", first)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

// Of an ephemeral node everything works and nothing is kept.
func TestNoStore(t *testing.T) {
	s := must(openStore(""))
	room := protocol.RoomID{1}
	if err := errors.Join(s.saveBatch(room, authority.Batch{}), s.saveSeat(room, savedSeat{}), s.dropSeat(room), s.dropRoom(room), s.pin("a", "b"), s.close()); err != nil {
		t.Error(err)
	}
	if len(must(s.loadPins())) != 0 || len(must(s.loadRooms())) != 0 || len(must(s.loadSeats())) != 0 || must(s.reserve(bucketCounters, room, 0, 5)) != 0 {
		t.Error("something was kept")
	}
}

func TestSecondNodeIsLockedOut(t *testing.T) {
	dir := t.TempDir()
	s := must(openStore(dir))
	_, err := openStore(dir)
	if e := AsError(err); !e.Locked || e.Code != Unavailable || !strings.Contains(e.Text, dir) || e.Hint == "" {
		t.Errorf("the error is %+v", e)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if err := must(openStore(dir)).close(); err != nil {
		t.Error("after it is closed:", err)
	}
}

// broken is a store file with a room and a seat, changed by change.
func broken(t *testing.T, change func(tx *bolt.Tx) error) (dir string, raw []byte) {
	t.Helper()
	dir = t.TempDir()
	s := must(openStore(dir))
	diskRoom(t, s)
	if change != nil {
		if err := s.db.Update(change); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return dir, must(os.ReadFile(filepath.Join(dir, storeFile)))
}

// openAll opens the store of dir and loads what a start loads.
func openAll(dir string) error {
	s, err := openStore(dir)
	if err != nil {
		return err
	}
	_, err1 := s.loadRooms()
	_, err2 := s.loadSeats()
	return errors.Join(err1, err2, s.close())
}

// What is damaged is named, fails the start, and stays as it is for whoever can mend it.
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
			return room(tx).Bucket(bucketLog).Put(seqKey(3), flip(room(tx).Bucket(bucketLog).Get(seqKey(3)), 200))
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
				t.Fatal("it is taken")
			}
			if e := AsError(err); e.Code != Internal || !strings.Contains(e.Text, storeFile) || !strings.Contains(e.Text, c.says) || !strings.Contains(e.Hint, "not been touched") {
				t.Errorf("the error is %v", err)
			}
			if !bytes.Equal(must(os.ReadFile(filepath.Join(dir, storeFile))), before) {
				t.Error("the file was touched")
			}
		})
	}
}

// Bytes that are no store are left alone; nothing of it ends the process.
func TestForeignAndTruncatedStore(t *testing.T) {
	whole, good := broken(t, nil)
	s := must(openStore(whole))
	var used int64 // beyond it there is only what bbolt grows into
	if err := errors.Join(s.db.View(func(tx *bolt.Tx) error { used = tx.Size(); return nil }), s.close()); err != nil {
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
		path := filepath.Join(dir, storeFile)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openAll(dir); err == nil || AsError(err).Code != Internal || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
		if !bytes.Equal(must(os.ReadFile(path)), raw) {
			t.Errorf("%s: the file was touched", what)
		}
	}
}

// A store of the future is refused, and what it holds stays.
func TestNewerStore(t *testing.T) {
	for _, v := range [][]byte{{storeVersion + 1}, {255}, {1, 0}, {}} {
		dir, before := broken(t, func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyVersion, v) })
		err := openAll(dir)
		if err == nil {
			t.Fatalf("version %v is taken", v)
		}
		if e := AsError(err); e.Code != Unavailable || !strings.Contains(e.Text, "newer") || e.Locked {
			t.Errorf("version %v: %v", v, err)
		}
		if !bytes.Equal(must(os.ReadFile(filepath.Join(dir, storeFile))), before) {
			t.Errorf("version %v: the file was touched", v)
		}
	}
}

// A log that is whole in every record and does not fit together stops the node too, by the room's name.
func TestLogThatDoesNotFitTogether(t *testing.T) {
	dir, before := broken(t, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketRooms)
		k, _ := b.Cursor().First()
		return b.Bucket(k).Bucket(bucketLog).Delete(binary.BigEndian.AppendUint64(nil, 2))
	})
	if _, err := New(Config{DataDir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}}); err == nil || !strings.Contains(err.Error(), "room ") {
		t.Errorf("the error is %v", err)
	}
	if !bytes.Equal(must(os.ReadFile(filepath.Join(dir, storeFile))), before) {
		t.Error("the file was touched")
	}
}

// A node that starts again on what it kept owns its rooms, and so long as it runs nobody else can.
func TestNodeStartsAgain(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{DataDir: dir, Nick: "alice", Listen: []string{"/ip4/127.0.0.1/tcp/0"}}
	n := must(New(cfg))
	room := must(n.Create(t.Context(), CreateOptions{Name: "lab"}))
	if _, err := New(cfg); !AsError(err).Locked {
		t.Errorf("a second node: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = must(New(cfg))
	defer n.Close()
	rooms := must(n.Rooms(t.Context()))
	if len(rooms) != 1 || rooms[0].ID != room.ID || !rooms[0].Mine || !rooms[0].In || n.Info().Peer != room.Owner {
		t.Errorf("it has %+v", rooms)
	}
	if b, err := n.Bans(t.Context(), "lab"); err != nil || len(b) != 0 {
		t.Error(b, err)
	}
}
