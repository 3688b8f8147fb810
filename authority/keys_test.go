package authority

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"localchat/protocol"
)

func TestKeyring(t *testing.T) {
	at := func(s int) time.Time { return epochStart.Add(time.Duration(s) * time.Second) }
	var empty Keyring
	if _, ok := empty.Latest(); ok || len(empty.Epochs()) != 0 || len(empty.Drop(at(9)).Epochs()) != 0 {
		t.Error("the empty ring holds something")
	}
	k := empty.With(3, protocol.Key{3}, at(1)).With(5, protocol.Key{5}, at(2)).With(4, protocol.Key{4}, at(7))
	k = k.With(5, protocol.Key{6}, at(8)) // an epoch's key never changes
	if key, ok := k.Get(5); !ok || key != (protocol.Key{5}) {
		t.Errorf("epoch 5: %v, %v", key, ok)
	}
	if _, ok := k.Get(6); ok {
		t.Error("epoch 6 is known")
	}
	if e, ok := k.Latest(); e != 5 || !ok || !slices.Equal(k.Epochs(), []uint64{3, 4, 5}) {
		t.Errorf("latest %d of %v", e, k.Epochs())
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

// The derivation is part of the wire: members of every version must come to one key.
func TestDeriveIsFixed(t *testing.T) {
	got := Derive(protocol.Key{1, 2, 3}, protocol.Hash{4, 5, 6})
	const want = "245c2f9365f274b5026f9384bd8effda7f86c7f8bf5c217d964015f5603cbb99"
	if hex.EncodeToString(got[:]) != want {
		t.Errorf("got %x, want %s", got, want)
	}
	if Derive(protocol.Key{1, 2, 3}, protocol.Hash{4, 5, 7}) == got || Derive(protocol.Key{1, 2, 4}, protocol.Hash{4, 5, 6}) == got {
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
