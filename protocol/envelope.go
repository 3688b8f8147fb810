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

// envelopeKey is how every envelope of an Ed25519 signer begins; the 32 bytes of the key follow.
const envelopeKey = "\x0a\x24\x08\x01\x12\x20"

// An envelopeKind is one kind of signed thing: a record, a message or a reason.
type envelopeKind struct {
	domain      string // of the signature, and not in the envelope
	payloadType string // says what an envelope holds before anything is verified
	roomBound   bool   // the room's id is part of the domain: the payload does not name it
	maxSize     int    // in bytes, of the envelope
	errMismatch error  // the error for an envelope of another kind
}

var (
	recordEnvelope  = newEnvelopeKind(envelopeKind{domain: recordDomain, payloadType: recordDomain, maxSize: MaxRecord})
	messageEnvelope = newEnvelopeKind(envelopeKind{domain: messageDomain, payloadType: messageType, maxSize: MaxMessage, roomBound: true})
	reasonEnvelope  = newEnvelopeKind(envelopeKind{domain: reasonDomain, payloadType: reasonDomain, maxSize: MaxSignedReason})
)

func newEnvelopeKind(p envelopeKind) *envelopeKind {
	p.errMismatch = fmt.Errorf("%w: not %s", ErrDomain, p.payloadType)
	return &p
}

// domainSuffix is what follows the domain.
func (p *envelopeKind) domainSuffix(room *RoomID) []byte {
	if p.roomBound {
		return room[:]
	}
	return nil
}

// A payload is what an envelope carries, as libp2p wants it.
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

// A KeySigner is a [Signer] that holds the private key itself. The key must be Ed25519: what another kind signs is
// refused when it is read back.
type KeySigner struct{ crypto.PrivKey }

// Seal implements [Signer].
func (k KeySigner) Seal(rec record.Record) (*record.Envelope, error) {
	return record.Seal(rec, k.PrivKey)
}

// Peer is the signer: the ID of the key.
func (k KeySigner) Peer() peer.ID {
	id, err := peer.IDFromPublicKey(k.GetPublic())
	if err != nil {
		// Only a key type that libp2p itself cannot encode comes here.
		panic(fmt.Sprintf("protocol: public key without an ID: %v", err))
	}
	return id
}

// sealEnvelope signs body. Room is that of a message, else zero.
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

// An envelope is a signed envelope taken apart where it lies: nothing is copied, nothing verified yet.
//
// libp2p's own reader costs 27 allocations before it says that a signature is bad, and verifies before anything else can
// be asked; what everybody may send has to be refused for less. Its writer is what we use, and the tests hold this
// reader against its reader.
type envelope struct {
	*envelopeKind
	room    RoomID // of a message
	key     []byte // Ed25519
	payload []byte
	sig     []byte
}

// A hostile sender can provoke these errors at no cost, so they are made once and finding them does not allocate.
var (
	errNoKey        = malformed("envelope", "does not begin with an Ed25519 key")
	errEnvelopeForm = malformed("envelope", "not payload type, payload and a signature of 64 bytes in canonical form")
	errBadSignature = fmt.Errorf("%w: it does not verify", ErrSignature)
)

// scanEnvelope takes raw apart; room is that of a message, else zero. There is one envelope for a payload and a signature:
// any other spelling of the same is malformed, so that the hash of raw can serve as its name.
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

// signedTexts are buffers for what is verified, the payload with its length and domain before it, which lies nowhere in
// one piece.
var signedTexts = sync.Pool{New: func() any { return new([]byte) }}

// verify fails with [ErrSignature].
func (e envelope) verify() error {
	text := signedTexts.Get().(*[]byte)
	defer signedTexts.Put(text)
	*text = e.signedText((*text)[:0])
	if !ed25519.Verify(e.key, *text, e.sig) {
		return errBadSignature
	}
	return nil
}

// signedText appends what is signed: domain, payload type and payload, each behind its length (libp2p specs, RFC 0002).
func (e envelope) signedText(b []byte) []byte {
	of := e.domainSuffix(&e.room)
	b = protowire.AppendVarint(b, uint64(len(e.domain)+len(of)))
	b = append(append(b, e.domain...), of...)
	b = protowire.AppendString(b, e.payloadType)
	return protowire.AppendBytes(b, e.payload)
}

// openEnvelope returns the payload of raw and its signer.
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

// signedBy reports a signed text that names somebody else as its author.
func signedBy(field string, signer, named peer.ID) error {
	if signer != named {
		return fmt.Errorf("%w: %s is not the signer", ErrSignature, field)
	}
	return nil
}
