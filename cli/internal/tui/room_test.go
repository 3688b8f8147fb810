package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// inDen brings the user into a second room, which is then shown.
func (g *glass) inDen() {
	g.t.Helper()
	g.f.EmitIn(clitest.DenID, "den", node.Joined{Name: "den", Nick: "bob", Epoch: 1})
	g.drain()
}

func TestScreenSeveralRooms(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.inDen()
	g.sees("you are in den", "[3:den]", "den>")
	g.hears(clitest.Spoken(1, "one"), clitest.Spoken(2, "bob: two"), clitest.Spoken(3, "three"), node.MemberJoined{Peer: clitest.DaveID, Nick: "dave"})
	g.misses("<alice>")
	g.sees("2:lab +3 !1")
	if title := g.m.View().WindowTitle; title != "den - localchat +3 !1" {
		t.Errorf("the title is %q", title)
	}
	g.f.Did()
	g.press("alt+2")
	g.sees("[2:lab]", "─── new ───", "<alice> one", ">14:02 <alice> bob: two", "lab>")
	if s := g.screen(); strings.Index(s, "─── new") > strings.Index(s, "<alice> one") || strings.Index(s, "─── new") < strings.Index(s, "in lab:") {
		t.Errorf("the rule is not between what was read and what is new:\n%s", s)
	}
	g.misses("+3")
	g.says("hello")
	g.did("say lab hello")
	g.misses("─── new")
	g.says("/switch den")
	g.sees("[3:den]")
	g.press("ctrl+n")
	g.sees("[1:lobby]")
	g.press("ctrl+p")
	g.sees("[3:den]")
	g.press("alt+9")
	g.sees("[3:den]")
}

func TestScreenWindowInTheBackground(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.send(tea.BlurMsg{})
	g.hears(clitest.Spoken(1, "bob?"))
	g.sees("[2:lab +1 !1]", "─── new")
	g.send(tea.FocusMsg{})
	g.sees("[2:lab]", "─── new")
}

func TestScreenBell(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.effects = nil
	g.hears(clitest.Spoken(1, "bob?"))
	if len(g.effects) != 0 {
		t.Errorf("it rang without being asked to: %v", g.effects)
	}
	g.says("/set bell on")
	g.hears(clitest.Spoken(2, "hello"), clitest.Spoken(3, "bob?"))
	if len(g.effects) != 1 {
		t.Errorf("rang %d times for one call", len(g.effects))
	}
}

func TestScreenRemoved(t *testing.T) {
	until := clitest.Noon.Add(2 * time.Hour)
	for _, c := range []struct {
		event node.EventBody
		sees  []string
	}{
		{node.Removed{Kind: "kicked", By: clitest.AliceID, ByNick: "alice", Text: "too loud"}, []string{"-- you were kicked from lab by alice: too loud", "hint: you may ask to come back: /join lab"}},
		{node.Removed{Kind: "banned", By: clitest.AliceID, ByNick: "alice", Text: "spam", Until: until}, []string{"-- you were banned from lab by alice until 2026-11-22 16:02: spam", "hint: you cannot join until"}},
		{node.Removed{Kind: "closed", By: clitest.AliceID, ByNick: "alice", Text: "lunch"}, []string{"-- lab was closed by alice: lunch", "hint: the room has ended; /rooms lists"}},
		{node.Refused{}, []string{"-- you are not a member of lab", "hint: ask to be let in: /join lab"}},
	} {
		g := memberAt(t, 80, 24)
		g.hears(clitest.Spoken(1, "a secret"), node.OwnerUnreachable{ForS: 40})
		g.sees("a secret", "unreachable")
		g.hears(c.event)
		g.sees(append(c.sees, "lab │ you are no longer in this room", "(out)")...)
		g.misses("a secret", "MEMBERS", "alice  owner", "unreachable", "no connection")
		g.press("pgup")
		g.misses("a secret")
		g.f.Did()
		g.says("hello?")
		g.did()
		g.sees("! you are not in a room")
		g.press("ctrl+c")
		g.says("/quit")
		if err := g.m.farewell(); !g.quit || err == nil || !strings.Contains(err.Error(), "lab") {
			t.Errorf("quit: %v, with %v", g.quit, err)
		}
	}
}

func TestScreenComesBackAfterAKick(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.hears(clitest.Spoken(1, "a secret"), node.Removed{Kind: "kicked", By: clitest.AliceID, ByNick: "alice"})
	g.f.Did()
	g.says("/join lab")
	g.did("join lab")
	g.sees("you are in lab, as bob", "lab>", "MEMBERS 2")
	g.misses("a secret", "kicked")
	g.says("/quit")
	if err := g.m.farewell(); err != nil {
		t.Errorf("ended with %v, although back in the room", err)
	}
}

// TestScreenRemovedElsewhere: a removal from another room leaves the shown room as it is; the other room says it when shown.
func TestScreenRemovedElsewhere(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.inDen()
	g.hears(node.Removed{Kind: "kicked", By: clitest.AliceID, ByNick: "alice"})
	g.sees("you are in den", "[3:den]")
	g.misses("kicked")
	g.press("alt+2")
	g.sees("you were kicked from lab by alice")
	g.press("alt+3")
	g.sees("1:lobby  [2:den]")
}

func TestScreenLeave(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.says("/leave")
	g.sees("you left lab", "[1:lobby]")
	g.misses("2:lab")
}

func TestScreenLostNetwork(t *testing.T) {
	g := memberAt(t, 100, 24)
	g.hears(node.OwnerUnreachable{ForS: 3})
	g.sees("! owner unreachable for 0:03: you can still chat, but nobody can be admitted or removed", "owner alice unreachable for 0:03", "MEMBERS 2")
	g.passes(time.Second)
	g.sees("unreachable for 0:04")
	g.hears(node.OwnerUnreachable{ForS: 4})
	g.passes(60 * time.Second)
	g.sees("unreachable for 1:04")
	if n := strings.Count(g.screen(), "14:02 ! owner unreachable"); n != 1 {
		t.Errorf("the transcript says it %d times", n)
	}
	g.hears(node.OwnerBack{ForS: 64})
	g.misses("you can still chat")
	g.sees("owner alice online", "-- owner is back after 1:04")
}

// TestScreenOwnerHasGone: an owner that has quit and an owner that cannot be reached are shown differently.
func TestScreenOwnerHasGone(t *testing.T) {
	g := memberAt(t, 100, 24)
	g.hears(node.OwnerUnreachable{Left: true, Nick: "alice"})
	g.sees("! alice, the owner, has quit; nobody can be", "│ owner alice quit 0:00 ago", "! owner alice quit 0:00 ago: you can still chat")
	g.passes(70 * time.Second)
	g.sees("owner alice quit 1:10 ago")
	g.misses("unreachable")
	g.f.Alone = true
	g.passes(time.Second)
	g.sees("! owner alice quit 1:11 ago, and no other node is connected: your lines wait here")
	g.f.Alone = false
	g.hears(node.OwnerBack{ForS: 72}, node.OwnerUnreachable{ForS: 3})
	g.passes(time.Second)
	g.sees("-- owner is back after 1:12", "! owner unreachable for 0:03")
	g.misses("owner alice quit")
}

func TestScreenAlone(t *testing.T) {
	g := ownerAt(t, 100, 24)
	g.misses("no connection")
	g.f.Alone = true
	g.passes(time.Second)
	g.passes(9 * time.Second)
	g.sees("! no connection to any node for 0:09: your lines wait here", "no node connected")
	g.f.Alone = false
	g.passes(time.Second)
	g.misses("no connection")
}

func TestScreenHiddenAndExpired(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.hears(clitest.Spoken(1, "first"), clitest.Spoken(2, "second"), clitest.Spoken(3, "third"))
	g.hears(node.Hidden{Peer: clitest.AliceID, Nick: "alice", IDs: []string{"m2"}})
	g.misses("second")
	g.sees("14:02 -- not counted: sent after the removal", "-- 1 line of alice shown above do", "third")
	g.hears(node.Expired{IDs: []string{"m1", "m3"}})
	g.misses("first", "third")
}

func TestScreenFoldsComingsAndGoings(t *testing.T) {
	g := memberAt(t, 120, 24)
	g.hears(node.MemberJoined{Peer: clitest.DaveID, Nick: "dave"}, node.MemberLeft{Peer: clitest.DaveID, Nick: "dave"}, node.MemberJoined{Peer: clitest.DaveID, Nick: "erin"})
	g.sees("-- dave joined, dave left, erin joined")
	g.hears(clitest.Spoken(1, "hi"), node.MemberLeft{Peer: clitest.DaveID, Nick: "erin"})
	g.sees("14:02 -- erin left")
}

func TestScreenDayChanges(t *testing.T) {
	g := memberAt(t, 80, 24)
	next := clitest.Spoken(2, "morning")
	next.At = clitest.Noon.Add(12 * time.Hour)
	g.hears(clitest.Spoken(1, "good night"), next)
	g.sees("─── Monday 23 November 2026 ───", "02:02 <alice> morning")
}

func TestScreenSettings(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.hears(clitest.Spoken(1, "hi"))
	g.says("/set times off")
	g.sees(" <alice> hi")
	g.misses("14:02 <alice>")
	g.says("/set mouse on")
	if g.m.View().MouseMode != tea.MouseModeCellMotion {
		t.Error("no mouse after /set mouse on")
	}
	g.says("/clear")
	g.misses("<alice> hi")
}

func TestScreenLobby(t *testing.T) {
	f := clitest.NewNode()
	g := sitBefore(t, f, 90, 24, nil)
	g.sees("Rooms on this network", "none found so far", "you are bob", "your words: amber kiwi")
	f.RoomList = []node.RoomInfo{
		{ID: clitest.LabID, Name: "lab", Access: "knock", Members: 5, Words: "robot lemon"},
		{ID: clitest.DenID, Name: "lab", Access: "open", Members: 1, Words: "orbit tulip"},
	}
	f.EmitIn(clitest.LabID, "lab", node.RoomFound{Name: "lab"})
	g.drain()
	g.sees("> lab  knock      5 members; owner's words: robot lemon", "  lab  open       1 member; owner's words: orbit tulip")
	g.press("down")
	g.sees("> lab  open")
	f.RoomList = f.RoomList[1:]
	g.passes(time.Second)
	g.sees("> lab  open")
	g.press("enter")
	g.did("join " + clitest.DenID.String())
	g.press("alt+1", "f3")
	g.sees("> /create", "/create ROOM")
	g.says("attic")
	g.did("create attic")
}

// TestScreenWarnsOnTheFirstScreen: a warning that came before the room was there is repeated in it, unless that was long ago.
func TestScreenWarnsOnTheFirstScreen(t *testing.T) {
	for _, wait := range []time.Duration{time.Second, time.Minute} {
		f := clitest.NewNode()
		g := sitBefore(t, f, 60, 24, nil)
		f.EmitIn(node.RoomID{}, "", node.Warning{Code: "network", Text: "this machine has no network"})
		g.drain()
		g.sees("! this machine has no network")
		for range int(wait / time.Second) {
			g.passes(time.Second)
		}
		f.EmitIn(clitest.LabID, "lab", node.Joined{Name: "lab", Nick: "bob", Owner: true})
		g.drain()
		g.sees("you own lab")
		if wait < justWarned {
			g.sees("! this machine has no network")
		} else {
			g.misses("! this machine has no network")
		}
	}
}

// TestScreenRepeatsTheLatestWarnings: of many warnings in the lobby, the latest maxWarned are repeated.
func TestScreenRepeatsTheLatestWarnings(t *testing.T) {
	f := clitest.NewNode()
	g := sitBefore(t, f, 60, 24, nil)
	for i := range maxWarned + 1 {
		f.EmitIn(node.RoomID{}, "", node.Warning{Code: "network", Text: fmt.Sprint("warning ", i)})
	}
	f.EmitIn(clitest.LabID, "lab", node.Joined{Name: "lab", Nick: "bob", Owner: true})
	g.drain()
	g.sees("you own lab", "! warning 1", fmt.Sprint("! warning ", maxWarned))
	g.misses("! warning 0")
}

// TestScreenLooksAtRoomsInTheLobby: while a room is shown, the node is not asked for the list of rooms.
func TestScreenLooksAtRoomsInTheLobby(t *testing.T) {
	g := memberAt(t, 90, 24)
	looks := func(seconds int) int {
		before := g.f.Looks
		for range seconds {
			g.passes(time.Second)
			g.hears(node.Message{ID: "x", Peer: clitest.AliceID, Nick: "alice", Text: "hi", At: clitest.Noon})
		}
		return g.f.Looks - before
	}
	if n := looks(5); n != 0 {
		t.Errorf("%d looks in a room", n)
	}
	g.f.EmitIn(clitest.DenID, "den", node.RoomFound{Name: "den"})
	if n := looks(5); n != 1 {
		t.Errorf("%d looks after another room was found", n)
	}
	g.press("alt+1")
	if n := looks(5); n < 5 {
		t.Errorf("%d looks in five seconds in the lobby", n)
	}
}

// TestScreenInviteIsNotSaid: the text of an invite joins from the lobby and is never said in a room.
func TestScreenInviteIsNotSaid(t *testing.T) {
	g := sitBefore(t, clitest.NewNode(), 90, 24, nil)
	g.send(tea.PasteMsg{Content: "LOCALCHAT:ABCD\n"})
	g.press("enter")
	g.did("join LOCALCHAT:ABCD")
	g = memberAt(t, 90, 24)
	g.f.Did()
	g.says("LOCALCHAT:ABCD")
	g.did()
	g.sees("! that is an invite and was not said")
}

func TestScreenOpeningFails(t *testing.T) {
	f := clitest.NewNode()
	f.Errors["join"] = &node.Error{Code: node.CodeNotFound, Text: "no room called lab", Reason: "room gone"}
	g := sitBefore(t, f, 80, 24, &command.Opening{Wait: command.JoinWait, Run: memberOpening})
	if err := g.m.farewell(); !g.quit || err == nil || err.Error() != "no room called lab" {
		t.Errorf("quit: %v, with %v", g.quit, err)
	}
}

func TestScreenSaysWhatReachedNobody(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.hears(node.Message{ID: "x", Peer: clitest.MeID, Nick: "bob", Text: "anybody?", Self: true, At: clitest.Noon})
	g.press("ctrl+d")
	if err := g.m.farewell(); err != nil {
		t.Error(err)
	}
	if words := g.words.Take(); !strings.Contains(words, "! 1 line has reached nobody yet") {
		t.Errorf("standard error: %q", words)
	}
}

// TestScreenDraftStaysWithItsRoom: a line that is half typed for one room is never said in another.
func TestScreenDraftStaysWithItsRoom(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.f.Did()
	g.types("for lab alo")
	g.inDen()
	g.sees("[2:lab]  3:den", "lab> for lab alo")
	g.press("alt+3")
	g.sees("den>")
	g.misses("for lab")
	g.says("for den")
	g.press("alt+2")
	g.types("ne")
	g.press("enter")
	g.did("say den for den", "say lab for lab alone")
	g.press("alt+1")
	g.types("/ro")
	g.press("alt+2")
	g.sees("lab> /ro")
}

// TestScreenDoorIsItsRooms: the bar about a knock at one room lets nobody into another room.
func TestScreenDoorIsItsRooms(t *testing.T) {
	g := ownerAt(t, 80, 24)
	g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "mallory"}}
	g.passes(time.Second)
	g.sees("? mallory knocks")
	g.f.Did()
	g.f.AtDoor = nil
	g.inDen()
	g.misses("? mallory knocks")
	g.press("f5")
	g.did()
}

// TestScreenDoorIsEmptyUntilLookedAt: just after a switch to another room, before its knocks are known, the bar is empty.
func TestScreenDoorIsEmptyUntilLookedAt(t *testing.T) {
	g := ownerAt(t, 80, 24)
	g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "mallory"}}
	g.passes(time.Second)
	g.f.Did()
	g.m.turnTo(g.m.tabs.list[0])
	g.press("f5")
	g.did()
}

// TestScreenAsksBeforeATwin: creating a second room of the same name is a question, which names the owner of the first if its
// nick can pass for a name.
func TestScreenAsksBeforeATwin(t *testing.T) {
	for typed, question := range map[string]string{
		"/create party": "a room called party is already on this network, owned by alice: create another?",
		"/create PARTY": "a room called party is already on this network, owned by alice: create another?",
		"/create paгty": "a room called party is already on this network, owned by alice: create another?", // a Cyrillic letter
		"/create den":   "a room called den is already on this network, owned by ~: create another?",
		"/create attic": "a room called attic is already on this network: create another?",
		"/create other": "",
	} {
		g := memberAt(t, 100, 24)
		g.f.RoomList = []node.RoomInfo{
			{ID: clitest.DenID, Name: "party", Owner: clitest.AliceID, OwnerNick: "alice"},
			{ID: node.RoomID{3}, Name: "den", Owner: clitest.DaveID, OwnerNick: "me; ✓ verified owner"},
			{ID: node.RoomID{4}, Name: "attic", Owner: clitest.DaveID},
		}
		g.press("alt+1")
		g.passes(time.Second)
		g.f.Did()
		g.says(typed)
		shown := strings.Join(strings.Fields(g.screen()), " ")
		shown = strings.ReplaceAll(shown, string(render.Tail(clitest.DaveID)), "~")
		if question == "" {
			g.did("create other")
			continue
		}
		if !strings.Contains(shown, question) || !strings.Contains(shown, "[y] yes [n] no") {
			t.Errorf("%s asks nothing, or something else:\n%s", typed, g.screen())
		}
		g.did()
		g.press("n")
		g.did()
		g.press("enter", "y")
		g.did("create " + strings.TrimPrefix(typed, "/create "))
	}
}

// TestScreenOwnRoomIsNoTwin: /create with the name of an own room enters it without a question.
func TestScreenOwnRoomIsNoTwin(t *testing.T) {
	g := memberAt(t, 100, 24)
	g.f.RoomList = []node.RoomInfo{
		{ID: clitest.DenID, Name: "party", Owner: clitest.AliceID, OwnerNick: "alice"}, {ID: clitest.LabID, Name: "party", Owner: clitest.MeID, Mine: true, In: true},
	}
	g.press("alt+1")
	g.passes(time.Second)
	g.says("/create party")
	g.misses("[y] yes")
}

// TestScreenLobbyHasMyWords: the lobby shows the user's words in full at every width, and names only keys that work there.
func TestScreenLobbyHasMyWords(t *testing.T) {
	for _, width := range []int{200, 90, 60, 40} {
		g := memberAt(t, width, 30)
		g.m.info.Words = "theatre hospital acoustic umbrella grandmother velvet mountain zebra"
		g.sees("F2 members")
		g.press("alt+1")
		g.m.info.Words = "theatre hospital acoustic umbrella grandmother velvet mountain zebra"
		g.send(resized(width, 30))
		shown := strings.Join(strings.Fields(strings.ReplaceAll(g.screen(), "|", " ")), " ")
		if !strings.Contains(shown, "your words: theatre hospital acoustic umbrella grandmother velvet mountain zebra") {
			t.Errorf("%d columns:\n%s", width, g.screen())
		}
		g.misses("F2")
	}
}

// TestScreenSearch: a line found by a search has its own time, and a mark.
func TestScreenSearch(t *testing.T) {
	g := memberAt(t, 80, 24)
	early := clitest.Spoken(1, "the build box is up")
	early.At = clitest.Noon.Add(-2 * time.Hour)
	g.f.Said = []node.Message{early, clitest.Spoken(2, "never mind")}
	g.says("/search BUILD")
	g.sees("=12:02 <alice> the build box is up", "1 line found among those kept here")
	g.misses("14:02 12:02", "never mind")
}

// TestLobbySaysThatThereIsMore: the lobby says how many rooms it does not list.
func TestLobbySaysThatThereIsMore(t *testing.T) {
	lab := node.RoomInfo{ID: clitest.LabID, Name: "lab", Owner: clitest.AliceID, Words: "amber kiwi", Access: "open", Members: 2}
	m := &tui{lobby: lobby{rooms: []node.RoomInfo{lab}, more: 32}}
	var shown strings.Builder
	rows, _ := m.lobbyRows(60, 20)
	for _, r := range rows {
		shown.WriteString(r.text + "\n")
	}
	if !strings.Contains(shown.String(), "32 more rooms") {
		t.Errorf("the lobby shows %s", shown.String())
	}
}

// TestGoodbye: the last line says what becomes of each room.
func TestGoodbye(t *testing.T) {
	own, other := command.Room{Name: "lab", Owned: true}, command.Room{Name: "den"}
	for want, rooms := range map[safe.Text][]command.Room{
		"-- goodbye": nil,
		"-- goodbye; lab is your room and opens again when localchat starts":                           {own},
		"-- goodbye; lab, lab are your rooms and open again when localchat starts":                     {own, own},
		"-- goodbye; lab is your room and opens again when localchat starts; you stay a member of den": {other, own},
	} {
		if got := goodbye(true, rooms); got != want {
			t.Errorf("in %v: %q, want %q", rooms, got, want)
		}
	}
	if got := goodbye(false, []command.Room{own}); got != "-- goodbye; nothing was kept on disk" {
		t.Errorf("without a disk: %q", got)
	}
}
