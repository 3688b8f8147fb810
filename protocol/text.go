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

// The faults of a text, in words for people.
var (
	errUTF8      = errors.New("is not valid UTF-8")
	errEmpty     = errors.New("is empty")
	errNUL       = errors.New("holds a NUL character")
	errControl   = errors.New("holds a line break or control character")
	errBidi      = errors.New("holds a character that changes the direction of writing")
	errInvisible = errors.New("holds nothing that can be seen")
	errBlank     = errors.New("begins or ends with a blank")
)

// ValidText returns an error unless s is valid as the text of a line or a direct message: 1 to MaxText bytes of UTF-8 without NUL.
// Line breaks and control characters are allowed; the program that shows them makes them safe.
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

// NormalizeReason returns a reason that a person typed as it is sent: without blanks around it, in Unicode form NFC. It may be empty.
func NormalizeReason(s string) (string, error) { return normalize("reason", s, validReason) }

// NormalizeAway is NormalizeReason for the text of a person who is away.
func NormalizeAway(s string) (string, error) { return normalize("text", s, validAway) }

// NormalizeAppeal is NormalizeReason for the text of an appeal, which must not be empty or longer than MaxAppealRunes characters.
func NormalizeAppeal(s string) (string, error) { return normalize("appeal", s, validAppeal) }

// NormalizeSubject is NormalizeReason for a subject.
func NormalizeSubject(s string) (string, error) { return normalize("subject", s, validSubject) }

// NormalizeRoomName is NormalizeReason for the name of a new room, which must not be empty, longer than MaxRoomNameRunes characters,
// or contain an invisible character: a reader could not tell it from the name without that character. The room of another node may
// have such a name; see normalize.
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

// FoldName returns the name of a peer or of a room in the form in which names are compared: without blanks around it, with case
// folded, and in Unicode form NFKC, in which all forms and widths of a letter are the same.
func FoldName(s string) string {
	if s = strings.TrimSpace(s); isASCII(s) {
		return strings.ToLower(s)
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

// SameName reports whether a person who types a means the name b: they are the same but for FoldName.
func SameName(a, b string) bool { return a == b || FoldName(a) == FoldName(b) }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// normalize is for text that is typed at this node. A decoder requires less, since which text is NFC and which character is visible
// depends on the version of Unicode, and two nodes must never disagree about whether a record is well formed.
func normalize(what, s string, valid func(string) error) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	if err := valid(s); err != nil {
		return "", fmt.Errorf("protocol: the %s %w", what, err)
	}
	return s, nil
}

func validReason(s string) error  { return validLine(s, MaxReason) }
func validAway(s string) error    { return validLine(s, MaxAway) }
func validSubject(s string) error { return validLine(s, MaxSubject) }

// validAppeal returns an error unless s is one line of 1 to MaxAppealRunes characters.
func validAppeal(s string) error {
	if s == "" {
		return errEmpty
	}
	if n := utf8.RuneCountInString(s); n > MaxAppealRunes {
		return fmt.Errorf("has %d characters, at most %d are allowed", n, MaxAppealRunes)
	}
	return validLine(s, MaxAppeal)
}

func validRoomName(s string) error { return validName(s, MaxRoomName, MaxRoomNameRunes) }

// validNick returns an error for a nick that no record may have. The authority allows fewer nicks.
func validNick(s string) error { return validName(s, MaxNick, MaxNickRunes) }

// validAsked returns an error for a nick that no request may have. It allows almost any text, so that the authority can answer what
// is wrong with the nick.
func validAsked(s string) error {
	if s == "" {
		return errEmpty
	}
	return validChars(s, MaxNick)
}

// validName returns an error unless s is one line of 1 to runes runes, at most most bytes, without bidi controls.
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

// validLine returns an error unless s is one line of at most most bytes, perhaps empty, without blanks around it.
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

// isBreak reports whether r is a control character, or could end a line where it is shown.
func isBreak(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func isVisible(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }
