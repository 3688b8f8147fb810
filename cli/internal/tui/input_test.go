package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/safe"
	"localchat/node"
)

func resized(width, height int) tea.Msg { return tea.WindowSizeMsg{Width: width, Height: height} }

func TestScreenCompletes(t *testing.T) {
	g := ownerAt(t, 110, 24)
	g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "mallory"}, {Peer: clitest.DaveID, Nick: "mia"}}
	g.f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", In: true}, {ID: clitest.DenID, Name: "den"}}
	g.f.EmitIn(clitest.DenID, "den", node.RoomFound{Name: "den"})
	g.drain()
	g.passes(1)
	for typed, want := range map[string]string{
		"/ki": "/kick ", "/kick d": "/kick dave ", "/kick D": "/kick dave ", "/ban al": "/ban alice ", "/accept mal": "/accept mallory ",
		"/unban d": "/unban dave ", "/uninvite m": "/uninvite mf2w ", "/join d": "/join den ", "/switch l": "/switch lab ",
		"/set be": "/set bell ", "/set bell of": "/set bell off ", "/policy acc": "/policy access ", "/policy access in": "/policy access invite ",
		"/help ki": "/help kick ", "/copy in": "/copy invite ", "/whois da": "/whois dave ",
		"da": "dave: ", "hello da": "hello dave ", "see @al": "see @alice ", "/me greets da": "/me greets dave ",
		// The user itself and absent members are not completed.
		"/kick b": "/kick b", "/accept d": "/accept d", "/unban a": "/unban a", "/kick dave a": "/kick dave alice ", "nothing ": "nothing ", "//ki": "//ki",
	} {
		g.press("ctrl+c")
		g.types(typed)
		g.press("tab")
		if got := g.m.input.text(); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
		g.press("x", "ctrl+c")
	}
}

func TestScreenCompletionCycles(t *testing.T) {
	g := ownerAt(t, 110, 24)
	g.types("/kick ")
	g.sees("/kick WHO [REASON]  Tab: dave  alice  remove a member and tell them why")
	g.press("tab")
	g.sees("lab> /kick dave", "Tab: [dave]  alice")
	g.press("tab")
	g.sees("lab> /kick alice", "Tab: dave  [alice]")
	g.press("tab")
	g.sees("lab> /kick dave")
	g.press("shift+tab")
	g.sees("lab> /kick alice")
	g.types("too")
	g.press("ctrl+c")
	g.types("/")
	g.sees("Tab: help  rooms  switch")
	g.press("shift+tab")
	g.sees("lab> /copy")
}

// TestScreenCompletesNoTrap: a nick that is not what it looks like, or that two peers have, is completed to the peer's ID.
func TestScreenCompletesNoTrap(t *testing.T) {
	g := ownerAt(t, 110, 24)
	g.f.MemberList[1].Nick = "al\u200bice"
	g.passes(1)
	g.types("/kick " + clitest.DaveID.String()[:3])
	g.press("tab")
	if got := g.m.input.text(); got != "/kick "+clitest.DaveID.String()+" " {
		t.Errorf("completed to %q", got)
	}
}

// TestScreenCompletesForMembers: a member is not offered the commands of the owner.
func TestScreenCompletesForMembers(t *testing.T) {
	g := memberAt(t, 110, 24)
	g.types("/ki")
	g.press("tab")
	g.sees("lab> /ki", "there is no such command")
}

func TestScreenHistory(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.says("first")
	g.says("second one")
	g.types("a draft")
	g.press("up")
	g.sees("lab> second one")
	g.press("up", "up")
	g.sees("lab> first")
	g.press("down", "down")
	g.sees("lab> a draft")
	g.press("ctrl+c")
	g.types("FIR")
	g.press("ctrl+r")
	g.sees("lab> first")
}

// TestInputIsBounded: the input remembers maxHistory lines, and maxUndo changes of the line being typed.
func TestInputIsBounded(t *testing.T) {
	c := newComposer()
	for i := range maxHistory + 2 {
		c.remember(fmt.Sprint("line", i))
	}
	if len(c.past) != maxHistory || c.past[0] != "line2" {
		t.Errorf("%d lines are remembered, the first is %q", len(c.past), c.past[0])
	}
	for i := range maxUndo + 2 {
		before := c.now()
		c.set(fmt.Sprint("change", i))
		c.changed(before, "", false)
	}
	if len(c.undo.before) != maxUndo || c.undo.before[0].text != "change1" {
		t.Errorf("%d changes can be undone, back to %q", len(c.undo.before), c.undo.before[0].text)
	}
}

func TestScreenEditsLikeReadline(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.types("one two three")
	g.press("ctrl+w")
	g.sees("lab> one two")
	g.press("ctrl+a")
	g.types("zero ")
	g.sees("lab> zero one two")
	g.press("ctrl+k")
	g.sees("lab> zero")
	g.press("ctrl+u")
	g.types("x")
	g.sees("lab> x")
}

func TestScreenInputGrowsToFiveRows(t *testing.T) {
	g := memberAt(t, 80, 24)
	for i := range 8 {
		g.types(fmt.Sprint("line", i))
		g.press("alt+enter")
	}
	if rows := g.m.window.frame.input; rows != maxInputRows {
		t.Errorf("the input has %d rows, want %d", rows, maxInputRows)
	}
	g.sees("line7")
	g.misses("line1")
	g.press("ctrl+c")
	if rows := g.m.window.frame.input; rows != 1 {
		t.Errorf("the empty input has %d rows", rows)
	}
}

// TestScreenPaste: a paste is inserted and sent exactly as it is; only the text on the screen is made safe.
func TestScreenPaste(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.f.Did()
	for pasted, want := range map[string]string{
		"a\x1b[31mb\x1b]0;owned\a\u202ec\r\nd":      "a\x1b[31mb\x1b]0;owned\a\u202ec\nd",
		"می\u200cخواهم نمی\u200cدانم":               "می\u200cخواهم نمی\u200cدانم",
		"👨\u200d👩\u200d👧\u200d👦 🏴\u200d☠\ufe0f":     "👨\u200d👩\u200d👧\u200d👦 🏴\u200d☠\ufe0f",
		"all:\r\tgo build\r\t\tx\ty":                "all:\n\tgo build\n\t\tx\ty",
		"\ufffd \u200b\u2060\u00ad\ue000\U000E0041": "\ufffd \u200b\u2060\u00ad\ue000\U000E0041",
		"क्ष\u200d ක්\u200dර":                       "क्ष\u200d ක්\u200dර",
		"e\u0301 é":                                 "e\u0301 é",
	} {
		g.send(tea.PasteMsg{Content: pasted})
		if got := g.m.input.text(); got != want {
			t.Errorf("pasted %q", got)
		}
		g.press("enter")
		g.did("say lab " + want)
		g.press("up") // from the lines typed before
		if got := g.m.input.text(); got != want {
			t.Errorf("called back %q", got)
		}
		g.press("ctrl+c")
	}
	g.send(tea.PasteMsg{Content: "\ta\tb\ncc\tdd"})
	g.sees("lab>         a       b", "cc      dd")
	g.press("ctrl+c")
	g.send(tea.PasteMsg{Content: "\U0010F009"})
	g.sees("! a paste with too many lines")
	if got := g.m.input.text(); got != "" {
		t.Errorf("pasted %q", got)
	}
	many := strings.Repeat("line\n", maxPasteLines+1)
	g.send(tea.PasteMsg{Content: many})
	g.sees("put 6 pasted lines into the input, as one message?", "[y] yes  [n] no")
	if got := g.m.input.text(); got != "" {
		t.Errorf("pasted %q before the answer", got)
	}
	g.press("n")
	g.send(tea.PasteMsg{Content: many})
	g.press("y", "enter")
	g.did("say lab " + strings.TrimSuffix(many, "\n"))
	g.send(tea.PasteMsg{Content: strings.Repeat("x", safe.MaxText+1)})
	g.sees("! a paste of 65537 bytes was ignored")
	// A paste that makes the line too long is ignored as a whole.
	half := strings.Repeat("你", safe.MaxText/6)
	g.send(tea.PasteMsg{Content: half})
	g.send(tea.PasteMsg{Content: half})
	g.send(tea.PasteMsg{Content: half})
	if got := g.m.input.text(); got != half+half {
		t.Errorf("%d bytes are in the input, want %d", len(got), 2*len(half))
	}
}

func TestScreenCopies(t *testing.T) {
	g := ownerAt(t, 80, 24)
	g.hears(clitest.Spoken(1, "one"), clitest.Spoken(2, "two"))
	g.effects = nil
	g.says("/copy 2")
	g.sees("asked the terminal to copy 2 lines")
	g.says("/copy invite")
	g.sees("there is no invite to copy: /invite makes one")
	g.says("/invite")
	g.says("/copy invite")
	want := []string{"14:02 <alice> one\n14:02 <alice> two", "LOCALCHAT:ABCD"}
	for i, e := range g.effects {
		if got := fmt.Sprint(e); got != want[i] {
			t.Errorf("copied %q, want %q", got, want[i])
		}
	}
	if len(g.effects) != len(want) {
		t.Errorf("copied %d times, want %d", len(g.effects), len(want))
	}
	g.says("/copy none")
	g.sees("not a number of lines")
}

func TestScreenCtrlC(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.types("half a line")
	g.press("ctrl+c")
	g.misses("half a line", "Ctrl-C again")
	g.press("ctrl+c")
	g.sees("Ctrl-C again quits localchat")
	g.press("x", "ctrl+c", "ctrl+c")
	if g.quit {
		t.Fatal("a key between two Ctrl-C did not count")
	}
	g.press("ctrl+c")
	if !g.quit {
		t.Error("two Ctrl-C on an empty line did not end it")
	}
}

// TestScreenHelp: the help covers the talk and leaves nothing in the transcript. At every size it can be read to its end, and
// every key that it names for closing it does so. A half-typed line stays.
func TestScreenHelp(t *testing.T) {
	for _, size := range [][2]int{{200, 60}, {90, 24}, {60, 16}, {40, 9}, {20, 5}} {
		for _, back := range []string{"esc", "q", "f1", "ctrl+c", "enter"} {
			g := memberAt(t, size[0], size[1])
			g.types("half")
			g.press("f1")
			g.misses("you are in lab", "half")
			g.hears(clitest.Spoken(1, "meanwhile"))
			g.misses("meanwhile")
			read := ""
			for range 120 {
				read += "\n" + g.screen()
				g.press("pgdown")
			}
			for _, want := range []string{"Keys", "In a room", "/whois NICK", "/copy [N or invite]", "//x says /x"} {
				if !strings.Contains(read, want[:min(len(want), size[0]-2)]) {
					t.Errorf("%v: not in the help: %s", size, want)
				}
			}
			for _, no := range []string{"/kick", "/ban", "In a room you own", "meanwhile"} {
				if strings.Contains(read, no) {
					t.Errorf("%v: in a member's help: %s", size, no)
				}
			}
			g.press("home")
			if size[0] > 40 {
				g.sees("Keys", "Esc, q or F1: back")
			}
			g.press("x", "pgdown", "/", back)
			g.misses("Esc, q or F1")
			if got := g.m.input.text(); got != "half" {
				t.Errorf("%v, %s: in the input: %q", size, back, got)
			}
			g.press("end")
			g.sees("meanwhile")
			for _, l := range g.m.tabs.shown().scroll.lines {
				if strings.Contains(string(l.text), "/whois") {
					t.Errorf("%s is in the talk", l.text)
				}
			}
		}
	}
}

func TestScreenHelpOfOneCommand(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.says("/help copy")
	g.sees("example:  /copy 3", "usage:    /copy [N or invite]")
	g.press("esc")
	g.misses("/copy")
	g.says("/help kcik")
	g.sees("! there is no /kcik", "hint: did you mean /help kick?")
}

func TestScreenHelpOfAnOwner(t *testing.T) {
	g := ownerAt(t, 100, 32)
	g.says("/help")
	g.press("end")
	g.sees("In a room you own", "/ban WHO [FOR] [REASON]          remove somebody and keep them out")
	// A question that comes meanwhile is asked when the help is closed.
	g.m.askLater(question{text: "well?", pane: g.m.tabs.shown(), yes: func() {}, no: func() {}})
	g.passes(time.Second)
	g.misses("well?")
	g.press("q")
	g.sees("well?")
}

// TestScreenAnswerFromItsBeginning: a reply that does not fit is shown from its first line on. Later lines do not move it, and
// sending a line returns to the end.
func TestScreenAnswerFromItsBeginning(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 12}} {
		g := memberAt(t, size[0], size[1])
		for i := range 40 {
			g.f.Said = append(g.f.Said, clitest.Spoken(i, fmt.Sprint("build ", i)))
		}
		g.says("/clear")
		for range 2 {
			g.says("/search build")
			g.sees("build 0", "End returns")
			g.misses("build 39")
			g.hears(clitest.Spoken(1, "hello"))
			g.sees("build 0", "new below; End returns")
			for range 20 {
				g.press("pgdown")
			}
			g.sees("<alice> hello")
			g.press("end")
		}
		g.says("/whoami")
		g.misses("End returns")
	}
}

// TestScreenKeepsTheOrder: commands run in the order in which they were typed, although each has a goroutine of its own.
func TestScreenKeepsTheOrder(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.f.Did()
	m := g.m
	press := func(text string) tea.Cmd {
		m.input.set(text)
		_, cmd := m.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
		return cmd
	}
	one, two := press("one"), press("two")
	g.run(two)
	g.did()
	g.run(one)
	g.did("say lab one", "say lab two")
}

// TestScreenLongInputSaysSo: an input that is only partly shown says so.
func TestScreenLongInputSaysSo(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.send(tea.PasteMsg{Content: strings.Repeat("a row\n", 49) + "the last"})
	g.press("y")
	g.sees("the last", "rows 46 to 50 of 50; Up and Down show the others")
	for range 10 {
		g.press("up")
	}
	g.sees("rows 40 to 44 of 50")
	g.press("ctrl+c")
	g.misses("rows 40")
	g.types("short")
	g.misses("rows ")
}
