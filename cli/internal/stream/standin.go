package stream

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A StandInWriter shows stand-ins as signs of one column, which is what x/term takes them for.
type StandInWriter struct{ io.Writer }

func (w StandInWriter) Write(p []byte) (int, error) {
	if !bytes.ContainsFunc(p, IsStandIn) {
		return w.Writer.Write(p)
	}
	_, err := io.WriteString(w.Writer, strings.Map(standInPicture, string(p)))
	return len(p), err
}

// standInPicture is how a stand-in is shown while it is in the line being typed.
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

// FirstStandIn are the characters for private use that stand in the area for those that it drops: for a control the one with
// its number, for U+FFFD the last one.
const (
	FirstStandIn = 0x10F000
	lastStandIn  = FirstStandIn + 0xFF
)

// StandIns is text as the area holds it.
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

// FromStandIns is the text that StandIns was given.
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

func IsStandIn(r rune) bool { return FirstStandIn <= r && r <= lastStandIn }
