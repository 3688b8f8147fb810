package protocol

import (
	"strings"
	"testing"
	"unicode"

	"go.mau.fi/util/confusable"
	"pgregory.net/rapid"
)

func TestAlike(t *testing.T) {
	for _, alike := range [][]string{
		{"bob", "BOB", "b0b", "bоb", "ｂｏｂ", "böb", "bøb", "ЬОЬ", "ΒΟΒ", "ʙᴏʙ", "🅱🅾🅱", "ⲃⲟⲃ", "ƀoƀ", "ɓʘɓ", "b٥b", "b\u200bob", "b o b"},
		{
			"alice", "aIice", "a1ice", "аlісе", "ALICE", "älice", "alicé", "a|ice", "ꓮꓡꓲꓚꓰ", "ᎪᏞᏆᏟᎬ", "𝓪𝓵𝓲𝓬𝓮", "ᴀʟɪᴄᴇ", "ⓐⓛⓘⓒⓔ", "🅐🅛🅘🅒🅔", "🄰🄻🄸🄲🄴",
			"ɑłıçє", "🇦🇱🇮🇨🇪", "ａｌｉｃｅ", "al\U0001D159ice", "alice\uFFFC", "\U00013441alice", "ali\u2800ce", "ali\u3164ce", "ali\U000E0041ce", "alice\ufe0f",
		},
		{"paypal", "рауpаl", "paypaI"},
		{"lab", "1ab", "Iab", "LAB", "lаb", "l\u00adab", "la\u2060b", "la\u115fb", "lab\u034f", "ḷab", "ꓡꓮꓐ"},
		{"marne", "mame", "rnarne"},
		{"vvilly", "willy", "ѡilly"},
		{"dave", "clave", "cIave", "c1ave"},
		{"νικος", "ΝΙΚΟΣ", "νίκος"},
		{"ΝΙΚΗ", "Νίκη", "NIKH"},
		{"иван", "ИВАН", "Иван"},
		{"strasse", "straße"},
		{"a-b", "a‐b", "a–b"},
		{"\u200b", "\u2800\u2060"},
	} {
		for _, n := range alike[1:] {
			if !Alike(n, alike[0]) || !Alike(alike[0], n) {
				t.Errorf("%q %q and %q %q differ", n, Skeletons(n), alike[0], Skeletons(alike[0]))
			}
		}
	}
	for _, other := range [][2]string{
		{"bob", "rob"},
		{"alice", "alicia"},
		{"bob", "bob2"},
		{"мария", "марья"},
		{"李雷", "李磊"},
		{"anna", "hanna"},
		{"anna", "ahha"},
		{"nina", "viva"},
		{"Lucia", "Luda"},
		{"Clara", "Dara"},
		{"राम", "रमा"},
		{"김철수", "김영희"},
		{"小林", "大林"},
		{"ไทย", "ไท"},
		{"עמית", "עמיר"},
		{"محمد", "محمود"},
		{"🦊", "🦁"},
		{"José", "Jose2"},
		{"νικος", "νικη"},
		{"ana", "eva"},
	} {
		if Alike(other[0], other[1]) {
			t.Errorf("%q %q and %q %q are one", other[0], Skeletons(other[0]), other[1], Skeletons(other[1]))
		}
	}
}

// TestConfusablesAreAlike: a name in which a letter, in either case, is replaced by a character that Unicode's table says can be
// mistaken for it is alike.
func TestConfusablesAreAlike(t *testing.T) {
	n := 0
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		s := confusable.GetReplacement(r)
		if len(s) != 1 || s[0] > unicode.MaxASCII || !unicode.IsLetter(rune(s[0])) {
			continue
		}
		n++
		if name, with := "x"+s+"y", "x"+string(r)+"y"; !Alike(name, with) {
			t.Errorf("%s %U: %q and %q", s, r, Skeletons(name), Skeletons(with))
		}
	}
	if n < 1000 {
		t.Errorf("the table has only %d", n)
	}
}

// TestInvisibleDoesNotCount: two names that differ only in invisible characters are alike.
func TestInvisibleDoesNotCount(t *testing.T) {
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !Invisible(r) || unicode.Is(unicode.Cs, r) {
			continue
		}
		n++
		for _, name := range []string{string(r) + "lab", "la" + string(r) + "b", "lab" + string(r)} {
			if !Alike(name, "lab") {
				t.Fatalf("%U: %q has %q", r, name, Skeletons(name))
			}
		}
		if got, err := NormalizeRoomName("la" + string(r) + "b"); err == nil {
			t.Fatalf("%U: a room may be called %q", r, got)
		}
	}
	for r, says := range map[rune]string{
		0xad: "soft hyphen", 0x34f: "grapheme joiner", 0x115f: "Hangul filler", 0x1160: "Hangul filler", 0x17b4: "Khmer vowel", 0x180e: "Mongolian separator",
		0x200b: "zero width space", 0x200c: "non-joiner", 0x2060: "word joiner", 0x2065: "unassigned", 0x2800: "Braille blank", 0x3164: "Hangul filler",
		0xfe0f: "variation selector", 0xfeff: "byte order mark", 0xffa0: "Hangul filler", 0xfff3: "unassigned", 0xfffc: "object", 0x13441: "hieroglyph",
		0x13442: "hieroglyph", 0x16fe4: "Khitan filler", 0x1d159: "notehead", 0x1d173: "musical begin", 0xe0041: "tag", 0xe0100: "variation selector", 0xe0fff: "unassigned",
	} {
		if !Invisible(r) {
			t.Errorf("%U, %s, shows", r, says)
		}
	}
	if n < 4000 {
		t.Errorf("only %d characters do not show", n)
	}
}

// TestAlikeHoldsTogether: Alike does not depend on the order of its arguments, and a name is alike with its lower case.
func TestAlikeHoldsTogether(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.String().Draw(rt, "a"), rapid.String().Draw(rt, "b")
		if Alike(a, b) != Alike(b, a) {
			rt.Fatalf("%q and %q: it depends on the order", a, b)
		}
		if !Alike(a, strings.ToLower(a)) {
			rt.Fatalf("%q in lower case is another name: %q, %q", a, Skeletons(a), Skeletons(strings.ToLower(a)))
		}
		for _, k := range Skeletons(a) {
			if len(k) > 32*max(len(a), 1) {
				rt.Fatalf("%q grows to %d bytes", a, len(k))
			}
		}
	})
}

func TestReadsAsID(t *testing.T) {
	p := signer(t, 1).Peer()
	id := p.String() // 12D3KooW…
	end := id[len(id)-8:]
	for _, name := range []string{end, end[4:], end[2:], strings.ToUpper(end), strings.ToLower(end), id[:4], strings.ToLower(id[:9]), id[len(id)-30:], "l2D3KooW", "I2d3", "１２Ｄ３"} {
		if !ReadsAsID(Readings(name), ReadingOf(p)) {
			t.Errorf("%q does not read as %s", name, id)
		}
	}
	wide := strings.Map(func(r rune) rune { return r + 0xfee0 }, end)
	if !ReadsAsID(Readings(wide), ReadingOf(p)) {
		t.Errorf("%q does not read as %s", wide, id)
	}
	for _, name := range []string{"", "bob", end[5:], "x" + end, end + "x", id[20:30], "2D3K", "alice"} {
		if ReadsAsID(Readings(name), ReadingOf(p)) {
			t.Errorf("%q reads as %s", name, id)
		}
	}
	for name, want := range map[string]bool{"12D3": true, "12d3k": true, "l2d3koo": true, "I2D3x": true, "１２d3": true, "12d": false, "112D3": false, "bob": false} {
		if ReadsAsAnyID(name) != want {
			t.Errorf("%q reads as an ID: %v", name, !want)
		}
	}
}

// TestReadingsAgree: readASCII returns the reading that the general way returns.
func TestReadingsAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringMatching(`[0-9A-Za-z_.-]{0,20}`).Draw(rt, "name")
		quick, ok := readASCII(s)
		if !ok || quick != letterwise(bones(plain(s))) || quick != letterwise(bones(small(s))) {
			rt.Fatalf("%q is read as %q, %q and %q", s, quick, letterwise(bones(plain(s))), letterwise(bones(small(s))))
		}
	})
}

// TestParsePeer: of the texts that libp2p accepts as a peer ID, ParsePeer accepts only those of Ed25519 keys.
func TestParsePeer(t *testing.T) {
	p := signer(t, 1).Peer()
	if got, ok := ParsePeer(p.String()); !ok || got != p {
		t.Errorf("%s: %s, %v", p, got, ok)
	}
	weakID := peerOfKey(make([]byte, keySize))
	for _, s := range []string{"", "bob", "1YsFvyU", "11", "12D3KooW", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", weakID.String()} {
		if got, ok := ParsePeer(s); ok {
			t.Errorf("%q is the ID of %s", s, got)
		}
	}
}

func BenchmarkSkeletons(b *testing.B) {
	for _, name := range []string{"alice", "аlісе", "小林さん"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Skeletons(name)
			}
		})
	}
}
