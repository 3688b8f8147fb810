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

// idPrefix begins every Ed25519 peer ID, which is an identity multihash of 36 bytes: a protobuf PublicKey of type 1 with 32 bytes
// of data. Other types of keys are not accepted: their IDs are hashes of the key, so that a signature could not be verified with
// the ID alone.
const (
	idPrefix = "\x00\x24\x08\x01\x12\x20"
	keySize  = 32
	idSize   = len(idPrefix) + keySize
)

// idOfKey returns the peer ID of an Ed25519 public key, as bytes.
func idOfKey(key []byte) (id [idSize]byte) {
	copy(id[:], idPrefix)
	copy(id[len(idPrefix):], key)
	return id
}

// peerOfKey returns the peer ID of an Ed25519 public key.
func peerOfKey(key []byte) peer.ID {
	id := idOfKey(key)
	return peer.ID(id[:])
}

// isPeer reports whether b is the ID of an Ed25519 peer whose key is not [weak].
func isPeer[T ~string | ~[]byte](b T) bool {
	return len(b) == idSize && string(b[:len(idPrefix)]) == idPrefix && !weak(b[len(idPrefix):])
}

// ParsePeer returns the peer whose ID, in full, is s, and whether there is one. libp2p accepts more kinds of IDs, of which some are
// short enough to be a nick; here only the ID of an Ed25519 peer is one.
func ParsePeer(s string) (peer.ID, bool) {
	p, err := peer.Decode(s)
	return p, err == nil && isPeer(p)
}

var canonical = proto.MarshalOptions{Deterministic: true}

// unmarshal decodes b into m if b is the canonical encoding of its content. It encodes m again and compares: fields that are
// unknown (and so dropped), out of order, repeated or longer than necessary make the second encoding differ.
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

// A fieldReader turns decoded fields into values of this package, and keeps the first error, so that code can read all fields of a
// message and then look for an error once. After an error its methods may return zero values.
type fieldReader struct{ err error }

func (r *fieldReader) fail(field, format string, args ...any) {
	if r.err == nil {
		r.err = malformed(field, format, args...)
	}
}

// failWith is fail for an err that names the fault but not the field. A nil err does nothing.
func (r *fieldReader) failWith(field string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("%w: %s: %w", ErrMalformed, field, err)
	}
}

// fixed copies b into dst, which must have the same length. Bytes that are all zero are refused, because they would be a second way
// to encode "none".
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

// count reads a counter, which is at least least.
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

// enum reads a value of an enumeration that starts at 1. The caller decides what a value means that this version does not know.
func (r *fieldReader) enum(field string, n int32) uint8 {
	if n < 1 || n > math.MaxUint8 {
		r.fail(field, "%d is not a value of its list", n)
		return 0
	}
	return uint8(n)
}

// closedEnum is enum for an enumeration in which an unknown value, one above last, is an error.
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

// blobs reads a list of signed envelopes of at most most bytes each, without decoding them.
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

// The functions below encode fields. They check nothing: every encoder has its result read back by its decoder, so that there is
// one set of rules.

func encodePayload(what string, m proto.Message) ([]byte, error) {
	b, err := canonical.Marshal(m)
	if err != nil {
		return nil, malformed(what, "holds text that is not UTF-8")
	}
	return b, nil
}

// orNone returns nil, which encodes as an absent field, for bytes that are all zero.
func orNone(b []byte) []byte {
	for _, x := range b {
		if x != 0 {
			return b
		}
	}
	return nil
}

// millis returns a time in milliseconds, and 0 for the zero time. A time before 1970 becomes a number that no decoder accepts.
func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

// units returns a duration as a number of units. A negative duration becomes a number that no decoder accepts.
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
