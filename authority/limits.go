package authority

import "time"

// Every bound of a room's law and of the authority's own books, with its unit and its reason. Bounds of the wire are
// in package protocol.
const (
	// MaxPast is how many ended memberships a State remembers, the latest ones: four times the largest room. An
	// older one only matters to lines that nobody retains any more.
	MaxPast = 4096
	// MaxKnocks is how many strangers may wait at the door at once: more than a person can read through. A peer that
	// comes when the door is full is told to try again after KnockAgain: by then the owner has answered some of them.
	MaxKnocks  = 64
	KnockAgain = 30 * time.Second
	// MaxKnocksFrom one address may wait at once: a family behind one machine. Ten addresses with as many leave places
	// for the next.
	MaxKnocksFrom = MaxKnocks / 10
	// MaxProposed is the highest number that is tried behind a nick that is taken. A class whose accounts all have one name is
	// smaller, and a stranger's question must not cost more.
	MaxProposed = 99
	// MaxInvites is how many open invites a room has, and MaxInvitesBy how many of them one member but the owner has
	// made: every member of the largest room a few times over; each is about 300 bytes on disk. Revoked ones count
	// towards what is kept and give way to open ones.
	MaxInvites   = 4096
	MaxInvitesBy = 32
	// DefaultInviteLife is how long an invite holds when its maker does not say.
	DefaultInviteLife = 24 * time.Hour
	// ReturnAfter is how long a kicked peer waits before an open room takes it back: long enough for a kick to
	// be felt where nobody stands at the door.
	ReturnAfter = time.Minute
	// RekeyAfter is the longest life of one epoch: what one stolen key opens at most.
	RekeyAfter = 24 * time.Hour
	// ResumeGrace is how long after a restart no failure expires: a room that slept over the end of a failure's
	// life still tells the peers that come back with it.
	ResumeGrace = 5 * time.Minute
	// MaxBan is the longest ban with an end; longer is meant without end, and says so.
	MaxBan = 10 * 365 * 24 * time.Hour
	// FailureLife is how long a failure state waits for its peer's poll (docs/design.md, "The poll").
	FailureLife = 24 * time.Hour
	// MaxFailures of a room that wait at once. They are only made for real members.
	MaxFailures = 4096
)
