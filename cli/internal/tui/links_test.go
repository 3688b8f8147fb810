package tui

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// withLinks turns links on for a test.
func withLinks(t interface{ Cleanup(func()) }) {
	render.ShowLinks(true)
	t.Cleanup(func() { render.ShowLinks(false) })
}

// link matches a link as it is written to a terminal. Its text may contain colours.
var link = regexp.MustCompile("\x1b\\]8;;([!-~]+)\x07([^\x07]*)\x1b\\]8;;\x07")

// unlinked returns a row without its links. It fails if a link does not lead where its text says, over http or https.
func unlinked(t interface{ Errorf(string, ...any) }, row string) string {
	for _, l := range link.FindAllStringSubmatch(row, -1) {
		if shown := style.ReplaceAllString(l[2], ""); shown != l[1] || !strings.HasPrefix(l[1], "http://") && !strings.HasPrefix(l[1], "https://") {
			t.Errorf("%q leads to %q", shown, l[1])
		}
	}
	return link.ReplaceAllString(row, "$2")
}

// TestLinksOnTheScreen: an address that fits on one row is a link, on every screen that has links; one that is broken over
// rows or cropped is not.
func TestLinksOnTheScreen(t *testing.T) {
	const address, words = "https://example.org/build/1234", "<dave> look: https://example.org/build/1234, it is red"
	drawn := func(width int) string {
		s := scroll{}
		s.resize(width, 24, false)
		s.add(line{kind: said, text: words, head: len("<dave>")})
		var b strings.Builder
		for _, r := range s.rows(0) {
			b.WriteString(r.text + "\n")
		}
		return b.String()
	}
	printed := func(width int) string {
		out := clitest.WideScreen{Width: width}
		if err := render.Data(&out, words); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for name, on := range map[string]func(width int) string{"full screen": drawn, "plain": printed} {
		if shown := on(80); strings.Contains(shown, "\x1b]8") {
			t.Errorf("%s: a link on a terminal without: %q", name, shown)
		}
	}
	withLinks(t)
	for name, on := range map[string]func(width int) string{"full screen": drawn, "plain": printed} {
		for width := 10; width < 80; width++ {
			shown := on(width)
			rows := ansi.Strip(shown)
			whole := strings.Contains(rows, address)
			links := strings.Count(shown, "\x1b]8;;h")
			if got := strings.Contains(shown, ansi.SetHyperlink(address)+address+ansi.ResetHyperlink()); got != whole || got != (links == 1) || !got && links > 0 {
				t.Errorf("%s at %d columns: a link to all of it: %v, links: %d, in full: %v\n%s", name, width, got, links, whole, rows)
			}
			if left := unlinked(t, shown); strings.Contains(left, "\x1b]") {
				t.Errorf("%s at %d columns: %q", name, width, left)
			}
		}
	}
	var pipe strings.Builder
	if err := render.Data(&pipe, words); err != nil || pipe.String() != words+"\n" {
		t.Errorf("into a pipe: %q, %v", pipe.String(), err)
	}
}

// TestLinkProperties: in any text, on any screen, a link leads where its text says, and that is an address in the text.
func TestLinkProperties(t *testing.T) {
	withLinks(t)
	pieces := rapid.SampledFrom([]string{
		"https://", "http://", "example.org", "/path", "?q=1", "#x", "@", ":", "8080", "\\", "…", " ", "\n", "\t", "\x1b]8;;https://evil.example\a", "\x1b]8;;\a", "(", ")",
		"[", "]", ".", "xn--a", "é", "\u0430", "\u202e", "\u200d", "%41", "%", "<", ">", "\"", "你", "127.0.0.1", "[::1]", "\a", "\x1b\\",
	})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.OneOf(pieces, rapid.String())).Draw(rt, "text"), "")
		width := rapid.IntRange(1, 100).Draw(rt, "width")
		shown := safe.Message(text)
		out := clitest.WideScreen{Width: width}
		if err := render.Data(&out, shown); err != nil {
			rt.Fatal(err)
		}
		for row := range strings.Lines(out.String()) {
			left := unlinked(rt, strings.TrimSuffix(row, "\n"))
			if strings.ContainsFunc(left, safe.Forbidden) {
				rt.Errorf("%q is printed as %q", text, row)
			}
			for _, l := range link.FindAllStringSubmatch(row, -1) {
				if !slices.Contains(render.WebAddresses(shown), l[1]) {
					rt.Errorf("%q is no address in %q", l[1], shown)
				}
			}
		}
	})
}

// TestScreenLinks: the library that draws the full screen keeps a link.
func TestScreenLinks(t *testing.T) {
	withLinks(t)
	g := memberAt(t, 80, 24)
	g.hears(node.Message{ID: "m", Peer: clitest.AliceID, Nick: "alice", Text: "see https://example.org/a and https://bank.example@evil.example/", At: clitest.Noon})
	g.sees("<alice> see https://example.org/a and")
	if shown := g.m.View().Content; strings.Count(shown, "\x1b]8;;http") != 1 || !strings.Contains(shown, "\x1b]8;;https://example.org/a\a") {
		t.Errorf("on the screen: %q", shown)
	}
}
