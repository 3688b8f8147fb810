package authority

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"localchat/protocol"
)

// reserved has names that a member must not have, since its lines would seem to be of the program, of the owner or of everybody.
// Nicks are compared with them by skeleton, so look-alikes are reserved too.
var reserved = []string{
	"system", "localchat", "server", "owner", "authority", "room", "me", "you", "all", "everyone", "everybody", "here",
}

var reservedKeys = func() map[string]bool {
	keys := make(map[string]bool, len(reserved))
	for _, r := range reserved {
		for _, key := range protocol.Skeletons(r) {
			keys[key] = true
		}
	}
	return keys
}()

// NormalizeNick returns a nick in the normal form in which it is assigned and shown: that of the Nickname profile of PRECIS (RFC
// 8266), of one word and at most [protocol.MaxNickRunes] runes. Its error is an ErrNickBad that says what is wrong.
func NormalizeNick(s string) (string, error) {
	if len(s) > 2*protocol.MaxNick { // look before any work: the normal form is at least half as long
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
	case protocol.ReadsAsAnyID(nick):
		return "", fmt.Errorf("%w: it looks like a peer ID", ErrNickBad)
	case !oneScript(nick):
		return "", fmt.Errorf("%w: it has letters of several scripts", ErrNickBad)
	}
	for _, key := range protocol.Skeletons(nick) {
		switch {
		case key == "":
			return "", fmt.Errorf("%w: it has nothing to tell it by", ErrNickBad)
		case reservedKeys[key]:
			return "", fmt.Errorf("%w: it is reserved", ErrNickBad)
		}
	}
	return nick, nil
}

// FreeNick returns a nick to propose to p in place of one that is taken: the same with a number appended, which nobody in the room or
// at its door has. It returns "" if there is none up to MaxProposed.
func (l Ledger) FreeNick(p peer.ID, nick string) string {
	for n := 2; n <= MaxProposed; n++ {
		free, err := NormalizeNick(Numbered(nick, n))
		if err != nil || l.state.NickTaken(free) || l.state.misleads(p, free) {
			continue
		}
		me := newBadge(p, free)
		if !slices.ContainsFunc(l.knocks, func(k Knocking) bool {
			return k.Peer != p && (protocol.Alike(k.Nick, free) || me.readsAs(newBadge(k.Peer, k.Nick)))
		}) {
			return free
		}
	}
	return ""
}

// Numbered returns nick with n appended, in place of a number that it ends with. It shortens nick if the result would be too long.
func Numbered(nick string, n int) string {
	number := strconv.Itoa(n)
	base := []rune(strings.TrimRight(nick, "0123456789"))
	for len(base) > 0 && (len(base)+len(number) > protocol.MaxNickRunes || len(string(base))+len(number) > protocol.MaxNick) {
		base = base[:len(base)-1]
	}
	return string(base) + number
}

// checkAssigned returns an error for a nick of a record that is not in the form that NormalizeNick returns.
func checkAssigned(nick string) error {
	n, err := NormalizeNick(nick)
	if err == nil && n != nick {
		return fmt.Errorf("%w: it is not in its normal form", ErrNickBad)
	}
	return err
}

// nickSortKey returns the comparison key of PRECIS, by which a nick that a person types is found, and by which members are sorted.
func nickSortKey(nick string) string {
	key, err := precis.Nickname.CompareKey(nick)
	if err != nil {
		return nick
	}
	return key
}

// invisible reports whether a terminal shows r not at all, or as a change of direction. PRECIS allows some of these.
func invisible(r rune) bool { return protocol.Invisible(r) || unicode.Is(unicode.Cf, r) }

// writings has the sets of scripts that are written together, by UTS 39, section 5.1: a nick has one script, or one of these sets.
// Digits, marks and symbols that all scripts share have no script.
var writings = [][]string{{"Han", "Hiragana", "Katakana"}, {"Han", "Bopomofo"}, {"Han", "Hangul"}}

// oneScript reports whether all letters of a nick are of one script, or of a set that is written together.
func oneScript(nick string) bool {
	var first string
	for _, r := range nick {
		switch script := scriptOf(r); {
		case script == "" || script == first:
		case first == "":
			first = script
		default:
			return slices.ContainsFunc(writings, func(w []string) bool {
				return !strings.ContainsFunc(nick, func(r rune) bool { s := scriptOf(r); return s != "" && !slices.Contains(w, s) })
			})
		}
	}
	return true
}

// scriptOf returns the script of r, or "" if all scripts share r.
func scriptOf(r rune) string {
	switch {
	case unicode.Is(unicode.Latin, r):
		return "Latin"
	case '\u0660' <= r && r <= '\u0669':
		return "Arabic" // its digits, which Unicode counts as common to several scripts
	case unicode.In(r, unicode.Common, unicode.Inherited):
		return ""
	}
	for name, table := range unicode.Scripts { // scripts do not overlap
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}

// stacked reports whether a letter of s has more than two combining marks, which would cover the lines above.
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
