package render

import (
	"fmt"
	"io"
	"strings"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
)

// The beginning of a row shows whose words are on it. At every width of the screen, each row of a text after the first begins with
// MoreMark. So a row that begins with one of these marks is the program's own:
//
//	--  something happened
//	?   something needs an answer
//	!   something went wrong
//
// A row with a member's words begins with "<nick>", with "*" (an action), with "[" (another room, or a direct message) or with
// MoreMark.
const (
	NoticeMark safe.Text = "-- "
	AskMark    safe.Text = "? "
	FaultMark  safe.Text = "! "
	MoreMark   safe.Text = "| "
)

// Rows breaks s into rows for a screen of width cells, and puts MoreMark in front of all but the first. No row is wider than the
// screen, in whichever way the terminal counts cells. There is always at least one row.
func Rows(s safe.Text, width int) []safe.Text {
	width = max(width, 1)
	rows := safe.Fold(s, width)
	if len(rows) == 1 {
		return rows
	}
	rows = safe.Fold(s, max(width-safe.Cells(MoreMark), 1))
	for i := range rows[1:] {
		rows[i+1] = safe.Crop(MoreMark+rows[i+1], width)
	}
	rows[0] = safe.Crop(rows[0], width)
	return rows
}

// RoomHead returns the name of a room for the beginning of a row.
func RoomHead(room string) safe.Text { return rowHead(safe.Name(room)) }

// rowHead returns a name for the beginning of a row, in quotes if it begins with one of the marks.
func rowHead(name safe.Text) safe.Text {
	for _, mark := range []safe.Text{NoticeMark, AskMark, FaultMark, MoreMark} {
		if strings.HasPrefix(string(name)+" ", string(mark)) {
			return `"` + name + `"`
		}
	}
	return name
}

// Line writes one line of text. If w is a screen, it breaks the line itself: a terminal that does so puts no mark in front of the
// rest. Only a screen gets links.
func Line(w io.Writer, line safe.Text) error {
	width := stream.Columns(w)
	if width == 0 {
		_, err := fmt.Fprintln(w, line)
		return err
	}
	addresses := WebAddresses(line)
	var b strings.Builder
	for _, row := range Rows(line, width) {
		b.WriteString(Linked(row, addresses, func(text string) string { return text }) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Data is [Line] for standard output. If the line cannot be written, the command fails.
func Data(w io.Writer, line safe.Text) error {
	return fail.Output(Line(w, line))
}
