package node

import (
	"context"
	"errors"
	"time"
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
	// Identity marks a failed identity check (exit 6) and Locked a data directory in use (exit 7).
	Identity, Locked bool
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
	return &Error{Code: Internal, Text: err.Error(), Hint: "run again with -v and --log-file, and report what it says"}
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
	// Mine: I am its owner. In: I am in it now.
	Mine bool `json:"mine"`
	In   bool `json:"in"`
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

// JoinOptions: one of Room (id, or a name that is unique on this network) and Invite.
type JoinOptions struct {
	Room   string
	Invite string
	Nick   string // "": the node's
}

// JoinedInfo is what [Node.Join] returns once admitted.
type JoinedInfo struct {
	ID      RoomID       `json:"id"`
	Name    string       `json:"name"`
	Nick    string       `json:"nick"`
	Owner   PeerID       `json:"owner"`
	Epoch   uint64       `json:"epoch"`
	Members []MemberInfo `json:"members"`
}

// MemberInfo is a member of a room. Role is owner or member. Present: heard from by the authority just now.
type MemberInfo struct {
	Peer    PeerID `json:"peer"`
	Nick    string `json:"nick"`
	Role    string `json:"role"`
	Present bool   `json:"present"`
	Words   string `json:"words"`
	Self    bool   `json:"self"`
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

// KnockInfo is somebody at the door.
type KnockInfo struct {
	Peer  PeerID `json:"peer"`
	Nick  string `json:"nick"`
	Words string `json:"words"`
}

// Committed is where in the log an order ended up.
type Committed struct {
	Seq   uint64 `json:"seq"`
	Epoch uint64 `json:"epoch"`
}

// Every method below may be called from any goroutine; each is one request to the node's loop and its answer. room is
// a room's id or a name that is unique here; who is a nick, a peer ID or the start of one (at least 4 characters; the end of one, as screens show it, serves too).

// Whoami says who this node is.
func (n *Node) Info() Info { panic("todo") }

// Peers lists the nodes known.
func (n *Node) Peers(ctx context.Context) ([]PeerInfo, error) { panic("todo") }

// Dial connects to a multiaddr (with or without /p2p), or to HOST:PORT, and keeps it in the dial book.
func (n *Node) Dial(ctx context.Context, addr string) (PeerID, error) { panic("todo") }

// Rooms lists the rooms that we are in or have found. It does not wait; see [RoomFound].
func (n *Node) Rooms(ctx context.Context) ([]RoomInfo, error) { panic("todo") }

// Create makes a room and enters it as its owner.
func (n *Node) Create(ctx context.Context, o CreateOptions) (RoomInfo, error) { panic("todo") }

// Join asks to be admitted and waits until it is or ctx ends; a name not yet found is waited for.
func (n *Node) Join(ctx context.Context, o JoinOptions) (JoinedInfo, error) { panic("todo") }

// Leave leaves in order. The owner of a room leaves without closing it: it is the authority again when it resumes.
func (n *Node) Leave(ctx context.Context, room string) error { panic("todo") }

// Say sends a line and returns its id.
func (n *Node) Say(ctx context.Context, room, text string, action bool) (string, error) { panic("todo") }

// Tell sends a direct message and returns once the other node has it.
func (n *Node) Tell(ctx context.Context, room, who, text string) (string, error) { panic("todo") }

// Members is the roster.
func (n *Node) Members(ctx context.Context, room string) (MembersInfo, error) { panic("todo") }

// History is what is retained, in display order.
func (n *Node) History(ctx context.Context, room string) ([]Message, error) { panic("todo") }

// Invite makes a single-use invite. nick may be ""; expires 0 is 24 h.
func (n *Node) Invite(ctx context.Context, room, nick string, expires time.Duration) (InviteInfo, error) { panic("todo") }

// Invites lists the open ones (owner).
func (n *Node) Invites(ctx context.Context, room string) ([]InviteInfo, error) { panic("todo") }

// Uninvite revokes one (owner).
func (n *Node) Uninvite(ctx context.Context, room, id string) error { panic("todo") }

// Knocks lists who is at the door (owner).
func (n *Node) Knocks(ctx context.Context, room string) ([]KnockInfo, error) { panic("todo") }

// Accept admits somebody who knocks; who "all" is everybody (owner).
func (n *Node) Accept(ctx context.Context, room, who string) error { panic("todo") }

// Deny turns somebody away (owner).
func (n *Node) Deny(ctx context.Context, room, who, reason string) error { panic("todo") }

// Kick removes a member: out now, may ask to come back (owner).
func (n *Node) Kick(ctx context.Context, room, who, reason string) (Committed, error) { panic("todo") }

// Ban removes and refuses, for a time or (0) until lifted (owner). who may have left or been kicked already.
func (n *Node) Ban(ctx context.Context, room, who, reason string, d time.Duration) (Committed, error) { panic("todo") }

// Unban lifts a ban (owner).
func (n *Node) Unban(ctx context.Context, room, who string) (Committed, error) { panic("todo") }

// Bans lists the bans in force.
func (n *Node) Bans(ctx context.Context, room string) ([]BanInfo, error) { panic("todo") }

// Policy is the policy in force, after change (owner) where change is not empty.
func (n *Node) Policy(ctx context.Context, room string, change PolicyChange) (PolicyInfo, error) { panic("todo") }

// CloseRoom ends a room for everybody (owner).
func (n *Node) CloseRoom(ctx context.Context, room, reason string) error { panic("todo") }

// RoomsHere are the rooms that we are in, in the order of entering, and Found the others.

// Subscribe starts a stream of events from now on.
func (n *Node) Subscribe() *Subscription { panic("todo") }

// A Subscription is a stream of events with a bounded queue: a reader that falls behind by more than EventQueue gets
// one [Gap] in place of what it missed, and the node never waits for it.
type Subscription struct{ c chan Event }

// Events ends (is closed) when the node or the subscription is closed.
func (s *Subscription) Events() <-chan Event { return s.c }

// Close ends the subscription.
func (s *Subscription) Close() { panic("todo") }
