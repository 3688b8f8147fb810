package node

import (
	"time"

	"localchat/node/internal/fault"

	"github.com/libp2p/go-libp2p/core/peer"
)

// The errors of the methods of [Node].
type (
	// An Error says what happened, as a sentence without capital or full stop. A face adds what to do next, by its Reason.
	Error = fault.Error
	// An ErrorCode is the class of an error, for programs; see docs/interface.md, "Errors".
	ErrorCode = fault.Code
	// A Reason is the cause of an error. It is finer than a code.
	Reason = fault.Reason
	// A Choice is one of the rooms that an ambiguous argument may mean.
	Choice = fault.Choice
	// A KeyChange is a room with the name, or a look-alike name, of a known room of another owner.
	KeyChange = fault.KeyChange
)

// All error codes.
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

// AsError returns the [Error] in err, or an internal one with the text of err.
func AsError(err error) *Error { return fault.As(err) }

// Info identifies this node.
type Info struct {
	Peer  peer.ID `json:"peer"`
	Nick  string  `json:"nick"`
	Words string  `json:"words"`
	// Addrs are multiaddrs with /p2p. Link-local ones, which name an interface of this machine, are listed only if there are no
	// others.
	Addrs   []string `json:"addrs"`
	Version string   `json:"version"`
}

// PeerInfo is another node that we know of.
type PeerInfo struct {
	Peer      peer.ID  `json:"peer"`
	Addrs     []string `json:"addrs"`
	Connected bool     `json:"connected"`
	RTTms     float64  `json:"rtt_ms"`
	// Awaited is set if this node keeps a connection with the peer if it can, since the peer is in one of its rooms or a user has
	// named it. Any other peer is only remembered for a while, and may have been a command that has ended.
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
	// RetainS is the retention of its lines, in seconds; 0 if unknown.
	RetainS int64 `json:"retain_s,omitempty"`
	// Mine is set if this node owns the room, and In if it is in the room now.
	Mine bool `json:"mine"`
	In   bool `json:"in"`
	// IdleS is after how many seconds without a line the room closes; 0: never, or unknown, since this node is not in the room.
	IdleS int64 `json:"idle_s,omitempty"`
	// OwnerNick is the nick of the owner when it made the room. The owner has signed it, and nothing else proves it. Of an owner that was
	// given the room it is what that node says of itself; "" if this node has not asked it.
	OwnerNick string `json:"owner_nick"`
	// Verified is set if the words of the owner were compared. Other is a verified peer whose nick the owner has.
	Verified bool    `json:"verified"`
	Other    peer.ID `json:"other,omitempty"`
	// GivenBy is the known owner of before, if the room was given away since, by signed records that lead to Owner.
	GivenBy *Named `json:"given_by,omitempty"`
	// Change is set if the name is that of a known room of another owner.
	Change *KeyChange `json:"change,omitempty"`
}

// PolicyInfo is a room's policy, as faces show it.
type PolicyInfo struct {
	Access        Access  `json:"access"`
	Subject       string  `json:"subject"`
	IdleS         int64   `json:"idle_s"` // 0: never closes by itself
	RetainS       int64   `json:"retain_s"`
	History       History `json:"history"`
	MembersInvite bool    `json:"members_invite"`
	HideReasons   bool    `json:"hide_reasons"`
	// SlowS is the least time between two lines of a member that is not the owner; 0: none.
	SlowS int64 `json:"slow_s"`
	// Speak says who may talk: SpeakAll or SpeakVoiced.
	Speak Speak `json:"speak"`
}

// A PolicyChange changes the fields that are not nil.
type PolicyChange struct {
	Access        *Access  `json:"access,omitempty"`
	Subject       *string  `json:"subject,omitempty"`
	IdleS         *int64   `json:"idle_s,omitempty"`
	RetainS       *int64   `json:"retain_s,omitempty"`
	History       *History `json:"history,omitempty"`
	MembersInvite *bool    `json:"members_invite,omitempty"`
	HideReasons   *bool    `json:"hide_reasons,omitempty"`
	SlowS         *int64   `json:"slow_s,omitempty"`
	Speak         *Speak   `json:"speak,omitempty"`
}

// CreateOptions are those of a new room. Policy fields that are nil have the defaults (docs/design.md, "Joining", "Time limits").
type CreateOptions struct {
	Name string
	Nick string // "": the node's
	PolicyChange
}

// JoinOptions are those of [Node.Join]. Exactly one of Room and Invite is set.
type JoinOptions struct {
	// Room is an id, a name that is unique on this network, or the address (HOST:PORT, or a multiaddr) of a node that is
	// in no other room.
	Room   string
	Invite string
	Nick   string // "": the node's
	// Find is how long a room is looked for that no node shows; 0: as long as the join may take.
	Find time.Duration
	// Asked, if not nil, is called once when the person at the owner's node has been asked, who may take a while: with the room's
	// name, and the time until which the join waits for the answer.
	Asked func(room string, until time.Time)
}

// JoinedInfo is the result of [Node.Join].
type JoinedInfo struct {
	ID      RoomID       `json:"id"`
	Name    string       `json:"name"`
	Nick    string       `json:"nick"`
	Owner   peer.ID      `json:"owner"`
	Epoch   uint64       `json:"epoch"`
	Members []MemberInfo `json:"members"`
	// RetainS is the retention of the room's lines, in seconds.
	RetainS int64 `json:"retain_s"`
	// Resumed is set if this node was a member already, in an earlier run. Before is set if it was in the room when Join was called.
	Resumed bool `json:"resumed,omitempty"`
	Before  bool `json:"before,omitempty"`
}

// MemberInfo is a member of a room. Present is set if the authority has heard from it just now. Since is the time of its
// admission, by the owner's clock. LastLine is the time of the last of its lines that are kept here, by its own clock; zero if
// there is none.
type MemberInfo struct {
	Peer    peer.ID `json:"peer"`
	Nick    string  `json:"nick"`
	Role    Role    `json:"role"`
	Present bool    `json:"present"`
	Words   string  `json:"words"`
	Self    bool    `json:"self"`
	Trust
	// Muted: nothing that it says counts, until MutedUntil or, if that is zero, until it is unmuted.
	Muted      bool      `json:"muted,omitempty"`
	MutedUntil time.Time `json:"muted_until,omitzero"`
	// Voiced: it has a voice, until VoicedUntil or, if that is zero, without end. It asks for one if Hand is set, which the owner's
	// node alone knows.
	Voiced      bool      `json:"voiced,omitempty"`
	VoicedUntil time.Time `json:"voiced_until,omitzero"`
	Hand        bool      `json:"hand,omitempty"`
	// Warnings is how often it was warned, where this node's user is the owner or a deputy.
	Warnings int `json:"warnings,omitempty"`
	// Away: its person has said that it is away, with a text or none.
	Away     bool      `json:"away,omitempty"`
	AwayText string    `json:"away_text,omitempty"`
	Since    time.Time `json:"since"`
	LastLine time.Time `json:"last_line,omitzero"`
}

// TellInfo is a direct message that has arrived. Away is set if its reader is away, the first time that this node's user is told so.
type TellInfo struct {
	ID       string `json:"id"`
	Away     bool   `json:"away,omitempty"`
	AwayText string `json:"away_text,omitempty"`
}

// DeputyInfo is a deputy of a room.
type DeputyInfo struct {
	Peer    peer.ID `json:"peer"`
	Nick    string  `json:"nick"`
	Present bool    `json:"present"`
}

// MembersInfo is the roster.
type MembersInfo struct {
	Epoch   uint64       `json:"epoch"`
	Members []MemberInfo `json:"members"`
}

// HistoryInfo has the lines of a room that are here, in display order.
type HistoryInfo struct {
	Messages []Message `json:"messages"`
	// Directs are the direct messages that are kept here, the oldest first.
	Directs []Direct `json:"directs"`
	// More is the number of lines that this node has forgotten before their time, since more is said in the room than it keeps.
	More int `json:"more,omitempty"`
	// Fetching is set while lines that are missing here are still fetched from the members.
	Fetching bool `json:"fetching,omitempty"`
}

// InviteInfo is an invite. Text is set only in the answer that makes it.
type InviteInfo struct {
	ID      string    `json:"id"`
	Text    string    `json:"invite,omitempty"`
	Nick    string    `json:"nick,omitempty"`
	Expires time.Time `json:"expires"`
}

// BanInfo is a ban in force. Until is its end; zero if it has none.
type BanInfo struct {
	Peer   peer.ID   `json:"peer"`
	Nick   string    `json:"nick"`
	By     peer.ID   `json:"by"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

// AppealInfo is an appeal of a removed member that has no answer. Kind, By and At are those of the removal, whose record is number Removal;
// Reason is its reason, where this node knows it.
type AppealInfo struct {
	Peer    peer.ID   `json:"peer"`
	Nick    string    `json:"nick"`
	Text    string    `json:"text"`
	Removal uint64    `json:"removal"`
	Kind    Kind      `json:"kind"`
	By      peer.ID   `json:"by"`
	ByNick  string    `json:"by_nick"`
	At      time.Time `json:"at,omitzero"`
	Reason  string    `json:"reason,omitempty"`
}

// KnockInfo is a peer at the door. Alike is set if another peer at the door has this nick, or one that looks like it, so that the
// nick is ambiguous.
type KnockInfo struct {
	Peer  peer.ID `json:"peer"`
	Nick  string  `json:"nick"`
	Words string  `json:"words"`
	Alike bool    `json:"alike,omitempty"`
	Trust
}

// Committed is the place of the record of an order in the log.
type Committed struct {
	Seq   uint64 `json:"seq"`
	Epoch uint64 `json:"epoch"`
}
