package protocol

import (
	"bytes"
	"crypto/rand"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/crypto/chacha20poly1305"
)

func TestSignedRecordOfEachKindReadsBack(t *testing.T) {
	for name, b := range bodies(t) {
		t.Run(name, func(t *testing.T) {
			s := sampleRecord(t, b)
			again, err := OpenRecord(s.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again, s) || !reflect.DeepEqual(again.Body, b) {
				t.Errorf("read %+v, signed %+v", again, s)
			}
		})
	}
}

func TestRoomIDOfARecord(t *testing.T) {
	c := sampleRecord(t, bodies(t)["create"])
	if c.RoomID() != RoomID(c.Hash()) {
		t.Error("Create: not the record's own hash")
	}
	if r := sampleRecord(t, Rekey{}); r.RoomID() != r.Room {
		t.Error("Rekey: not the room that it names")
	}
}

func TestOnlyTheNamedAuthorSigns(t *testing.T) {
	mallory := signer(t, 3)
	if _, err := SignRecord(createRecord(signer(t, 1).Peer()), mallory); !errors.Is(err, ErrSignature) {
		t.Errorf("a record: %v", err)
	}
	if r, err := SignReason(reason(t), mallory); err != nil || r.Signer != mallory.Peer() {
		t.Errorf("a reason, which names no signer, is said to be signed by %s: %v", r.Signer, err)
	}
	if _, err := SealMessage(sampleHeader, sampleContent, sampleKey, signer(t, 1).Peer(), mallory, rand.Reader); !errors.Is(err, ErrSignature) {
		t.Errorf("a message: %v", err)
	}
}

func TestRecordHashIsOfThePayload(t *testing.T) {
	s := sampleRecord(t, Rekey{})
	body, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	if s.Hash() != DataID(body) {
		t.Error("not the hash of the payload")
	}
	if s.Hash() == DataID(s.Bytes()) {
		t.Error("the hash of the envelope, which has as many values as its author likes")
	}
}

func TestSignedReasonReadsBack(t *testing.T) {
	s := sampleReason(t)
	again, err := OpenReason(s.Bytes())
	if err != nil || !reflect.DeepEqual(again, s) || again.Reason != reason(t) {
		t.Errorf("read %+v, %v; signed %+v", again, err, s)
	}
}

func TestReasonOfALaterKindReadsAsOther(t *testing.T) {
	r := reason(t)
	r.Kind = 200
	s, err := SignReason(r, signer(t, 1))
	if err != nil || s.Kind != Other {
		t.Errorf("kind %d, %v; want Other", s.Kind, err)
	}
}

func TestTimesAreCutToMilliseconds(t *testing.T) {
	alice := signer(t, 1)
	r := createRecord(alice.Peer())
	r.At = noon.Add(1234567).In(time.FixedZone("here", 3600))
	s, err := SignRecord(r, alice)
	if err != nil || s.At != noon.Add(time.Millisecond) {
		t.Errorf("at %v, %v", s.At, err)
	}
}

// TestDomainsDoNotMix: a signature of one domain does not verify in another, even if the payload is valid for both.
func TestDomainsDoNotMix(t *testing.T) {
	rec, rs, m := sampleRecord(t, Rekey{}).Bytes(), sampleReason(t).Bytes(), sampleMessage(t).Raw()
	open := map[string]func([]byte) error{
		"record":  func(b []byte) error { _, err := OpenRecord(b); return err },
		"reason":  func(b []byte) error { _, err := OpenReason(b); return err },
		"message": func(b []byte) error { _, err := OpenMessage(sampleHeader.Room, b); return err },
	}
	for what, raw := range map[string][]byte{"record": rec, "reason": rs, "message": m} {
		for as, f := range open {
			if err := f(raw); (as == what) != (err == nil) || as != what && !errors.Is(err, ErrDomain) {
				t.Errorf("a %s read as a %s: %v", what, as, err)
			}
		}
	}
	// The payload type can be forged, but the signature covers the domain.
	forged := bytes.Replace(rs, []byte(reasonDomain), []byte("localchat/rEason/v1"), 1)
	other := newEnvelopeKind(envelopeKind{domain: "localchat/rEason/v1", payloadType: "localchat/rEason/v1", maxSize: MaxRecord})
	if _, _, err := openEnvelope(forged, other); !errors.Is(err, ErrSignature) {
		t.Errorf("with its payload type changed: %v", err)
	}
}

func TestMessageOpensUnderItsKeyAlone(t *testing.T) {
	m := sampleMessage(t)
	if m.Header != sampleHeader || m.Author != signer(t, 2).Peer() || m.ID != DataID(m.Raw()) {
		t.Errorf("sealed %+v", m)
	}
	again, err := OpenMessage(sampleHeader.Room, m.Raw())
	if err != nil || !reflect.DeepEqual(again, m) {
		t.Errorf("read %+v, %v", again, err)
	}
	if got, err := again.Open(sampleKey); err != nil || got != sampleContent {
		t.Errorf("opened %+v, %v; want %+v", got, err, sampleContent)
	}
	if _, err := again.Open(Key{8}); !errors.Is(err, ErrNotOpened) {
		t.Errorf("under another key: %v", err)
	}
	if _, err := (Message{}).Open(sampleKey); !errors.Is(err, ErrNotOpened) {
		t.Errorf("the zero message: %v", err)
	}
}

// TestCiphertextIsBound: a ciphertext does not open with another room, author, header or nonce than it was sealed with.
func TestCiphertextIsBound(t *testing.T) {
	m := sampleMessage(t)
	later := sampleHeader
	later.Ctr++
	header, err := later.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		room   RoomID
		author peer.ID
		header []byte
		nonce  []byte
	}{
		{"another room", RoomID{2}, m.Author, m.header, m.nonce},
		{"another author", m.Room, signer(t, 3).Peer(), m.header, m.nonce},
		{"another header", m.Room, m.Author, header, m.nonce},
		{"another nonce", m.Room, m.Author, m.header, bytes.Repeat([]byte{9}, nonceSize)},
	} {
		stolen := Message{Header: Header{Room: c.room}, Author: c.author, header: c.header, nonce: c.nonce, sealed: m.sealed}
		if _, err := stolen.Open(sampleKey); !errors.Is(err, ErrNotOpened) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// TestAMessageIsOfOneRoom: the bytes of a message do not contain its room, but its signature verifies only in that room.
func TestAMessageIsOfOneRoom(t *testing.T) {
	m := sampleMessage(t)
	if bytes.Contains(m.Raw(), m.Room[:]) {
		t.Error("it says its room")
	}
	if _, err := OpenMessage(RoomID{2}, m.Raw()); !errors.Is(err, ErrSignature) {
		t.Errorf("in another room: %v", err)
	}
}

// TestNoncesDiffer: a message's nonce is 24 bytes from rand, so two messages with the same header, as of an author whose disk was put
// back, have different nonces.
func TestNoncesDiffer(t *testing.T) {
	bob := signer(t, 2)
	random := []byte("24 bytes, each of random")
	m := must(SealMessage(sampleHeader, sampleContent, sampleKey, bob.Peer(), bob, bytes.NewReader(random)))
	aead := must(chacha20poly1305.NewX(sampleKey[:]))
	if _, err := aead.Open(nil, random, m.sealed, associated(m.Room, m.Author, m.header)); err != nil {
		t.Errorf("not sealed under its random bytes: %v", err)
	}
	again := must(SealMessage(sampleHeader, sampleContent, sampleKey, bob.Peer(), bob, rand.Reader))
	once := must(SealMessage(sampleHeader, sampleContent, sampleKey, bob.Peer(), bob, rand.Reader))
	if bytes.Equal(again.nonce, once.nonce) || bytes.Equal(again.sealed, once.sealed) {
		t.Error("two messages have one nonce")
	}
}

func TestSealMessageRefusesWhatNobodyCouldRead(t *testing.T) {
	bob := signer(t, 2)
	for what, c := range map[string]Content{
		"no text":            {Kind: Say, At: noon},
		"no kind":            {Text: "x", At: noon},
		"no time":            {Kind: Say, Text: "x"},
		"removal of a line":  {Kind: Say, Text: "x", At: noon, Removal: 1},
		"note of no removal": {Kind: ReasonNote, Text: "x", At: noon},
		"note of two lines":  {Kind: ReasonNote, Text: "x\ny", At: noon, Removal: 1},
		"too long":           {Kind: Say, Text: string(bytes.Repeat([]byte("x"), MaxText+1)), At: noon},
	} {
		if _, err := SealMessage(sampleHeader, c, sampleKey, bob.Peer(), bob, rand.Reader); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := SealMessage(sampleHeader, sampleContent, sampleKey, bob.Peer(), bob, bytes.NewReader(nil)); err == nil {
		t.Error("sealed without a random nonce")
	}
}

func TestLargestMessageFits(t *testing.T) {
	bob := signer(t, 2)
	h := Header{Room: RoomID{1}, Epoch: MaxCounter, Ctr: MaxCounter, Prev: Hash{1}, Lamport: MaxCounter}
	c := Content{Kind: Say, Text: string(bytes.Repeat([]byte("x"), MaxText)), At: noon}
	m, err := SealMessage(h, c, sampleKey, bob.Peer(), bob, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Open(sampleKey); err != nil || got != c {
		t.Errorf("it does not open: %v", err)
	}
}

func TestPeerOfKeyIsLibp2ps(t *testing.T) {
	k := signer(t, 1)
	raw, err := k.GetPublic().Raw()
	if err != nil {
		t.Fatal(err)
	}
	if got := peerOfKey(raw); got != k.Peer() || !isPeer(got) {
		t.Errorf("peerOfKey = %s, libp2p says %s", got, k.Peer())
	}
}
