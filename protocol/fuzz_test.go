package protocol

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
)

// known reports whether err is one of the documented errors.
func known(err error) bool {
	for _, want := range []error{ErrTooLarge, ErrMalformed, ErrDomain, ErrSignature} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// FuzzOpenRecord: OpenRecord does not panic on any bytes, and fails only with a documented error. A record that opens is encoded as the
// same bytes.
func FuzzOpenRecord(f *testing.F) {
	for _, b := range bodies(f) {
		f.Add(sampleRecord(f, b).Bytes())
	}
	f.Add(orderedRecord(f).Bytes())
	f.Add(sampleReason(f).Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := OpenRecord(raw)
		if err != nil {
			if !known(err) {
				t.Fatalf("an unknown error: %v", err)
			}
			return
		}
		again, err := SignRecord(s.Record, signerFor(t, s.Author))
		if err != nil || again.Hash() != s.Hash() {
			t.Fatalf("signed again: %v", err)
		}
	})
}

// signerFor returns the signer with that ID among those of the samples. A fuzzer has no signatures of others.
func signerFor(t *testing.T, id peer.ID) KeySigner {
	for n := byte(1); n < 4; n++ {
		if k := signer(t, n); k.Peer() == id {
			return k
		}
	}
	t.Fatalf("a record by %s, an unknown key", id)
	panic("not reached")
}

// FuzzDecodePayloads decodes payloads without an envelope, since a fuzzer cannot sign one.
func FuzzDecodePayloads(f *testing.F) {
	for _, b := range bodies(f) {
		body, err := sampleRecord(f, b).encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	body, err := reason(f).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	header, err := sampleHeader.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(header)
	content, err := sampleContent.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(t *testing.T, b []byte) {
		check := func(what string, again []byte, err error) {
			if err != nil || !bytes.Equal(again, b) {
				t.Errorf("%s: read and written again: %x, %v", what, again, err)
			}
		}
		if r, err := decodeRecord(b); err == nil {
			again, err := r.encode()
			check("record", again, err)
		} else if !known(err) {
			t.Errorf("record: %v", err)
		}
		// A kind of a later version is decoded as Other, and so encoded as Other.
		if r, err := decodeReason(b); err == nil && r.Kind != Other {
			again, err := r.encode()
			check("reason", again, err)
		}
		if h, err := decodeHeader(b); err == nil {
			again, err := h.encode()
			check("header", again, err)
		}
		if c, err := decodeContent(b); err == nil {
			again, err := c.encode()
			check("content", again, err)
		}
	})
}

func FuzzOpenMessage(f *testing.F) {
	f.Add(sampleMessage(f).Raw())
	f.Add(sampleRecord(f, Rekey{}).Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := OpenMessage(sampleHeader.Room, raw)
		if err != nil {
			if !known(err) {
				t.Fatalf("an unknown error: %v", err)
			}
			return
		}
		if m.ID != DataID(raw) {
			t.Error("not the ID of its bytes")
		}
		if c, err := m.Open(sampleKey); err == nil && c != sampleContent {
			t.Errorf("it opens as %+v, which nobody sealed", c)
		}
	})
}

// FuzzReadFrame reads every type of frame from the same bytes. A frame that is read is written as the same bytes.
func FuzzReadFrame(f *testing.F) {
	all := frames(f)
	for _, n := range all {
		f.Add(wire(f, n.frame))
	}
	f.Add([]byte{0})
	f.Add([]byte{0x80, 0})
	f.Add(bytes.Repeat([]byte{0xff}, 11))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, n := range all {
			got, r := n.empty(), bytes.NewReader(b)
			err := ReadFrame(r, got)
			if err != nil {
				if !known(err) && err != io.EOF && err != io.ErrUnexpectedEOF {
					t.Fatalf("%s: an unknown error: %v", n.name, err)
				}
				continue
			}
			if reply, ok := got.(*JoinReply); ok && reply.Code == JoinDenied {
				continue // perhaps a code of a later version
			}
			if again := wire(t, got); !bytes.Equal(again, b[:len(b)-r.Len()]) {
				t.Errorf("%s: read %x, wrote %x", n.name, b, again)
			}
		}
	})
}

// FuzzParseInvite: ParseInvite does not panic on any text, and fails only with a documented error. An invite that it returns is the
// same after String and ParseInvite.
func FuzzParseInvite(f *testing.F) {
	s := sampleInvite(f).String()
	for _, text := range []string{s, strings.ToLower(s), " " + s[:50] + "\n" + s[50:], s[:len(s)-1], "", "LOCALCHAT:", "lab"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := ParseInvite(text)
		if err != nil {
			if !errors.Is(err, ErrInviteDamaged) && !errors.Is(err, ErrInviteVersion) {
				t.Fatalf("an unknown error: %v", err)
			}
			return
		}
		again, err := ParseInvite(in.String())
		if err != nil || !reflect.DeepEqual(again, in) {
			t.Errorf("read %+v, written and read again %+v, %v", in, again, err)
		}
	})
}
