package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"localchat/authority"
)

// ErrorCode is the machine's name of what went wrong; see INTERFACE, "JSON-RPC".
type ErrorCode string

// The closed list of codes.
const (
	NotFound    ErrorCode = "not_found"
	Ambiguous   ErrorCode = "ambiguous"
	NotMember   ErrorCode = "not_member"
	NotOwner    ErrorCode = "not_owner"
	RefusedCode ErrorCode = "refused"
	Invalid     ErrorCode = "invalid"
	Timeout     ErrorCode = "timeout"
	Exists      ErrorCode = "exists"
	ClosedCode  ErrorCode = "closed"
	Unavailable ErrorCode = "unavailable"
	Internal    ErrorCode = "internal"
)

// An Error is what every method of [Node] fails with: what happened, as a sentence without capital or full stop, and
// what to do next.
type Error struct {
	Code ErrorCode
	Text string
	Hint string
	// Identity marks a failed identity check (exit 6), Locked a data directory in use (exit 7), Network a machine
	// without a usable network (exit 3).
	Identity, Locked, Network bool
	// RetryAfter is how long to wait before the same may succeed, and Until is the end of the ban that is the cause, by this
	// machine's clock; each is zero where it is not known.
	RetryAfter time.Duration
	Until      time.Time
	// Nick is set where the nick asked for is taken: one that is free.
	Nick string
	// Change is set where a room was not joined by its name since that is known as another owner's.
	Change *KeyChange
}

func (e *Error) Error() string { return e.Text }

// AsError finds the [Error] in err, or makes an internal one of it.
func AsError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: Timeout, Text: "no answer in time", Hint: "is the other node running, and on this network? try again"}
	case errors.Is(err, context.Canceled):
		return &Error{Code: Unavailable, Text: "interrupted", Hint: "try again"}
	}
	return &Error{Code: Internal, Text: saying(err), Hint: "run again with -v and --log-file, and report what it says"}
}

// saying is what err says to a person: without the names of our packages, and without what goes without saying.
func saying(err error) string {
	text := err.Error()
	for _, prefix := range []string{authority.ErrRule.Error() + ": ", "authority: ", "protocol: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}

// Info says who this node is.
type Info struct {
	Peer    PeerID   `json:"peer"`
	Nick    string   `json:"nick"`
	Words   string   `json:"words"`
	Addrs   []string `json:"addrs"` // multiaddrs with /p2p
	Version string   `json:"version"`
}

// PeerInfo is another node that we know of.
type PeerInfo struct {
	Peer      PeerID   `json:"peer"`
	Addrs     []string `json:"addrs"`
	Connected bool     `json:"connected"`
	RTTms     float64  `json:"rtt_ms"`
	// Awaited: we keep a connection with it where we can, since it is in a room of ours or a person has named it. Another one is
	// only remembered for a while, and may have been a command that has ended.
	Awaited bool `json:"-"`
}

// RoomInfo is a room that we are in, own, or have found.
type RoomInfo struct {
	ID      RoomID `json:"id"`
	Name    string `json:"name"`
	Owner   PeerID `json:"owner"`
	Words   string `json:"words"`
	Access  string `json:"access"`
	Members int    `json:"members"`
	Subject string `json:"subject"`
	// RetainS is for how long lines are kept there, in seconds; 0 where nobody has said so.
	RetainS int64 `json:"retain_s,omitempty"`
	// Mine: I am its owner. In: I am in it now.
	Mine bool `json:"mine"`
	In   bool `json:"in"`
	// IdleS is after how many seconds without a line the room closes, told of rooms that we are in; 0: never, or not told.
	IdleS int64 `json:"idle_s,omitempty"`
	// OwnerNick is what the owner called itself when it made the room: signed by it, and its own word.
	OwnerNick string `json:"owner_nick"`
	// Verified: words were compared with the owner. Other is the one with whom they were, whose nick the owner bears.
	Verified bool   `json:"verified"`
	Other    PeerID `json:"other,omitempty"`
	// Change is set where the room's name is known as another owner's.
	Change *KeyChange `json:"change,omitempty"`
}

// PolicyInfo is a room's policy as faces speak of it.
type PolicyInfo struct {
	Access        string `json:"access"` // open, knock, invite
	Subject       string `json:"subject"`
	IdleS         int64  `json:"idle_s"` // 0: never closes by itself
	RetainS       int64  `json:"retain_s"`
	History       string `json:"history"` // none, since-join, all
	MembersInvite bool   `json:"members_invite"`
	HideReasons   bool   `json:"hide_reasons"`
}

// PolicyChange changes what is not nil.
type PolicyChange struct {
	Access        *string `json:"access,omitempty"`
	Subject       *string `json:"subject,omitempty"`
	IdleS         *int64  `json:"idle_s,omitempty"`
	RetainS       *int64  `json:"retain_s,omitempty"`
	History       *string `json:"history,omitempty"`
	MembersInvite *bool   `json:"members_invite,omitempty"`
	HideReasons   *bool   `json:"hide_reasons,omitempty"`
}

// CreateOptions of a new room; nil policy fields are the defaults of DESIGN 4.
type CreateOptions struct {
	Name string
	Nick string // "": the node's
	PolicyChange
}

// JoinOptions: one of Room and Invite.
type JoinOptions struct {
	// Room is an id, a name that is unique on this network, or the address (HOST:PORT, or a multiaddr) of somebody who is
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
	Owner   PeerID       `json:"owner"`
	Epoch   uint64       `json:"epoch"`
	Members []MemberInfo `json:"members"`
	// RetainS is for how long lines are kept, in seconds.
	RetainS int64 `json:"retain_s"`
	// Resumed: the place was there before, from an earlier life of the node.
	Resumed bool `json:"resumed,omitempty"`
}

// MemberInfo is a member of a room. Role is owner or member. Present: heard from by the authority just now. Since is when
// it was admitted, by the owner's clock; LastLine when it said what is the last of its lines kept here, by its own clock,
// zero where none is.
type MemberInfo struct {
	Peer    PeerID `json:"peer"`
	Nick    string `json:"nick"`
	Role    string `json:"role"`
	Present bool   `json:"present"`
	Words   string `json:"words"`
	Self    bool   `json:"self"`
	Trust
	Since    time.Time `json:"since"`
	LastLine time.Time `json:"last_line,omitzero"`
}

// MembersInfo is the roster.
type MembersInfo struct {
	Epoch   uint64       `json:"epoch"`
	Members []MemberInfo `json:"members"`
}

// InviteInfo is an invite. Text is there only for the one who just made it.
type InviteInfo struct {
	ID      string    `json:"id"`
	Text    string    `json:"invite,omitempty"`
	Nick    string    `json:"nick,omitempty"`
	Expires time.Time `json:"expires"`
}

// BanInfo is a ban in force. Until is zero for one without end.
type BanInfo struct {
	Peer   PeerID    `json:"peer"`
	Nick   string    `json:"nick"`
	By     PeerID    `json:"by"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

// KnockInfo is somebody at the door. Alike: another one there has this nick, or one that looks like it, so that the nick
// names nobody.
type KnockInfo struct {
	Peer  PeerID `json:"peer"`
	Nick  string `json:"nick"`
	Words string `json:"words"`
	Alike bool   `json:"alike,omitempty"`
	Trust
}

// Committed is where in the log an order ended up.
type Committed struct {
	Seq   uint64 `json:"seq"`
	Epoch uint64 `json:"epoch"`
}
