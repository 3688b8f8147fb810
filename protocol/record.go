package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
)

// A Signer makes our signatures and is all that is ever known of our private key.
type Signer interface {
	// Seal signs rec under its own domain.
	Seal(rec record.Record) (*record.Envelope, error)
}

// A Record is one change of the members, bans, policy or keys of a room. Records form the room's log.
//
// Room is the zero id in Create alone (the room's id is the hash of that record). Seq counts from 1 without a gap;
// Prev is the Hash of the record before, zero in Create. Term is 1 until there are deputies. Epoch is the number of
// the message key in force after this record. At has milliseconds, UTC. Author is the signer. KeyHash commits to the key of
// the epoch that the record starts (see [CommitKey]); it is zero in a record that starts none.
type Record struct {
	Room   RoomID
	Seq    uint64
	Prev   Hash
	Term   uint64
	Epoch  uint64
	At     time.Time
	Author peer.ID
	Body   Body

	KeyHash Hash
}

// StartsEpoch reports whether a record with body b starts an epoch, and so commits to a key.
func StartsEpoch(b Body) bool {
	switch b.(type) {
	case Create, Admit, Leave, Remove, Rekey:
		return true
	}
	return false
}

// CommitKey is what a record that starts epoch says of that epoch's key: a hash of room, epoch and key. Room is the zero id
// for the epoch that Create starts, since the room's id is the hash of that record.
func CommitKey(room RoomID, epoch uint64, key Key) Hash {
	b := make([]byte, 0, len(keyDomain)+len(room)+8+len(key))
	b = append(append(b, keyDomain...), room[:]...)
	b = append(binary.BigEndian.AppendUint64(b, epoch), key[:]...)
	return sha256.Sum256(b)
}

// A Body says what a record changes. The set is closed; numbers on the wire are append-only.
type Body interface{ body() }

type (
	// Create opens a room; its author is the owner and first member. Salt makes two rooms of one owner differ.
	Create struct {
		Name   string
		Nick   string // the owner's
		Policy Policy
		Salt   [16]byte
	}
	// Admit makes Peer a member. Invite is the invite consumed by it, or zero.
	Admit struct {
		Peer   peer.ID
		Nick   string
		Invite InviteID
	}
	// Leave ends a membership at the member's own wish.
	Leave struct {
		Peer peer.ID
		Cut  Cut
	}
	// Remove ends a membership at the authority's. Until is zero for a kick and for a ban without end.
	Remove struct {
		Peer  peer.ID
		Kind  ReasonKind // Kicked or Banned
		Until time.Time
		Cut   Cut
	}
	// Unban lifts a ban.
	Unban struct{ Peer peer.ID }
	// SetPolicy replaces the room's policy.
	SetPolicy struct{ Policy Policy }
	// Rekey starts a new epoch without a change of membership.
	Rekey struct{}
	// Close ends the room; nothing follows it. Kind is Closed or Idle.
	Close struct{ Kind ReasonKind }
)

func (Create) body()    {}
func (Admit) body()     {}
func (Leave) body()     {}
func (Remove) body()    {}
func (Unban) body()     {}
func (SetPolicy) body() {}
func (Rekey) body()     {}
func (Close) body()     {}

// A Cut names the last message of a member that counts; the zero Cut means that none does. Whatever its author
// numbered later counts nowhere.
type Cut struct {
	Ctr  uint64
	Hash Hash
}

// Access says how a room is entered.
type Access uint8

// Append only; values are on the wire.
const (
	Knock  Access = 1 // the owner answers each one; the default
	Open   Access = 2 // come in
	Invite Access = 3 // by a single-use invite alone
)

// History says what a late joiner is given of what was said before.
type History uint8

// Append only; values are on the wire.
const (
	HistorySinceJoin History = 1 // lines said since its admission; the default
	HistoryNone      History = 2 // live lines alone, and what the network has just lost of them
	HistoryAll       History = 3 // all that is still retained
)

// A Policy is how a room is run.
type Policy struct {
	Access  Access
	Subject string
	// Idle is how long a room may be silent before it closes itself; zero means never. Whole seconds.
	Idle time.Duration
	// Retain is how long a line is kept. Whole seconds, at least one.
	Retain  time.Duration
	History History
	// MembersInvite lets every member make invites.
	MembersInvite bool
	// HideReasons keeps the text of a removal between the authority and the removed peer.
	HideReasons bool
}

// DefaultPolicy is the policy of a room created without options.
func DefaultPolicy() Policy {
	return Policy{Access: Knock, Idle: 6 * time.Hour, Retain: 24 * time.Hour, History: HistorySinceJoin}
}

// A ReasonKind says in one word why a peer lost its place. Unknown values read as Other.
type ReasonKind uint8

// Append only; values are on the wire.
const (
	Other         ReasonKind = 0
	Kicked        ReasonKind = 1
	Banned        ReasonKind = 2
	Closed        ReasonKind = 3
	Idle          ReasonKind = 4
	InviteRevoked ReasonKind = 5
)

// A Reason is the authority's own word to a peer that lost its place: it is given once, in answer to that peer's
// poll, and signed, so that it can be shown to others.
type Reason struct {
	Room    RoomID
	Peer    peer.ID // that lost its place
	Kind    ReasonKind
	Text    string // "" when none was given
	By      peer.ID
	ByNick  string
	At      time.Time // milliseconds
	Until   time.Time // zero: no end, or not a ban
	Removal uint64    // seq of the Remove or Close record
	Nonce   Nonce     // of the poll that it answers
}
