package protocol

import (
	"crypto/sha256"

	"google.golang.org/protobuf/encoding/protowire"
)

// A SignedRecord is a [Record] with its proof. A value other than zero has been decoded, validated and verified, and
// its Author is the signer; the room's state says whether that author was entitled to it.
type SignedRecord struct {
	Record
	raw  []byte
	hash Hash
}

// SignRecord signs r. The result has gone through [OpenRecord], like a received record: times are cut to
// milliseconds, and r is refused if its Author is not the peer of s.
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

// OpenRecord decodes, validates and verifies a signed record. It keeps raw, which must not be changed afterwards. It
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

// An UnverifiedRecord is what bytes say of themselves before anything is verified: enough to refuse a record or to know
// it again, never enough to apply it. Making one allocates nothing.
type UnverifiedRecord struct {
	Seq    uint64
	room   RoomID
	signed envelope
}

var (
	errRecordRoom = malformed("room", "not the id of a room")
	errRecordSeq  = malformed("seq", "not between 1 and %d", uint64(MaxCounter))
)

// ScanRecord reads as much of a signed record as an [UnverifiedRecord] holds. It fails with [ErrTooLarge],
// [ErrMalformed] or [ErrDomain].
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

// Signer is the peer ID that the signature is said to be of, as bytes.
func (u UnverifiedRecord) Signer() [idSize]byte { return idOfKey(u.signed.key) }

// Hash is what [SignedRecord.Hash] would be.
func (u UnverifiedRecord) Hash() Hash { return sha256.Sum256(u.signed.payload) }

// RoomID is what [SignedRecord.RoomID] would be.
func (u UnverifiedRecord) RoomID() RoomID {
	if u.Seq == 1 {
		return RoomID(u.Hash())
	}
	return u.room
}

// Bytes is the signed envelope as it came, to be passed on or kept. It must not be changed.
func (r SignedRecord) Bytes() []byte { return r.raw }

// Hash names the record: the SHA-256 of the payload. Not of the envelope, because an author can sign one payload in
// many ways, and these are one record.
func (r SignedRecord) Hash() Hash { return r.hash }

// RoomID is the room that the record belongs to. For a Create that is its own Hash.
func (r SignedRecord) RoomID() RoomID {
	if _, ok := r.Body.(Create); ok {
		return RoomID(r.hash)
	}
	return r.Room
}

// A SignedReason is a [Reason] with its proof: decoded, validated and verified to come from By. The caller knows
// the room's authority and checks whether By may speak for the room.
type SignedReason struct {
	Reason
	raw []byte
}

// SignReason signs r; see [SignRecord]. The signer must be r.By.
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

// OpenReason decodes, validates and verifies a signed reason. It keeps raw and fails as [OpenRecord] does.
func OpenReason(raw []byte) (SignedReason, error) {
	body, signer, err := openEnvelope(raw, reasonEnvelope)
	if err != nil {
		return SignedReason{}, err
	}
	r, err := decodeReason(body)
	if err != nil {
		return SignedReason{}, err
	}
	if err := signedBy("by", signer, r.By); err != nil {
		return SignedReason{}, err
	}
	return SignedReason{Reason: r, raw: raw}, nil
}

// Bytes is the signed envelope as it came, to be passed on or kept. It must not be changed.
func (r SignedReason) Bytes() []byte { return r.raw }

// DataID is the name of gossip data: the SHA-256 of the bytes as they travel. Pubsub uses it to tell a message that it
// has seen before.
func DataID(raw []byte) Hash { return sha256.Sum256(raw) }
