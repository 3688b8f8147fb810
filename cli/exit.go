package cli

import (
	"context"
	"errors"
	"io"
	"strings"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
)

// finish reports err on w in two lines and returns the exit code of the program.
func finish(ctx context.Context, w io.Writer, err error) int {
	switch {
	case errors.Is(context.Cause(ctx), fail.ErrInterrupted), errors.Is(err, fail.ErrInterrupted):
		return fail.ExitInterrupted
	case err == nil, errors.Is(err, fail.ErrOutputClosed):
		return fail.ExitOK
	}
	var e ended
	if errors.As(err, &e) {
		return e.code
	}
	text, hint, code := fail.Explain(err)
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

// guard is deferred first in every goroutine that this package starts: a panic there ends the program as one in the
// main goroutine would.
func (a *app) guard() {
	cause := recover()
	if cause != nil && a.restore != nil {
		a.restore()
	}
	if fail.Crashed(a.stderr, cause) {
		a.exit(fail.ExitInternal)
	}
}
