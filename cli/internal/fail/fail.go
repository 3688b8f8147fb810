package fail

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"localchat/cli/internal/hint"
	"localchat/node"
)

// The exit codes (docs/interface.md, "Exit codes"). Scripts rely on them; the list only grows.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitNetwork     = 3
	ExitNotFound    = 4
	ExitRefused     = 5
	ExitIdentity    = 6
	ExitLocked      = 7
	ExitNotRunning  = 8
	ExitInternal    = 70
	ExitInterrupted = 130
)

// Meanings says what each exit code means, for the manual.
var Meanings = []struct {
	Code    int
	Meaning string
}{
	{ExitOK, "success, or the user quit the console"},
	{ExitFailure, "the command failed: something could not be written, or a node reported an error"},
	{ExitUsage, "a flag, an argument or a setting is wrong; nothing was started"},
	{ExitNetwork, "there is no usable network"},
	{ExitNotFound, "there is no such room or person, or no answer came in time"},
	{ExitRefused, "refused: banned, kicked, not admitted, or the room has ended"},
	{ExitIdentity, "the identity file is damaged or unsafe, or an owner has another key than before"},
	{ExitLocked, "another localchat is using the data directory, and cannot be attached to"},
	{ExitNotRunning, "of status: no localchat runs on the data directory"},
	{ExitInternal, "internal error"},
	{ExitInterrupted, "ended by a signal"},
}

// ErrInterrupted is the cause of a context that a signal has ended. A console that reads Ctrl-C as a key, without a signal, ends
// with it too.
var ErrInterrupted = errors.New("interrupted")

// An Error is a failure of the program. Code is the exit code, Text says what happened, and Hint what to do next.
type Error struct {
	Code int
	Text string
	Hint string
}

func (e *Error) Error() string { return e.Text }

// Usage returns an [Error] for a mistake of the user: a bad flag, argument or setting.
func Usage(hint, format string, args ...any) error {
	return &Error{Code: ExitUsage, Text: fmt.Sprintf(format, args...), Hint: hint}
}

// Explain returns what happened, what to do next for a person at a command line, and the exit code.
func Explain(err error) (text, do string, code int) { return explain(err, hint.InShell) }

// ExplainAtConsole is Explain for a person at a console.
func ExplainAtConsole(err error) (text, do string, code int) { return explain(err, hint.AtConsole) }

func explain(err error, hint func(*node.Error) string) (text, do string, code int) {
	var f *Error
	if errors.As(err, &f) {
		return f.Text, f.Hint, f.Code
	}
	e := node.AsError(err)
	return e.Text, hint(e), codeOf(e)
}

// codeOf returns the exit code for an error of node.
func codeOf(e *node.Error) int {
	switch {
	case e.Identity:
		return ExitIdentity
	case e.Locked:
		return ExitLocked
	case e.Network:
		return ExitNetwork
	}
	switch e.Code {
	case node.CodeNotFound, node.CodeTimeout:
		return ExitNotFound
	case node.CodeRefused, node.CodeClosed, node.CodeNotMember, node.CodeNotOwner:
		return ExitRefused
	case node.CodeInvalid, node.CodeAmbiguous:
		return ExitUsage
	}
	return ExitFailure
}

// Crashed writes a report of a panic to w. cause is the value that recover returned; if it is nil, Crashed does nothing and
// returns false. If Crashed returns true, the program has to end with [ExitInternal].
func Crashed(w io.Writer, cause any) bool {
	if cause == nil {
		return false
	}
	_, _ = fmt.Fprintf(w, "localchat: internal error: %v\nhint: please report this, with the lines below\n%s", cause, debug.Stack())
	return true
}
