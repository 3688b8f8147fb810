package authority

import (
	"errors"
	"fmt"
)

// The errors of [State.Apply] and [Ledger.Step], wrapped with details. Test with errors.Is.
var (
	// ErrGap: records before this one are missing. Fetch them.
	ErrGap = errors.New("authority: records are missing")
	// ErrKnown: this record has been applied already.
	ErrKnown = errors.New("authority: record is known")
	// ErrFork: an entitled peer signed two different records with one number. The State returned with it is frozen.
	ErrFork = errors.New("authority: the room's log is forked")
	// ErrFrozen: nothing applies to a frozen room.
	ErrFrozen = errors.New("authority: room is frozen")
	// ErrChain: the record has the next number, but does not continue this log.
	ErrChain = errors.New("authority: record does not continue the log")
	// ErrNotEntitled: the author was not the authority in the state before the record.
	ErrNotEntitled = errors.New("authority: author is not entitled")
	// ErrRule: a rule of the room forbids it.
	ErrRule = errors.New("authority: against the rules of the room")
	// ErrNotMember: the peer is no member. It is an ErrRule too.
	ErrNotMember = ruleError("authority: not a member")
	// ErrNotDeputy: the peer is no deputy, or a deputy may not do this. It is an ErrRule too.
	ErrNotDeputy = ruleError("authority: a deputy may not do that")
	// ErrClosed: the room has ended. It is an ErrRule too.
	ErrClosed = ruleError("authority: room is closed")
	// ErrNickBad: the nick is not allowed in this room. It is an ErrRule too.
	ErrNickBad = ruleError("authority: nick is not allowed")
	// ErrNickTaken: a member has the nick, or one that looks like it. It is an ErrRule too.
	ErrNickTaken = ruleError("authority: nick is taken")
	// ErrNickSoon: the member was given another nick less than NickEvery ago. It is an ErrRule too.
	ErrNickSoon = ruleError("authority: the nick was changed a moment ago")
	// ErrFull: a bound is reached. It is an ErrRule too.
	ErrFull = ruleError("authority: full")
	// ErrNoKnock: that peer is not at the door. It is an ErrRule too.
	ErrNoKnock = ruleError("authority: that peer is not at the door")
	// ErrNoOffer: the room is not offered to that peer. It is an ErrRule too.
	ErrNoOffer = ruleError("authority: the room is not offered to that peer")
	// ErrChanged: the log or the books have changed since the peer got them. It is an ErrRule too.
	ErrChanged = ruleError("authority: the room has changed meanwhile")
	// ErrNoInvite: there is no such open invite. It is an ErrRule too.
	ErrNoInvite = ruleError("authority: no such invite")
)

// errReadsAsID is an ErrNickBad.
var errReadsAsID = fmt.Errorf("%w: it reads as an end of a peer ID here", ErrNickBad)

// A ruleError is an ErrRule of its own.
type ruleError string

func (e ruleError) Error() string        { return string(e) }
func (e ruleError) Is(target error) bool { return target == ErrRule }
