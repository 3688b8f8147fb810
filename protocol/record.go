package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
)

// A Signer makes the signatures of this node. No other code uses the private key.
type Signer interface {
	// Seal signs rec under its own domain.
	Seal(rec record.Record) (*record.Envelope, error)
}

// A Record is one change of the members, bans, policy or keys of a room. Records form the room's log.
//
// Room is the zero id only in Create (the room's id is the hash of that record). Seq counts from 1 without a gap. Prev is the Hash of
// the record before, zero in Create. Term is 1 until there are deputies. Epoch is the epoch in force after this record. At is in
// milliseconds, UTC. Author is the signer. KeyHash commits to the key of the epoch that the record starts (see [CommitKey]); it is
// zero in a record that starts none.
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
	// By is the deputy that ordered the record; "" if the author decided itself. See [MayBeOrdered].
	By peer.ID
}

// StartsEpoch reports whether a record with body b starts an epoch. Such a record commits to a key.
func StartsEpoch(b Body) bool {
	switch b := b.(type) {
	case Create, Admit, Leave, Remove, Rekey, Mute, Unmute, Voice, Unvoice, SetDeputies, Transfer:
		return true
	case SetPolicy:
		return b.NewEpoch
	}
	return false
}

// MayBeOrdered reports whether a record with body b may name a deputy that ordered it.
func MayBeOrdered(b Body) bool {
	switch b.(type) {
	case Admit, Remove, Unban, Pardon, SetPolicy, Mute, Unmute, Warn, Voice, Unvoice:
		return true
	}
	return false
}

// CommitKey returns the commitment to key in the record that starts epoch: a hash of room, epoch and key. room is the Room of that
// record, which is zero in Create.
func CommitKey(room RoomID, epoch uint64, key Key) Hash {
	b := make([]byte, 0, len(keyDomain)+len(room)+8+len(key))
	b = append(append(b, keyDomain...), room[:]...)
	b = append(binary.BigEndian.AppendUint64(b, epoch), key[:]...)
	return sha256.Sum256(b)
}

// A Body says what a record changes. It is one of the types below; their numbers on the wire are append-only.
type Body interface{ body() }

type (
	// Create creates a room. Its author is the owner and the first member. Salt makes the ids of two rooms of one owner differ.
	Create struct {
		Name   string
		Nick   string // the owner's
		Policy Policy
		Salt   [16]byte
	}
	// Admit makes Peer a member. Invite is the invite that it uses up, or zero.
	Admit struct {
		Peer   peer.ID
		Nick   string
		Invite InviteID
	}
	// Leave ends the membership of Peer, who asked for it.
	Leave struct {
		Peer peer.ID
		Cut  Cut
	}
	// Remove ends the membership of Peer, or bans a peer that is no member. Until is zero for a kick and for a ban without end.
	Remove struct {
		Peer  peer.ID
		Kind  ReasonKind // Kicked or Banned
		Until time.Time
		Cut   Cut
	}
	// Unban lifts a ban.
	Unban struct{ Peer peer.ID }
	// SetPolicy replaces the room's policy. NewEpoch: it starts an epoch, since another rule says which lines count. Cuts are the last
	// messages that count of the members that may say nothing from now on, in the order of their peers, each once; none of a member
	// without one counts.
	SetPolicy struct {
		Policy   Policy
		NewEpoch bool
		Cuts     []MemberCut
	}
	// Rekey starts an epoch without a change of membership.
	Rekey struct{}
	// Close ends the room; no record follows it. Kind is Closed or Idle.
	Close struct{ Kind ReasonKind }
	// Mute ends what a member may say, for a time or, if Until is zero, until Unmute. Cut is its last message that counts.
	Mute struct {
		Peer  peer.ID
		Until time.Time
		Cut   Cut
	}
	// Unmute ends a mute: what the peer says from this epoch on counts.
	Unmute struct{ Peer peer.ID }
	// Voice lets a member talk in a room where only some may, for a time or, if Until is zero, until Unvoice.
	Voice struct {
		Peer  peer.ID
		Until time.Time
	}
	// Unvoice takes that back. Cut is the member's last message that counts, if the policy lets only members with a voice talk.
	Unvoice struct {
		Peer peer.ID
		Cut  Cut
	}
	// SetDeputies replaces the list of deputies: at most [MaxDeputies] members, none twice. Cuts are the last messages that count of those
	// that were deputies and may talk no more, in the order of their peers; one that is absent is the zero Cut.
	SetDeputies struct {
		Peers []peer.ID
		Cuts  []MemberCut
	}
	// Warn warns a member. What it is warned of is told to it alone, by a [Reason].
	Warn struct{ Peer peer.ID }
	// Pardon lets a removed peer come back. It lifts its ban.
	Pardon struct{ Peer peer.ID }
	// SetNick gives a member another nick, for which it has asked.
	SetNick struct {
		Peer peer.ID
		Nick string
	}
)

func (Create) body()    {}
func (Admit) body()     {}
func (Leave) body()     {}
func (Remove) body()    {}
func (Unban) body()     {}
func (SetPolicy) body() {}
func (Rekey) body()     {}
func (Close) body()     {}
func (Mute) body()      {}
func (Unmute) body()    {}
func (Voice) body()     {}
func (Unvoice) body()   {}
func (SetNick) body()   {}
func (Warn) body()      {}
func (Pardon) body()    {}

func (SetDeputies) body() {}

// A Cut names the last message of a member that counts. The zero Cut means that none does. No message with a greater Ctr counts.
type Cut struct {
	Ctr  uint64
	Hash Hash
}

// A MemberCut is the cut of one member.
type MemberCut struct {
	Peer peer.ID
	Cut  Cut
}

// Access says how a room is entered.
type Access uint8

// Append only; values are on the wire.
const (
	Knock  Access = 1 // the owner answers each knock; the default
	Open   Access = 2 // everybody is admitted
	Invite Access = 3 // only with a single-use invite
)

// History says which earlier lines a member may fetch.
type History uint8

// Append only; values are on the wire.
const (
	HistorySinceJoin History = 1 // the lines said since its admission; the default
	HistoryNone      History = 2 // only live lines that the network has just lost
	HistoryAll       History = 3 // all lines that are still retained
)

// A Policy has the settings of a room.
type Policy struct {
	Access  Access
	Subject string
	// Idle is how long a room may be silent before it closes, in whole seconds; zero means for ever.
	Idle time.Duration
	// Retain is how long a line is retained, in whole seconds; at least one.
	Retain  time.Duration
	History History
	// MembersInvite lets every member make invites.
	MembersInvite bool
	// HideReasons lets only the removed peer have the text of a reason.
	HideReasons bool
	// VoicedOnly lets only the owner and the members with a voice talk; see [Voice].
	VoicedOnly bool
	// Slow is the least time between two lines of one member, in whole seconds; zero means that there is none.
	Slow time.Duration
}

// DefaultPolicy is the policy of a room created without options.
func DefaultPolicy() Policy {
	return Policy{Access: Knock, Idle: 6 * time.Hour, Retain: 24 * time.Hour, History: HistorySinceJoin}
}

// A ReasonKind says why a peer lost its place or, with Muted, its voice. Unknown values are decoded as Other.
type ReasonKind uint8

// Append only; values are on the wire.
const (
	Other         ReasonKind = 0
	Kicked        ReasonKind = 1
	Banned        ReasonKind = 2
	Closed        ReasonKind = 3
	Idle          ReasonKind = 4
	InviteRevoked ReasonKind = 5
	Muted         ReasonKind = 6
	Warned        ReasonKind = 7
	// Pardoned: the peer lost its place, and may come back until Until. The reason answers its appeal.
	Pardoned ReasonKind = 8
)

// A Reason tells a peer why it lost its place or its voice. The authority gives it once, in answer to a poll of that peer, and signs it, so that
// it can be shown to others.
type Reason struct {
	Room    RoomID
	Peer    peer.ID // the peer that lost its place or voice
	Kind    ReasonKind
	Text    string  // may be ""
	By      peer.ID // the peer that decided it
	ByNick  string
	At      time.Time // milliseconds
	Until   time.Time // zero: no end, or neither a ban nor a mute nor a pardon
	Removal uint64    // seq of the Remove, Close, Mute, Warn or Pardon record
	Nonce   Nonce     // of the poll that it answers
	// For is the authority for which By, a deputy, decided; "" if By was the authority itself.
	For     peer.ID
	ForNick string
}
