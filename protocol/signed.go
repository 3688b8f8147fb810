package protocol

import (
	"crypto/sha256"

	"github.com/libp2p/go-libp2p/core/peer"
	"google.golang.org/protobuf/encoding/protowire"
)

// A SignedRecord is a [Record] with its signature. A value that is not zero has been decoded, validated and verified, and its Author
// is the signer. It has not been checked: the room's state says whether that author may change the room.
type SignedRecord struct {
	Record
	raw  []byte
	hash Hash
}

// SignRecord signs r. The result has passed [OpenRecord], as a received record has: times are truncated to milliseconds, and r is
// refused if its Author is not the peer of s.
func SignRecord(r Record, s Signer) (SignedRecord, error) {
	body, err := r.encode()
	if err != nil {
		return SignedRecord{}, err
	}
	raw, err := sealEnvelope(recordEnvelope, RoomID{}, body, s)
	if err != nil {
		return SignedRecord{}, err
	}
	return OpenRecord(raw)
}

// OpenRecord decodes, validates and verifies a signed record. The result keeps raw, which must not be changed afterwards. OpenRecord
// fails with [ErrTooLarge], [ErrMalformed], [ErrDomain] or [ErrSignature].
func OpenRecord(raw []byte) (SignedRecord, error) {
	body, signer, err := openEnvelope(raw, recordEnvelope)
	if err != nil {
		return SignedRecord{}, err
	}
	rec, err := decodeRecord(body)
	if err != nil {
		return SignedRecord{}, err
	}
	if err := signedBy("author", signer, rec.Author); err != nil {
		return SignedRecord{}, err
	}
	return SignedRecord{Record: rec, raw: raw, hash: sha256.Sum256(body)}, nil
}

// An UnverifiedRecord is a part of a record that has not been verified: enough to refuse the record or to recognise a known one, not
// enough to apply it. Making one allocates nothing.
type UnverifiedRecord struct {
	Seq    uint64
	room   RoomID
	signed envelope
}

var (
	errRecordRoom = malformed("room", "not the id of a room")
	errRecordSeq  = malformed("seq", "not between 1 and %d", uint64(MaxCounter))
)

// ScanRecord decodes the part of a signed record that an [UnverifiedRecord] has. It fails with [ErrTooLarge], [ErrMalformed] or
// [ErrDomain].
func ScanRecord(raw []byte) (UnverifiedRecord, error) {
	e, err := scanEnvelope(raw, recordEnvelope, RoomID{})
	if err != nil {
		return UnverifiedRecord{}, err
	}
	u := UnverifiedRecord{signed: e}
	w := canonicalReader{b: e.payload}
	if w.next(1, protowire.BytesType) {
		w.fixed(1, u.room[:], errRecordRoom)
	}
	u.Seq = w.count(2, errRecordSeq)
	return u, w.err
}

// Signer returns the ID of the peer whose key the envelope names, as bytes. It is not verified.
func (u UnverifiedRecord) Signer() [idSize]byte { return idOfKey(u.signed.key) }

// Hash returns what [SignedRecord.Hash] would return.
func (u UnverifiedRecord) Hash() Hash { return sha256.Sum256(u.signed.payload) }

// RoomID returns what [SignedRecord.RoomID] would return.
func (u UnverifiedRecord) RoomID() RoomID {
	if u.Seq == 1 {
		return RoomID(u.Hash())
	}
	return u.room
}

// Bytes returns the signed envelope, as it was received, to send or keep. It must not be changed.
func (r SignedRecord) Bytes() []byte { return r.raw }

// Hash returns the SHA-256 of the payload, which identifies the record. It is not that of the envelope, because an author can sign
// one payload in many ways, and all of them are one record.
func (r SignedRecord) Hash() Hash { return r.hash }

// RoomID returns the room that the record belongs to. For a Create that is its own Hash.
func (r SignedRecord) RoomID() RoomID {
	if _, ok := r.Body.(Create); ok {
		return RoomID(r.hash)
	}
	return r.Room
}

// A SignedReason is a [Reason] with its signature, decoded, validated and verified to be of Signer. It has not been checked: the
// caller knows the room's authority, and looks whether Signer is it.
type SignedReason struct {
	Reason
	Signer peer.ID
	raw    []byte
}

// SignReason signs r; see [SignRecord]. Any peer may be the signer.
func SignReason(r Reason, s Signer) (SignedReason, error) {
	body, err := r.encode()
	if err != nil {
		return SignedReason{}, err
	}
	raw, err := sealEnvelope(reasonEnvelope, RoomID{}, body, s)
	if err != nil {
		return SignedReason{}, err
	}
	return OpenReason(raw)
}

// OpenReason decodes, validates and verifies a signed reason. The result keeps raw. OpenReason fails as [OpenRecord] does.
func OpenReason(raw []byte) (SignedReason, error) {
	body, signer, err := openEnvelope(raw, reasonEnvelope)
	if err != nil {
		return SignedReason{}, err
	}
	r, err := decodeReason(body)
	if err != nil {
		return SignedReason{}, err
	}
	return SignedReason{Reason: r, Signer: signer, raw: raw}, nil
}

// Bytes returns the signed envelope, as it was received, to send or keep. It must not be changed.
func (r SignedReason) Bytes() []byte { return r.raw }

// DataID returns the ID of a pubsub message with these data: their SHA-256. By it pubsub recognises a message that it has seen
// before.
func DataID(raw []byte) Hash { return sha256.Sum256(raw) }
