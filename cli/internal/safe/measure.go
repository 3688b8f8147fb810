package safe

import (
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// inClusters is set if the terminal counts cells by grapheme cluster, which it reports when it is asked about mode 2027. Until
// it has, each character is taken to have the width that wcwidth gives. The two ways agree about most texts, but not about Indic
// letters, emoji and their joiners.
var inClusters atomic.Bool

// CountClusters sets whether the terminal counts cells by grapheme cluster. It may be called from any goroutine.
func CountClusters(yes bool) { inClusters.Store(yes) }

// InClusters reports whether the terminal counts cells by grapheme cluster.
func InClusters() bool { return inClusters.Load() }

// measure returns the way in which the terminal counts cells.
func measure() ansi.Method {
	if inClusters.Load() {
		return ansi.GraphemeWidth
	}
	return ansi.WcWidth
}

// Cells returns how many columns of the terminal s takes.
func Cells(s Text) int { return Width(string(s)) }

// Width returns how many columns of the terminal a drawn row takes. The row may hold escape sequences for colours.
func Width(row string) int { return measure().StringWidth(row) }

// Truncate cuts a drawn row to width columns.
func Truncate(row string, width int) string { return measure().Truncate(row, width, "") }

// widest returns how many columns a cluster takes at most. A terminal that has not said how it counts may count either way, and
// it would break a row that is too long by itself, without the mark that begins our rows.
func widest(cluster string) int {
	if inClusters.Load() {
		return ansi.StringWidth(cluster)
	}
	return max(ansi.StringWidth(cluster), ansi.StringWidthWc(cluster))
}

// Undisputed removes from a drawn row the invisible characters whose effect on the width differs between terminals that do
// not count in clusters: joiners of emoji, for which some terminals draw one picture instead of several, and the variation
// selector that asks for an emoji, which some draw wider. The rest has the same width on all of them.
func Undisputed(row string) string {
	if inClusters.Load() {
		return row
	}
	return disputed.Replace(row)
}

var disputed = strings.NewReplacer(string(zwj), "", "\ufe0f", "")

// nextCluster returns the first grapheme cluster of s, which is not empty, and its greatest width.
func nextCluster(s string) (cluster string, width int) {
	if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) {
		return s[:1], 1
	}
	cluster, _ = ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	return cluster, widest(cluster)
}

// Crop cuts s to width cells; a text that was cut ends in "…".
func Crop(s Text, width int) Text {
	switch {
	case width <= 0:
		return ""
	case len(s) <= width: // no character has more cells than bytes
		return s
	}
	used, cut := 0, 0 // cut: the end of the text that leaves room for the dots
	for at := 0; at < len(s); {
		cluster, w := nextCluster(string(s[at:]))
		if used+w > width {
			return s[:cut] + "…"
		}
		at, used = at+len(cluster), used+w
		if used < width {
			cut = at
		}
	}
	return s
}

// BreakRows breaks a line into rows of at most width cells and returns where in the line each row ends. It breaks after
// blanks. A word that is longer than a row is broken between clusters, and a cluster that is wider than a row between its
// letters. A blank never begins a row: it stays at the end of the row before, where it may exceed the width. There is
// always at least one row.
func BreakRows(line string, width int) []int {
	var ends []int
	start, used := 0, 0    // the row, and the cells in it
	word, wordUsed := 0, 0 // where the last word in it begins, and the cells before that
	afterBlank := false
	for at := 0; at < len(line); {
		cluster, w := nextCluster(line[at:])
		if w > width {
			cluster, w = firstLetter(cluster, width)
		}
		blank := blankCluster(cluster)
		if !blank {
			if afterBlank {
				word, wordUsed = at, used
			}
			switch {
			case used+w <= width || at == start:
			case word > start && wordFits(line[word:], width):
				ends, start, used = append(ends, word), word, used-wordUsed
			default:
				ends, start, used = append(ends, at), at, 0
			}
		}
		at, used, afterBlank = at+len(cluster), used+w, blank
	}
	return append(ends, len(line))
}

// blankCluster reports whether a cluster is one blank.
func blankCluster(cluster string) bool {
	r, n := utf8.DecodeRuneInString(cluster)
	return n == len(cluster) && IsBlank(r)
}

// IsBlank reports whether r is a blank after which a row may end: any space but the no-break ones.
func IsBlank(r rune) bool {
	return unicode.Is(unicode.Zs, r) && r != '\u00a0' && r != '\u202f' && r != '\u2007'
}

// wordFits reports whether the first word of s fits into a row of width cells.
func wordFits(s string, width int) bool {
	for used := 0; s != ""; {
		cluster, w := nextCluster(s)
		if blankCluster(cluster) {
			break
		}
		if used += w; used > width {
			return false
		}
		s = s[len(cluster):]
	}
	return true
}

// firstLetter returns the first character of a cluster, with as many of its marks as fit into width cells.
func firstLetter(cluster string, width int) (letter string, cells int) {
	_, end := utf8.DecodeRuneInString(cluster)
	for end < len(cluster) {
		r, n := utf8.DecodeRuneInString(cluster[end:])
		if !unicode.In(r, unicode.M, unicode.Cf) || widest(cluster[:end+n]) > width {
			break
		}
		end += n
	}
	return cluster[:end], widest(cluster[:end])
}

// Fold breaks s into rows of at most width cells: at blanks where it can, and at each newlineMark. It leaves out the blanks at
// which it breaks. There is always at least one row.
func Fold(s Text, width int) []Text {
	var rows []Text
	for more := true; more; {
		part := s
		i := strings.Index(string(s), newlineMark)
		if more = i >= 0; more {
			part, s = s[:i], s[i+len(newlineMark):]
		}
		rows = append(rows, foldLine(part, width)...)
	}
	return rows
}

func foldLine(line Text, width int) []Text {
	isMark := func(r rune) bool { return unicode.Is(unicode.M, r) }
	line = line[len(line)-len(strings.TrimLeftFunc(string(line), isMark)):] // a mark would combine with the character before the row
	var rows []Text
	start := 0
	for _, end := range BreakRows(string(line), width) {
		row := line[start:end]
		if end < len(line) || widest(string(row)) > width {
			row = row[:len(strings.TrimRightFunc(string(row), IsBlank))]
		}
		rows = append(rows, row)
		start = end
	}
	return rows
}
