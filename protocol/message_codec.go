package protocol

import (
	"crypto/cipher"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/crypto/chacha20poly1305"
	"google.golang.org/protobuf/encoding/protowire"

	"localchat/protocol/internal/pb"
)

// SealMessage encrypts c with key, the key of epoch h.Epoch, and signs the result with s. author must be the peer of s. The nonce is
// read from rand. The result has passed [OpenMessage], as a received line has.
func SealMessage(h Header, c Content, key Key, author peer.ID, s Signer, rand io.Reader) (Message, error) {
	u, err := SealUnverified(h, c, key, author, s, rand)
	if err != nil {
		return Message{}, err
	}
	return u.Verify()
}

// SealUnverified does the same, but does not verify the signature that it has made. That takes twice as long as to make it, and an
// author can do it when the line is on its way.
func SealUnverified(h Header, c Content, key Key, author peer.ID, s Signer, rand io.Reader) (UnverifiedMessage, error) {
	header, err := h.encode()
	if err != nil {
		return UnverifiedMessage{}, err
	}
	content, err := c.encode()
	if err != nil {
		return UnverifiedMessage{}, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return UnverifiedMessage{}, err
	}
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return UnverifiedMessage{}, fmt.Errorf("protocol: reading a nonce: %w", err)
	}
	body, err := canonical.Marshal(&pb.Message{
		Header: header, Nonce: nonce,
		Sealed: aead.Seal(nil, nonce, content, associated(h.Room, author, header)),
	})
	if err != nil {
		return UnverifiedMessage{}, fmt.Errorf("protocol: message: %w", err)
	}
	raw, err := sealEnvelope(messageEnvelope, h.Room, body, s)
	if err != nil {
		return UnverifiedMessage{}, err
	}
	u, err := ScanMessage(h.Room, raw)
	if err != nil {
		return UnverifiedMessage{}, err
	}
	// The author is named by the key of the envelope, and is part of the additional data. If the two differed, no member could open
	// the message.
	if err := signedBy("author", peerOfKey(u.signed.key), author); err != nil {
		return UnverifiedMessage{}, err
	}
	return u, nil
}

// An UnverifiedMessage is a message that has been validated, and whose signature has not been verified: enough to refuse it, not
// enough to accept it. Making one allocates nothing.
type UnverifiedMessage struct {
	Header
	raw    []byte
	signed envelope
	header []byte
	nonce  []byte
	sealed []byte
}

var (
	errMessageForm   = malformed("message", "not in canonical form, or with fields unknown here")
	errMessageHeader = malformed("header", "missing")
	errMessageNonce  = malformed("nonce", "not of %d bytes", nonceSize)
	errMessageSealed = malformed("sealed", "nothing to open: not longer than %d bytes", chacha20poly1305.Overhead)
)

// ScanMessage decodes and validates raw as a message of room. Whether it is of that room shows only when its signature is verified.
// The result keeps raw, which must not be changed afterwards. ScanMessage fails with [ErrTooLarge], [ErrMalformed] or [ErrDomain].
func ScanMessage(room RoomID, raw []byte) (UnverifiedMessage, error) {
	e, err := scanEnvelope(raw, messageEnvelope, room)
	if err != nil {
		return UnverifiedMessage{}, err
	}
	w := canonicalReader{b: e.payload}
	u := UnverifiedMessage{
		raw: raw, signed: e,
		header: w.bytes(1, errMessageHeader), nonce: w.bytes(2, errMessageNonce), sealed: w.bytes(3, errMessageSealed),
	}
	if len(u.nonce) != nonceSize {
		w.fail(errMessageNonce)
	}
	if len(u.sealed) <= chacha20poly1305.Overhead {
		w.fail(errMessageSealed)
	}
	if err := w.end(errMessageForm); err != nil {
		return UnverifiedMessage{}, err
	}
	u.Header, err = decodeHeader(u.header)
	u.Room = room
	return u, err
}

// Signer returns the ID of the peer whose key the envelope names, as bytes. It is not verified.
func (u UnverifiedMessage) Signer() [idSize]byte { return idOfKey(u.signed.key) }

// Raw returns the bytes that were scanned. They must not be changed.
func (u UnverifiedMessage) Raw() []byte { return u.raw }

// Verify verifies the signature. It fails with [ErrSignature], also for a message of another room.
func (u UnverifiedMessage) Verify() (Message, error) {
	if err := u.signed.verify(); err != nil {
		return Message{}, err
	}
	return Message{
		Header: u.Header, Author: peerOfKey(u.signed.key), ID: DataID(u.raw),
		raw: u.raw, header: u.header, nonce: u.nonce, sealed: u.sealed,
	}, nil
}

// OpenMessage decodes, validates and verifies raw as a message of room, without decrypting it. The result keeps raw, which must not
// be changed afterwards. OpenMessage fails with [ErrTooLarge], [ErrMalformed], [ErrDomain] or [ErrSignature].
func OpenMessage(room RoomID, raw []byte) (Message, error) {
	u, err := ScanMessage(room, raw)
	if err != nil {
		return Message{}, err
	}
	return u.Verify()
}

// Open decrypts m. It fails with [ErrNotOpened] if m was sealed with another key, and with [ErrMalformed] if its author has sealed
// bytes that are no valid Content.
func (m Message) Open(key Key) (Content, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return Content{}, err
	}
	if len(m.nonce) != nonceSize {
		return Content{}, ErrNotOpened // the zero Message
	}
	b, err := aead.Open(nil, m.nonce, m.sealed, associated(m.Room, m.Author, m.header))
	if err != nil {
		return Content{}, ErrNotOpened
	}
	return decodeContent(b)
}

func newAEAD(key Key) (cipher.AEAD, error) {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, fmt.Errorf("protocol: cipher: %w", err)
	}
	return aead, nil
}

// nonceSize is the length of a nonce of XChaCha20-Poly1305, in bytes. Random nonces of 24 bytes do not collide, however many lines an
// epoch has.
const nonceSize = chacha20poly1305.NonceSizeX

// associated returns the additional data that a ciphertext is bound to. The IDs have fixed lengths, so no two triples give the same
// bytes.
func associated(room RoomID, author peer.ID, header []byte) []byte {
	b := make([]byte, 0, len(room)+len(author)+len(header))
	return append(append(append(b, room[:]...), author...), header...)
}

func (h Header) encode() ([]byte, error) {
	return encodePayload("header", &pb.Header{
		Epoch: h.Epoch, Ctr: h.Ctr, Prev: orNone(h.Prev[:]), Lamport: h.Lamport,
	})
}

var (
	errHeaderForm    = malformed("header", "not in canonical form, or with fields unknown here")
	errHeaderEpoch   = malformed("header.epoch", "not between 1 and %d", uint64(MaxCounter))
	errHeaderCtr     = malformed("header.ctr", "not between 1 and %d", uint64(MaxCounter))
	errHeaderPrev    = malformed("header.prev", "not the id of a message")
	errHeaderLamport = malformed("header.lamport", "not between 1 and %d", uint64(MaxCounter))
)

// decodeHeader decodes all of a header but the room.
func decodeHeader(b []byte) (h Header, err error) {
	w := canonicalReader{b: b}
	h.Epoch = w.count(2, errHeaderEpoch)
	h.Ctr = w.count(3, errHeaderCtr)
	if w.next(4, protowire.BytesType) {
		w.fixed(4, h.Prev[:], errHeaderPrev)
	}
	h.Lamport = w.count(5, errHeaderLamport)
	return h, w.end(errHeaderForm)
}

func (c Content) encode() ([]byte, error) {
	b, err := encodePayload("content", &pb.Content{
		Kind: pb.ContentKind(c.Kind), Text: c.Text, At: millis(c.At), Removal: c.Removal,
	})
	if err != nil {
		return nil, err
	}
	// Once it is sealed, no other node can find a fault in it before it is opened.
	if _, err := decodeContent(b); err != nil {
		return nil, err
	}
	return b, nil
}

func decodeContent(b []byte) (Content, error) {
	var m pb.Content
	if err := unmarshal("content", b, &m); err != nil {
		return Content{}, err
	}
	var r fieldReader
	c := Content{
		Kind: ContentKind(r.enum("content.kind", int32(m.Kind))), Text: m.Text,
		At: r.time("content.at", m.At), Removal: m.Removal,
	}
	switch c.Kind {
	case Say, Action:
		r.text("content.text", m.Text)
		if m.Removal != 0 {
			r.fail("content.removal", "only a note of a reason has one")
		}
	case ReasonNote:
		r.reason("content.text", m.Text)
		r.count("content.removal", m.Removal, 1)
	default:
		// A kind of a later version: the line is kept and passed on, and not shown.
		if len(m.Text) > MaxText {
			r.fail("content.text", "%d bytes, at most %d are allowed", len(m.Text), MaxText)
		}
		r.count("content.removal", m.Removal, 0)
	}
	if r.err != nil {
		return Content{}, r.err
	}
	return c, nil
}
