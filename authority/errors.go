package authority

import (
	"errors"
	"fmt"
)

// What [State.Apply] and [Ledger.Step] fail with, wrapped with what is wrong. Test with errors.Is.
var (
	// ErrGap: records are missing before this one; fetch them.
	ErrGap = errors.New("authority: records are missing")
	// ErrKnown: this very record is applied already.
	ErrKnown = errors.New("authority: record is known")
	// ErrFork: somebody entitled signed two different records with one number. The State returned with it is
	// frozen.
	ErrFork = errors.New("authority: the room's log is forked")
	// ErrFrozen: nothing applies to a frozen room.
	ErrFrozen = errors.New("authority: room is frozen")
	// ErrChain: the record's number is the next, but it does not continue this log.
	ErrChain = errors.New("authority: record does not continue the log")
	// ErrNotEntitled: the author had not the right in the state before the record.
	ErrNotEntitled = errors.New("authority: author is not entitled")
	// ErrRule: a rule of the room forbids it.
	ErrRule = errors.New("authority: against the rules of the room")
	// ErrNotMember: the peer is no member. It is an ErrRule too.
	ErrNotMember = ruleError("authority: not a member")
	// ErrClosed: the room has ended. It is an ErrRule too.
	ErrClosed = ruleError("authority: room is closed")
	// ErrNickBad: a nick that nobody may have here. It is an ErrRule too.
	ErrNickBad = ruleError("authority: nick is not allowed")
	// ErrNickTaken: a nick that a member has, or that looks like one. It is an ErrRule too.
	ErrNickTaken = ruleError("authority: nick is taken")
	// ErrFull: a bound is reached. It is an ErrRule too.
	ErrFull = ruleError("authority: full")
	// ErrNoKnock: nobody of that identity is at the door. It is an ErrRule too.
	ErrNoKnock = ruleError("authority: nobody knocks by that name")
	// ErrNoInvite: no such open invite. It is an ErrRule too.
	ErrNoInvite = ruleError("authority: no such invite")
)

// errReadsAsID is an ErrNickBad.
var errReadsAsID = fmt.Errorf("%w: it reads as an end of a peer ID here", ErrNickBad)

// ruleError is a more exact ErrRule.
type ruleError string

func (e ruleError) Error() string        { return string(e) }
func (e ruleError) Is(target error) bool { return target == ErrRule }
