package render

import (
	"io"
	"strings"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
)

// Failure writes to w what went wrong with a command on the command line and what to do next, and returns the exit code.
func Failure(w io.Writer, err error) int { return failure(w, err, fail.Explain) }

// Complaint writes the same for a command in a console.
func Complaint(w io.Writer, err error) { failure(w, err, fail.ExplainAtConsole) }

func failure(w io.Writer, err error, explain func(error) (text, do string, code int)) int {
	text, hint, code := explain(err)
	// The text may name a room or a nick.
	_ = Line(w, "localchat: "+safe.Phrase(text))
	for _, line := range Hint(hint) {
		_ = Line(w, line)
	}
	return code
}

// Hint returns the lines of a hint: what to do, then the choices, one a line. In a hint, only indented text starts a new line, and it
// stays indented. So a name with a line break in it cannot make a line that looks like one of the program's.
func Hint(hint string) []safe.Text {
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
