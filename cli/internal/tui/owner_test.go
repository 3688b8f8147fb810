package tui

import (
	"strings"
	"testing"
	"time"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/render"
	"localchat/node"
)

func TestScreenOwnerAtAGlance(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "mallory", Words: "robot lemon"}}
	g.f.Banned = append(g.f.Banned, node.BanInfo{Peer: clitest.AliceID, Nick: "eve", Until: clitest.Noon.Add(90 * time.Minute)})
	g.f.Open[0].Expires = clitest.Noon.Add(18 * time.Minute)
	g.passes(time.Second)
	g.sees("lab │ yours │ 1 knocking │ 3 members │ key 3 │ 1 node connected",
		"MEMBERS 3", "@ bob  owner, you", "+ dave  member", "! alice  offline",
		"KNOCKING 1", "? mallory knocks", "INVITES 1", "+ open for carol, 17 min", "BANNED 2", "- dave", "- eve, 89 min")
}

func TestScreenKnock(t *testing.T) {
	g := ownerAt(t, 100, 24)
	g.did("create lab")
	g.press("f5")
	g.did()
	g.sees("nobody knocks")
	g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "mallory", Words: "robot lemon"}}
	g.hears(node.Knock{Peer: clitest.AliceID, Nick: "mallory", Words: "robot lemon"})
	g.sees("? mallory knocks: F5 lets in, F6 turns away; their words: robot lemon", "1 knocking")
	g.press("f5")
	g.did("accept lab " + clitest.AliceID.String())
	g.passes(time.Second)
	g.press("f6")
	g.did("deny lab " + clitest.AliceID.String() + " ")
}

// TestScreenKnockHasAllItsWords: the words of a knock are never cut off, because they are there to be compared.
func TestScreenKnockHasAllItsWords(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 12}} {
		g := ownerAt(t, size[0], size[1])
		g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "mallory", Words: "increase crash attitude blouse bleak rally virtual limit"}}
		g.passes(time.Second)
		if s := g.unfolded(); !strings.Contains(s, "turns away; their words: increase crash attitude blouse bleak rally virtual limit lab>") {
			t.Errorf("the bar has not all the words:\n%s", g.screen())
		}
	}
}

// TestScreenKnockIsNotAnsweredByMistake: a key that is pressed just as the bar changes lets nobody in.
func TestScreenKnockIsNotAnsweredByMistake(t *testing.T) {
	g := ownerAt(t, 100, 24)
	g.did("create lab")
	g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "alice"}, {Peer: clitest.DaveID, Nick: "mallory"}}
	g.passes(time.Second)
	g.sees("? alice knocks")
	g.f.AtDoor = g.f.AtDoor[1:]
	g.hears(node.KnockGone{Peer: clitest.AliceID, Nick: "alice"})
	g.sees("? mallory knocks")
	g.press("f5")
	g.did()
	g.sees("somebody else is at the door now")
	g.passes(time.Second)
	g.press("f5")
	g.did("accept lab " + clitest.DaveID.String())
}

func TestScreenActsFromTheMemberList(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: "mallory"}}
	g.passes(time.Second)
	g.did("create lab")
	g.press("f2", "down")
	g.sees(">@ bob  owner, you", "w details  Esc back")
	g.misses("k kick")
	g.press("down")
	g.sees(">+ dave  member", "k kick  b ban  s mute  m message  w details")
	g.press("k")
	g.sees("lab> /kick dave", "/kick WHO [REASON]")
	g.says("too loud")
	g.did("kick lab dave too loud")
	g.press("f2")
	g.press("s")
	g.sees("lab> /mute dave", "/mute WHO [FOR] [REASON]")
	g.says("10m let others talk")
	g.did("mute lab dave let others talk 10m0s")
	g.f.MemberList[1].Muted = true
	g.passes(time.Second)
	g.press("f2")
	g.sees(">+ dave  member, muted", "s unmute")
	g.press("s")
	g.did("unmute lab dave")
	g.press("down", "down")
	g.sees(">? mallory knocks", "a accept  d deny")
	g.press("a")
	g.did("accept lab " + "mallory")
	g.press("down", "r")
	g.did("uninvite lab mf2w")
	g.press("down", "u")
	g.did("unban lab dave")
	g.press("esc")
	g.types("k")
	g.sees("lab> k")

	g = ownerAt(t, 40, 12)
	g.press("f2", "down", "down")
	if s := g.unfolded(); !strings.Contains(s, "k kick b ban s mute m message w details v verify i ignore Esc back") {
		t.Errorf("not every key is told on a small screen:\n%s", g.screen())
	}
}

// TestScreenChoiceStaysWithItsMember: if the chosen member goes, no other member becomes the chosen one by itself.
func TestScreenChoiceStaysWithItsMember(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.press("f2", "down", "down")
	g.sees(">+ dave")
	g.f.MemberList = append(g.f.MemberList[:1:1], g.f.MemberList[2])
	g.passes(time.Second)
	g.press("k")
	g.misses("/kick")
	g.press("down")
	g.sees(">! alice")
}

func TestScreenMemberHasNoOwnersKeys(t *testing.T) {
	g := memberAt(t, 90, 24)
	g.press("f2", "down")
	g.sees(">@ alice  owner", "m message")
	g.misses("k kick", "b ban")
	g.press("k", "b")
	g.sees("lab>")
	g.misses("/kick", "/ban")
}

// TestScreenDeputy: a deputy has the keys that moderate members, but not the owner or another deputy, and is asked before it leaves.
func TestScreenDeputy(t *testing.T) {
	g := memberAt(t, 90, 24)
	g.f.MemberList = append(g.f.MemberList, node.MemberInfo{Peer: clitest.DaveID, Nick: "dave", Role: "member", Present: true})
	g.hears(node.Deputies{Mine: true, Changed: true})
	g.passes(time.Second)
	g.press("f2", "down")
	g.sees(">@ alice  owner", "m message")
	g.misses("k kick", "s mute")
	g.press("down", "down")
	g.sees(">+ dave  member", "k kick  b ban  s mute")
	g.press("esc")
	g.f.Did()
	g.says("/warn dave mind your words")
	g.did("warn lab dave mind your words")
	g.says("/leave")
	g.sees("you are a deputy of lab; if you leave, you are none any more, also if you come back.", "Leave?", "[y] yes  [n] no")
	g.press("n")
	g.did()
	g.says("/leave")
	g.press("y")
	g.did("leave lab")
}

// TestScreenAsksOfAnEmptyRoom: the question about a room without other members counts nobody.
func TestScreenAsksOfAnEmptyRoom(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.f.MemberList = g.f.MemberList[:1]
	g.passes(time.Second)
	g.says("/close lunch")
	g.sees("close lab: lunch? Nobody else is in it; it ends for good")
	g.press("esc", "ctrl+c")
	g.says("/leave")
	g.sees("you own lab, and nobody else is in it. Close it, or hide it and stay its owner?")
}

func TestScreenAsksBeforeABan(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.did("create lab")
	g.says("/ban dave 2h too loud")
	g.did()
	g.sees("ban dave (~"+clitest.DaveID.String()[len(clitest.DaveID.String())-4:]+") from lab: too loud? They are removed, told why, and kept out for 2h", "[y] yes  [n] no")
	g.press("enter", "x")
	g.did()
	g.press("n")
	g.did()
	g.sees("nothing was done", "lab> /ban dave 2h too loud")
	g.press("enter", "y")
	g.did("ban lab " + clitest.DaveID.String() + " too loud 2h0m0s")
	g.misses("[y] yes")
	g.says("/close lunch")
	g.sees("close lab: lunch? 2 other members are removed and told why, and the room ends for good")
	g.press("esc")
	g.did()
	g.press("ctrl+c")
	g.says("/ban nobody")
	g.sees("ban nobody (not in the room now) from lab?")
	g.press("n")
	g.did()
}

func TestScreenAmbiguousBanAsksNothing(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.did("create lab")
	g.f.MemberList[1].Nick, g.f.MemberList[2].Nick = "dana", "Dana"
	g.passes(time.Second)
	g.says("/ban dana")
	g.did()
	g.sees("! \"dana\" could be dana (", "nothing was done")
	g.misses("[y] yes")
}

// TestScreenRemovalIsOneLine: a removal is one line, with its target, author and reason. The bar shows its progress; the chat
// shows only missing confirmations, and when they have come after all.
func TestScreenRemovalIsOneLine(t *testing.T) {
	progress := node.RemovalProgress{Peer: clitest.DaveID, Nick: "dave", Kind: "kicked", Applied: 1, Total: 2, Missing: []string{"alice"}}
	told, all := progress, progress
	told.Told, all.Told, all.Applied, all.Missing = true, true, 2, nil
	removed := node.MemberRemoved{Peer: clitest.DaveID, Nick: "dave", By: clitest.MeID, ByNick: "bob", Kind: "kicked", Seq: 7}
	why := node.RemovalReason{Peer: clitest.DaveID, Nick: "dave", Text: "this is no market", Removal: 7}

	g := ownerAt(t, 110, 24)
	g.hears(removed, progress)
	g.sees("kicked dave: not told, 1 of 2", "-- dave was kicked by bob")
	g.misses("waiting for")
	g.hears(told, why, clitest.Spoken(1, "so that is that"))
	g.sees("kicked dave: told, 1 of 2", "-- dave was kicked by bob: this is no market")
	g.hears(all)
	g.passes(time.Minute)
	g.misses("kicked dave:", "1 of 2", "kick of dave", "why dave")
	lines := g.m.tabs.shown().scroll.lines
	if n := len(lines); !strings.HasPrefix(string(lines[n-2].text), "-- dave was kicked") {
		t.Errorf("there is more than one line of it:\n%s", g.screen())
	}

	g.hears(removed, progress)
	g.passes(render.RemovalPatience)
	g.sees("-- kick of dave: dave not told yet; applied by 1 of 2; waiting for alice")
	g.passes(render.RemovalPatience)
	if n := strings.Count(g.screen(), "dave not told yet"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	g.hears(all)
	g.sees("-- kick of dave: told dave; applied by 2 of 2")

	// A reason gets a line of its own if the line of its removal has been cleared. A repeated reason adds nothing.
	g.says("/clear")
	g.hears(why)
	g.sees("-- why dave was removed: this is no market")
	g.hears(removed, why, why)
	g.misses("market: this")
}

func TestScreenInvite(t *testing.T) {
	g := ownerAt(t, 120, 60)
	g.says("/invite carol")
	g.sees("LOCALCHAT:ABCD", "█", "-- your words, for them to compare by voice: amber kiwi", "/uninvite mf2w revokes it")
	g.send(resized(25, 20))
	g.says("/invite")
	g.sees("hint: the QR code", "| needs a window")
	g.send(tea.WindowSizeMsg{Width: 120, Height: 12}) // a QR code that is cut off is useless
	g.says("/invite")
	g.sees("LOCALCHAT:ABCD", " 18 rows; /copy invite copies the")
	g.misses("█")
}

func TestScreenClosesItsRoom(t *testing.T) {
	g := ownerAt(t, 90, 24)
	g.hears(node.RoomClosed{Kind: "closed", Text: "lunch"})
	g.sees("-- you closed lab: lunch", "lab │ you are no longer in this room")
	g.misses("MEMBERS")
	g.press("alt+1")
	g.misses("2:lab")
	if strings.Contains(g.screen(), "you closed lab") {
		t.Error("the lobby tells what another room told")
	}
}

// TestScreenOwnerLeaves: an owner who leaves is asked whether to close or hide the room. Nothing is done before an answer, or by
// another key.
func TestScreenOwnerLeaves(t *testing.T) {
	begin := func() *glass {
		g := ownerAt(t, 80, 24)
		g.f.Did()
		g.says("/leave")
		g.sees("you own lab, and 2 other members are in it.", "[c] close it, with a reason  [s] stay its owner  [n] neither")
		g.press("y", "enter", "q")
		g.did()
		g.sees("[s] stay its owner")
		return g
	}
	t.Run("neither", func(t *testing.T) {
		for _, key := range []string{"n", "esc", "ctrl+c"} {
			g := begin()
			g.press(key)
			g.did()
			g.sees("lab │ yours", "nothing was done")
			g.misses("[s] stay")
		}
	})
	t.Run("closed", func(t *testing.T) {
		g := begin()
		g.press("c")
		g.did()
		g.sees("lab> /close")
		g.says("good night")
		g.sees("close lab: good night? 2 other members are removed and told why")
		g.press("y")
		g.did("close lab good night")
	})
	t.Run("stays", func(t *testing.T) {
		g := begin()
		g.press("s")
		g.did()
		g.sees("[1:lobby]", "-- lab is hidden from you, and you are still its owner; /switch lab", "you are bob │")
		g.misses("2:lab", "lab │ yours")
		// Lines there are counted, but not shown here; knocks and direct messages are shown.
		g.hears(clitest.Spoken(1, "anybody?"), node.Knock{Peer: clitest.AliceID, Nick: "mallory", Words: "robot lemon"}, node.Direct{Peer: clitest.DaveID, Nick: "dave", Text: "are you there"})
		g.misses("anybody?")
		g.sees("? [lab] mallory knocks", "[lab] [dave to you] are you there")
		if title := g.m.View().WindowTitle; !strings.Contains(title, "+3 !2") {
			t.Errorf("the title is %q", title)
		}
		g.press("ctrl+n", "alt+2")
		g.sees("[1:lobby]")
		g.says("/switch lab")
		g.sees("[2:lab]", "lab │ yours", "<alice> anybody?", "── new", "? mallory knocks")
	})
	t.Run("stays, and is entered in the lobby", func(t *testing.T) {
		g := begin()
		g.f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", Mine: true, In: true, Members: 3}}
		g.press("s")
		g.passes(time.Second)
		g.press("enter")
		g.sees("[2:lab]", "lab │ yours")
		g.did()
	})
	t.Run("stays, and ends", func(t *testing.T) {
		g := begin()
		g.press("s")
		g.hears(node.RoomClosed{Kind: "idle"})
		g.sees("2:lab")
		g.press("alt+2")
		g.sees("-- lab was closed: nobody said anything for too long", "(out)")
		g.says("/leave") // closes the pane of a room that has ended
		g.sees("[1:lobby]")
		g.misses("2:lab")
	})
	t.Run("at once", func(t *testing.T) {
		g := ownerAt(t, 80, 24)
		g.says("/leave stay")
		g.sees("[1:lobby]", "lab is hidden from you")
	})
}

// TestScreenOwnerChanges: what only an owner may do appears when we have taken the room, and goes when somebody has taken it from us.
func TestScreenOwnerChanges(t *testing.T) {
	g := memberAt(t, 90, 24)
	g.hears(node.TransferOffered{By: clitest.AliceID, Nick: "alice", Until: clitest.Noon.Add(10 * time.Minute)})
	g.sees("alice offers you lab", "lab makes you its owner")
	g.did("join lab")
	g.says("/transfer alice")
	g.sees("/transfer is for the owner of lab")
	g.did()
	g.says("/take lab")
	g.did("take lab")
	g.hears(node.OwnerChanged{Peer: clitest.MeID, Nick: "bob", From: clitest.AliceID, FromNick: "alice", Self: true})
	g.sees("you own lab now")
	g.says("/transfer alice")
	g.sees("offer lab to alice", "you cannot take it back")
	g.press("y")
	g.did("transfer lab " + clitest.AliceID.String())
	g.sees("lab is offered to")
	g.hears(node.OwnerChanged{Peer: clitest.AliceID, Nick: "alice", From: clitest.MeID, FromNick: "bob"})
	g.sees("bob gave lab to alice, who owns it now")
	g.says("/kick alice")
	g.sees("/kick is for the owner of lab")
	g.did()
}
