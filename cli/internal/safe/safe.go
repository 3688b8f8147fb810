package safe

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Text is text that may be written to a terminal: one line of valid UTF-8, without anything that moves the cursor, sets a colour
// or the title, reorders or hides text, or covers other lines. Renderers take nothing else.
//
// Only [Name], [Phrase], [Message] and [Number] make one out of data. Constants in the source convert implicitly,
// which makes the type convenient; a conversion safe.Text(x) outside this package fails TestOneDoorToTheScreen.
type Text string

// newlineMark stands for a line break inside a text, so that one event stays one line.
const newlineMark = " ⏎ "

// TabStop is the distance between two tab stops, in cells. It is counted from the beginning of each line of a text, so that
// columns are aligned as the author saw them.
const TabStop = 8

// Name makes a nick, the name of a room or a code fit for a terminal.
func Name(s string) Text { return clean(s, maxName) }

// Phrase makes a subject, a reason, a warning, words or an address fit for a terminal.
func Phrase(s string) Text { return clean(s, maxPhrase) }

// Message makes a message, of any length that the protocol allows, fit for a terminal.
func Message(s string) Text { return clean(s, maxMessage) }

// clean makes s fit for a terminal. A text of more than limit runes is cut and ends in "…".
//
// It has two layers, because neither is enough alone: ansi.Strip removes whole escape sequences with their payload, but lets a
// single C1 byte pass; the filter of runes removes every control character, but would leave the payload. Cleaning the result
// again changes nothing.
func clean(s string, limit int) Text {
	if isPlain(s, limit) {
		return Text(s)
	}
	// Strip first, so that a line break inside an unfinished sequence is removed with it.
	s = ansi.Strip(strings.ToValidUTF8(s, string(utf8.RuneError)))
	var b strings.Builder
	b.Grow(min(len(s), limit*utf8.UTFMax))
	runes := 0
	put := func(text string) (fits bool) {
		for _, r := range text {
			if runes == limit {
				return false
			}
			runes++
			b.WriteRune(r)
		}
		return true
	}
	// A mark at the start of a text would combine with the program's own character in front of it.
	marks := maxMarks
	var last rune           // the last one that is no mark
	column, counted := 0, 0 // the line has column cells up to byte counted of b
	for i, r := range s {
		text := string(r)
		switch {
		case r == '\r' && strings.HasPrefix(s[i+1:], "\n"):
			continue
		case r == '\r' || r == '\n':
			text, marks = newlineMark, 0
			column, counted = 0, b.Len()+len(text)
		case r == '\t':
			column += Cells(Text(b.String()[counted:]))
			n := TabStop - column%TabStop
			text, marks = strings.Repeat(" ", n), 0
			column, counted = column+n, b.Len()+n
		case joiner(r):
			if !joins(last, r, s[i+utf8.RuneLen(r):]) {
				continue
			}
		case Forbidden(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks >= maxMarks {
				continue
			}
			marks++
		default:
			marks = 0
		}
		if !unicode.Is(unicode.M, r) {
			last = r
		}
		if !put(text) {
			return Text(cut(b.String()))
		}
	}
	return Text(b.String())
}

// cut replaces the last rune of s with "…".
func cut(s string) string {
	_, n := utf8.DecodeLastRuneInString(s)
	return strings.TrimRightFunc(s[:len(s)-n], joiner) + "…"
}

const zwj = '\u200d'

// joiner reports whether r is one of the two invisible characters that join letters or keep them apart.
func joiner(r rune) bool { return r == zwj || r == '\u200c' }

// joins reports whether a joiner between last and rest changes how a word is written or which emoji is shown. Anywhere else it
// could only make two texts different that look the same.
func joins(last, joiner rune, rest string) bool {
	if unicode.In(last, joined...) {
		return true
	}
	next, _ := utf8.DecodeRuneInString(rest)
	return joiner == zwj && pictograph(last) && pictograph(next) && !Forbidden(next)
}

// pictograph reports whether r is of a class whose characters may be part of an emoji of several characters.
func pictograph(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sm) || 0x1F3FB <= r && r <= 0x1F3FF
}

// joined has the scripts whose words are written with joiners.
var joined = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mandaic, unicode.Mongolian, unicode.Nko, unicode.Phags_Pa, unicode.Adlam, unicode.Hanifi_Rohingya,
	unicode.Manichaean, unicode.Sogdian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
	unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan, unicode.Balinese,
	unicode.Javanese, unicode.Sundanese, unicode.Chakma, unicode.Meetei_Mayek, unicode.Newa, unicode.Tirhuta, unicode.Grantha, unicode.Kaithi,
	unicode.Sharada, unicode.Saurashtra, unicode.Modi, unicode.Brahmi,
}

// isPlain reports whether s is printable ASCII within limit, which most lines are.
func isPlain(s string, limit int) bool {
	if len(s) > limit {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Forbidden reports whether r must never reach a terminal, because it controls the terminal, reorders or hides text, or is
// invisible.
func Forbidden(r rune) bool {
	switch {
	case joiner(r): // clean decides where it may stand
		return false
	case unicode.In(r, unicode.Cc, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp):
	case unicode.Is(unicode.Cf, r): // zero width, bidi, tags, soft hyphen, byte order mark …
		return !unicode.Is(unicode.Prepended_Concatenation_Mark, r) // Arabic signs that are drawn
	case r == 0x034F: // grapheme joiner
	case r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0: // Hangul fillers: blank letters
	case r == 0xFFFC || r == 0x1D159 || r == 0x13441 || r == 0x13442 || r == 0x16FE4: // symbols and signs that are blank
	case r == 0x2065 || 0xFFF0 <= r && r <= 0xFFF8: // unassigned among invisible ones
	case 0xE0000 <= r && r <= 0xE0FFF: // tags, variation selectors that can carry hidden text
	default:
		return false
	}
	return true
}

// Number returns n in decimal.
func Number[T ~int | ~int64 | ~uint64](n T) Text {
	if n < 0 {
		return Text(strconv.FormatInt(int64(n), 10))
	}
	return Text(strconv.FormatUint(uint64(n), 10))
}

// Join is strings.Join for safe text.
func Join(parts []Text, sep Text) Text {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString(string(sep))
		}
		b.WriteString(string(p))
	}
	return Text(b.String())
}

// Pad returns s, filled with spaces to width cells.
func Pad(s Text, width int) Text {
	return s + Repeat(" ", width-Cells(s))
}

// Repeat returns s n times, or "" if n is negative.
func Repeat(s Text, n int) Text { return Text(strings.Repeat(string(s), max(n, 0))) }
