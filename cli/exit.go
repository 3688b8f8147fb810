package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// The exit codes (docs/interface.md, "Exit codes"). Scripts rely on them; the list only grows.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitNetwork     = 3
	exitNotFound    = 4
	exitRefused     = 5
	exitIdentity    = 6
	exitLocked      = 7
	exitInternal    = 70
	exitInterrupted = 130
)

// exitMeanings is what the manual says of them.
var exitMeanings = []struct {
	code    int
	meaning string
}{
	{exitOK, "it is done; a console that its owner has left"},
	{exitFailure, "it failed: what was to be written could not be, or a node said no"},
	{exitUsage, "a flag, an argument or a setting is wrong; nothing was started"},
	{exitNetwork, "there is no network to use"},
	{exitNotFound, "there is no such room or person here, or no answer in time"},
	{exitRefused, "refused: banned, kicked, not admitted, or the room has ended"},
	{exitIdentity, "the identity file is damaged or not safe, or an owner has another key than the one known"},
	{exitLocked, "another localchat uses the data directory"},
	{exitInternal, "a fault of this program"},
	{exitInterrupted, "ended by a signal"},
}

// errInterrupted is the cause of a context that a signal ended, and what ends a console where the key for it is no signal.
var errInterrupted = errors.New("interrupted")

// A failure is an error of this package: what happened, what to do next, and the exit code that it deserves.
type failure struct {
	code int
	text string
	hint string
}

func (f *failure) Error() string { return f.text }

// usage is a failure to say what is wanted: a bad flag, argument or setting.
func usage(hint, format string, args ...any) error {
	return &failure{code: exitUsage, text: fmt.Sprintf(format, args...), hint: hint}
}

// explain says what happened, what to do next and which exit code that is.
func explain(err error) (text, hint string, code int) {
	var f *failure
	if errors.As(err, &f) {
		return f.text, f.hint, f.code
	}
	e := node.AsError(err)
	return e.Text, e.Hint, codeOf(e)
}

// codeOf is the exit code of what node says.
func codeOf(e *node.Error) int {
	switch {
	case e.Identity:
		return exitIdentity
	case e.Locked:
		return exitLocked
	case e.Network:
		return exitNetwork
	}
	switch e.Code {
	case node.NotFound, node.Timeout:
		return exitNotFound
	case node.RefusedCode, node.ClosedCode, node.NotMember, node.NotOwner:
		return exitRefused
	case node.Invalid, node.Ambiguous:
		return exitUsage
	}
	return exitFailure
}

// finish reports err on w in two lines and returns the exit code of the program.
func finish(ctx context.Context, w io.Writer, err error) int {
	switch {
	case errors.Is(context.Cause(ctx), errInterrupted), errors.Is(err, errInterrupted):
		return exitInterrupted
	case err == nil, errors.Is(err, errOutputClosed):
		return exitOK
	}
	var e ended
	if errors.As(err, &e) {
		return e.code
	}
	text, hint, code := explain(err)
	// The text may name a room or a nick.
	_ = writeRows(w, "localchat: "+safe.Phrase(text))
	for _, line := range hintLines(hint) {
		_ = writeRows(w, line)
	}
	return code
}

// hintLines are the lines of a hint: what to do, and what there is to choose from, one a line. Only what is indented is a
// line of its own, and stays so: a name with a line break in it makes no line that begins as those of the program do.
func hintLines(hint string) []safe.Text {
	if hint == "" {
		return nil
	}
	var lines []safe.Text
	begin := safe.Text("hint: ")
	for row := range strings.SplitSeq(hint, "\n  ") {
		lines = append(lines, begin+safe.Phrase(row))
		begin = "  "
	}
	if more := len(lines) - 1 - maxChoices; more > 0 {
		lines = append(lines[:1+maxChoices], "  and "+safe.Number(more)+" more")
	}
	return lines
}

// crashed reports a panic: it is deferred first in every goroutine of this package. After it returns true the program
// is to end with [exitInternal].
func crashed(w io.Writer, cause any) bool {
	if cause == nil {
		return false
	}
	_, _ = fmt.Fprintf(w, "localchat: internal error: %v\nhint: please report this, with the lines below\n%s", cause, debug.Stack())
	return true
}

// guard is deferred first in every goroutine that this package starts: a panic there ends the program as one in the
// main goroutine would.
func (a *app) guard() {
	cause := recover()
	if cause != nil && a.restore != nil {
		a.restore()
	}
	if crashed(a.stderr, cause) {
		a.exit(exitInternal)
	}
}
