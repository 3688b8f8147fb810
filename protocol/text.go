package protocol

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The faults of a text, in the words that a person is shown.
var (
	errUTF8      = errors.New("is not valid UTF-8")
	errEmpty     = errors.New("is empty")
	errNUL       = errors.New("holds a NUL character")
	errControl   = errors.New("holds a line break or control character")
	errBidi      = errors.New("holds a character that changes the direction of writing")
	errInvisible = errors.New("holds nothing that can be seen")
	errBlank     = errors.New("begins or ends with a blank")
)

// ValidText reports the fault of the text of a line or direct message: it is 1 to MaxText bytes of UTF-8 without
// NUL. Line breaks and control characters are allowed; the program that shows them makes them safe.
func ValidText(s string) error {
	switch {
	case s == "":
		return errEmpty
	case len(s) > MaxText:
		return fmt.Errorf("has %d bytes, at most %d are allowed", len(s), MaxText)
	case !utf8.ValidString(s):
		return errUTF8
	case strings.IndexByte(s, 0) >= 0:
		return errNUL
	}
	return nil
}

// NormalizeReason makes a typed reason fit for the wire: blanks around it dropped, Unicode form NFC. It may be empty.
func NormalizeReason(s string) (string, error) { return normalize("reason", s, validReason) }

// NormalizeSubject does for a subject what NormalizeReason does for a reason.
func NormalizeSubject(s string) (string, error) { return normalize("subject", s, validSubject) }

// NormalizeRoomName does so for a room's name, which may not be empty, nor longer than MaxRoomNameRunes characters, nor
// hold a character that does not show: two names that differ by it are one to a reader. Rooms of others may have such
// names all the same; see normalize.
func NormalizeRoomName(s string) (string, error) {
	s, err := normalize("room name", s, validRoomName)
	if err != nil {
		return "", err
	}
	if !strings.ContainsFunc(s, isVisible) {
		return "", fmt.Errorf("protocol: the room name %w", errInvisible)
	}
	if i := strings.IndexFunc(s, Invisible); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return "", fmt.Errorf("protocol: the room name holds a character that does not show, %U", r)
	}
	return s, nil
}

// FoldName is a name, of a peer or of a room, in the form in which names are compared: without blanks around it, in one
// normal form of Unicode (NFKC), so that it does not matter how a keyboard makes a letter or how wide it is, and in no case.
func FoldName(s string) string {
	if s = strings.TrimSpace(s); isASCII(s) {
		return strings.ToLower(s)
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

// SameName reports whether two names are one, as a person types them.
func SameName(a, b string) bool { return a == b || FoldName(a) == FoldName(b) }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// normalize is for text typed at this node. Decoders check less: which text is NFC, and which character is visible, depends
// on the Unicode version of the checker, and two nodes must never disagree about whether a record is well formed.
func normalize(what, s string, valid func(string) error) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	if err := valid(s); err != nil {
		return "", fmt.Errorf("protocol: the %s %w", what, err)
	}
	return s, nil
}

func validReason(s string) error  { return validLine(s, MaxReason) }
func validSubject(s string) error { return validLine(s, MaxSubject) }

func validRoomName(s string) error { return validName(s, MaxRoomName, MaxRoomNameRunes) }

// validNick is what every nick satisfies in a record. Which nicks a room allows is the authority's to say.
func validNick(s string) error { return validName(s, MaxNick, MaxNickRunes) }

// validAsked is what a nick that somebody asks for satisfies: little, so that the authority can answer what is wrong
// with it.
func validAsked(s string) error {
	if s == "" {
		return errEmpty
	}
	return validChars(s, MaxNick)
}

// validName is one line that shows something.
func validName(s string, most, runes int) error {
	if s == "" {
		return errEmpty
	}
	if n := utf8.RuneCountInString(s); n > runes {
		return fmt.Errorf("has %d characters, at most %d are allowed", n, runes)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) {
		return errBidi
	}
	return validLine(s, most)
}

// validLine is one line, perhaps empty, without blanks around it.
func validLine(s string, most int) error {
	if err := validChars(s, most); err != nil {
		return err
	}
	if strings.TrimSpace(s) != s {
		return errBlank
	}
	return nil
}

func validChars(s string, most int) error {
	switch {
	case len(s) > most:
		return fmt.Errorf("has %d bytes, at most %d are allowed", len(s), most)
	case !utf8.ValidString(s):
		return errUTF8
	case strings.ContainsFunc(s, isBreak):
		return errControl
	}
	return nil
}

// isBreak reports whether r could end a line, or do worse, where it is shown.
func isBreak(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func isVisible(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }
