package protocol

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// A Frame is one message of a stream protocol, sent with its length before it as an unsigned varint: a pointer to one of
// the types below whose name ends in Ask, Request or Reply, except PollRequest, which travels in a PollAsk. See [ReadFrame]
// and [WriteFrame].
type Frame interface {
	// encode changes nothing; it fails only on a frame that breaks its own bounds.
	encode() ([]byte, error)
	// decode replaces the frame by what b says, strictly: unknown fields, wrong lengths and values out of bounds
	// are errors. b may be kept.
	decode(b []byte) error
	// max is the largest encoding, in bytes.
	max() int
}

type (
	// PollRequest is the standing question of a member: what is new, and am I still a member?
	//
	// Nonce is the same for the whole admission and is kept until there is a definite answer, so that only the same
	// client can ask again for a reason whose delivery failed. Admission is the seq of the caller's Admit record, HaveSeq
	// that of the last record that it applied and Head its hash, HaveKey the last epoch whose key it holds. HaveSeq and
	// HaveKey also acknowledge the epoch.
	PollRequest struct {
		Room      RoomID
		Nonce     Nonce
		Admission uint64
		HaveSeq   uint64
		HaveKey   uint64
		// HavePresence is the Presence number of the last answer.
		HavePresence uint64
		// Head is zero if, and only if, HaveSeq is 0.
		Head Hash
	}
	// PollAck says that the reason has been kept.
	PollAck struct {
		Room    RoomID
		Removal uint64
		Nonce   Nonce
	}
	// PollAsk is what a member writes on a poll stream: exactly one of the two.
	PollAsk struct {
		Request *PollRequest
		Ack     *PollAck
	}
	// PollReply is what the authority writes: exactly one of Member and Reason, or neither, which is REFUSED: one
	// and the same byte string for never a member, already told, expired and unknown room.
	PollReply struct {
		Member *PollMember
		Reason []byte // a signed Reason; see OpenReason
	}
	// PollMember is the answer to a member.
	PollMember struct {
		Records  [][]byte // after HaveSeq, in order; OpenRecord
		Keys     []EpochKey
		Presence uint64     // grows with each change of Present
		Present  []Presence // left out where Presence is the request's HavePresence
		More     bool       // there was more than fits: ask again at once
		Receipt  uint64     // the authority has the asker's own lines up to this ctr, or more; 0: none, or it does not know
		Last     Cut        // the last of the asker's own lines that the authority has, or has had
		// Proof shows that the asker's log is not the authority's: the authority's record of the last number that both
		// have; or, from a frozen room, the two records that froze it.
		Proof [][]byte
	}
	// EpochKey is a message key on its way to a peer that may have it.
	EpochKey struct {
		Epoch uint64
		Key   Key
	}
	// Presence is a member that the authority hears from, and where it can be dialled. The authority itself is one until its
	// node ends in order.
	Presence struct {
		Peer  peer.ID
		Addrs []multiaddr.Multiaddr // without /p2p
	}

	// JoinRequest asks to be admitted; Token is zero without an invite. Nonce is the same for all attempts to get an
	// answer to one question, so that only the same client can ask again for a reason whose delivery failed. With a zero
	// nonce no reason is given.
	JoinRequest struct {
		Room  RoomID
		Nick  string
		Token Token
		Nonce Nonce
	}
	// JoinReply answers it. JoinWaiting is sent at once when a person has to decide, and is followed by another.
	JoinReply struct {
		Code JoinCode
		Text string        // with JoinDenied a reason typed by the owner, with JoinNickTaken a nick that is free, or ""
		Wait time.Duration // with JoinTooSoon and JoinBanned: how long still; zero: for good
		// Reason is a signed Reason (see OpenReason), for a caller that has lost what it held: the place at the
		// door, by a ban or the room's end, or a good invite that was revoked. Its Removal is the seq of the Remove or
		// Close record or, for an invite, of the last record before it was revoked. A stranger never gets one.
		Reason []byte
		// With JoinAdmitted: the log so far, the key of the admission's epoch, and my Admit's seq.
		Records   [][]byte
		Keys      []EpochKey
		Admission uint64
		// Seq and Head are the number and the hash of the last record of the log, which may be too long for one answer.
		Seq  uint64
		Head Hash
	}

	// AskRequest is a member's wish to the authority: exactly one of the two.
	AskRequest struct {
		Room   RoomID
		Leave  bool
		Invite *AskInvite
	}
	// AskInvite asks for an invite, where the policy lets members invite.
	AskInvite struct {
		Nick    string // may be ""
		Expires time.Duration
	}
	// AskReply answers it. Text is the invite text.
	AskReply struct {
		OK   bool
		Text string
	}

	// SyncRequest asks another member for what I lack.
	SyncRequest struct {
		Room    RoomID
		HaveSeq uint64
		// Keys are the epochs whose key the caller lacks.
		Keys []uint64
		// Heads say up to where I have every author's lines.
		Heads []Head
		// News: lines have come to me that others may lack; ask me too.
		News bool
		// Head is the hash of record HaveSeq; zero if, and only if, that is 0.
		Head Hash
		// Proof is the two records of one number by which the caller has found its room forked.
		Proof [][]byte
	}
	// Head is the last message of an author below which nothing is missing.
	Head struct {
		Author peer.ID
		Ctr    uint64
	}
	// SyncReply gives it. It is empty for a caller that is not a member.
	SyncReply struct {
		Records [][]byte
		Keys    []EpochKey
		Lines   [][]byte // OpenMessage; each author's in the order of Ctr
		// Ages say of the first Lines how long ago they were said, as far as the answerer knows, in whole milliseconds: a time
		// that has passed, which no clock that is set changes. A line without one counts as said just now.
		Ages    []time.Duration
		HaveSeq uint64 // how far the answerer's own log goes
		Head    Hash   // of that record
		// Heads say up to where the answerer has an author's lines: the caller's own, so that it learns which of them arrived,
		// and those of authors whose head in the request differs or is missing.
		Heads []Head
		More  bool
		// Last is the last line of the caller's that the answerer has, or has had.
		Last Cut
		// Proof is the answerer's record of the last number that both have, where their logs may differ: the caller says
		// another head, or has the longer log. From a frozen room it is the two records that froze it.
		Proof [][]byte
	}

	// PassRequest hands a line or a record, exactly one of the two, to a member that its author does not reach, or to
	// a member that is to pass it on.
	PassRequest struct {
		Room   RoomID
		Line   []byte // OpenMessage
		Record []byte // OpenRecord
		// To are the members that it is for, if not the callee alone. It is passed on to them and no further.
		To []peer.ID
	}
	// PassReply answers it. OK is false for a caller that is not a member; Missed are those of To that the one asked
	// does not reach either.
	PassReply struct {
		OK     bool
		Missed []peer.ID
	}

	// TellRequest is a direct message; its sender is the peer that the stream authenticates.
	TellRequest struct {
		Room RoomID
		ID   [16]byte
		Text string
		At   time.Time
	}
	// TellReply says that it has been shown, or that the caller is not a member there.
	TellReply struct{ OK bool }

	// RoomsRequest asks which rooms a node is in. After is the last room of the page before; zero: from the first.
	RoomsRequest struct{ After RoomID }
	// RoomsReply lists those whose ids are greater than After, in the order of their ids. Ended are Close records of rooms that the sender has been in, as signed by their owners, at most
	// MaxEnded. Asleep: the sender has rooms of its own that it is not serving now; the list says nothing about those. More is
	// how many rooms follow those listed, MaxUnlisted at most.
	RoomsReply struct {
		Rooms  []RoomAd
		Ended  [][]byte
		Asleep bool
		More   int
	}
	// RoomAd describes a room to strangers. What is proven by Create is the name, the owner and so the id; the rest
	// is the answerer's word.
	RoomAd struct {
		Create  []byte // the signed Create record
		Access  Access
		Subject string
		Members uint32
		Addrs   []multiaddr.Multiaddr // the owner's, without /p2p, as far as known
		// Retain is how long a line is kept there, in whole seconds; zero: not said.
		Retain time.Duration
	}
)

// JoinCode is the authority's answer to a JoinRequest.
type JoinCode uint8

// Append only; values are on the wire. Unknown reads as JoinDenied.
const (
	JoinAdmitted    JoinCode = 1
	JoinWaiting     JoinCode = 2
	JoinDenied      JoinCode = 3
	JoinBanned      JoinCode = 4
	JoinTooSoon     JoinCode = 5 // kicked a moment ago: come back after Wait
	JoinInviteBad   JoinCode = 6 // unknown, used, expired or revoked: strangers are not told which
	JoinNeedsInvite JoinCode = 7
	JoinNickBad     JoinCode = 8 // not allowed or reserved
	JoinNickTaken   JoinCode = 9 // taken, or looks like one that is
	JoinFull        JoinCode = 10
	JoinNoRoom      JoinCode = 11 // no such room here, or closed
)
