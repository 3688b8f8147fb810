// Package fault has the error of every method of node: a code for programs, a sentence for people, and a reason, by which a face
// chooses what to say about what to do next.
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

// A Code says for programs what went wrong; see docs/interface.md, "Errors".
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

// An Error says what happened, as a sentence without capital or full stop. What to do next depends on the face, so the face says
// it, from Reason and the fields below it.
type Error struct {
	Code   Code
	Text   string
	Reason Reason
	// Identity marks a failed identity check (exit 6), Locked a data directory in use (exit 7), Network a machine
	// without a usable network (exit 3).
	Identity, Locked, Network bool
	// RetryAfter is how long to wait before the same request may succeed, and Until is the end of the ban or mute that is the cause, by
	// this machine's clock. Each is zero if it is not known.
	RetryAfter time.Duration
	Until      time.Time
	// Nick is a free nick, if the requested one is taken.
	Nick string
	// Change is set if a room was not joined because its name is known as a room of another owner.
	Change *KeyChange
	// Rooms are those of which the caller has to name one by its id. More is the number of further ones.
	Rooms []Choice
	More  int
	// Limit is the largest value that is allowed, At an address that was typed or that would be valid, Path a file, and Mend says
	// how to mend the file or folder.
	Limit      int
	At         string
	Path, Mend string
}

// A Choice is a room that the caller may mean. Owner is the nick of its owner, and Words are the words of the owner's key. Either
// may be empty.
type Choice struct {
	Room  protocol.RoomID `json:"room"`
	Name  string          `json:"name"`
	Owner string          `json:"owner_nick,omitempty"`
	Words string          `json:"words,omitempty"`
}

func (e *Error) Error() string { return e.Text }

// A KeyChange describes a room whose name is that of a known room of another owner, or looks like it.
type KeyChange struct {
	Room       protocol.RoomID `json:"room"`
	Name       string          `json:"name"`
	Owner      peer.ID         `json:"owner"` // of this room
	Words      string          `json:"words"`
	Known      peer.ID         `json:"known_owner"` // the owner of the known room
	KnownWords string          `json:"known_words"`
	// KnownNick is what the known owner was called when words were compared; "": they were not.
	KnownNick string `json:"known_nick,omitempty"`
}

// As returns the [Error] in err, or makes one of it.
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

// Text returns the text of err for a person, without the prefixes that name packages of this program.
func Text(err error) string {
	text := err.Error()
	for _, prefix := range []string{authority.ErrRule.Error() + ": ", "authority: ", "protocol: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
