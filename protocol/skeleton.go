package protocol

import (
	"slices"
	"strings"
	"unicode"

	"github.com/libp2p/go-libp2p/core/peer"
	"go.mau.fi/util/confusable"
	"golang.org/x/text/unicode/norm"
)

// MinIDPart is the length of the shortest start or end of a peer ID that names a peer, in characters. In a full room, two people
// sometimes have the same four by chance; then the text is ambiguous, and nothing is done.
const MinIDPart = 4

// Alike reports whether two names look alike, which they do if they have a skeleton in common; see [Skeletons].
func Alike(a, b string) bool {
	if a == b {
		return true
	}
	of := Skeletons(b)
	return slices.ContainsFunc(Skeletons(a), func(s string) bool { return slices.Contains(of, s) })
}

// Skeletons returns the skeletons of a name (UTS 39, section 4): texts in which characters that look alike are replaced by the same
// character. Two names look alike if they share a skeleton.
//
// A name has more than one because the two cases of a letter can look like different letters: the Greek Ν looks like a Latin N,
// and its small ν like a Latin v. One skeleton is of the name as it is shown, and one of the name in lower case. Invisible characters,
// blanks and marks do not count. lookAlikes adds to Unicode's table of confusables.
//
// A skeleton is only for comparison. It is never shown or stored, since another version of the table may give another one.
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

// A Reading is a name as a person may read it, letter by letter. It does not depend on case, width or script.
type Reading string

// Readings returns the readings of a name: as it is shown and, if that differs, in lower case.
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

// ReadingOf returns the reading of p's ID.
func ReadingOf(p peer.ID) Reading {
	r, _ := readASCII(p.String())
	return r
}

// ReadsAsID reports whether one of the readings of a name is the start or the end of the reading of a peer's ID.
func ReadsAsID(name []Reading, id Reading) bool {
	return slices.ContainsFunc(name, func(r Reading) bool {
		return len(r) >= MinIDPart && (strings.HasSuffix(string(id), string(r)) || strings.HasPrefix(string(id), string(r)))
	})
}

// ReadsAsAnyID reports whether a name can be read as beginning with 12D3, as the ID of every Ed25519 peer does.
func ReadsAsAnyID(name string) bool {
	start, _ := readASCII("12D3")
	return slices.ContainsFunc(Readings(name), func(r Reading) bool { return strings.HasPrefix(string(r), string(start)) })
}

// readASCII returns the reading of a text of ASCII letters, digits and "-_.", and false for any other text.
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

// appendLetter appends a small letter, or the two letters that look like it.
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

// small returns name in lower case, with the sigma of the end of a word as any other sigma.
func small(name string) string { return strings.ReplaceAll(strings.ToLower(name), "ς", "σ") }

// bones applies lower case and plain to s until nothing changes.
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

// plain returns s with each character replaced by the one that it looks like, without invisible characters, blanks and marks.
func plain(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFD.String(s) {
		switch {
		case 'a' <= r && r <= 'z' && r != 'm' || 'A' <= r && r <= 'Z' && r != 'I': // in no table
			b.WriteRune(r)
		case Invisible(r) || unicode.IsSpace(r) || decoration(r):
		default:
			b.WriteString(lookAlike(r))
		}
	}
	return b.String()
}

// lookAlike returns the text that r looks like. If r is in neither table, that is its compatibility decomposition, often r itself.
func lookAlike(r rune) string {
	if s, ok := lookAlikes[r]; ok {
		return s
	}
	if s := confusable.GetReplacement(r); s != "" {
		return s
	}
	return norm.NFKD.String(string(r))
}

// decoration reports whether r is a mark that a reader may overlook. A spacing mark of one script is none: it is a vowel with a column
// of its own.
func decoration(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me) || unicode.Is(unicode.Mc, r) && unicode.In(r, unicode.Common, unicode.Inherited)
}

// contract replaces a pair of letters by the letter that it looks like, and i by l, since a capital I looks like an l.
func contract(s string) string { return contractions.Replace(s) }

var contractions = strings.NewReplacer("rn", "m", "vv", "w", "i", "l")

// letterwise replaces a letter by the pair that it looks like. So the reading of the start of a text is the start of the reading of
// the text, which it is not with contract.
func letterwise(s string) Reading { return Reading(expansions.Replace(s)) }

var expansions = strings.NewReplacer("m", "rn", "w", "vv", "d", "cl", "i", "l")

// Invisible reports whether r is not visible itself: a control character, a joiner, a tag, a variation selector, or a letter or symbol
// that is blank.
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
		'\u303F',                   // half of a full-width space
		'\uFFFC',                   // stands for an object
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

// lookAlikes has what Unicode's table of confusables lacks: the letters of named, and others that are used to imitate a letter or are
// mistaken for it at a glance. i, l and 1 are one class, since a capital I looks like an l; so are o and 0. If the two cases of a
// Greek letter look like different Latin letters, the small one counts.
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
