package node

import (
	"testing"

	"localchat/protocol"
)

// TestNamesAreFolded: a room and a nick are found by every form of their name that a keyboard makes: in either normal form, in
// capitals, in wide letters, with blanks around it; a room also by its ID in capitals. Other names differ.
func TestNamesAreFolded(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		made := must(alice.Create(l.ctx(), CreateOptions{Name: "Cafe\u0301 Straße ", Nick: "Zoe\u0308", PolicyChange: openRoom()}))
		if made.Name != "Caf\u00e9 Straße" {
			t.Errorf("the room is called %+q", made.Name)
		}
		names := []string{"Café Straße", "Cafe\u0301 Straße", "CAFÉ STRASSE", " café\u00a0straße\t", "Ｃａｆé\u3000straße", made.ID.String(), " " + made.ID.String()}
		joined := must(bob.Join(l.ctx(), JoinOptions{Room: "CAFE\u0301 straße ", Nick: "Ｂｏｂ"}))
		if joined.Nick != "Bob" {
			t.Errorf("bob is called %+q", joined.Nick)
		}
		for _, name := range names {
			must(bob.Say(l.ctx(), name, "hello", false))
			for _, who := range []string{"Zoë", "zoe\u0308", "ZOË", "@zoë", " Zoë ", "Ｚoë"} {
				must(bob.Tell(l.ctx(), name, who, "psst"))
			}
		}
		for _, name := range []string{"Cafe Strasse", "Café", "Café-Straße", ""} {
			if _, err := bob.Say(l.ctx(), name, "hello", false); name != "" && AsError(err).Code != CodeNotFound {
				t.Errorf("%q: %v", name, err)
			}
		}
		if _, err := bob.Tell(l.ctx(), names[0], "zoe", "psst"); err == nil {
			t.Error("zoe is taken for Zoë")
		}
		must(alice.Ban(l.ctx(), names[1], "ＢＯＢ ", "", 0))
		until[Removed](l.subs["bob"], nil)
		must(alice.Unban(l.ctx(), names[2], " bob"))
		must(bob.Join(l.ctx(), JoinOptions{Room: names[3], Nick: "bob"}))
		must(0, bob.Leave(l.ctx(), names[4]))
		if _, err := bob.Say(l.ctx(), names[2], "hello", false); AsError(err).Code != CodeNotMember {
			t.Errorf("a room that was left, in capitals: %v", err)
		}
	})
}

func TestFoldName(t *testing.T) {
	for _, same := range [][]string{
		{"lab", "LAB", " lab ", "ｌａｂ", "Lab\u3000"}, {"é", "e\u0301", "É", "E\u0301"}, {"ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ"}, {"각", "\u1100\u1161\u11a8"}, {"ﬁn", "fin", "FIN"}, {"", " "},
	} {
		for _, a := range same {
			if !protocol.SameName(a, same[0]) || protocol.FoldName(protocol.FoldName(a)) != protocol.FoldName(a) {
				t.Errorf("%+q is %+q, and %+q is %+q", a, protocol.FoldName(a), same[0], protocol.FoldName(same[0]))
			}
		}
	}
	for _, other := range [][2]string{{"lab", "l\u200bab"}, {"lab", "1ab"}, {"e", "é"}, {"a b", "ab"}, {"аlice", "alice"}} {
		if protocol.SameName(other[0], other[1]) {
			t.Errorf("%+q is %+q", other[0], other[1])
		}
	}
}
