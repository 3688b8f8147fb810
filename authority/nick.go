package authority

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"localchat/protocol"
)

// reserved are names that would let a member speak as the program, as the owner's office or as everybody. They are
// compared by NickKey, so their look-alikes are reserved as well.
var reserved = []string{
	"system", "localchat", "server", "owner", "authority", "room", "me", "you", "all", "everyone", "everybody", "here",
}

var reservedKeys = func() map[string]bool {
	keys := make(map[string]bool, len(reserved))
	for _, r := range reserved {
		keys[NickKey(r)] = true
	}
	return keys
}()

// peerIDPrefix begins every Ed25519 peer ID; a command's WHO is a nick or the start of one.
const peerIDPrefix = "12d3koo"

// NormalizeNick is the nick as it is assigned and shown: the Nickname profile of PRECIS (RFC 8266), one word, at most
// [protocol.MaxNickRunes] long. The error is an ErrNickBad that says what is wrong.
func NormalizeNick(s string) (string, error) {
	if len(s) > 2*protocol.MaxNick { // before any work on it: normalising can shorten, but not by more
		return "", fmt.Errorf("%w: it is too long", ErrNickBad)
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: it is not text", ErrNickBad)
	}
	nick, err := precis.Nickname.String(s)
	if err != nil || nick == "" {
		return "", fmt.Errorf("%w: it is empty, or has a character that does not show", ErrNickBad)
	}
	switch {
	case len(nick) > protocol.MaxNick || utf8.RuneCountInString(nick) > protocol.MaxNickRunes:
		return "", fmt.Errorf("%w: it is longer than %d characters", ErrNickBad, protocol.MaxNickRunes)
	case strings.ContainsFunc(nick, unicode.IsSpace):
		return "", fmt.Errorf("%w: it is an argument of commands, so it is one word", ErrNickBad)
	case strings.ContainsFunc(nick, invisible) || !strings.ContainsFunc(nick, unicode.IsGraphic):
		return "", fmt.Errorf("%w: it has a character that does not show", ErrNickBad)
	case strings.ContainsFunc(nick[:1], func(r rune) bool { return strings.ContainsRune("/@#*<>-+&!~%=.:\"'`", r) }):
		return "", fmt.Errorf("%w: it begins with a sign that means something else", ErrNickBad)
	case stacked(nick):
		return "", fmt.Errorf("%w: it piles up marks", ErrNickBad)
	case strings.HasPrefix(strings.ToLower(nick), peerIDPrefix):
		return "", fmt.Errorf("%w: it looks like a peer ID", ErrNickBad)
	}
	key := NickKey(nick)
	switch {
	case key == "":
		return "", fmt.Errorf("%w: it has nothing to tell it by", ErrNickBad)
	case reservedKeys[key]:
		return "", fmt.Errorf("%w: it is reserved", ErrNickBad)
	}
	return nick, nil
}

// checkAssigned refuses a nick in a record that is not as NormalizeNick gives it.
func checkAssigned(nick string) error {
	n, err := NormalizeNick(nick)
	if err == nil && n != nick {
		return fmt.Errorf("%w: it is not in its normal form", ErrNickBad)
	}
	return err
}

// NickKey is what two nicks that look alike have in common; a room has every key once. It folds case, width, marks and
// the best-known look-alikes of Latin, Greek, Cyrillic and Armenian letters and digits. It is not the whole of Unicode's
// table: words are there for who must be sure.
func NickKey(nick string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(nick) {
		if unicode.Is(unicode.M, r) {
			continue
		}
		r = unicode.ToLower(r)
		if p, ok := lookAlikes[r]; ok {
			b.WriteString(p)
		} else {
			b.WriteRune(r)
		}
	}
	// Pairs that read as one letter, after the letters themselves are plain.
	return pairs.Replace(b.String())
}

var pairs = strings.NewReplacer("rn", "m", "vv", "w")

// nickSortKey is the comparison key of PRECIS: what a person types finds a nick by it.
func nickSortKey(nick string) string {
	key, err := precis.Nickname.CompareKey(nick)
	if err != nil {
		return nick
	}
	return key
}

// invisible finds what PRECIS lets pass and a terminal shows as nothing, or as a change of direction.
func invisible(r rune) bool {
	switch {
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Variation_Selector,
		unicode.Other_Default_Ignorable_Code_Point):
		return true
	case r == '\u2800': // the Braille cell without dots
		return true
	}
	return false
}

// stacked reports more than two combining marks on one letter: they reach into the lines above.
func stacked(s string) bool {
	marks := 0
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > 2 {
			return true
		}
	}
	return false
}

// lookAlikes maps lower-case letters, and digits, to what they are taken for. i, l and 1 are one class since an upper-case
// I is; so are o and 0. Where the two cases of a Greek letter look like different Latin ones, the lower case counts.
var lookAlikes = func() map[rune]string {
	m := make(map[rune]string)
	for plain, like := range map[string]string{
		"a": "аαɑ", "b": "вьβƅ", "c": "сϲᴄ", "d": "ԁđɗ", "e": "еєεҽ", "f": "ғƒϝ", "g": "ɡցǥ", "h": "һнհħ",
		"j": "јϳ", "k": "кκ", "l": "i1|!ıіιӏłɩǀ", "m": "мṃ", "n": "пηոռ", "o": "0оοօσøө", "p": "рρ", "q": "ԛգ",
		"r": "гᴦ", "s": "ѕʂտ", "t": "тτŧ", "u": "υսцμʋ", "v": "νѵ", "w": "ԝωѡա", "x": "хχ", "y": "уγүʏ", "z": "ᴢʐƶ",
		"3": "зʒӡ", "4": "ч", "6": "б", "-": "‐‑‒–—−", "ae": "æ", "oe": "œ", "ss": "ß",
	} {
		for _, r := range like {
			m[r] = plain
		}
	}
	return m
}()
