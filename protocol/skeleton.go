package protocol

import (
	"slices"
	"strings"
	"unicode"

	"github.com/libp2p/go-libp2p/core/peer"
	"go.mau.fi/util/confusable"
	"golang.org/x/text/unicode/norm"
)

// MinIDPart is the shortest start or end of a peer ID that names a peer, in characters: chance gives two people of a full
// room the same four now and then, and then the text is ambiguous and does nothing.
const MinIDPart = 4

// Alike reports whether two names can be taken for each other: they have a skeleton in common; see [Skeletons].
func Alike(a, b string) bool {
	if a == b {
		return true
	}
	of := Skeletons(b)
	return slices.ContainsFunc(Skeletons(a), func(s string) bool { return slices.Contains(of, s) })
}

// Skeletons are what names that look alike have in common (UTS 39, section 4). Two names look alike if they share one.
// There is more than one because the two cases of a letter can look like different letters: the Greek Ν is a Latin N, and
// its small ν is a Latin v. One skeleton is of the name as it is shown and one of the name in lower case. Characters that
// do not show, blanks and marks do not count. What Unicode's table of confusables lacks comes from lookAlikes.
//
// A skeleton is for comparison. It is never shown and never stored: the next version of the table may give another.
func Skeletons(name string) []string {
	shown := plain(name)
	keys := []string{contract(bones(small(name)))}
	for _, s := range []string{shown, strings.ReplaceAll(shown, "cl", "d")} {
		if k := contract(bones(s)); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// A Reading is a name as a person may read it out, letter by letter: in any case, width or script it is the same.
type Reading string

// Readings are the readings of a name: as it is shown, and in small letters where that differs.
func Readings(name string) []Reading {
	if r, ok := readASCII(name); ok {
		return []Reading{r}
	}
	shown, low := letterwise(bones(plain(name))), letterwise(bones(small(name)))
	if shown == low {
		return []Reading{shown}
	}
	return []Reading{shown, low}
}

// ReadingOf is the reading of p's ID.
func ReadingOf(p peer.ID) Reading {
	r, _ := readASCII(p.String())
	return r
}

// ReadsAsID reports whether one of the readings of a name is the start or the end of that of a peer's ID.
func ReadsAsID(name []Reading, id Reading) bool {
	return slices.ContainsFunc(name, func(r Reading) bool {
		return len(r) >= MinIDPart && (strings.HasSuffix(string(id), string(r)) || strings.HasPrefix(string(id), string(r)))
	})
}

// ReadsAsAnyID reports whether a name begins as the ID of every Ed25519 peer does.
func ReadsAsAnyID(name string) bool {
	start, _ := readASCII("12D3")
	return slices.ContainsFunc(Readings(name), func(r Reading) bool { return strings.HasPrefix(string(r), string(start)) })
}

// readASCII is the reading of a text of ASCII letters and digits, which a peer ID is.
func readASCII(s string) (Reading, bool) {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c == '1', c == 'i', c == 'I':
			b = append(b, 'l')
		case c == '0':
			b = append(b, 'o')
		case 'A' <= c && c <= 'Z':
			b = appendLetter(b, c+'a'-'A')
		case 'a' <= c && c <= 'z', '2' <= c && c <= '9', c == '-', c == '_', c == '.':
			b = appendLetter(b, c)
		default:
			return "", false
		}
	}
	return Reading(b), true
}

// appendLetter adds a small letter, or the two that look like it.
func appendLetter(b []byte, c byte) []byte {
	switch c {
	case 'm':
		return append(b, "rn"...)
	case 'w':
		return append(b, "vv"...)
	case 'd':
		return append(b, "cl"...)
	}
	return append(b, c)
}

// small is name in small letters. The sigma at the end of a word is a sigma.
func small(name string) string { return strings.ReplaceAll(strings.ToLower(name), "ς", "σ") }

// bones is s in small letters, each the plainest that it can be taken for. It is a fixed point of plain and lower case.
func bones(s string) string {
	const most = 8 // rounds; the longest chain of the tables takes four
	for range most {
		next := plain(strings.ToLower(s))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// plain is s with each character replaced by what it can be taken for, and without what does not show.
func plain(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFD.String(s) {
		switch {
		case 'a' <= r && r <= 'z' && r != 'm' || 'A' <= r && r <= 'Z' && r != 'I': // no table has them
			b.WriteRune(r)
		case Invisible(r) || unicode.IsSpace(r) || decoration(r):
		default:
			b.WriteString(lookAlike(r))
		}
	}
	return b.String()
}

// lookAlike is what r can be taken for: itself, or what it is a form of, if no table knows better.
func lookAlike(r rune) string {
	if s, ok := lookAlikes[r]; ok {
		return s
	}
	if s := confusable.GetReplacement(r); s != "" {
		return s
	}
	return norm.NFKD.String(string(r))
}

// decoration reports whether r is a mark that a reader overlooks. Spacing marks of one script are vowels there: they take
// a column, and names differ by them.
func decoration(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me) || unicode.Is(unicode.Mc, r) && unicode.In(r, unicode.Common, unicode.Inherited)
}

// contract makes one letter of the pairs that look like it, and one class of i and l: a capital I is an l.
func contract(s string) string { return contractions.Replace(s) }

var contractions = strings.NewReplacer("rn", "m", "vv", "w", "i", "l")

// letterwise is the opposite of contract, so that the start of a text has a reading that begins the reading of the text.
func letterwise(s string) Reading { return Reading(expansions.Replace(s)) }

var expansions = strings.NewReplacer("m", "rn", "w", "vv", "d", "cl", "i", "l")

// Invisible reports whether r shows nothing, or changes only how others are shown: controls, joiners, tags, variation
// selectors, and letters and symbols that are blank by their nature.
func Invisible(r rune) bool {
	switch {
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false // Arabic signs that are drawn, though they are of the class of format characters
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Variation_Selector,
		unicode.Other_Default_Ignorable_Code_Point):
		return true
	}
	switch r {
	case '\u2800', // the Braille cell without dots
		'\u303F',                   // a half space
		'\uFFFC',                   // in place of an object
		'\u2D7F',                   // joins Tifinagh consonants
		'\U0001107F',               // joins Brahmi numbers
		'\U00010A3F',               // the virama of Kharoshthi
		'\U00013441', '\U00013442', // blank hieroglyphs
		'\U00016FE4', // the filler of Khitan
		'\U0001D159': // a notehead that is not drawn
		return true
	}
	return false
}

// lookAlikes is what Unicode's table of confusables lacks: the letters of named, and those that are known to be used or
// to be taken for one another at a glance. i, l and 1 are one class since a capital I is an l; so are o and 0. Where the
// two cases of a Greek letter look like different Latin ones, the small one counts.
var lookAlikes = func() map[rune]string {
	m := make(map[rune]string)
	for pairs := []rune(named); len(pairs) > 1; pairs = pairs[2:] {
		m[pairs[0]] = string(pairs[1])
	}
	for plain, like := range map[string]string{
		"a": "аαɑ", "b": "вьβƅ", "c": "сςϲᴄ", "d": "ԁđɗ", "e": "еєεҽ", "f": "ғƒϝ", "g": "ɡցǥ", "h": "һнհħ",
		"j": "јϳ", "k": "кκĸ", "l": "1|!ӏłǀꞁ│┃❘⏐¦", "i": "ıіιɩᏆᴉ", "m": "мṃ", "n": "пηոռ", "o": "0оοօσøөʘ", "p": "рρ", "q": "ԛգ",
		"r": "гᴦ", "s": "ѕʂտ", "t": "тτŧ", "u": "υսцμʋ", "v": "νѵ", "w": "ԝωѡա", "x": "хχ", "y": "уγүʏ", "z": "ᴢʐƶ",
		"3": "зʒӡ", "4": "ч", "6": "б", "-": "‐‑‒–—−", "ae": "æ", "oe": "œ", "ss": "ß",
	} {
		for _, r := range like {
			m[r] = plain
		}
	}
	return m
}()
