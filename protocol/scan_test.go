package protocol

import (
	"bytes"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/record"

	"localchat/protocol/internal/pb"
)

// byLibrary reads an envelope with libp2p, and accepts only the encoding that libp2p itself writes.
func byLibrary(raw []byte, of *envelopeKind, room RoomID) (body []byte, ok bool) {
	p := &payload{envelopeKind: of, room: room}
	env, err := record.ConsumeTypedEnvelope(raw, p)
	if err != nil || env.PublicKey.Type() != crypto.Ed25519 || string(env.PayloadType) != of.payloadType {
		return nil, false
	}
	again, err := env.Marshal()
	return p.body, err == nil && bytes.Equal(again, raw)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// FuzzEnvelope: our reader accepts the same envelopes as that of libp2p, and finds the same in them. An envelope that the fuzzer has
// changed is signed again, since otherwise no changed payload would be read.
func FuzzEnvelope(f *testing.F) {
	for _, b := range bodies(f) {
		f.Add(sampleRecord(f, b).Bytes(), false)
	}
	f.Add(sampleMessage(f).Raw(), false)
	f.Add([]byte("anything"), true)
	f.Fuzz(func(t *testing.T, raw []byte, sign bool) {
		for _, p := range []envelopeKind{*recordEnvelope, *messageEnvelope} {
			p.maxSize = 1 << 20
			readEnvelope(t, raw, sign, &p)
		}
	})
}

func readEnvelope(t *testing.T, raw []byte, sign bool, p *envelopeKind) {
	if sign {
		raw = must(sealEnvelope(p, sampleHeader.Room, raw, signer(t, 1)))
	}
	want, libraryTakes := byLibrary(raw, p, sampleHeader.Room)
	e, err := scanEnvelope(raw, p, sampleHeader.Room)
	if err == nil {
		err = e.verify()
	}
	if err != nil && !known(err) {
		t.Fatalf("an unknown error: %v", err)
	}
	// An empty payload is encoded without its field; our payloads are never empty.
	if takes := err == nil; takes != (libraryTakes && len(want) > 0) {
		t.Fatalf("libp2p takes it: %v; we: %v", libraryTakes, err)
	}
	if err == nil && !bytes.Equal(e.payload, want) {
		t.Errorf("libp2p reads %x, we %x", want, e.payload)
	}
}

// FuzzHeader: the canonicalReader accepts exactly the headers that generated code accepts and that are within the bounds.
func FuzzHeader(f *testing.F) {
	f.Add(must(sampleHeader.encode()))
	first := sampleHeader
	first.Prev = Hash{}
	f.Add(must(first.encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHeader(b)
		var m pb.Header
		var r fieldReader
		if bad := unmarshal("header", b, &m); bad != nil {
			r.failWith("header", bad)
		}
		want := Header{
			Epoch: r.count("epoch", m.Epoch, 1), Ctr: r.count("ctr", m.Ctr, 1), Lamport: r.count("lamport", m.Lamport, 1),
		}
		r.optional("prev", want.Prev[:], m.Prev)
		if (err == nil) != (r.err == nil) || err == nil && h != want {
			t.Errorf("the walk: %+v, %v; generated code: %+v, %v", h, err, want, r.err)
		}
	})
}

// TestScanAgreesWithOpen: a scan, before the signature is verified, finds the same fields as the decoder does afterwards.
func TestScanAgreesWithOpen(t *testing.T) {
	for name, b := range bodies(t) {
		want := sampleRecord(t, b)
		u, err := ScanRecord(want.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		signer := u.Signer()
		if u.Seq != want.Seq || u.RoomID() != want.RoomID() || u.Hash() != want.Hash() || string(signer[:]) != string(want.Author) {
			t.Errorf("%s: before the signature %+v, after it %+v", name, u, want.Record)
		}
	}
	want := sampleMessage(t)
	u, err := ScanMessage(sampleHeader.Room, want.Raw())
	if err != nil {
		t.Fatal(err)
	}
	if id := u.Signer(); u.Header != want.Header || string(id[:]) != string(want.Author) {
		t.Errorf("before the signature %+v, after it %+v", u.Header, want.Header)
	}
}
