package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// short returns the end of a peer ID as a screen shows it.
func short(p node.PeerID) string { return string(render.Tail(p)) }

func TestScreenVerify(t *testing.T) {
	g := ownerAt(t, 100, 24)
	g.f.MemberList[1].Words = "orbit tulip"
	g.passes(time.Second)
	g.did("create lab")
	g.says("/verify dave")
	g.sees("did dave ("+short(clitest.DaveID)+") read you these words, by voice or side by side? orbit tulip", "[y] yes  [n] no")
	g.press("enter", "x")
	g.did()
	g.press("n")
	g.did()
	g.sees("nothing was done", "lab> /verify dave")
	g.press("enter")
	// Before the answer, dave goes and another peer comes with his nick. The answer is about the words that were shown.
	g.f.MemberList[1], g.f.MemberList[2].Nick = node.MemberInfo{Peer: clitest.PeerID("another-key"), Nick: "dave", Role: "member", Present: true}, "erin"
	g.passes(time.Second)
	g.press("y")
	g.did("verify lab " + clitest.DaveID.String() + " true")
	g.misses("+✓dave")

	g = ownerAt(t, 100, 24)
	g.did("create lab")
	g.press("f2", "down", "down")
	g.sees("w details  v verify")
	g.press("v")
	g.did()
	g.sees("did dave (")
	g.press("e", "r", "y") // "very", typed as if the input had the focus
	g.did()
	g.passes(calm)
	g.press("y")
	g.did("verify lab " + clitest.DaveID.String() + " true")
	g.sees(">+✓dave  verified", "-- ✓ dave ("+short(clitest.DaveID)+") is verified", "v unverify")
	g.press("v")
	g.did("verify lab " + clitest.DaveID.String() + " false")
	g.sees(">+ dave  member", "is no longer verified")
	g.press("esc")
	g.says("/verify bob")
	g.sees("! that is you", "hint: /whoami shows your words")
	g.press("ctrl+c")
	g.says("/verify nobody")
	g.sees(`! there is no "nobody" in lab`)
	g.did()
}

// TestScreenVerifiedMarks: the mark is where no nick can be, and a word says the same.
func TestScreenVerifiedMarks(t *testing.T) {
	g := ownerAt(t, 110, 24)
	g.f.MemberList = append(g.f.MemberList[:1],
		node.MemberInfo{Peer: clitest.PeerID("k1"), Nick: "carol", Role: "member", Present: true, Trust: node.Trust{Verified: true}},
		node.MemberInfo{Peer: clitest.PeerID("k2"), Nick: "erin", Role: "member", Trust: node.Trust{Verified: true}},
		node.MemberInfo{Peer: clitest.PeerID("k3"), Nick: "✓frank", Role: "member", Present: true},
		node.MemberInfo{Peer: clitest.PeerID("k4-key"), Nick: "car0l", Role: "member", Present: true, Trust: node.Trust{Other: clitest.PeerID("k1")}},
	)
	g.f.AtDoor = []node.KnockInfo{
		{Peer: clitest.DaveID, Nick: "erin", Words: "robot lemon", Trust: node.Trust{Other: clitest.PeerID("k2")}},
		{Peer: clitest.AliceID, Nick: "alice", Trust: node.Trust{Verified: true}},
	}
	g.passes(time.Second)
	g.sees("+✓carol  verified", "!✓erin  offline, verifi…", "+ ✓frank  member", "+!car0l  another key",
		"? erin (! another key) knocks: F5 lets in", "?!erin another key", "?✓alice verified")
	g.says("/verify car0l")
	g.sees(`! "car0l" could be car0l (`, "carol (")
	g.press("ctrl+c")
	g.says("/verify " + clitest.PeerID("k4-key").String())
	g.sees("this is not the car0l you verified: the key is different. Now, did car0l (")
	g.press("n", "ctrl+c", "f2")
	for range 6 {
		g.press("down")
	}
	g.sees("a accept  d deny  v verify")
	g.press("v")
	g.passes(calm)
	g.press("y")
	g.did("create lab", "verify lab "+clitest.DaveID.String()+" true")

	m := memberAt(t, 80, 24)
	m.f.MemberList[0].Verified = true
	m.passes(time.Second)
	m.sees("@✓alice  owner, verified")
}

// TestScreenVerifyHostile: no nick and no words can break the question; the glass checks every screen.
func TestScreenVerifyHostile(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {20, 6}, {40, 12}, {80, 24}} {
		g := ownerAt(t, size[0], size[1])
		g.f.MemberList[1].Nick, g.f.MemberList[1].Words, g.f.MemberList[1].Other = clitest.Hostile, clitest.Hostile, clitest.AliceID
		g.passes(time.Second)
		g.says("/verify " + clitest.DaveID.String())
		if g.m.questions.shown == nil {
			t.Fatal("nothing was asked")
		}
		g.press("n", "ctrl+c")
		g.send(g.keyChanged(clitest.Hostile))
		g.passes(time.Second)
		if g.m.questions.shown == nil || !strings.Contains(string(g.m.questions.shown.text), "a different owner from the one you know") {
			t.Fatal("nothing was asked about the owner")
		}
		g.press("y")
	}
}

// keyChanged returns the result of a join that was refused because the room of this name has another owner.
func (g *glass) keyChanged(name string) performed {
	return performed{
		job: job{cmd: &command.Command{Name: "join", Slow: true, Run: joinRun()}, args: []string{name}, pane: g.m.tabs.shown()},
		err: clitest.ChangeOf(name),
	}
}

// TestKeyChangeText: the question names the known owner by the nick under which it was verified.
func TestKeyChangeText(t *testing.T) {
	c := *clitest.ChangeOf("lab").Change
	c.KnownNick = clitest.Hostile
	want := "Known: " + string(render.Nick(clitest.Hostile, clitest.AliceID)) + " (✓ verified, " + short(clitest.AliceID) + "), words robot lemon. Now:"
	if got := string(render.KeyChange(c)); !strings.Contains(got, want) || strings.ContainsFunc(got, safe.Forbidden) {
		t.Errorf("%q, want in it %q", got, want)
	}
}

const keyQuestion = "lab has a different owner from the one you know. Known: "

// unfolded returns the text on the screen, with broken rows put together again.
func (g *glass) unfolded() string {
	return strings.ReplaceAll(strings.Join(strings.Fields(g.screen()), " "), " | ", " ")
}

func (g *glass) isAskedOfKey() {
	g.t.Helper()
	want := keyQuestion + short(clitest.AliceID) + ", words robot lemon. Now: " + short(clitest.DaveID) + ", words orbit tulip. Join anyway"
	if s := g.unfolded(); !strings.Contains(s, want) || !strings.Contains(s, "[y] yes [n] no") {
		g.t.Errorf("not asked %q:\n%s", want, g.screen())
	}
}

// TestScreenOwnerKeyInTheLobby: a room whose name is known with another owner is entered only after a yes.
func TestScreenOwnerKeyInTheLobby(t *testing.T) {
	f := clitest.NewNode()
	f.RoomList = []node.RoomInfo{{ID: clitest.DenID, Name: "lab", Owner: clitest.DaveID, Words: "much coyote gas vocal bomb plate cliff elder", Access: "open", Change: clitest.ChangeOf("lab").Change}}
	g := sitBefore(t, f, 90, 24, nil)
	g.sees("> lab  open       members hidden; ! not the owner you know; owner's words: ")
	for _, ask := range []func(){
		func() { g.press("enter") },
		func() { g.says("/join lab") },
		func() { g.says("/join " + clitest.DenID.String()) },
	} {
		ask()
		g.did()
		g.isAskedOfKey()
		g.press("enter", "n")
		g.did()
		g.misses("asking to be let into")
		g.press("ctrl+c", "enter")
		g.isAskedOfKey()
		g.press("esc")
		g.did()
	}
	g.press("enter", "y")
	g.did("join " + clitest.DenID.String())
}

// TestScreenOwnerKeyOfAJoin: if the node finds out while it joins, the question comes when nothing is being typed, and a
// letter typed just then is no answer.
func TestScreenOwnerKeyOfAJoin(t *testing.T) {
	g := memberAt(t, 90, 24)
	g.f.Did()
	g.f.Errors["join"] = clitest.ChangeOf("lab")
	g.types("half a li")
	g.send(g.keyChanged("lab"))
	g.misses("[y] yes")
	g.sees("! the room has a different owner from the one you know")
	g.types("ne")
	g.press("enter")
	g.did("say lab half a line")
	g.isAskedOfKey()
	g.types("my oh my")
	g.did()
	g.passes(calm / 2)
	g.press("y")
	g.did()
	g.passes(calm)
	delete(g.f.Errors, "join")
	g.press("y")
	g.did("join " + clitest.DenID.String())

	g.send(g.keyChanged("lab"))
	g.passes(calm)
	g.press("n")
	g.did()
	g.sees("nothing was done")
}

// TestScreenOwnerKeyAtTheStart: "localchat join lab" asks the same; without a yes it ends as an identity check that failed.
func TestScreenOwnerKeyAtTheStart(t *testing.T) {
	start := func() *glass {
		f := clitest.NewNode()
		f.Errors["join"] = clitest.ChangeOf("lab")
		g := sitBefore(t, f, 80, 24, &command.Opening{Wait: command.JoinWait, Knocks: true, Run: memberOpening})
		g.isAskedOfKey()
		g.did("join lab")
		g.passes(calm)
		return g
	}
	g := start()
	g.press("n")
	_, _, code := fail.Explain(g.m.farewell())
	if !g.quit || code != fail.ExitIdentity {
		t.Errorf("quit: %v, with exit code %d", g.quit, code)
	}
	g = start()
	delete(g.f.Errors, "join")
	g.press("y")
	g.did("join " + clitest.DenID.String())
	g.sees("you are in", "[2:")
	if g.quit {
		t.Error("the console ended")
	}
	g = start()
	g.f.Errors["join"] = errors.New("gone")
	g.press("y")
	if err := g.m.farewell(); !g.quit || err == nil || err.Error() != "gone" {
		t.Errorf("quit: %v, with %v", g.quit, err)
	}
}

// clicks clicks on the first place that shows text.
func (g *glass) clicks(text string) {
	g.t.Helper()
	for y, r := range strings.Split(g.screen(), "\n") {
		if x := strings.Index(r, text); x >= 0 {
			g.send(tea.MouseClickMsg{X: ansi.StringWidth(r[:x]), Y: y, Button: tea.MouseLeft})
			return
		}
	}
	g.t.Errorf("nothing to click on: %s\n%s", text, g.screen())
}

func TestScreenMouse(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.did("create lab")
	g.clicks("dave  member")
	g.sees(">+ dave  member", "k kick  b ban")
	g.press("k")
	g.sees("lab> /kick dave")
	g.press("ctrl+c")
	g.clicks("MEMBERS")
	g.clicks("alice  offline")
	g.sees(">! alice  offline")
	g.clicks("you own lab")
	g.misses(">! alice", "k kick")
	g.clicks("1:lobby")
	g.sees("[1:lobby]")
	g.clicks("2:lab")
	g.sees("[2:lab]")
	g.says("/ban dave")
	g.clicks("1:lobby")
	g.sees("[2:lab]", "[y] yes")
	g.press("n")
	g.did()
	// Other buttons have no effect here.
	g.press("ctrl+c")
	g.send(tea.MouseClickMsg{X: 70, Y: 3, Button: tea.MouseRight})
	g.misses("k kick")
}

// TestScreenMouseFindsARow: in a long list that has been scrolled, a click chooses the entry under the mouse and does not move
// the list.
func TestScreenMouseFindsARow(t *testing.T) {
	g := ownerAt(t, 90, 12)
	for i := range 40 {
		g.f.MemberList = append(g.f.MemberList, node.MemberInfo{Peer: clitest.PeerID(string([]byte{byte(i)})), Nick: "m" + string(safe.Number(i)), Role: "member", Present: true})
	}
	g.passes(time.Second)
	wheel := func(b tea.MouseButton, x, n int) {
		for range n {
			g.send(tea.MouseWheelMsg{X: x, Y: 4, Button: b})
		}
	}
	wheel(tea.MouseWheelDown, 80, 5)
	g.sees("m12  member")
	g.misses("MEMBERS 43")
	g.passes(time.Second)
	g.sees("m12  member")
	g.clicks("m15  member")
	g.sees(">+ m15  member", "m12  member")
	g.press("up", "up", "up", "up", "up", "up", "up", "up")
	g.sees(">+ m7  member")
	wheel(tea.MouseWheelDown, 80, 50)
	g.sees("- dave")
	wheel(tea.MouseWheelUp, 80, 50)
	g.sees("MEMBERS 43")
	for i := range 30 {
		g.hears(clitest.Spoken(i, "line "+string(safe.Number(i))))
	}
	wheel(tea.MouseWheelUp, 10, 1)
	g.sees("End returns", "MEMBERS 43")
	g.send(tea.WindowSizeMsg{Width: 90, Height: 100})
	g.sees("MEMBERS 43", "m39  member")
}

func TestScreenMouseInTheLobby(t *testing.T) {
	f := clitest.NewNode()
	f.RoomList = []node.RoomInfo{
		{ID: clitest.LabID, Name: "lab", Access: "open", Words: strings.Repeat("robot lemon ", 12)},
		{ID: clitest.DenID, Name: "den", Access: "open", Words: "orbit tulip"},
	}
	g := sitBefore(t, f, 90, 24, nil)
	g.clicks("den  open")
	g.sees("> den  open")
	g.clicks("lab  open")
	g.sees("> lab  open")
}

// TestMarksAreNarrow: a mark takes one column, so that lists are aligned.
func TestMarksAreNarrow(t *testing.T) {
	marks := []safe.Text{render.TrustMark(node.Trust{}), render.TrustMark(node.Trust{Verified: true}), render.TrustMark(node.Trust{Other: "k"})}
	if slices.ContainsFunc(marks, func(m safe.Text) bool { return safe.Cells(m) != 1 }) || len(slices.Compact(slices.Sorted(slices.Values(marks)))) != 3 {
		t.Errorf("the marks are %q", marks)
	}
}

// joinRun returns the function of /join.
func joinRun() func(context.Context, command.Call) (command.Reply, error) {
	cmd, _ := command.LookUp("join", "", command.Table())
	return cmd.Run
}
