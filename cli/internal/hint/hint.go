package hint

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"localchat/node"
)

// A table has hints by reason. {limit}, {wait}, {at}, {path}, {mend} and {room} in a hint stand for the values in the error.
type table map[node.Reason]string

// AtConsole returns the hint for a person at a console.
func AtConsole(e *node.Error) string { return forError(cmp.Or(console[e.Reason], person[e.Reason]), e) }

// InShell returns the hint for a person at a command line.
func InShell(e *node.Error) string {
	text := cmp.Or(shell[e.Reason], person[e.Reason])
	if typed := console[e.Reason]; text == "" && typed != "" {
		text = "in a console, " + typed
	}
	return forError(text, e)
}

// ForProgram returns the hint for a program that speaks JSON-RPC.
func ForProgram(e *node.Error) string { return forError(program[e.Reason], e) }

// forError returns own, or else the hint of anyFace, with the values in e.
func forError(own string, e *node.Error) string {
	text := fill(cmp.Or(own, anyFace[e.Reason]), e)
	if e.Nick != "" {
		text += ": " + e.Nick + " is free"
	}
	return text + choices(e)
}

// fill puts the values in e into a hint.
func fill(hint string, e *node.Error) string {
	var room node.RoomID
	switch {
	case e.Change != nil:
		room = e.Change.Room
	case len(e.Rooms) > 0:
		room = e.Rooms[0].Room
	}
	return strings.NewReplacer(
		"{limit}", strconv.Itoa(e.Limit), "{wait}", e.RetryAfter.Round(time.Second).String(),
		"{at}", e.At, "{path}", e.Path, "{mend}", e.Mend, "{room}", room.String(),
	).Replace(hint)
}

// choices lists the rooms that the user can choose from, one a line. Each line begins with blanks, and only such lines of a hint
// are printed as lines: so a name with a line break in it cannot make one that looks like a line of the program.
func choices(e *node.Error) string {
	if len(e.Rooms) == 1 && e.More == 0 {
		return "" // the hint names it already
	}
	var b strings.Builder
	for _, c := range e.Rooms {
		b.WriteString("\n  " + c.Room.String() + "  " + c.Name)
		if c.Owner != "" {
			b.WriteString(", made by " + c.Owner)
		}
		if c.Words != "" {
			b.WriteString(", of " + c.Words)
		}
	}
	if e.More > 0 {
		b.WriteString("\n  and " + strconv.Itoa(e.More) + " more")
	}
	return b.String()
}

// OfWarning returns the hint for a person about a warning, by its code, or "" if the text of the warning is enough.
func OfWarning(code string) string { return personWarned[code] }

// OfWarningInShell returns the hint for a person at a command line about a warning, by its code, or "".
func OfWarningInShell(code string) string {
	text := personWarned[code]
	if strings.HasPrefix(text, "/") {
		text = "in a console, " + text
	}
	return text
}

// OfWarningForProgram returns the hint for a program about a warning, by its code, or "".
func OfWarningForProgram(code string) string { return programWarned[code] }

// Reasons returns the reasons that have a hint for a person, each once.
func Reasons() []node.Reason {
	var all []node.Reason
	for _, of := range []table{anyFace, person, console} {
		all = slices.AppendSeq(all, maps.Keys(of))
	}
	slices.Sort(all)
	return all
}
