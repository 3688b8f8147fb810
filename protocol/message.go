package protocol

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A Header is the part of a message that anybody on the way can read. It is signed, and bound to the ciphertext as
// additional data together with the author. Room does not travel, since whatever carries a message is a room's own; it is
// signed and bound all the same.
//
// Ctr grows strictly per author within a room; Prev is the id of the author's message before it, zero where a chain
// starts (an author's first message since its node started). Lamport is one more than the largest its author had
// seen, its own included.
type Header struct {
	Room    RoomID
	Epoch   uint64
	Ctr     uint64
	Prev    Hash
	Lamport uint64
}

// ContentKind says what a line is. Unknown values are shown as nothing.
type ContentKind uint8

// Append only; values are on the wire.
const (
	Say    ContentKind = 1
	Action ContentKind = 2 // "* bob waves"
	// ReasonNote is the authority telling the room why it removed somebody: Text is the reason, Removal the seq of
	// the record. From anybody else it is ignored.
	ReasonNote ContentKind = 3
)

// Content is what the members of a room read.
type Content struct {
	Kind    ContentKind
	Text    string
	At      time.Time // the author's clock, milliseconds; for show, never for order
	Removal uint64    // of a ReasonNote
}

// A Message is a line as it travels: sealed for one epoch of one room and signed by its author. A value of this type
// has been decoded, validated and verified; it may still not be permitted.
type Message struct {
	Header
	Author peer.ID // the verified signer
	ID     Hash    // of the signed envelope's bytes: the message ID of pubsub as well
	raw    []byte
	header []byte
	nonce  []byte
	sealed []byte
}

// Raw is the message as it came, to be passed on or kept. It must not be changed.
func (m Message) Raw() []byte { return m.raw }
