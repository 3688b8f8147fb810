package authority

import (
	"time"

	"localchat/protocol"
)

// Every bound of the law of a room and of the authority's books, with its unit and its reason. The bounds of the protocol are in
// package protocol.
const (
	// MaxPast is the number of ended memberships that a State remembers, the latest ones: eight times the largest room. Older ones
	// matter only for lines that nobody retains any more.
	MaxPast = 4096
	// MaxKnocks is the number of strangers at the door. A peer that comes when the door is full is told to try again after KnockAgain:
	// by then the owner may have answered some.
	MaxKnocks  = protocol.MaxKnocks
	KnockAgain = 30 * time.Second
	// MaxKnocksFrom is the number of strangers at the door from one address: a family behind one machine. Ten addresses with as many
	// leave places for the next one.
	MaxKnocksFrom = MaxKnocks / 10
	// MaxProposed is the highest number that is appended to a nick to propose a free one: more than a class has members with one
	// name. The proposal answers a stranger, and must not cost more.
	MaxProposed = 99
	// NickEvery is the shortest time between two nicks of one member: long enough that the others can follow, and that the log of a
	// room lasts.
	NickEvery = time.Minute
	// MaxInvites is the number of open invites of a room, and MaxInvitesBy the number that one member but the owner has made: a few
	// for each member of the largest room, at about 300 bytes on disk each. Revoked invites are kept as long as there is space beside
	// the open ones.
	MaxInvites   = 4096
	MaxInvitesBy = 32
	// DefaultInviteLife is how long an invite holds if its maker does not say.
	DefaultInviteLife = 24 * time.Hour
	// ReturnAfter is how long a kicked peer must wait before an open room admits it again: long enough that the kick is felt.
	ReturnAfter = time.Minute
	// RekeyAfter is the longest time between two fresh keys, and so bounds what one stolen key opens: from it those that are derived
	// follow.
	RekeyAfter = 24 * time.Hour
	// ResumeGrace is how long no failure expires after a start. So an authority that was away when a failure would have expired still
	// tells the peer, which comes back when the authority does.
	ResumeGrace = 5 * time.Minute
	// MaxBan is the longest ban with an end. A person who wants a longer one means a ban without end.
	MaxBan = 10 * 365 * 24 * time.Hour
	// FailureLife is how long a failure waits for a poll of its peer (docs/design.md, "The poll").
	FailureLife = 24 * time.Hour
	// MaxWaiting is the number of mutes and warnings that a member has not been told of yet, the latest: more than a person reads.
	MaxWaiting = 8
	// PardonLife is how long a pardoned peer may come back without a knock.
	PardonLife = 24 * time.Hour
	// MaxAppeals is the number of appeals that are kept. Those from one address are a part of them. MaxPardons is the number of pardoned
	// peers that have not appealed, and MaxUnheard that of removed ones that may: more than a person removes in a day.
	MaxAppeals = protocol.MaxAppeals
	MaxPardons = 4 * MaxAppeals
	MaxUnheard = 4 * MaxAppeals
	// MaxFailures is the number of failures of a room. Only a peer that was a member has one.
	MaxFailures = 4096
)
