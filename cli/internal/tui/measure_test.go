package tui

import (
	"fmt"
	"strings"
	"testing"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// scripts are words and pictures whose widths differ between terminals, or that end where a row ends.
var scripts = map[string]string{
	"Hindi": "नमस्ते क्षत्रिय प्रार्थना विद्यार्थी हिन्दी", "Tamil": "தமிழ் நன்றி வணக்கம் கொள்கை", "Bengali": "বাংলা ক্ষমা ধন্যবাদ", "Telugu": "తెలుగు స్త్రీ కృతజ్ఞతలు",
	"Thai": "ภาษาไทย กำลัง น้ำ สวัสดี", "Khmer": "ខ្មែរ ស្វាគមន៍ អរគុណ", "Myanmar": "မြန်မာ ကျေးဇူး မင်္ဂလာ", "Lao": "ພາສາລາວ ສະບາຍດີ ນ້ຳ", "Tibetan": "བཀྲ་ཤིས བདེ་ལེགས",
	"Sinhala": "ශ්\u200dරී ලංකා ක්\u200dරම", "Malayalam": "മലയാളം അവന്\u200d", "Persian": "می\u200cخواهم نمی\u200cدانم", "Hangul": "각 한국어 ㅎㅏㄴ \u1112\u1161\u11ab",
	"emoji": "👨\u200d👩\u200d👧\u200d👦 ❤\ufe0f 🇩🇪 👍🏽 🏴\u200d☠\ufe0f 1\ufe0f⃣", "wide": "你好 日本 ａｂ 가", "marks": "e\u0301a\u0308\u0301 n\u0303 a⃝", "Javanese": "ꦗꦮ ꦱꦸꦒꦼꦁ",
}

// sixty returns texts of sixty numbered words, with blanks between the words and without.
func sixty(words string) (all []string) {
	for _, sep := range []string{" ", ""} {
		var text []string
		for i := range 60 {
			ws := strings.Fields(words)
			text = append(text, fmt.Sprint(ws[i%len(ws)], i))
		}
		all = append(all, strings.Join(text, sep))
	}
	return all
}

// onATerminal runs a test for each way in which a terminal counts.
func onATerminal(t *testing.T, test func(t *testing.T, says tea.ModeReportMsg)) {
	for name, value := range map[string]ansi.ModeSetting{"by characters": ansi.ModeNotRecognized, "by clusters": ansi.ModeReset} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { safe.CountClusters(false) })
			test(t, tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: value})
		})
	}
}

// TestNoPieceIsLost: in any script, the whole line is on the screen, in the talk and in the input. No row is wider than the
// screen as this terminal counts, and none begins within a letter.
func TestNoPieceIsLost(t *testing.T) {
	onATerminal(t, func(t *testing.T, says tea.ModeReportMsg) {
		for _, width := range []int{31, 60, 80} {
			for script, words := range scripts {
				for _, text := range sixty(words) {
					g := memberAt(t, width, 90)
					g.hears(node.Message{ID: "m1", Peer: clitest.AliceID, Nick: "alice", Text: text, At: clitest.Noon})
					g.send(says)
					talk := shownTalk(t, g, width)
					g.says("/clear")
					g.send(tea.PasteMsg{Content: text})
					want := strings.ReplaceAll(text, " ", "")
					want = safe.Undisputed(want)
					if talk != want {
						t.Errorf("%s, %d columns, talk:\n%s\nwant\n%s", script, width, talk, want)
					}
					g.m.window.height = 200 // the input has five rows at most
					if typed := shownInput(g); typed != want {
						t.Errorf("%s, %d columns, input:\n%s\nwant\n%s", script, width, typed, want)
					}
				}
			}
		}
	})
}

// shownTalk returns the line of alice from the screen, without blanks and the marks of its rows.
func shownTalk(t *testing.T, g *glass, width int) string {
	t.Helper()
	var words strings.Builder
	for i, r := range strings.Split(ansi.Strip(g.m.View().Content), "\n") {
		if w := safe.Width(r); w > width {
			t.Errorf("row %d has %d cells of %d: %q", i, w, width, r)
		}
		r, _, _ = strings.Cut(r, "│")
		if _, row, marked := strings.Cut(r, "| "); marked {
			words.WriteString(row)
		} else if _, row, first := strings.Cut(r, "<alice>"); first {
			words.Reset()
			words.WriteString(row)
		}
	}
	return strings.ReplaceAll(words.String(), " ", "")
}

// shownInput returns the input as a screen with room for all its rows shows it.
func shownInput(g *glass) string {
	var words strings.Builder
	for _, r := range g.m.input.drawn.rows {
		words.WriteString(string(r))
		if w := safe.Cells(r); w > g.m.window.width {
			g.t.Errorf("a row of the input has %d cells: %q", w, r)
		}
	}
	text := strings.ReplaceAll(words.String(), " ", "")
	text = safe.Undisputed(text)
	return text
}

// TestTerminalIsAsked: the screen is drawn again when the terminal has said how it counts.
func TestTerminalIsAsked(t *testing.T) {
	t.Cleanup(func() { safe.CountClusters(false) })
	g := memberAt(t, 60, 24)
	text := strings.Repeat("क्षि", 30)
	g.hears(node.Message{ID: "m1", Peer: clitest.AliceID, Nick: "alice", Text: text, At: clitest.Noon})
	g.sees("| ") // three cells each
	g.send(tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeReset})
	g.sees("<alice> " + text) // one
	g.send(tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeNotRecognized})
	g.sees("<alice> " + text)
}

// TestSideStaysInItsColumn: no text moves the side column.
func TestSideStaysInItsColumn(t *testing.T) {
	onATerminal(t, func(t *testing.T, says tea.ModeReportMsg) {
		g := memberAt(t, 80, 40)
		g.send(says)
		for _, words := range scripts {
			g.hears(node.Message{ID: "m" + words, Peer: clitest.AliceID, Nick: "alice", Text: words, At: clitest.Noon})
		}
		for _, r := range strings.Split(ansi.Strip(g.m.View().Content), "\n")[1:36] {
			if before, _, found := strings.Cut(r, "│"); !found || safe.Width(before) != 80-sideCells {
				t.Errorf("the column is not at %d: %q", 80-sideCells, r)
			}
		}
	})
}

// TestCursorInTheInput: the cursor is where the text before it ends, as the terminal counts.
func TestCursorInTheInput(t *testing.T) {
	onATerminal(t, func(t *testing.T, says tea.ModeReportMsg) {
		const prompt = len("lab> ")
		for typed, want := range map[string][2]int{
			"abc": {3, 0}, "क्षि": {3, 0}, "你": {2, 0}, "\tx": {9, 0}, "\u202ea": {1, 0}, "": {0, 0},
			strings.Repeat("x", 74): {74, 0}, strings.Repeat("x", 75): {0, 1}, strings.Repeat("x ", 40): {4, 1}, "a\nbc": {2, 1}, "a\n": {0, 1},
		} {
			g := memberAt(t, 80, 24)
			g.send(says)
			g.send(tea.PasteMsg{Content: typed + "|"})
			g.press("backspace")
			if safe.InClusters() && typed == "क्षि" {
				want[0] = 1
			}
			v := g.m.View()
			if x, y := v.Cursor.X-prompt, v.Cursor.Y-(g.m.window.height-1-g.m.window.frame.input); x != want[0] || y != want[1] {
				t.Errorf("%q: the cursor is at %d, %d, want %v", typed, x, y, want)
			}
		}
	})
}
