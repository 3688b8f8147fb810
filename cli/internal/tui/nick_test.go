package tui

import (
	"slices"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/node"
)

// TestScreenTakenNick: if a nick is taken, the console asks whether to use a free one; y uses it, and a letter begins another
// nick.
func TestScreenTakenNick(t *testing.T) {
	for _, opening := range []*command.Opening{nil, {Wait: command.JoinWait, Knocks: true, Target: "lab", Run: memberOpening}} {
		for key, want := range map[string]string{"n": "/join lab --nick ", "a": "/join lab --nick a", "B": "/join lab --nick B"} {
			f := clitest.NewNode()
			f.Errors["join"] = clitest.NickTaken("bob2")
			g := sitBefore(t, f, 90, 24, opening)
			if opening == nil {
				g.says("/join lab")
			}
			g.sees("that nick is taken: join as bob2?", "[y] yes  [n] no, or type another")
			g.press(key)
			if got := g.m.input.text(); got != want || g.quit {
				t.Errorf("%q put %q into the input; ended: %v", key, got, g.quit)
			}
		}
		f := clitest.NewNode()
		f.Errors["join"] = clitest.NickTaken("bob2")
		g := sitBefore(t, f, 90, 24, opening)
		if opening == nil {
			g.says("/join lab")
		}
		g.f.Did()
		g.passes(2 * calm)
		f.Errors["join"] = clitest.NickTaken("bob3")
		g.press("y")
		if got := g.f.Did(); !slices.Contains(got, "join lab as bob2") {
			t.Errorf("after y: %q", got)
		}
		g.sees("that nick is taken: join as bob3?")
		delete(f.Errors, "join")
		g.passes(2 * calm)
		g.press("y")
		if got := g.f.Did(); !slices.Contains(got, "join lab as bob3") {
			t.Errorf("after y: %q", got)
		}
		g.sees("you are in lab")
	}
}

// TestScreenRename: a taken nick is a question; a line that names the new nick calls, and one with the old nick does not.
func TestScreenRename(t *testing.T) {
	f := clitest.NewNode()
	g := sitBefore(t, f, 90, 24, &command.Opening{Wait: command.JoinWait, Target: "lab", Run: memberOpening})
	g.sees("you are in lab")
	f.Errors["nick"] = clitest.NickTaken("alice2")
	g.says("/nick alice")
	g.sees("that nick is taken: use alice2?")
	g.press("a")
	if got := g.m.input.text(); got != "/nick a" {
		t.Errorf("the input has %q", got)
	}
	g.m.input.set("")
	g.says("/nick alice")
	delete(f.Errors, "nick")
	g.f.Did()
	g.passes(2 * calm)
	g.press("y")
	if got := g.f.Did(); !slices.Contains(got, "nick lab alice2") {
		t.Errorf("after y: %q", got)
	}
	g.hears(node.Renamed{Peer: clitest.MeID, Nick: "robert", OldNick: "bob", Self: true})
	g.hears(clitest.Spoken(1, "robert: look"))
	g.hears(clitest.Spoken(2, "bob: look"))
	g.sees("you are robert now", "bob: look")
	var kinds []lineKind
	for _, l := range g.m.tabs.shown().scroll.lines {
		if l.id != "" {
			kinds = append(kinds, l.kind)
		}
	}
	if !slices.Equal(kinds, []lineKind{calling, said}) {
		t.Errorf("the lines are %v", kinds)
	}
}

// TestHues: two speakers have the same style only if every style is in use; a speaker keeps its style.
func TestHues(t *testing.T) {
	h := make(hues)
	var members []node.MemberInfo
	seen := map[int]bool{}
	for _, name := range []string{"alice", "bob", "carol", "dave", "eve"} {
		p := node.PeerID(name)
		members = append(members, node.MemberInfo{Peer: p, Nick: name})
		i := h.of(p, name, members)
		if seen[i] {
			t.Errorf("%s has a style that another has", name)
		}
		if seen[i] = true; h.of(p, "x"+name, nil) != i {
			t.Errorf("the style of %s changes", name)
		}
	}
	if first := make(hues).of("bob", "bob", nil); first != hue("bob") || first != make(hues).of("another", "bob", nil) {
		t.Error("the style of a name is not always the same")
	}
	// Present members come first: the sixth gets the style of a member that has left.
	if i := h.of("frank", "frank", members[1:]); i != h["alice"] {
		t.Errorf("frank has style %d, and alice, a former member, %d", i, h["alice"])
	}
	for i := range 2 * maxHues {
		h.of(node.PeerID(rune(0x4e00+i)), "x", nil)
	}
	if len(h) > maxHues {
		t.Errorf("%d styles are kept", len(h))
	}
}
