package tui

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/rpc/rpctest"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A glass is a user in front of a full-screen console, with a keyboard and a screen. Everything happens in the goroutine of the
// test, so there is nothing to wait for. After each step the screen is checked.
type glass struct {
	t interface {
		Helper()
		Errorf(string, ...any)
		Fatalf(string, ...any)
	}
	f       *clitest.Node
	events  <-chan node.Event
	m       *tui
	words   *clitest.Screen // standard error
	effects []tea.Msg
	quit    bool
}

// sitBefore opens a console of that size.
func sitBefore(t *testing.T, f *clitest.Node, width, height int, open *command.Opening) *glass {
	t.Helper()
	t.Setenv("TZ", "UTC")
	a, _, words := newScreenEnv(t, strings.NewReader(""))
	return before(t, t.Context(), a, words, f, rpctest.Over(t, f, a), width, height, open)
}

func before(t interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}, ctx context.Context, a *command.Env, words *clitest.Screen, f *clitest.Node, n command.Node, width, height int, open *command.Opening,
) *glass {
	t.Helper()
	g := &glass{t: t, f: f, words: words}
	g.events, _ = n.Listen(node.SubscribeOptions{})
	g.m = newTUI(ctx, a, n, open, clitest.Noon)
	g.m.settle, g.m.post = g.drain, g.send
	g.send(tea.WindowSizeMsg{Width: width, Height: height})
	g.run(g.m.Init())
	g.drain()
	return g
}

// memberAt opens a console in alice's room, and ownerAt one in a room of our own.
func memberAt(t *testing.T, width, height int) *glass {
	f := clitest.NewNode()
	f.MemberList = []node.MemberInfo{
		{Peer: clitest.AliceID, Nick: "alice", Role: "owner", Present: true, Words: "robot lemon"}, {Peer: clitest.MeID, Nick: "bob", Role: "member", Self: true},
	}
	f.Quiet = true
	return sitBefore(t, f, width, height, &command.Opening{Wait: command.JoinWait, Knocks: true, Run: memberOpening})
}

func memberOpening(ctx context.Context, c command.Call) (command.Reply, error) {
	return command.JoinRoom(ctx, c, node.JoinOptions{Room: "lab"})
}

func ownerAt(t *testing.T, width, height int) *glass {
	f := clitest.NewNode()
	f.MemberList = []node.MemberInfo{
		{Peer: clitest.MeID, Nick: "bob", Role: "owner", Self: true},
		{Peer: clitest.DaveID, Nick: "dave", Role: "member", Present: true},
		{Peer: clitest.AliceID, Nick: "alice", Role: "member"},
	}
	f.Quiet = true
	return sitBefore(t, f, width, height, &command.Opening{Wait: command.RequestWait, Run: func(ctx context.Context, c command.Call) (command.Reply, error) {
		return command.CreateRoom(ctx, c.Node, node.CreateOptions{Name: "lab"})
	}})
}

// send sends a message to the console and runs the commands that it returns.
func (g *glass) send(msg tea.Msg) {
	g.t.Helper()
	_, cmd := g.m.Update(msg)
	g.check()
	g.run(cmd)
}

func (g *glass) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			g.run(c)
		}
	case tea.QuitMsg:
		g.quit = true
	case performed, glimpse:
		g.send(msg)
	default:
		g.effects = append(g.effects, msg)
	}
}

// drain sends the events of the node to the console.
func (g *glass) drain() {
	g.m.n.Info() // where it is in another process, it tells first what has happened
	if batch := collect(g.events, nil); len(batch) > 0 {
		g.send(batch)
	}
}

// hears sends events of the room lab.
func (g *glass) hears(bodies ...node.EventBody) {
	g.t.Helper()
	for _, b := range bodies {
		g.f.Emit(b)
	}
	g.drain()
}

// passes lets time pass.
func (g *glass) passes(d time.Duration) { g.send(tick(g.m.now.Add(d))) }

func (g *glass) types(text string) {
	g.t.Helper()
	for _, r := range text {
		g.send(tea.KeyPressMsg{Text: string(r), Code: r})
	}
	g.drain()
}

// keys are the keys with names.
var keys = map[string]rune{
	"enter": tea.KeyEnter, "tab": tea.KeyTab, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "end": tea.KeyEnd,
	"home": tea.KeyHome, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace, "left": tea.KeyLeft, "right": tea.KeyRight,
	"f1": tea.KeyF1, "f2": tea.KeyF2, "f3": tea.KeyF3, "f5": tea.KeyF5, "f6": tea.KeyF6,
}

// press presses keys: "enter", "ctrl+c", "alt+1", or a character.
func (g *glass) press(names ...string) {
	g.t.Helper()
	for _, name := range names {
		k := tea.Key{}
		rest := name
		for {
			before, after, more := strings.Cut(rest, "+")
			if !more || after == "" {
				break
			}
			k.Mod |= map[string]tea.KeyMod{"ctrl": tea.ModCtrl, "alt": tea.ModAlt, "shift": tea.ModShift}[before]
			rest = after
		}
		if code, named := keys[rest]; named {
			k.Code = code
		} else {
			k.Code, _ = utf8.DecodeRuneInString(rest)
			if k.Mod == 0 {
				k.Text = rest
			}
		}
		g.send(tea.KeyPressMsg(k))
	}
	g.drain()
}

// says types a line and enters it.
func (g *glass) says(line string) {
	g.t.Helper()
	g.types(line)
	g.press("enter")
}

// did checks the calls of the node, except those that the console makes by itself.
func (g *glass) did(want ...string) {
	g.t.Helper()
	got := slices.DeleteFunc(g.f.Did(), func(c string) bool {
		return slices.Contains([]string{"members", "peers", "knocks", "bans", "appeals", "invites", "policy read"}, c)
	})
	if !slices.Equal(got, want) {
		g.t.Errorf("the node was asked %q, want %q", got, want)
	}
}

// style matches the sequences that may be sent to a terminal beside text: colours and the like.
var style = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// check fails unless the screen has exactly its rows, none of them too wide, and only text and our styles in them.
func (g *glass) check() {
	g.t.Helper()
	v := g.m.View()
	rows := strings.Split(v.Content, "\n")
	if g.m.window.height > 0 && len(rows) != g.m.window.height {
		g.t.Errorf("%d rows on a screen of %d×%d:\n%s", len(rows), g.m.window.width, g.m.window.height, ansi.Strip(v.Content))
	}
	for _, r := range rows {
		text := style.ReplaceAllString(unlinked(g.t, r), "")
		if n := ansi.StringWidth(r); n > g.m.window.width {
			g.t.Errorf("a row of %d cells on a screen of %d×%d: %q", n, g.m.window.width, g.m.window.height, text)
		}
		if strings.ContainsFunc(text, safe.Forbidden) || !utf8.ValidString(text) {
			g.t.Errorf("a row holds what no terminal may get: %q", r)
		}
	}
	if strings.ContainsFunc(v.WindowTitle, safe.Forbidden) {
		g.t.Errorf("the title holds what no terminal may get: %q", v.WindowTitle)
	}
	if c := v.Cursor; c != nil && (c.X < 0 || c.Y < 0 || c.X >= max(g.m.window.width, 1) || c.Y >= max(g.m.window.height, 1)) {
		g.t.Errorf("the cursor is at %d,%d on a screen of %d×%d", c.X, c.Y, g.m.window.width, g.m.window.height)
	}
}

// screen returns the text on the screen, without styles, links and blanks at the end of rows.
func (g *glass) screen() string {
	rows := strings.Split(style.ReplaceAllString(link.ReplaceAllString(g.m.View().Content, "$2"), ""), "\n")
	for i, r := range rows {
		rows[i] = strings.TrimRight(r, " ")
	}
	return strings.Join(rows, "\n")
}

func (g *glass) sees(wanted ...string) {
	g.t.Helper()
	for _, want := range wanted {
		if s := g.screen(); !strings.Contains(s, want) {
			g.t.Errorf("not on the screen: %s\n%s", want, s)
		}
	}
}

func (g *glass) misses(unwanted ...string) {
	g.t.Helper()
	for _, no := range unwanted {
		if s := g.screen(); strings.Contains(s, no) {
			g.t.Errorf("on the screen: %s\n%s", no, s)
		}
	}
}

func TestScreenTalk(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.did("join lab")
	g.sees("you are in lab, as bob", "lab │ owner alice online │ 2 members │ key 3", "@ alice  owner", "+ bob  you", "lab>", "[2:lab]")
	g.says("hello")
	g.did("say lab hello")
	g.hears(clitest.Spoken(1, "hi there"))
	g.sees("<alice> hi there")
	g.says("/me waves")
	g.did("act lab waves")
	g.says("//etc")
	g.did("say lab /etc")
}

func TestScreenTypoIsNeverSaid(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.did("join lab")
	g.says("/kcik dave")
	g.did()
	g.sees("! there is no /kcik; nothing was said", "hint: did you mean /kick?", "lab> /kcik dave")
	g.press("ctrl+c")
	g.says("/kick dave")
	g.did()
	g.sees("! /kick is for the owner of lab", "/kick WHO [REASON]  is for the room's owner")
}

func TestScreenOwnLineIsPendingUntilSomebodyHasIt(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.hears(node.Message{ID: "x", Peer: clitest.MeID, Nick: "bob", Text: "anybody?", Self: true, At: clitest.Noon})
	g.sees("…14:02 <bob> anybody?")
	g.hears(node.Delivered{ID: "x"})
	g.sees(" 14:02 <bob> anybody?")
}

func TestScreenSendingFails(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.f.Errors["say"] = &node.Error{Code: node.CodeUnavailable, Text: "the room has no key yet", Reason: "no key"}
	g.says("hello")
	g.sees("! the room has no key yet", "hint: the owner's node hands out the key", "lab> hello")
}

func TestScreenSizes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 3}, {5, 2}, {20, 5}, {40, 8}, {69, 10}, {70, 10}, {80, 24}, {300, 100}} {
		g := ownerAt(t, size[0], size[1])
		g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: clitest.Hostile, Words: "robot lemon"}}
		for i := range 30 {
			g.hears(clitest.Spoken(i, strings.Repeat("wide 你好 ", i)))
		}
		g.hears(node.OwnerUnreachable{ForS: 40}, node.Knock{Peer: clitest.AliceID, Nick: clitest.Hostile, Words: clitest.Hostile})
		g.passes(time.Second)
		g.types("a line longer than a narrow screen")
		g.send(tea.PasteMsg{Content: strings.Repeat("x", 400)})
		g.press("pgup", "f2", "down", "down", "esc")
		g.says("/ban dave")
		g.press("ctrl+c")
		for _, other := range [][2]int{{80, 24}, {1, 1}, {33, 7}, {200, 50}} {
			g.send(tea.WindowSizeMsg{Width: other[0], Height: other[1]})
		}
	}
}

func TestScreenSmall(t *testing.T) {
	g := memberAt(t, 40, 10)
	g.sees("lab │ owner alice", "[2:lab]")
	g.misses("MEMBERS")
	g.press("f2")
	g.sees("MEMBERS 2", "@ alice  owner")
	g.misses("you are in lab")
	g.press("esc")
	g.misses("MEMBERS")
	g.send(tea.WindowSizeMsg{Width: 40, Height: 7})
	g.misses("owner alice online", "[2:lab]")
	g.sees("you are in lab", "lab>")
}

// newScreenEnv returns the Env for a console in a test.
func newScreenEnv(t testing.TB, stdin io.Reader) (env *command.Env, out, words *clitest.Screen) {
	out, words = &clitest.Screen{}, &clitest.Screen{}
	return &command.Env{
		Stdin: stdin, Stdout: out, Stderr: words, Ring: &command.LogRing{}, Show: command.DefaultSettings,
		Exit: func(code int) { t.Errorf("the program ended itself with %d", code) },
	}, out, words
}

// TestOverJSONRPC: a console that is attached is the same console. Two tests act in the middle of a request, in the goroutine of
// the node, and cannot be in another process.
func TestOverJSONRPC(t *testing.T) {
	rpctest.Again(t, "TestOverJSONRPC|TestScreenWaitsAtADoor|TestScreenKnockIsTakenBack")
}
