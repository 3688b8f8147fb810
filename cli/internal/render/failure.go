package render

import (
	"io"
	"strings"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
)

// Failure says on w what went wrong and what to do next, and returns the exit code for it.
func Failure(w io.Writer, err error) int {
	text, hint, code := fail.Explain(err)
	// The text may name a room or a nick.
	_ = Line(w, "localchat: "+safe.Phrase(text))
	for _, line := range Hint(hint) {
		_ = Line(w, line)
	}
	return code
}

// Hint are the lines of a hint: what to do, and what there is to choose from, one a line. Only what is indented is a
// line of its own, and stays so: a name with a line break in it makes no line that begins as those of the program do.
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
