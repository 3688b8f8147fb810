package node

import (
	"time"

	"localchat/node/internal/fault"

	"github.com/libp2p/go-libp2p/core/peer"
)

// The errors of the methods of [Node].
type (
	// An Error says what happened, as a sentence without capital or full stop, and what to do next.
	Error = fault.Error
	// ErrorCode is the machine's name of what went wrong; see docs/interface.md, "Errors".
	ErrorCode = fault.Code
	// A Reason is why, finer than a code.
	Reason = fault.Reason
	// A Choice is a room that may be meant.
	Choice = fault.Choice
	// A KeyChange is a room with the name, or a look-alike name, of a known room of another owner.
	KeyChange = fault.KeyChange
)

// The closed list of codes.
const (
	CodeNotFound    = fault.CodeNotFound
	CodeAmbiguous   = fault.CodeAmbiguous
	CodeNotMember   = fault.CodeNotMember
	CodeNotOwner    = fault.CodeNotOwner
	CodeRefused     = fault.CodeRefused
	CodeInvalid     = fault.CodeInvalid
	CodeTimeout     = fault.CodeTimeout
	CodeExists      = fault.CodeExists
	CodeClosed      = fault.CodeClosed
	CodeUnavailable = fault.CodeUnavailable
	CodeInternal    = fault.CodeInternal
)

// AsError finds the [Error] in err, or makes an internal one of it.
func AsError(err error) *Error { return fault.As(err) }

// Info identifies this node.
type Info struct {
	Peer  peer.ID `json:"peer"`
	Nick  string  `json:"nick"`
	Words string  `json:"words"`
	// Addrs are multiaddrs with /p2p; link-local ones, with a card of this machine, only where there are no others.
	Addrs   []string `json:"addrs"`
	Version string   `json:"version"`
}

// PeerInfo is another node that we know of.
type PeerInfo struct {
	Peer      peer.ID  `json:"peer"`
	Addrs     []string `json:"addrs"`
	Connected bool     `json:"connected"`
	RTTms     float64  `json:"rtt_ms"`
	// Awaited: this node keeps a connection with it if it can, since the peer is in one of its rooms or a user has named it.
	// Any other peer is only remembered for a while, and may have been a command that has ended.
	Awaited bool `json:"awaited,omitempty"`
}

// RoomInfo is a room that we are in, own, or have found.
type RoomInfo struct {
	ID      RoomID  `json:"id"`
	Name    string  `json:"name"`
	Owner   peer.ID `json:"owner"`
	Words   string  `json:"words"`
	Access  Access  `json:"access"`
	Members int     `json:"members"`
	Subject string  `json:"subject"`
	// RetainS is for how long lines are kept there, in seconds; 0 where nobody has said so.
	RetainS int64 `json:"retain_s,omitempty"`
	// Mine: I am its owner. In: I am in it now.
	Mine bool `json:"mine"`
	In   bool `json:"in"`
	// IdleS is after how many seconds without a line the room closes, told of rooms that we are in; 0: never, or not told.
	IdleS int64 `json:"idle_s,omitempty"`
	// OwnerNick is what the owner called itself when it made the room: signed by it, and its own word.
	OwnerNick string `json:"owner_nick"`
	// Verified: the owner's words were compared. Other is a verified peer that the owner has the nick of.
	Verified bool    `json:"verified"`
	Other    peer.ID `json:"other,omitempty"`
	// Change is set where the room's name is known as another owner's.
	Change *KeyChange `json:"change,omitempty"`
}

// PolicyInfo is a room's policy as faces speak of it.
type PolicyInfo struct {
	Access        Access  `json:"access"`
	Subject       string  `json:"subject"`
	IdleS         int64   `json:"idle_s"` // 0: never closes by itself
	RetainS       int64   `json:"retain_s"`
	History       History `json:"history"`
	MembersInvite bool    `json:"members_invite"`
	HideReasons   bool    `json:"hide_reasons"`
}

// PolicyChange changes what is not nil.
type PolicyChange struct {
	Access        *Access  `json:"access,omitempty"`
	Subject       *string  `json:"subject,omitempty"`
	IdleS         *int64   `json:"idle_s,omitempty"`
	RetainS       *int64   `json:"retain_s,omitempty"`
	History       *History `json:"history,omitempty"`
	MembersInvite *bool    `json:"members_invite,omitempty"`
	HideReasons   *bool    `json:"hide_reasons,omitempty"`
}

// CreateOptions of a new room; nil policy fields are the defaults (docs/design.md, "Joining", "Time limits").
type CreateOptions struct {
	Name string
	Nick string // "": the node's
	PolicyChange
}

// JoinOptions: one of Room and Invite.
type JoinOptions struct {
	// Room is an id, a name that is unique on this network, or the address (HOST:PORT, or a multiaddr) of a node that is
	// in no other room.
	Room   string
	Invite string
	Nick   string // "": the node's
	// Find is how long a room is looked for that nobody shows; 0: as long as the join may take.
	Find time.Duration
	// Asked, where it is not nil, is called once when the owner's person has been asked and may take a while: with the room's
	// name, and when the answer is waited for no longer.
	Asked func(room string, until time.Time)
}

// JoinedInfo is what [Node.Join] returns once admitted.
type JoinedInfo struct {
	ID      RoomID       `json:"id"`
	Name    string       `json:"name"`
	Nick    string       `json:"nick"`
	Owner   peer.ID      `json:"owner"`
	Epoch   uint64       `json:"epoch"`
	Members []MemberInfo `json:"members"`
	// RetainS is for how long lines are kept, in seconds.
	RetainS int64 `json:"retain_s"`
	// Resumed: the place was there before, from an earlier life of the node. Before: it was there when Join was called.
	Resumed bool `json:"resumed,omitempty"`
	Before  bool `json:"before,omitempty"`
}

// MemberInfo is a member of a room. Present: heard from by the authority just now. Since is when
// it was admitted, by the owner's clock; LastLine when it said what is the last of its lines kept here, by its own clock,
// zero where none is.
type MemberInfo struct {
	Peer    peer.ID `json:"peer"`
	Nick    string  `json:"nick"`
	Role    Role    `json:"role"`
	Present bool    `json:"present"`
	Words   string  `json:"words"`
	Self    bool    `json:"self"`
	Trust
	Since    time.Time `json:"since"`
	LastLine time.Time `json:"last_line,omitzero"`
}

// MembersInfo is the roster.
type MembersInfo struct {
	Epoch   uint64       `json:"epoch"`
	Members []MemberInfo `json:"members"`
}

// HistoryInfo is what this node has of a room's lines, in display order.
type HistoryInfo struct {
	Messages []Message `json:"messages"`
	// More is how many lines this node has forgotten before their time, since more is said in the room than it keeps.
	More int `json:"more,omitempty"`
	// Fetching: the members are still asked for lines that are missing here.
	Fetching bool `json:"fetching,omitempty"`
}

// InviteInfo is an invite. Text is set only in the answer that makes it.
type InviteInfo struct {
	ID      string    `json:"id"`
	Text    string    `json:"invite,omitempty"`
	Nick    string    `json:"nick,omitempty"`
	Expires time.Time `json:"expires"`
}

// BanInfo is a ban in force. Until is zero for one without end.
type BanInfo struct {
	Peer   peer.ID   `json:"peer"`
	Nick   string    `json:"nick"`
	By     peer.ID   `json:"by"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

// KnockInfo is somebody at the door. Alike: another one there has this nick, or one that looks like it, so that the nick
// names nobody.
type KnockInfo struct {
	Peer  peer.ID `json:"peer"`
	Nick  string  `json:"nick"`
	Words string  `json:"words"`
	Alike bool    `json:"alike,omitempty"`
	Trust
}

// Committed is where in the log an order ended up.
type Committed struct {
	Seq   uint64 `json:"seq"`
	Epoch uint64 `json:"epoch"`
}
