package protocol

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"
)

// idPrefix is what every Ed25519 peer ID begins with: an identity multihash of 36 bytes, which are a protobuf PublicKey
// of type 1 with 32 bytes of data. Other key types are not spoken here: their IDs hash the key, so that a signature
// could not be verified from the ID alone.
const (
	idPrefix = "\x00\x24\x08\x01\x12\x20"
	keySize  = 32
	idSize   = len(idPrefix) + keySize
)

// idOfKey is the peer ID of an Ed25519 public key, as bytes.
func idOfKey(key []byte) (id [idSize]byte) {
	copy(id[:], idPrefix)
	copy(id[len(idPrefix):], key)
	return id
}

// peerOfKey is the peer ID of an Ed25519 public key.
func peerOfKey(key []byte) peer.ID {
	id := idOfKey(key)
	return peer.ID(id[:])
}

// isPeer reports whether b is the ID of an Ed25519 peer whose key is not [weak].
func isPeer[T ~string | ~[]byte](b T) bool {
	return len(b) == idSize && string(b[:len(idPrefix)]) == idPrefix && !weak(b[len(idPrefix):])
}

// ParsePeer reads a text that is the whole ID of an Ed25519 peer. Other texts are no peer's ID here, though libp2p knows
// more kinds: some of those are short enough to be a nick.
func ParsePeer(s string) (peer.ID, bool) {
	p, err := peer.Decode(s)
	return p, err == nil && isPeer(p)
}

var canonical = proto.MarshalOptions{Deterministic: true}

// unmarshal decodes b into m if b is the one encoding of what it says. Unknown fields are dropped while decoding, so
// that they, like fields out of order, repeated or spelt longer than need be, make the second encoding differ.
func unmarshal(what string, b []byte, m proto.Message) error {
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, m); err != nil {
		return malformed(what, "not valid protobuf")
	}
	again, err := canonical.Marshal(m)
	if err != nil || !bytes.Equal(again, b) {
		return malformed(what, "not in canonical form, or with fields unknown here")
	}
	return nil
}

// A fieldReader turns wire fields into domain values and remembers the first error, so that a message is read as a list of
// fields. Its methods return zero values after an error.
type fieldReader struct{ err error }

func (r *fieldReader) fail(field, format string, args ...any) {
	if r.err == nil {
		r.err = malformed(field, format, args...)
	}
}

// failWith keeps err, which names the fault but not the field.
func (r *fieldReader) failWith(field string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("%w: %s: %w", ErrMalformed, field, err)
	}
}

// fixed copies b into dst, which it must fill; all zero bytes are refused because they would be a second way to say
// "none".
func (r *fieldReader) fixed(field string, dst, b []byte) {
	if len(b) != len(dst) {
		r.fail(field, "%d bytes instead of %d", len(b), len(dst))
		return
	}
	copy(dst, b)
	for _, x := range b {
		if x != 0 {
			return
		}
	}
	r.fail(field, "all zero")
}

// optional is fixed for a field that may be absent.
func (r *fieldReader) optional(field string, dst, b []byte) {
	if len(b) > 0 {
		r.fixed(field, dst, b)
	}
}

func (r *fieldReader) room(field string, b []byte) (id RoomID) { r.fixed(field, id[:], b); return id }

func (r *fieldReader) nonce(field string, b []byte) (n Nonce) { r.fixed(field, n[:], b); return n }

func (r *fieldReader) peer(field string, b []byte) peer.ID {
	if !isPeer(b) {
		r.fail(field, "not the ID of an Ed25519 peer")
		return ""
	}
	return peer.ID(b)
}

// count reads a counter from least on.
func (r *fieldReader) count(field string, n, least uint64) uint64 {
	if n < least || n > MaxCounter {
		r.fail(field, "%d is not between %d and %d", n, least, uint64(MaxCounter))
	}
	return n
}

func (r *fieldReader) time(field string, ms uint64) time.Time {
	if ms == 0 || ms > maxTimeMillis {
		r.fail(field, "not a time between 1970 and 9999")
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// timeOrNone reads 0 as the zero time.
func (r *fieldReader) timeOrNone(field string, ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return r.time(field, ms)
}

// span reads a duration of n units that is at most longest.
func (r *fieldReader) span(field string, n uint64, unit, longest time.Duration) time.Duration {
	if n > uint64(longest/unit) {
		r.fail(field, "longer than %s", longest)
		return 0
	}
	return time.Duration(n) * unit
}

// enum reads a number of a list that starts at 1. Values past last are passed on: what they mean is the caller's rule.
func (r *fieldReader) enum(field string, n int32) uint8 {
	if n < 1 || n > math.MaxUint8 {
		r.fail(field, "%d is not a value of its list", n)
		return 0
	}
	return uint8(n)
}

// closedEnum is enum for a list where a value that we do not know cannot be lived with.
func (r *fieldReader) closedEnum(field string, n int32, last uint8) uint8 {
	v := r.enum(field, n)
	if v > last {
		r.fail(field, "%d is not known here", v)
	}
	return v
}

func (r *fieldReader) items(field string, n, most int) bool {
	if n > most {
		r.fail(field, "%d items, at most %d are allowed", n, most)
	}
	return r.err == nil
}

// blobs reads a list of signed things; what is in them is for their own decoder.
func (r *fieldReader) blobs(field string, bs [][]byte, most int) [][]byte {
	if !r.items(field, len(bs), MaxBatchItems) {
		return nil
	}
	for _, b := range bs {
		r.blob(field, b, most)
	}
	return bs
}

func (r *fieldReader) blob(field string, b []byte, most int) []byte {
	if len(b) == 0 || len(b) > most {
		r.fail(field, "%d bytes, which is not between 1 and %d", len(b), most)
	}
	return b
}

func (r *fieldReader) addrs(field string, bs [][]byte, most int) []multiaddr.Multiaddr {
	if len(bs) == 0 || !r.items(field, len(bs), most) {
		return nil
	}
	as := make([]multiaddr.Multiaddr, len(bs))
	for i, b := range bs {
		as[i] = r.addr(field, b)
	}
	return as
}

func (r *fieldReader) addr(field string, b []byte) multiaddr.Multiaddr {
	if len(b) == 0 || len(b) > MaxAddr {
		r.fail(field, "an address of %d bytes, which is not between 1 and %d", len(b), MaxAddr)
		return nil
	}
	a, err := multiaddr.NewMultiaddrBytes(b)
	if err != nil || !bytes.Equal(a.Bytes(), b) {
		r.fail(field, "not a multiaddr")
		return nil
	}
	if _, err := a.ValueForProtocol(multiaddr.P_P2P); err == nil {
		r.fail(field, "an address with a peer in it")
		return nil
	}
	return a
}

// The functions below write fields. They check nothing: every encoder has its result read back by the decoder's rules, so
// that there is one set of rules.

func encodePayload(what string, m proto.Message) ([]byte, error) {
	b, err := canonical.Marshal(m)
	if err != nil {
		return nil, malformed(what, "holds text that is not UTF-8")
	}
	return b, nil
}

// orNone writes the zero value as an absent field.
func orNone(b []byte) []byte {
	for _, x := range b {
		if x != 0 {
			return b
		}
	}
	return nil
}

// millis writes the zero time as 0. Times before 1970 become numbers that no reader accepts.
func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

// units writes a duration; a negative one becomes a number that no reader accepts.
func units(d, unit time.Duration) uint64 { return uint64(int64(d / unit)) }

func addrBytes(as []multiaddr.Multiaddr) [][]byte {
	if len(as) == 0 {
		return nil
	}
	bs := make([][]byte, len(as))
	for i, a := range as {
		bs[i] = a.Bytes()
	}
	return bs
}
