package authority

import (
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// An Env has everything that one step takes from outside.
type Env struct {
	Now    time.Time
	Rand   io.Reader
	Signer protocol.Signer
	// Self is the peer whose key Signer holds.
	Self peer.ID
	// Held finds the poll of a peer of this room that the driver holds, and that it asks the ledger again after this step. A failure that the
	// step notes is claimed for that poll in the same batch: the reason is told after one write instead of two. It may be nil.
	Held func(peer.ID) (protocol.PollRequest, bool)
}

// An Event is something that happened to a room's authority: an order of the owner, a request of another peer, or the passing of
// time. It is one of the types below.
type Event interface{ event() }

type (
	// CreateRoom creates the room. It is for the zero Ledger.
	CreateRoom struct {
		Name, Nick string
		Policy     protocol.Policy
	}
	// Recovered has records that this authority has signed and then lost, because an older state of its disk was put back. Members
	// still had them. Resumed follows.
	Recovered struct{ Records []protocol.SignedRecord }
	// Resumed is the first event after [Load], or the first after Recovered. It starts an epoch, since keys are not kept on disk.
	Resumed struct{}
	// Kick removes a member. If the peer has been kicked already, it replaces the text of the reason.
	Kick struct {
		Peer   peer.ID
		Reason string
		Cut    protocol.Cut
	}
	// Ban removes a peer and keeps it out, for the time For, or without end if For is zero. Peer need not be a member.
	Ban struct {
		Peer   peer.ID
		Reason string
		For    time.Duration
		Cut    protocol.Cut
	}
	// Unban lifts a ban that holds.
	Unban struct{ Peer peer.ID }
	// Pardon lets a removed peer come back once, without a knock, and lifts its ban.
	Pardon struct{ Peer peer.ID }
	// Mute takes a member's voice, for a time, or until Unmute if For is zero.
	Mute struct {
		Peer   peer.ID
		Reason string
		For    time.Duration
		Cut    protocol.Cut
	}
	// Unmute gives it back.
	Unmute struct{ Peer peer.ID }
	// Warn warns a member, which alone is told Text.
	Warn struct {
		Peer peer.ID
		Text string
	}
	// Offer offers the room to a member, for [protocol.OfferLife], in place of an earlier offer; "" takes that back.
	Offer struct{ Peer peer.ID }
	// AskBooks is the question of the peer that the stream authenticates for the books of the room that is offered to it. Head is its
	// last record.
	AskBooks struct {
		Peer peer.ID
		Head protocol.Hash
	}
	// HandOver gives the room to the peer that has accepted it. Cut is the last line of the authority.
	HandOver struct {
		Accepted protocol.SignedAcceptance
		Cut      protocol.Cut
	}
	// SetNick gives a member the nick that it asks for.
	SetNick struct {
		Peer peer.ID
		Nick string
	}
	// Voice lets a member talk where only some may, for a time, or until Unvoice if For is zero.
	Voice struct {
		Peer peer.ID
		For  time.Duration
	}
	// Unvoice takes that back.
	Unvoice struct {
		Peer peer.ID
		Cut  protocol.Cut
	}
	// Deputize makes a member a deputy, and Undeputize ends that. Cut is its last line, which counts if it may talk no more.
	Deputize   struct{ Peer peer.ID }
	Undeputize struct {
		Peer peer.ID
		Cut  protocol.Cut
	}
	// Ordered is an order of a deputy: Accept, Deny, Kick, Ban, Unban, Pardon, Mute, Unmute, Warn, Voice, Unvoice, RevokeInvite or SetPolicy.
	Ordered struct {
		By    peer.ID
		Order Event
	}
	// SetPolicy replaces the policy. Cuts are the last lines of the members, which count for those that may talk no more.
	SetPolicy struct {
		Policy protocol.Policy
		Cuts   map[peer.ID]protocol.Cut
	}
	// Rekey starts an epoch.
	Rekey struct{}
	// Close ends the room. Kind is Closed or Idle.
	Close struct {
		Kind   protocol.ReasonKind
		Reason string
	}
	// MakeInvite makes a single-use invite. By is the member that asks; "" is the authority. Nick may be "". If Expires is zero, the
	// invite holds for [DefaultInviteLife].
	MakeInvite struct {
		Nick    string
		Expires time.Duration
		By      peer.ID
	}
	// RevokeInvite revokes an open invite.
	RevokeInvite struct{ ID protocol.InviteID }
	// Knock is a join request of the peer that the stream authenticates. From is the address of the peer, in a form that the driver
	// chooses: the peers of one address share a few places at the door.
	Knock struct {
		Peer    peer.ID
		Request protocol.JoinRequest
		From    string
	}
	// Gone names the members that will not come back, with their cuts. When a peer is admitted with the nick of such a member, or
	// with one that looks like it, the member leaves. The event replaces an earlier one.
	Gone struct{ Cuts map[peer.ID]protocol.Cut }
	// Accept admits a peer that is at the door.
	Accept struct{ Peer peer.ID }
	// Deny turns away a peer that is at the door.
	Deny struct {
		Peer   peer.ID
		Reason string
	}
	// KnockGone says that a peer at the door no longer waits.
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
	// Appealed is an appeal of the peer that the stream authenticates, or the question for its answer. From is as in [Knock].
	Appealed struct {
		Peer peer.ID
		Ask  protocol.PollAppeal
		From string
	}
	// Leave says that a member asks to leave.
	Leave struct {
		Peer peer.ID
		Cut  protocol.Cut
	}
	// Tick says that time has passed. Once a minute is often enough. LastLine is the time at which the last line came, by this
	// node's clock. If Unasked is set, this node has not asked yet whether the members have later lines, and the room is not closed
	// as idle. Cuts are the last lines of members whose voice has lasted its time.
	Tick struct {
		LastLine time.Time
		Unasked  bool
		Cuts     map[peer.ID]protocol.Cut
	}
	// ClockMoved says that the wall clock was set by By since the last event, forward or back. A clock that stood still while the
	// machine slept counts as set back. The times of later events are by the new clock.
	ClockMoved struct{ By time.Duration }
	// Away says that the authority could not be reached until now, because its machine slept or had no network. As after a start, no
	// reason expires for [ResumeGrace].
	Away struct{}
)

func (CreateRoom) event()   {}
func (Recovered) event()    {}
func (Resumed) event()      {}
func (Kick) event()         {}
func (Ban) event()          {}
func (Unban) event()        {}
func (Pardon) event()       {}
func (Appealed) event()     {}
func (Mute) event()         {}
func (Unmute) event()       {}
func (SetNick) event()      {}
func (Offer) event()        {}
func (AskBooks) event()     {}
func (HandOver) event()     {}
func (Warn) event()         {}
func (Deputize) event()     {}
func (Undeputize) event()   {}
func (Ordered) event()      {}
func (SetPolicy) event()    {}
func (Voice) event()        {}
func (Unvoice) event()      {}
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

// An Effect is something for the driver to do. The driver carries effects out in order. It is one of the types below.
type Effect interface{ effect() }

type (
	// Persist is always the first effect: the driver writes Batch in one transaction, and syncs it, before any later effect. If that
	// fails, the driver keeps the old Ledger and drops the other effects: the step has not happened.
	Persist struct{ Batch Batch }
	// Commit is a new record. The Ledger's State has applied it; the room and the other members have not. Key is the key of the
	// epoch that the record starts. It is undefined if the record starts none, or comes from Recovered.
	Commit struct {
		Record protocol.SignedRecord
		Change Change
		Key    protocol.Key
	}
	// Already says that the order changes nothing, because record Seq has done it. Epoch is the epoch in force.
	Already struct {
		Peer       peer.ID
		Seq, Epoch uint64
	}
	// AnswerJoin answers the join request of Peer. With JoinAdmitted the driver fills in records and keys.
	AnswerJoin struct {
		Peer  peer.ID
		Reply protocol.JoinReply
	}
	// KnockShown says that a peer is at the door, for the owner.
	KnockShown struct {
		Peer peer.ID
		Nick string
		From string
	}
	// KnockDropped says that a peer of a KnockShown is no longer at the door, without an answer of the owner.
	KnockDropped struct {
		Peer peer.ID
		Nick string
	}
	// KnockTurned says that a peer was told to try again later, since there is no place at the door for it or for its address.
	KnockTurned struct{ From string }
	// AnswerPoll answers the poll of Peer. Reason is a signed reason, with PollReason.
	AnswerPoll struct {
		Peer    peer.ID
		Outcome PollOutcome
		Reason  []byte
	}
	// AnswerAppeal answers the appeal of Peer. Reason is a signed reason, with AppealPardoned.
	AnswerAppeal struct {
		Peer    peer.ID
		Outcome AppealOutcome
		Reason  []byte
	}
	// AppealShown is a new appeal, for the owner.
	AppealShown struct{ Appeal Appeal }
	// AppealDropped says that an appeal of an AppealShown is over, without an answer of the owner.
	AppealDropped struct {
		Peer peer.ID
		Nick string
	}
	// PardonTold says that a pardoned peer is told, for the first time.
	PardonTold struct {
		Peer   peer.ID
		Nick   string
		Pardon uint64
	}
	// Told says that the reason of a removed peer is on its way to the peer (Acked is false), or that the peer has kept it (Acked is
	// true).
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
	// HandBooks answers AskBooks. Until is the end of the offer, for the acceptance.
	HandBooks struct {
		Books []byte
		Until time.Time
	}
	// GaveAway says that the room has another owner now. Seat, which is in the batch too, is this node's place there.
	GaveAway struct{ Seat Seat }
	// Attempt says that Peer tried to do something that only the owner may do. What names it in one word.
	Attempt struct {
		Peer peer.ID
		What string
	}
)

func (Persist) effect()       {}
func (Commit) effect()        {}
func (Already) effect()       {}
func (AnswerJoin) effect()    {}
func (KnockShown) effect()    {}
func (KnockDropped) effect()  {}
func (KnockTurned) effect()   {}
func (AnswerPoll) effect()    {}
func (AnswerAppeal) effect()  {}
func (AppealShown) effect()   {}
func (AppealDropped) effect() {}
func (PardonTold) effect()    {}
func (Told) effect()          {}
func (Invited) effect()       {}
func (HandBooks) effect()     {}
func (GaveAway) effect()      {}
func (Attempt) effect()       {}

// PollOutcome says how a poll is answered.
type PollOutcome uint8

const (
	// PollRefused: answer REFUSED, the same for every cause.
	PollRefused PollOutcome = iota
	// PollHold: the peer is a member with all records and the key. Hold the question until there is news.
	PollHold
	// PollNews: the peer is a member that lacks records or the key. The driver fills them in.
	PollNews
	// PollDiffers: the peer is a member whose log is longer than this one, or differs from it. The driver answers with the record of
	// the last number that both have, which shows a difference if there is one.
	PollDiffers
	// PollReason: answer with the peer's reason. A muted member gets one too, and stays a member.
	PollReason
	// PollMoved: the room has another owner now. Answer with the transfers; see [State.MovedFrom].
	PollMoved
)

// AppealOutcome says how an appeal is answered.
type AppealOutcome uint8

const (
	// AppealRefused: answer REFUSED, as to every other poll of that peer.
	AppealRefused AppealOutcome = iota
	// AppealKept: the owner has not answered yet. Hold the question until it has.
	AppealKept
	// AppealTwice: the peer has appealed already, with another text.
	AppealTwice
	// AppealFull: there is no place for it now.
	AppealFull
	// AppealPardoned: answer with the pardon.
	AppealPardoned
	// AppealMoved: the room has another owner now. Answer with the transfers; see [State.MovedFrom].
	AppealMoved
)

// A Batch has what one step writes to disk. A nil value in Failures, Invites or Appeals deletes the entry.
type Batch struct {
	Records  []protocol.SignedRecord
	Failures map[peer.ID]*Failure
	Invites  map[protocol.InviteID]*Invite
	Appeals  map[peer.ID]*Appeal
	// BanShift replaces the whole map; nil leaves it as it is.
	BanShift map[uint64]time.Duration
	// Seat is this node's place in a room that it has given away; nil otherwise.
	Seat *Seat
}

// An Invite lets one stranger in, once.
type Invite struct {
	ID      protocol.InviteID
	Token   protocol.Token
	Nick    string // the only nick that it admits, or ""
	By      peer.ID
	Expires time.Time
	// Revoked is zero for an open invite.
	Revoked Revocation `json:",omitzero"`
}

func (i Invite) open() bool { return i.Revoked.At.IsZero() }

// A Revocation says when and why an invite was revoked. The first peer that shows the invite's token is told.
type Revocation struct {
	At   time.Time
	Text string
	// By is the peer that revoked it, and For, if it is not "", the authority for which that deputy did, with the nicks of that time: what
	// a peer is told does not change. By is "" in books of before there were deputies: the authority did.
	By, For         peer.ID `json:",omitzero"`
	ByNick, ForNick string  `json:",omitzero"`
	// Seq is the last record before the revocation.
	Seq uint64
	// Peer and Nonce are those of the request that was told first; zero until there is one.
	Peer  peer.ID        `json:",omitzero"` // "" is no peer ID that JSON reads
	Nonce protocol.Nonce `json:",omitzero"`
}

// A Failure is the authority's note of why a peer lost its place or its voice. It is pending until a poll of that peer claims it. From then on it
// answers polls with the same nonce, until the peer acknowledges it or it expires.
type Failure struct {
	Peer peer.ID
	Nick string
	// Admission is the membership that ended: only a poll of that membership can claim.
	Admission uint64
	// Removal is the seq of the Remove, Close or Mute record.
	Removal uint64
	Kind    protocol.ReasonKind
	Text    string
	By      peer.ID
	ByNick  string
	At      time.Time
	Until   time.Time
	Expires time.Time
	// For is the authority for which By, a deputy, has decided; see [protocol.Reason].
	For     peer.ID `json:",omitzero"` // "" is no peer ID that JSON reads
	ForNick string  `json:",omitzero"`

	Claimed bool
	Nonce   protocol.Nonce
	// Answer is the signed reason for Nonce.
	Answer []byte
	// Acked is set if the peer has kept its reason. Such a failure is kept only for a ban, for the owner's list of bans.
	Acked bool
	// Waiting has what a member is told after this, in order: mutes and warnings. It is told one after the other.
	Waiting []Failure `json:",omitempty"`
	// Known is set if the peer was told before that this membership has ended. The failure answers a client that asks, but the
	// authority does not wait for one.
	Known bool
}

// A Knocking is a peer at the door.
type Knocking struct {
	Peer  peer.ID
	Nick  string // in its normal form
	Since time.Time
	Nonce protocol.Nonce // of its request, or zero
	From  string         // its address; see [Knock]
}

// A Durable is what a driver keeps of a Ledger on disk, from which [Load] makes it again.
type Durable struct {
	Records  []protocol.SignedRecord
	Failures []Failure
	Invites  []Invite
	Appeals  []Appeal
	// BanShift says by how much the clock was set since a ban or a mute with an end was made, by the number of its record.
	BanShift map[uint64]time.Duration
}
