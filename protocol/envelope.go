package protocol

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
)

// envelopeKey is how every envelope of an Ed25519 signer begins; the 32 bytes of the key follow.
const envelopeKey = "\x0a\x24\x08\x01\x12\x20"

// A payload is what an envelope carries, as libp2p wants it. The domain is the payload type as well, so that an
// envelope says which kind of thing it holds, before anything is verified.
type payload struct {
	domain string
	body   []byte
}

var _ record.Record = (*payload)(nil)

func (p *payload) Domain() string                 { return p.domain }
func (p *payload) Codec() []byte                  { return []byte(p.domain) }
func (p *payload) MarshalRecord() ([]byte, error) { return p.body, nil }
func (p *payload) UnmarshalRecord(b []byte) error { p.body = b; return nil }

// A KeySigner is a [Signer] that holds the private key itself. The key must be Ed25519: what another kind signs is
// refused when it is read back.
type KeySigner struct{ crypto.PrivKey }

// Seal implements [Signer].
func (k KeySigner) Seal(rec record.Record) (*record.Envelope, error) {
	return record.Seal(rec, k.PrivKey)
}

// Peer is who signs: the ID of the key.
func (k KeySigner) Peer() peer.ID {
	id, err := peer.IDFromPublicKey(k.GetPublic())
	if err != nil {
		// Only a key type that libp2p itself cannot encode comes here.
		panic(fmt.Sprintf("protocol: public key without an ID: %v", err))
	}
	return id
}

func sealEnvelope(domain string, body []byte, s Signer) ([]byte, error) {
	env, err := s.Seal(&payload{domain: domain, body: body})
	if err != nil {
		return nil, fmt.Errorf("protocol: signing: %w", err)
	}
	raw, err := env.Marshal()
	if err != nil {
		return nil, fmt.Errorf("protocol: signing: %w", err)
	}
	return raw, nil
}

// openEnvelope returns what raw carries and who signed it. There is one envelope for a payload and a signature: any
// other spelling of the same is malformed, so that the hash of raw can serve as its name.
func openEnvelope(raw []byte, domain string, most int) (body []byte, signer peer.ID, err error) {
	if len(raw) > most {
		return nil, "", tooLarge("a signed envelope", len(raw), most)
	}
	// Key and payload type come first and have one form, so that a wrong kind of either costs no more than this.
	head := len(envelopeKey) + keySize
	if len(raw) < head || string(raw[:len(envelopeKey)]) != envelopeKey {
		return nil, "", malformed("envelope", "does not begin with an Ed25519 key")
	}
	kind := raw[head:]
	if len(kind) < 2+len(domain) || kind[0] != 0x12 || int(kind[1]) != len(domain) || string(kind[2:2+len(domain)]) != domain {
		return nil, "", fmt.Errorf("%w: not %s", ErrDomain, domain)
	}
	p := payload{domain: domain}
	env, err := record.ConsumeTypedEnvelope(raw, &p)
	switch {
	case errors.Is(err, record.ErrInvalidSignature):
		return nil, "", fmt.Errorf("%w: it does not verify", ErrSignature)
	case err != nil:
		return nil, "", malformed("envelope", "not valid protobuf")
	}
	again, err := env.Marshal()
	if err != nil || !bytes.Equal(again, raw) {
		return nil, "", malformed("envelope", "not in canonical form")
	}
	return p.body, peerOfKey(raw[len(envelopeKey):head]), nil
}

// signedBy reports a signed text that names somebody else as its author.
func signedBy(field string, signer, named peer.ID) error {
	if signer != named {
		return fmt.Errorf("%w: %s is not who signed", ErrSignature, field)
	}
	return nil
}
