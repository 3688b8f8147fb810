package protocol

import (
	"slices"
	"strings"
	"testing"

	"github.com/tyler-smith/go-bip39/wordlists"
)

func TestValidText(t *testing.T) {
	for _, s := range []string{"x", " ", "two\nlines\ttab", "\x1b[31mred", "grüß 👋🏽", strings.Repeat("x", MaxText)} {
		if err := ValidText(s); err != nil {
			t.Errorf("%.20q: %v", s, err)
		}
	}
	for _, s := range []string{"", "a\x00b", "\xff", "\xed\xa0\x80", strings.Repeat("x", MaxText+1), strings.Repeat("é", MaxText/2) + "x"} {
		if ValidText(s) == nil {
			t.Errorf("%.20q is valid", s)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		what    string
		f       func(string) (string, error)
		in, out string
	}{
		{"reason", NormalizeReason, "", ""},
		{"reason", NormalizeReason, "  too loud\n", "too loud"},
		{"reason", NormalizeReason, "cafe\u0301", "café"},
		{"reason", NormalizeReason, strings.Repeat("x", MaxReason), strings.Repeat("x", MaxReason)},
		{"subject", NormalizeSubject, " a  b ", "a  b"},
		{"room name", NormalizeRoomName, " lab ", "lab"},
		{"room name", NormalizeRoomName, "\u1112\u1161\u11ab", "한"},
		{"room name", NormalizeRoomName, "🔬", "🔬"},
		{"room name", NormalizeRoomName, strings.Repeat("é", MaxRoomNameRunes), strings.Repeat("é", MaxRoomNameRunes)},
	} {
		if got, err := c.f(c.in); err != nil || got != c.out {
			t.Errorf("%s %q: %q, %v; want %q", c.what, c.in, got, err, c.out)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, c := range []struct {
		what string
		f    func(string) (string, error)
		in   string
		says string
	}{
		{"reason", NormalizeReason, "a\nb", "line break"},
		{"reason", NormalizeReason, "a\x1bb", "control"},
		{"reason", NormalizeReason, "a\u0085b", "line break"},
		{"reason", NormalizeReason, "a\u2028b", "line break"},
		{"reason", NormalizeReason, "\xff", "UTF-8"},
		{"reason", NormalizeReason, strings.Repeat("x", MaxReason+1), "at most 400"},
		{"subject", NormalizeSubject, strings.Repeat("x", MaxSubject+1), "at most 400"},
		{"room name", NormalizeRoomName, "", "empty"},
		{"room name", NormalizeRoomName, " \t", "empty"},
		{"room name", NormalizeRoomName, "\u200b\u200d", "nothing that can be seen"},
		{"room name", NormalizeRoomName, "a\u202eb", "direction"},
		{"room name", NormalizeRoomName, "la\u200db", "does not show, U+200D"},
		{"room name", NormalizeRoomName, "a\x00b", "control"},
		{"room name", NormalizeRoomName, strings.Repeat("x", MaxRoomNameRunes+1), "33 characters, at most 32"},
		{"room name", NormalizeRoomName, strings.Repeat("x\u0323\u0301\u0302", 9), "characters"},
	} {
		got, err := c.f(c.in)
		if err == nil || got != "" || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s %.20q: %q, %v", c.what, c.in, got, err)
		}
	}
}

func TestRoomIDText(t *testing.T) {
	id := RoomID{1, 2, 3}
	s := id.String()
	for _, text := range []string{s, strings.ToUpper(s)} {
		if got, err := ParseRoomID(text); err != nil || got != id {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", s[:51], s + "a", s[:51] + "b", "\n" + s, s[:10] + "\r\n" + s[10:], strings.Replace(s, "a", "1", 1)} {
		if _, err := ParseRoomID(text); err == nil {
			t.Errorf("%q is a room id", text)
		}
	}
}

func TestWords(t *testing.T) {
	alice, bob := signer(t, 1).Peer(), signer(t, 2).Peer()
	// The words of a key must be the same in every version, since people compare them.
	if got, want := Words(alice), "lobster ice vivid smooth common ritual poverty imitate"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	words := strings.Fields(Words(bob))
	if len(words) != wordCount || Words(bob) == Words(alice) {
		t.Errorf("%q", words)
	}
	for _, w := range words {
		if !slices.Contains(wordlists.English, w) {
			t.Errorf("%q is not in the list", w)
		}
	}
}

func TestBitsAt(t *testing.T) {
	b := []byte{0b10110011, 0b01010101, 0b11111111}
	for _, c := range []struct{ at, n, want int }{{0, 1, 1}, {0, 8, 0b10110011}, {4, 8, 0b00110101}, {11, 11, 0b10101111111}} {
		if got := bitsAt(b, c.at, c.n); got != c.want {
			t.Errorf("bitsAt(%d, %d) = %b, want %b", c.at, c.n, got, c.want)
		}
	}
}

func TestShortID(t *testing.T) {
	id := signer(t, 1).Peer()
	if got := ShortID(id); len(got) != 8 || !strings.HasSuffix(id.String(), got) {
		t.Errorf("%q of %s", got, id)
	}
	if got := ShortID(""); got != "" {
		t.Errorf("of nobody: %q", got)
	}
}
