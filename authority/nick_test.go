package authority

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"localchat/protocol"
)

func TestNormalizeNick(t *testing.T) {
	for in, want := range map[string]string{
		"bob": "bob", "Bob": "Bob", " bob ": "bob", "ｂｏｂ": "bob", "Zoë": "Zoë", "Zoe\u0308": "Zoë", "李雷": "李雷",
		"мария": "мария", "bob_2": "bob_2", "o'neil": "o'neil", "🦊": "🦊", "a": "a", "systematic": "systematic",
		strings.Repeat("x", protocol.MaxNickRunes): strings.Repeat("x", protocol.MaxNickRunes),
	} {
		got, err := NormalizeNick(in)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
	}
	for name, in := range map[string]string{
		"empty": "", "blank": "   ", "two words": "bob smith", "no-break space": "bob\u00a0smith", "too long": strings.Repeat("x", 33),
		"far too long": strings.Repeat("x", 1<<20), "not UTF-8": "bob\xff", "NUL": "bob\x00", "escape": "\x1b[31mbob", "newline": "bob\n2",
		"C1": "bob\u009b2J", "bidi override": "bob\u202egpj", "bidi isolate": "bob\u2066x", "bidi mark": "bob\u200f", "zero width space": "b\u200bob",
		"zero width joiner": "b\u200dob", "byte order mark": "\ufeffbob", "soft hyphen": "b\u00adob", "tag": "bob\U000E0041",
		"variation selector": "bob\ufe0f", "Hangul filler": "\u3164", "half-width filler": "\uffa0", "Braille blank": "\u2800", "private use": "\ue000",
		"line separator": "bob\u2028", "marks alone": "\u0301", "zalgo": "b\u0300\u0301\u0302\u0303ob", "slash": "/kick", "at": "@bob", "hash": "#lab",
		"star": "*bob", "angle": "<bob>", "dash": "-x", "peer ID": "12D3KooWLvBN3kVN", "peer ID in another case": "12d3koowlvbn",
		"system": "system", "SYSTEM": "SYSTEM", "Cyrillic SYSTEM": "ЅYЅТЕМ", "full-width system": "ｓｙｓｔｅｍ", "owner": "0wner", "all": "a11", "localchat": "LocalChat",
	} {
		if got, err := NormalizeNick(in); !errors.Is(err, ErrNickBad) || !errors.Is(err, ErrRule) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestLookAlikes(t *testing.T) {
	for _, alike := range [][]string{
		{"bob", "BOB", "b0b", "bоb", "ｂｏｂ", "böb", "bøb", "ЬОЬ"},
		{"alice", "aIice", "a1ice", "аlісе", "ALICE", "älice", "alicé", "a|ice"},
		{"paypal", "рауpаl", "paypaI"},
		{"marne", "mame"},
		{"vvilly", "willy"},
		{"scope", "ѕсоре"},
		{"pho", "ρho"},
		{"strasse", "straße"},
		{"a-b", "a‐b", "a–b"},
	} {
		for _, n := range alike[1:] {
			if NickKey(n) != NickKey(alike[0]) {
				t.Errorf("%q (%q) and %q (%q) differ", n, NickKey(n), alike[0], NickKey(alike[0]))
			}
		}
	}
	for _, other := range [][2]string{{"bob", "rob"}, {"alice", "alicia"}, {"bob", "bob2"}, {"мария", "марья"}, {"李雷", "李磊"}, {"anna", "hanna"}} {
		if NickKey(other[0]) == NickKey(other[1]) {
			t.Errorf("%q and %q are one", other[0], other[1])
		}
	}
}

// Whatever is asked for: what is assigned is its own normal form, within bounds, and a nick in another case never has
// another key.
func TestNicksHoldTogether(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := rapid.String().Draw(rt, "nick")
		nick, err := NormalizeNick(in)
		if err != nil {
			if !errors.Is(err, ErrNickBad) {
				rt.Fatal(err)
			}
			return
		}
		if err := checkAssigned(nick); err != nil {
			rt.Fatalf("%q is assigned as %q, which is refused: %v", in, nick, err)
		}
		if utf8.RuneCountInString(nick) > protocol.MaxNickRunes || len(nick) > protocol.MaxNick {
			rt.Fatalf("%q is too long", nick)
		}
		for _, other := range []string{strings.ToLower(nick), nickSortKey(nick)} {
			if NickKey(other) != NickKey(nick) {
				rt.Fatalf("%q has key %q, %q has %q", nick, NickKey(nick), other, NickKey(other))
			}
		}
	})
}

func FuzzNormalizeNick(f *testing.F) {
	for _, s := range []string{"bob", "ЅYЅТЕМ", "b\u200bob", "12D3KooW", "İ", "ǅ", "ſ", "\u1e9e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		nick, err := NormalizeNick(s)
		if err != nil {
			return
		}
		if again, err := NormalizeNick(nick); err != nil || again != nick {
			t.Fatalf("%q gives %q gives %q, %v", s, nick, again, err)
		}
	})
}
