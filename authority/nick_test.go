package authority

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"go.mau.fi/util/confusable"
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

// A nick has one script, or scripts that are written together. Characters that all scripts share may be in any nick.
func TestOneScript(t *testing.T) {
	for _, nick := range []string{
		"José", "Zoë", "Ægir", "Müller", "小林さん", "コバヤシ", "小林コ", "김철수", "金철수", "李ㄌㄟˇ", "Иван", "Иван2", "محمد", "محمد٢", "עמית", "ไทย", "हिन्दी", "Νίκος", "Արամ",
		"გიორგი", "ᏣᎳᎩ", "🦊", "fox🦊", "Иван🦊", "o'neil", "x_x", "ー", "42",
	} {
		if got, err := NormalizeNick(nick); err != nil || got != nick {
			t.Errorf("%q: %q, %v", nick, got, err)
		}
	}
	for _, nick := range []string{
		"bоb", "Ivаn", "Иvан", "µtorrent", "aliceα", "bob小", "さб", "한さ", "b٥b", "bob۵", "bobह", "ab१", "ⲃob", "ꓮlice", "ᎪLICE", "ҽva", "ไobob", "ㄌ한",
	} {
		if got, err := NormalizeNick(nick); !errors.Is(err, ErrNickBad) || !strings.Contains(err.Error(), "scripts") {
			t.Errorf("%q: %q, %v", nick, got, err)
		}
	}
}

// No nick is admitted that differs from a member's nick only by a character which, as Unicode says, can be mistaken for the one in its
// place, in either case; nor one that looks the same in another script.
func TestNobodyLooksLikeAMember(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	members := []string{"alice", "bob", "carol", "dave", "Мария", "mallory", "w1lly"}
	for _, m := range members[1:] {
		w.join(m)
	}
	state := w.ledger.state
	admitted := func(nick string) bool {
		n, err := NormalizeNick(nick)
		return err == nil && state.mayAdmit(id("mimic"), n, w.now) == nil
	}
	swaps := 0
	for r := rune(0x21); r <= unicode.MaxRune; r++ {
		like := confusable.GetReplacement(r)
		if like == "" || len(like) > 4 {
			continue
		}
		for _, m := range members {
			for _, form := range []string{m, strings.ToUpper(m)} {
				if !strings.Contains(form, like) {
					continue
				}
				swaps++
				if nick := strings.Replace(form, like, string(r), 1); admitted(nick) {
					t.Errorf("%q (%U) is admitted beside %s", nick, r, m)
				}
			}
		}
	}
	if swaps < 1500 {
		t.Errorf("only %d nicks were tried", swaps)
	}
	for _, nick := range []string{
		"ꓮꓡꓲꓚꓰ", "ᎪᏞᏆᏟᎬ", "ᴀʟɪᴄᴇ", "ʙᴏʙ", "🅰🅻🅸🅲🅴", "𝓪𝓵𝓲𝓬𝓮", "ɑɭıƈɇ", "ⲃⲟⲃ", "ΒΟΒ", "ВОВ", "ᏴᎾᏴ", "clave", "cIave", "rnallory", "vv1lly", "vvi11y", "Mapия", "ᗷOᗷ", "ƁƟƁ",
		"bob\U0001D159", "\U00013441bob", "bo\U00013442b", "bob\uFFFC", "bo\u2800b", "bob\u3164", "b\u115fob", "bob\U00016FE4",
	} {
		if admitted(nick) {
			t.Errorf("%q is admitted: %q", nick, protocol.Skeletons(nick))
		}
	}
	for _, nick := range []string{"José", "Zoë", "小林さん", "김철수", "Иван", "محمد", "עמית", "ไทย", "हिन्दी", "🦊", "bobby", "alicia", "Lucia", "Dan", "Clan"} {
		if !admitted(nick) {
			t.Errorf("%q is not admitted", nick)
		}
	}
}

// A nick must not read as the end of the ID of a peer that is here, however it is written. No nick keeps out the peer whose ID it reads
// as.
func TestNickIsNobodysID(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	w.join("bob")
	end := func(name string, n int) string { s := id(name).String(); return s[len(s)-n:] }
	answered := func(peer, nick string, want protocol.JoinCode) {
		t.Helper()
		if got := w.knockAs(peer, nick, protocol.Token{}); got.Code != want {
			t.Errorf("%s by the nick %q is answered %v", peer, nick, got.Code)
		}
	}
	wide := strings.Map(func(r rune) rune { return r + 0xfee0 }, end("bob", 6))
	for _, nick := range []string{end("bob", 4), end("bob", 6), end("bob", 8), strings.ToUpper(end("bob", 8)), strings.ToLower(end("bob", 6)), wide, end("alice", 5), end("mallory", 6), id("bob").String()[:20], "12D3", "l2d3K"} {
		answered("mallory", nick, protocol.JoinNickBad)
	}
	answered("carol", "carol", protocol.JoinWaiting)
	answered("mallory", end("carol", 6), protocol.JoinNickBad)
	answered("mallory", end("dave", 6), protocol.JoinWaiting) // dave is not here yet
	answered("dave", "dave", protocol.JoinWaiting)
	w.must(Accept{Peer: id("mallory")})
	answered("dave", "dave", protocol.JoinWaiting)
	w.must(Accept{Peer: id("dave")})
	// A peer at the door whose nick is the end of an admitted peer's ID needs another nick; the peer with the ID does not.
	answered("eve", end("frank", 7), protocol.JoinWaiting)
	answered("frank", "frank", protocol.JoinWaiting)
	w.must(Accept{Peer: id("frank")})
	if _, _, err := w.ledger.Step(w.env(), Accept{Peer: id("eve")}); !errors.Is(err, ErrNoKnock) {
		t.Errorf("eve is accepted by the end of frank's ID: %v", err)
	}
	if _, _, err := w.ledger.Step(w.env(), MakeInvite{Nick: end("carol", 7)}); !errors.Is(err, ErrNickBad) {
		t.Errorf("an invite for the end of an ID: %v", err)
	}
	if _, _, err := w.ledger.Step(w.env(), Accept{Peer: id("carol")}); err != nil {
		t.Error(err)
	}
}

// Whatever nick is asked for, the assigned nick is its own normal form and within the bounds, and its key does not depend on case.
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
			if !protocol.Alike(other, nick) || protocol.Skeletons(other)[0] != protocol.Skeletons(nick)[0] {
				rt.Fatalf("%q has %q, %q has %q", nick, protocol.Skeletons(nick), other, protocol.Skeletons(other))
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
