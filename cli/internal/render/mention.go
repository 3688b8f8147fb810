package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Mentions reports whether text contains nick as a word, ignoring case. In a script with blanks between words, a nick that is part of
// a longer word does not count: malice does not mention alice. In a script without blanks nothing shows where a word ends, so the
// nick counts wherever it occurs.
func Mentions(text, nick string) bool {
	text, nick = sameLetters(text), sameLetters(nick)
	if nick == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(nick)
	last, _ := utf8.DecodeLastRuneInString(nick)
	for from := 0; ; {
		i := strings.Index(text[from:], nick)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(nick)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !goesOn(before, first, false) && !goesOn(last, after, true) {
			return true
		}
		_, n := utf8.DecodeRuneInString(text[start:])
		from = start + n
	}
}

// sameLetters returns s in the form in which names are compared.
func sameLetters(s string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))) }

// goesOn reports whether a and b, two neighbours, may belong to the same word. end is set if they are the last letter of the nick and
// the one after it, and not the one before the nick and its first letter.
func goesOn(a, b rune, end bool) bool {
	if !inWord(a) || !inWord(b) {
		return false
	}
	switch {
	case unicode.Is(unicode.M, b): // a mark belongs to the letter before it
		return true
	case unicode.In(a, noBlanks...) || unicode.In(b, noBlanks...):
		// A digit after a nick may belong to another nick: 太郎2 is not 太郎.
		return end && (unicode.IsDigit(b) || b == '_' || b == '-')
	case unicode.Is(unicode.Hangul, a) != unicode.Is(unicode.Hangul, b):
		return !unicode.IsLetter(a) || !unicode.IsLetter(b)
	case end && unicode.Is(unicode.Hangul, a):
		return false // a particle may follow the nick
	}
	return true
}

// inWord reports whether r may be part of a word.
func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || r == '-' || r == '_'
}

// noBlanks are the scripts that have no blanks between words.
var noBlanks = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Yi, unicode.Tangut, unicode.Nushu, unicode.Khitan_Small_Script,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet,
	unicode.Ahom, unicode.Tibetan, unicode.Javanese, unicode.Balinese,
}
