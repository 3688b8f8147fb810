package protocol

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// signer makes the same key from the same number every time, so that golden bytes stay.
func signer(t testing.TB, n byte) KeySigner {
	t.Helper()
	k, _, err := crypto.GenerateEd25519Key(bytes.NewReader(bytes.Repeat([]byte{n}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return KeySigner{k}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func createRecord(owner peer.ID) Record {
	return Record{
		Seq: 1, Term: 1, Epoch: 1, At: noon, Author: owner,
		Body: Create{Name: "lab", Nick: "alice", Policy: DefaultPolicy(), Salt: [16]byte{1}},
	}
}

func TestSignedRecordKeepsItsProof(t *testing.T) {
	alice, mallory := signer(t, 1), signer(t, 2)
	c, err := SignRecord(createRecord(alice.Peer()), alice)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenRecord(c.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != c.Hash() || again.Body != c.Body || !bytes.Equal(again.Bytes(), c.Bytes()) {
		t.Errorf("opened %+v, signed %+v", again, c)
	}
	if c.RoomID() != RoomID(c.Hash()) {
		t.Error("the room's id is not the hash of its Create record")
	}
	if _, err := SignRecord(createRecord(alice.Peer()), mallory); !errors.Is(err, ErrSignature) {
		t.Errorf("mallory signed for alice: %v", err)
	}
}

func TestMessageOpensUnderItsKeyAlone(t *testing.T) {
	bob := signer(t, 2)
	h := Header{Room: RoomID{1}, Epoch: 3, Ctr: 4, Prev: Hash{5}, Lamport: 6}
	c := Content{Kind: Say, Text: "hello\nthere", At: noon}
	m, err := SealMessage(h, c, Key{7}, bob.Peer(), bob, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if m.Header != h || m.Author != bob.Peer() || m.ID != DataID(m.Raw()) {
		t.Errorf("sealed %+v", m)
	}
	if got, err := m.Open(Key{7}); err != nil || got != c {
		t.Errorf("opened %+v, %v; want %+v", got, err, c)
	}
	if _, err := m.Open(Key{8}); !errors.Is(err, ErrNotOpened) {
		t.Errorf("under another key: %v", err)
	}
	if _, err := SealMessage(h, c, Key{7}, signer(t, 1).Peer(), bob, rand.Reader); !errors.Is(err, ErrSignature) {
		t.Errorf("bob sealed for alice: %v", err)
	}
}
