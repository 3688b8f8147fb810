package authority

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

func TestKeyring(t *testing.T) {
	at := func(s int) time.Time { return epochStart.Add(time.Duration(s) * time.Second) }
	var empty Keyring
	if _, ok := empty.Latest(); ok || len(empty.Epochs()) != 0 || len(empty.Drop(at(9)).Epochs()) != 0 {
		t.Error("the empty ring holds something")
	}
	// Epochs 1 to 5, whose keys are {1} to {5}.
	s := roomOfEpochs(t, 5)
	with := func(k Keyring, epoch uint64, key protocol.Key, now time.Time) Keyring {
		return k.With(s, []protocol.EpochKey{{Epoch: epoch, Key: key}}, now)
	}
	k := with(with(with(empty, 3, protocol.Key{3}, at(1)), 5, protocol.Key{5}, at(2)), 4, protocol.Key{4}, at(7))
	k = with(k, 5, protocol.Key{6}, at(8)) // an epoch's key never changes
	for _, e := range []uint64{0, 1, 2, 6, 1 << 50} {
		if got := with(k, e, protocol.Key{9}, at(8)); !slices.Equal(got.Epochs(), k.Epochs()) {
			t.Errorf("a key of epoch %d that no record commits to is taken: %v", e, got.Epochs())
		}
	}
	if key, ok := k.Get(5); !ok || key != (protocol.Key{5}) {
		t.Errorf("epoch 5: %v, %v", key, ok)
	}
	if _, ok := k.Get(6); ok {
		t.Error("epoch 6 is known")
	}
	if e, ok := k.Latest(); e != 5 || !ok || !slices.Equal(k.Epochs(), []uint64{3, 4, 5}) {
		t.Errorf("latest %d of %v", e, k.Epochs())
	}
	many := []protocol.EpochKey{{Epoch: 9, Key: protocol.Key{9}}, {Epoch: 2, Key: protocol.Key{2}}, {Epoch: 4, Key: protocol.Key{4}}, {Epoch: 1, Key: protocol.Key{2}}, {Epoch: 2, Key: protocol.Key{2}}}
	if got := k.With(s, many, at(9)).Epochs(); !slices.Equal(got, []uint64{2, 3, 4, 5}) {
		t.Errorf("of many, those that fit: %v", got)
	}
	for before, want := range map[int][]uint64{2: {3, 4, 5}, 3: {5}, 99: {5}} {
		if got := k.Drop(at(before)).Epochs(); !slices.Equal(got, want) {
			t.Errorf("dropped before %d: %v, want %v", before, got, want)
		}
	}
	if !slices.Equal(k.Epochs(), []uint64{3, 4, 5}) || len(empty.Epochs()) != 0 {
		t.Error("a ring changed")
	}
}

// roomOfEpochs returns a room in epoch n. The key of each epoch is its number.
func roomOfEpochs(t testing.TB, n uint64) State {
	t.Helper()
	s := room(t)
	for range n - 1 {
		s = apply(t, s, protocol.Rekey{})
	}
	return s
}

// HashAt finds the hash of each record, whatever the length of the log, and none for another number.
func TestHashAt(t *testing.T) {
	s := roomOfEpochs(t, 200)
	states := map[uint64]protocol.Hash{}
	for e := s.head; e != nil; e = e.prev {
		states[e.seq] = e.hash
	}
	for seq := uint64(0); seq <= 201; seq++ {
		want, in := states[seq]
		if got, ok := s.HashAt(seq); ok != in || got != want {
			t.Errorf("record %d: %x, %v", seq, got, ok)
		}
		if fits := seq >= 1 && seq <= 200; s.Fits(seq, protocol.Key{byte(seq)}) != fits || s.Fits(seq, protocol.Key{byte(seq), 1}) {
			t.Errorf("epoch %d: its key fits: %v, want %v", seq, !fits, fits)
		}
	}
	if _, ok := (State{}).HashAt(1); ok {
		t.Error("there is a record before there is a room")
	}
}

// The derivation is part of the protocol: members of all versions must derive the same key.
func TestDeriveIsFixed(t *testing.T) {
	admit := func(prev byte, who string) protocol.Record {
		return protocol.Record{Prev: protocol.Hash{prev, 5, 6}, Body: protocol.Admit{Peer: peer.ID(who)}}
	}
	got := Derive(protocol.Key{1, 2, 3}, admit(4, "bob"))
	const want = "e6b0459485d03952eb12d7f2d6a80bd06ebd62e4a6be7dc357675c3cc39c430a"
	if hex.EncodeToString(got[:]) != want {
		t.Errorf("got %x, want %s", got, want)
	}
	if Derive(protocol.Key{1, 2, 3}, admit(3, "bob")) == got || Derive(protocol.Key{1, 2, 4}, admit(4, "bob")) == got || Derive(protocol.Key{1, 2, 3}, admit(4, "eve")) == got {
		t.Error("an input does not matter")
	}
}

func TestFresh(t *testing.T) {
	k, err := Fresh(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil || k != protocol.Key(bytes.Repeat([]byte{7}, 32)) {
		t.Errorf("%v, %v", k, err)
	}
	if _, err := Fresh(bytes.NewReader([]byte{7})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too little randomness: %v", err)
	}
}
