package authority

import (
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// An Env is everything that one step takes from outside.
type Env struct {
	Now    time.Time
	Rand   io.Reader
	Signer protocol.Signer
	// Self is the peer whose key Signer holds.
	Self peer.ID
}

// An Event is something that happened to a room's authority: an order of the owner, a request of another peer, or
// the passing of time. The set is closed.
type Event interface{ event() }

type (
	// CreateRoom makes the room, on the zero Ledger.
	CreateRoom struct {
		Name, Nick string
		Policy     protocol.Policy
	}
	// Recovered holds records that this authority has signed and lost, with a disk that was put back: members still have
	// them. Resumed follows.
	Recovered struct{ Records []protocol.SignedRecord }
	// Resumed is the first event after [Load], except Recovered. It starts a new epoch, since keys are not kept on disk.
	Resumed struct{}
	// Kick removes a member. For a peer that has been kicked it replaces the text that is told.
	Kick struct {
		Peer   peer.ID
		Reason string
		Cut    protocol.Cut
	}
	// Ban removes and refuses, for a time, or for ever if For is zero. Peer need not be a member.
	Ban struct {
		Peer   peer.ID
		Reason string
		For    time.Duration
		Cut    protocol.Cut
	}
	// Unban lifts a ban in force.
	Unban struct{ Peer peer.ID }
	// SetPolicy replaces the policy.
	SetPolicy struct{ Policy protocol.Policy }
	// Rekey starts a new epoch.
	Rekey struct{}
	// Close ends the room. Kind is Closed or Idle.
	Close struct {
		Kind   protocol.ReasonKind
		Reason string
	}
	// MakeInvite makes a single-use invite. By is the member that asks, Nick may be "", and Expires zero is
	// [DefaultInviteLife].
	MakeInvite struct {
		Nick    string
		Expires time.Duration
		By      peer.ID
	}
	// RevokeInvite ends an open invite.
	RevokeInvite struct{ ID protocol.InviteID }
	// Knock is a join request of the peer that the stream authenticates.
	// From is the address that it comes from, as the driver names addresses: peers of one address share a few places at
	// the door.
	Knock struct {
		Peer    peer.ID
		Request protocol.JoinRequest
		From    string
	}
	// Gone names the members that will not come back, with their cuts. A newcomer gets the nick of such a member, or one that
	// looks like it, and that member leaves. The event holds until the next one.
	Gone struct{ Cuts map[peer.ID]protocol.Cut }
	// Accept admits a peer that is at the door.
	Accept struct{ Peer peer.ID }
	// Deny turns away a peer that is at the door.
	Deny struct {
		Peer   peer.ID
		Reason string
	}
	// KnockGone: a peer that knocked has gone.
	KnockGone struct{ Peer peer.ID }
	// Poll is a question from the peer that the stream authenticates.
	Poll struct {
		Peer    peer.ID
		Request protocol.PollRequest
	}
	// Ack says that the peer, which the stream authenticates, has kept its reason.
	Ack struct {
		Peer peer.ID
		Ack  protocol.PollAck
	}
	// Leave is a member's wish to leave.
	Leave struct {
		Peer peer.ID
		Cut  protocol.Cut
	}
	// Tick is the passing of time; LastLine is when the last line was heard, by this node's clock. Unasked: the members may have
	// said something since, so that the room is not closed as idle yet. Once a minute is often enough.
	Tick struct {
		LastLine time.Time
		Unasked  bool
	}
	// ClockMoved: since the last event the wall clock was set by that much, on or back, or stood still while the machine
	// slept. The times of later events are by the new one.
	ClockMoved struct{ By time.Duration }
	// Away: until now the authority could not be reached: its machine slept, or had no network. As after a start, no reason
	// expires for [ResumeGrace].
	Away struct{}
)

func (CreateRoom) event()   {}
func (Recovered) event()    {}
func (Resumed) event()      {}
func (Kick) event()         {}
func (Ban) event()          {}
func (Unban) event()        {}
func (SetPolicy) event()    {}
func (Rekey) event()        {}
func (Close) event()        {}
func (MakeInvite) event()   {}
func (RevokeInvite) event() {}
func (Knock) event()        {}
func (Gone) event()         {}
func (Accept) event()       {}
func (Deny) event()         {}
func (KnockGone) event()    {}
func (Poll) event()         {}
func (Ack) event()          {}
func (Leave) event()        {}
func (Tick) event()         {}
func (ClockMoved) event()   {}
func (Away) event()         {}

// An Effect is something for the driver to do. Effects are carried out in order. The set is closed.
type Effect interface{ effect() }

type (
	// Persist comes first where there is one: Batch is written in one transaction and synced before any later
	// effect. If that fails, the driver keeps the old Ledger and drops the rest: the step has not happened.
	Persist struct{ Batch Batch }
	// Commit is a new record. The Ledger's State has it; the room and the other members do not yet. Key is the key of the
	// epoch that the record starts; it means nothing with a record that starts none, or with one of Recovered.
	Commit struct {
		Record protocol.SignedRecord
		Change Change
		Key    protocol.Key
	}
	// Already: record Seq has done what was ordered; there is no new record. Epoch is the epoch in force.
	Already struct {
		Peer       peer.ID
		Seq, Epoch uint64
	}
	// AnswerJoin answers the join request of Peer. With JoinAdmitted the driver fills in records and keys.
	AnswerJoin struct {
		Peer  peer.ID
		Reply protocol.JoinReply
	}
	// KnockShown: tell the owner that a peer is at the door.
	KnockShown struct {
		Peer peer.ID
		Nick string
		From string
	}
	// KnockDropped: a peer that was shown has left the door without the owner's answer.
	KnockDropped struct {
		Peer peer.ID
		Nick string
	}
	// KnockTurned: a peer was told to try again later, since the door has no place left for it or for its address.
	KnockTurned struct{ From string }
	// AnswerPoll answers the poll of Peer. Reason is a signed reason, with PollReason.
	AnswerPoll struct {
		Peer    peer.ID
		Outcome PollOutcome
		Reason  []byte
	}
	// Told: a removed peer has asked for its reason (Acked false: it is on its way) or has kept it (Acked true).
	Told struct {
		Peer    peer.ID
		Nick    string
		Removal uint64
		Kind    protocol.ReasonKind
		Text    string
		Acked   bool
	}
	// Invited is the result of MakeInvite.
	Invited struct{ Invite Invite }
	// Attempt: Peer is not the owner and tried something that only the owner may do. What names it in one word.
	Attempt struct {
		Peer peer.ID
		What string
	}
)

func (Persist) effect()      {}
func (Commit) effect()       {}
func (Already) effect()      {}
func (AnswerJoin) effect()   {}
func (KnockShown) effect()   {}
func (KnockDropped) effect() {}
func (KnockTurned) effect()  {}
func (AnswerPoll) effect()   {}
func (Told) effect()         {}
func (Invited) effect()      {}
func (Attempt) effect()      {}

// PollOutcome says how a poll is answered.
type PollOutcome uint8

const (
	// PollRefused: the one REFUSED, the same for every cause.
	PollRefused PollOutcome = iota
	// PollHold: a member that has all records and keys. Hold the question until there is news.
	PollHold
	// PollNews: a member that lacks records or the key. The driver fills them in.
	PollNews
	// PollDiffers: a member whose log is longer than this one, or differs from it. The driver hands it the record of the last
	// number that both have, which shows a difference if there is one.
	PollDiffers
	// PollReason: the peer's reason, once.
	PollReason
)

// A Batch is what one step writes. In the maps nil means: delete.
type Batch struct {
	Records  []protocol.SignedRecord
	Failures map[peer.ID]*Failure
	Invites  map[protocol.InviteID]*Invite
	// BanShift is whole; nil: it is as before.
	BanShift map[uint64]time.Duration
}

// An Invite lets one stranger in, once.
type Invite struct {
	ID      protocol.InviteID
	Token   protocol.Token
	Nick    string // the only nick it is good for, or ""
	By      peer.ID
	Expires time.Time
	// Revoked says since when and why it lets nobody in any more; zero for an open one.
	Revoked Revocation `json:",omitzero"`
}

func (i Invite) open() bool { return i.Revoked.At.IsZero() }

// A Revocation is owed to the first peer that shows the invite's token.
type Revocation struct {
	At   time.Time
	Text string
	// Seq is the last record before it.
	Seq uint64
	// Peer and Nonce are those of the question that has claimed it; "" while it waits.
	Peer  peer.ID        `json:",omitzero"` // "" is no peer ID that JSON reads
	Nonce protocol.Nonce `json:",omitzero"`
}

// A Failure is the authority's note of why a peer lost its place, waiting for that peer's next poll: PENDING until
// Claimed, then a replay slot for the claiming nonce until it is acknowledged or has expired.
type Failure struct {
	Peer peer.ID
	Nick string
	// Admission is the membership that ended: only a poll of that membership can claim.
	Admission uint64
	// Removal is the seq of the Remove or Close record.
	Removal uint64
	Kind    protocol.ReasonKind
	Text    string
	By      peer.ID
	ByNick  string
	At      time.Time
	Until   time.Time
	Expires time.Time

	Claimed bool
	Nonce   protocol.Nonce
	// Answer is the signed reason given to Nonce.
	Answer []byte
	// Acked: the peer has kept its reason. Such a note is only kept with a ban, for the owner's list.
	Acked bool
	// Known: the peer has heard before that this membership has ended. The failure answers a client that asks, and is owed
	// to none.
	Known bool
}

// A Knocking is somebody at the door.
type Knocking struct {
	Peer  peer.ID
	Nick  string // as it would be shown
	Since time.Time
	Nonce protocol.Nonce // of its request, or zero
	From  string         // its address; see [Knock]
}

// A Durable is all that a Ledger needs to live again.
type Durable struct {
	Records  []protocol.SignedRecord
	Failures []Failure
	Invites  []Invite
	// BanShift is by how much the clock was set since a ban with an end was made, by the number of its record.
	BanShift map[uint64]time.Duration
}
