// Package fault is what node's methods fail with: a code for machines, a sentence for people, and what to do next.
package fault

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// A Code is the machine's name of what went wrong; see docs/interface.md, "Errors".
type Code string

// The closed list of codes.
const (
	CodeNotFound    Code = "not_found"
	CodeAmbiguous   Code = "ambiguous"
	CodeNotMember   Code = "not_member"
	CodeNotOwner    Code = "not_owner"
	CodeRefused     Code = "refused"
	CodeInvalid     Code = "invalid"
	CodeTimeout     Code = "timeout"
	CodeExists      Code = "exists"
	CodeClosed      Code = "closed"
	CodeUnavailable Code = "unavailable"
	CodeInternal    Code = "internal"
)

// An Error says what happened, as a sentence without capital or full stop. What to do next depends on where it is read, so the
// face says it, from Reason and the fields below.
type Error struct {
	Code   Code
	Text   string
	Reason Reason
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
	// Rooms are those of which one has to be named by its id. More is how many there are beside them.
	Rooms []Choice
	More  int
	// Limit is the most that is allowed, At an address that was typed or that would do, Path a file, and Mend how to make that
	// file or folder fit.
	Limit      int
	At         string
	Path, Mend string
}

// A Choice is a room that may be meant. Owner is the nick of its owner, and Words are the owner's; each is empty where it is
// not known, or does not help.
type Choice struct {
	Room  protocol.RoomID `json:"room"`
	Name  string          `json:"name"`
	Owner string          `json:"owner_nick,omitempty"`
	Words string          `json:"words,omitempty"`
}

func (e *Error) Error() string { return e.Text }

// A KeyChange is a room with the name, or a look-alike name, of a known room of another owner.
type KeyChange struct {
	Room       protocol.RoomID `json:"room"`
	Name       string          `json:"name"`
	Owner      peer.ID         `json:"owner"` // of this one
	Words      string          `json:"words"`
	Known      peer.ID         `json:"known_owner"` // the owner that we know under this name
	KnownWords string          `json:"known_words"`
	// KnownNick is what the known owner was called when words were compared; "": they were not.
	KnownNick string `json:"known_nick,omitempty"`
}

// As finds the [Error] in err, or makes an internal one of it.
func As(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: CodeTimeout, Text: "no answer in time", Reason: NoAnswer}
	case errors.Is(err, context.Canceled):
		return &Error{Code: CodeUnavailable, Text: "interrupted", Reason: Interrupted}
	}
	if fromNetwork(err) {
		return &Error{Code: CodeUnavailable, Text: "another node cannot be reached: " + Network(err), Reason: Unreachable}
	}
	return &Error{Code: CodeInternal, Text: Text(err), Reason: OwnFault}
}

// Text is what err says to a person: without the names of our packages, and without what goes without saying.
func Text(err error) string {
	text := err.Error()
	for _, prefix := range []string{authority.ErrRule.Error() + ": ", "authority: ", "protocol: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
