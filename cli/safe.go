package cli

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// safeText is text that may be written to a terminal: one line of valid UTF-8 in which nothing moves the cursor,
// colours, retitles, reorders, hides or climbs. Renderers take nothing else.
//
// Only [clean] and [number] make one out of data. Constants of the source convert by themselves, which is what makes
// the type pleasant; a conversion safeText(x) anywhere but in this file fails TestOneDoorToTheScreen.
type safeText string

// newlineMark stands for a line break inside a text, so that one event stays one line.
const newlineMark = " ⏎ "

var breaks = strings.NewReplacer("\r\n", newlineMark, "\n", newlineMark, "\r", newlineMark, "\t", " ")

// clean makes s fit for a terminal. What is longer than limit runes is cut and ends in "…".
//
// Two layers, because each alone was seen to fail: ansi.Strip takes whole escape sequences with their payload, but lets
// a lone C1 byte pass; the rune filter takes every control, but would leave the payload behind. The result is a fixed
// point: cleaning it again changes nothing.
func clean(s string, limit int) safeText {
	if isPlain(s, limit) {
		return safeText(s)
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	// Strip first: a line break inside an unfinished sequence goes with the sequence.
	s = breaks.Replace(ansi.Strip(s))
	var b strings.Builder
	b.Grow(min(len(s), limit*utf8.UTFMax))
	// A text that starts with a mark would put it on our own character in front of it.
	runes, marks := 0, maxMarks
	for _, r := range s {
		switch {
		case forbidden(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks >= maxMarks {
				continue
			}
			marks++
		default:
			marks = 0
		}
		if runes == limit {
			return safeText(cut(b.String()))
		}
		runes++
		b.WriteRune(r)
	}
	return safeText(b.String())
}

// cut replaces the last rune of s with "…".
func cut(s string) string {
	_, n := utf8.DecodeLastRuneInString(s)
	return s[:len(s)-n] + "…"
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

// forbidden reports whether r never reaches a terminal: it controls, reorders, hides, or shows nothing where a reader
// would take it for nothing.
func forbidden(r rune) bool {
	switch {
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

// number is n in decimal.
func number[T ~int | ~int64 | ~uint64](n T) safeText {
	if n < 0 {
		return safeText(strconv.FormatInt(int64(n), 10))
	}
	return safeText(strconv.FormatUint(uint64(n), 10))
}

// joinSafe is strings.Join for safe text.
func joinSafe(parts []safeText, sep safeText) safeText {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString(string(sep))
		}
		b.WriteString(string(p))
	}
	return safeText(b.String())
}

// pad is s filled with spaces to width cells.
func pad(s safeText, width int) safeText {
	return s + repeat(" ", width-cells(s))
}

// repeat is s n times, not at all where n is negative.
func repeat(s safeText, n int) safeText { return safeText(strings.Repeat(string(s), max(n, 0))) }

// crop cuts s to width cells; what is cut ends in "…".
func crop(s safeText, width int) safeText {
	if width <= 0 {
		return ""
	}
	if cells(s) <= width {
		return s
	}
	return safeText(ansi.Truncate(string(s), width, "…"))
}

// cells is how many columns of a terminal s takes.
func cells(s safeText) int { return ansi.StringWidth(string(s)) }
