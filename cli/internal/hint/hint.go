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

// A table has a hint for each reason. In a hint {limit}, {wait}, {at}, {path}, {mend} and {room} stand for what the error says.
type table map[node.Reason]string

// ForPerson is what a person at a console or a command line does next.
func ForPerson(e *node.Error) string { return person.forError(e) }

// ForProgram is what a program that speaks JSON-RPC does next.
func ForProgram(e *node.Error) string { return program.forError(e) }

// forError is the hint about e for the face that has the table own.
func (own table) forError(e *node.Error) string {
	text := fill(cmp.Or(own[e.Reason], anyFace[e.Reason]), e)
	if e.Nick != "" {
		text += ": " + e.Nick + " is free"
	}
	return text + choices(e)
}

// fill puts what e says into a hint.
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

// choices are the rooms of which one has to be named, each in a row that begins with blanks. A name with a line break in it
// makes no row that begins as those of the program do, since only such rows are rows of their own.
func choices(e *node.Error) string {
	if len(e.Rooms) == 1 && e.More == 0 {
		return "" // it is in the hint
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

// OfWarning is what a person does next about a warning, by its code; "" where its text says all.
func OfWarning(code string) string { return personWarned[code] }

// OfWarningForProgram is the same for a program.
func OfWarningForProgram(code string) string { return programWarned[code] }

// Reasons are all that have a hint for a person, each once.
func Reasons() []node.Reason {
	return append(slices.Sorted(maps.Keys(anyFace)), slices.Sorted(maps.Keys(person))...)
}
