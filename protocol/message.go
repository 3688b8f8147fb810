package protocol

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A Header is the part of a message that is not encrypted. It is signed, and bound to the ciphertext as additional data, together
// with the author. Room is not sent, since every stream and topic that carries a message belongs to one room; but it is signed and
// bound too.
//
// Ctr is greater in each message of an author in a room than in the one before. Prev is the id of that message before; it is zero at
// the start of a chain, in a message of an author whose node has no message before it. Lamport is one more than the largest that the
// author had seen, in its own messages too.
type Header struct {
	Room    RoomID
	Epoch   uint64
	Ctr     uint64
	Prev    Hash
	Lamport uint64
}

// A ContentKind says what kind of line a message is. A line of an unknown kind is not shown.
type ContentKind uint8

// Append only; values are on the wire.
const (
	Say    ContentKind = 1
	Action ContentKind = 2 // "* bob waves"
	// ReasonNote is a note of the authority that says why it removed a member: Text is the reason, and Removal the seq of the
	// Remove record. From any other author it is ignored.
	ReasonNote ContentKind = 3
)

// Content is the encrypted part of a message.
type Content struct {
	Kind    ContentKind
	Text    string
	At      time.Time // by the author's clock, in milliseconds; it is shown, and does not affect the order
	Removal uint64    // for a ReasonNote; otherwise 0
}

// A Message is a line as it is sent: sealed with the key of one epoch of one room, and signed by its author. A value that is not zero
// has been decoded, validated and verified. It has not been checked: its author may have had no permission.
type Message struct {
	Header
	Author peer.ID // the verified signer
	ID     Hash    // the hash of the signed envelope, which is also pubsub's message ID
	raw    []byte
	header []byte
	nonce  []byte
	sealed []byte
}

// Raw returns the signed envelope, as it was received, to send or keep. It must not be changed.
func (m Message) Raw() []byte { return m.raw }
