package protocol

import (
	"crypto/ed25519"
	"fmt"
	"sync"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"google.golang.org/protobuf/encoding/protowire"
)

// envelopeKey begins every envelope of an Ed25519 signer. The 32 bytes of the key follow it.
const envelopeKey = "\x0a\x24\x08\x01\x12\x20"

// An envelopeKind describes the envelopes of records, of messages, of reasons or of acceptances.
type envelopeKind struct {
	domain      string // of the signature; it is not in the envelope
	payloadType string // in the envelope, so that a reader can tell the kinds apart before it verifies
	roomBound   bool   // the room's id is part of the domain, since the payload does not name the room
	maxSize     int    // in bytes, of the envelope
	errMismatch error  // the error for an envelope of another kind
}

var (
	recordEnvelope  = newEnvelopeKind(envelopeKind{domain: recordDomain, payloadType: recordDomain, maxSize: MaxRecord})
	messageEnvelope = newEnvelopeKind(envelopeKind{domain: messageDomain, payloadType: messageType, maxSize: MaxMessage, roomBound: true})
	acceptEnvelope  = newEnvelopeKind(envelopeKind{domain: acceptDomain, payloadType: acceptDomain, maxSize: MaxAcceptance})
	reasonEnvelope  = newEnvelopeKind(envelopeKind{domain: reasonDomain, payloadType: reasonDomain, maxSize: MaxSignedReason})
)

func newEnvelopeKind(p envelopeKind) *envelopeKind {
	p.errMismatch = fmt.Errorf("%w: not %s", ErrDomain, p.payloadType)
	return &p
}

// domainSuffix returns the bytes that follow the domain.
func (p *envelopeKind) domainSuffix(room *RoomID) []byte {
	if p.roomBound {
		return room[:]
	}
	return nil
}

// A payload is the content of an envelope, in the form that libp2p signs.
type payload struct {
	*envelopeKind
	room RoomID
	body []byte
}

var _ record.Record = (*payload)(nil)

func (p *payload) Domain() string                 { return p.domain + string(p.domainSuffix(&p.room)) }
func (p *payload) Codec() []byte                  { return []byte(p.payloadType) }
func (p *payload) MarshalRecord() ([]byte, error) { return p.body, nil }
func (p *payload) UnmarshalRecord(b []byte) error { p.body = b; return nil }

// A KeySigner is a [Signer] that holds the private key itself. The key must be Ed25519: an envelope that another type of key has
// signed is refused when it is read back.
type KeySigner struct{ crypto.PrivKey }

// Seal implements [Signer].
func (k KeySigner) Seal(rec record.Record) (*record.Envelope, error) {
	return record.Seal(rec, k.PrivKey)
}

// Peer returns the peer whose key this is.
func (k KeySigner) Peer() peer.ID {
	id, err := peer.IDFromPublicKey(k.GetPublic())
	if err != nil {
		// It fails only for a type of key that libp2p itself cannot encode.
		panic(fmt.Sprintf("protocol: public key without an ID: %v", err))
	}
	return id
}

// sealEnvelope signs body. room is the room of a message, and zero for the other kinds.
func sealEnvelope(p *envelopeKind, room RoomID, body []byte, s Signer) ([]byte, error) {
	env, err := s.Seal(&payload{p, room, body})
	if err != nil {
		return nil, fmt.Errorf("protocol: signing: %w", err)
	}
	raw, err := env.Marshal()
	if err != nil {
		return nil, fmt.Errorf("protocol: signing: %w", err)
	}
	return raw, nil
}

// An envelope has the parts of a signed envelope, without copies. They are not verified yet.
//
// The reader of libp2p allocates 27 times before it reports a bad signature, and it verifies before anything else can be looked
// at. Envelopes that any peer may send have to be refused at a lower cost. The writer of libp2p is used, and tests compare this
// reader with that of libp2p.
type envelope struct {
	*envelopeKind
	room    RoomID // of a message; otherwise zero
	key     []byte // Ed25519
	payload []byte
	sig     []byte
}

// A hostile peer can cause these errors at no cost. They are made once, so that returning one does not allocate.
var (
	errNoKey        = malformed("envelope", "does not begin with an Ed25519 key")
	errEnvelopeForm = malformed("envelope", "not payload type, payload and a signature of 64 bytes in canonical form")
	errBadSignature = fmt.Errorf("%w: it does not verify", ErrSignature)
)

// scanEnvelope returns the parts of raw. room is the room of a message, and zero for the other kinds. A payload and a signature have
// one encoding, and any other is malformed, so that the hash of raw identifies them.
func scanEnvelope(raw []byte, p *envelopeKind, room RoomID) (envelope, error) {
	if len(raw) > p.maxSize {
		return envelope{}, tooLarge("a signed envelope", len(raw), p.maxSize)
	}
	head := len(envelopeKey) + keySize
	if len(raw) < head || string(raw[:len(envelopeKey)]) != envelopeKey || weak(raw[len(envelopeKey):head]) {
		return envelope{}, errNoKey
	}
	w := canonicalReader{b: raw[head:]}
	if kind := w.bytes(2, p.errMismatch); string(kind) != p.payloadType {
		return envelope{}, p.errMismatch
	}
	e := envelope{
		envelopeKind: p, room: room, key: raw[len(envelopeKey):head],
		payload: w.bytes(3, errEnvelopeForm), sig: w.bytes(5, errEnvelopeForm),
	}
	if len(e.sig) != ed25519.SignatureSize {
		w.fail(errEnvelopeForm)
	}
	return e, w.end(errEnvelopeForm)
}

// signedTexts has buffers for the text that a signature covers, which is not in the envelope in one piece.
var signedTexts = sync.Pool{New: func() any { return new([]byte) }}

// verify verifies the signature. It fails with [ErrSignature].
func (e envelope) verify() error {
	text := signedTexts.Get().(*[]byte)
	defer signedTexts.Put(text)
	*text = e.signedText((*text)[:0])
	if !ed25519.Verify(e.key, *text, e.sig) {
		return errBadSignature
	}
	return nil
}

// signedText appends the text that the signature covers: domain, payload type and payload, each after its length (libp2p RFC 0002).
func (e envelope) signedText(b []byte) []byte {
	of := e.domainSuffix(&e.room)
	b = protowire.AppendVarint(b, uint64(len(e.domain)+len(of)))
	b = append(append(b, e.domain...), of...)
	b = protowire.AppendString(b, e.payloadType)
	return protowire.AppendBytes(b, e.payload)
}

// openEnvelope verifies raw, and returns its payload and signer.
func openEnvelope(raw []byte, p *envelopeKind) (body []byte, signer peer.ID, err error) {
	e, err := scanEnvelope(raw, p, RoomID{})
	if err != nil {
		return nil, "", err
	}
	if err := e.verify(); err != nil {
		return nil, "", err
	}
	return e.payload, peerOfKey(e.key), nil
}

// signedBy fails with [ErrSignature] if the peer that the signed text names in field is not the signer.
func signedBy(field string, signer, named peer.ID) error {
	if signer != named {
		return fmt.Errorf("%w: %s is not the signer", ErrSignature, field)
	}
	return nil
}
