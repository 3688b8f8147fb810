package stream

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A StandInWriter writes each stand-in as a visible character of one column: x/term counts one column for it.
type StandInWriter struct{ io.Writer }

func (w StandInWriter) Write(p []byte) (int, error) {
	if !bytes.ContainsFunc(p, IsStandIn) {
		return w.Writer.Write(p)
	}
	_, err := io.WriteString(w.Writer, strings.Map(standInPicture, string(p)))
	return len(p), err
}

// standInPicture returns the character that shows a stand-in in the line being typed.
func standInPicture(r rune) rune {
	const pictures, del = '\u2400', '\u2421'
	switch c := r - FirstStandIn; {
	case !IsStandIn(r):
		return r
	case c == '\n':
		return '⏎'
	case c < ' ':
		return pictures + c
	case c == unicode.MaxASCII:
		return del
	}
	return utf8.RuneError
}

// The line editors of both consoles drop control characters and U+FFFD. While a text is edited, private-use characters stand in
// for them: FirstStandIn plus its number for a control character, and lastStandIn for U+FFFD.
const (
	FirstStandIn = 0x10F000
	lastStandIn  = FirstStandIn + 0xFF
)

// StandIns returns text with stand-ins, for a line editor.
func StandIns(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return lastStandIn
		case unicode.IsControl(r) && r != '\n':
			return FirstStandIn + r
		}
		return r
	}, text)
}

// FromStandIns undoes StandIns.
func FromStandIns(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == lastStandIn:
			return utf8.RuneError
		case IsStandIn(r):
			return r - FirstStandIn
		}
		return r
	}, text)
}

// IsStandIn reports whether r is a stand-in.
func IsStandIn(r rune) bool { return FirstStandIn <= r && r <= lastStandIn }
