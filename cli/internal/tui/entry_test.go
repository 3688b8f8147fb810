package tui

import (
	"context"
	"testing"
	"time"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/node"
)

// TestScreenWaitsAtADoor: a user at a door sees how long the answer may take, in every room, until the answer comes.
func TestScreenWaitsAtADoor(t *testing.T) {
	for name, answer := range map[string]error{
		"let in": nil, "turned away": &node.Error{Code: node.CodeRefused, Text: "the owner of den did not let you in", Reason: "denied"},
		"no answer": context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			g := memberAt(t, 80, 24)
			g.f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", In: true}, {ID: clitest.DenID, Name: "den", Access: "knock", Members: 2}}
			g.f.Asking = func(ctx context.Context) error {
				left, ok := ctx.Deadline()
				if !ok || time.Until(left) < command.KnockWait-time.Minute {
					t.Errorf("the answer is awaited until %v", left)
				}
				g.sees("-- asking to be let into den: 10:00 left for an answer; /leave cancels")
				g.send(tick(clitest.Noon.Add(19 * time.Second)))
				g.sees("-- asking to be let into den: 9:41 left for an answer")
				g.press("alt+2")
				g.sees("lab │ owner alice", "-- asking to be let into den: 9:41 left for an answer")
				g.press("alt+1")
				return answer
			}
			g.press("alt+1", "down", "enter")
			g.misses("asking to be let into den")
			if answer == nil {
				g.sees("you are in", "alice (owner), bob (you)")
			}
		})
	}
}

// TestScreenKnockIsTakenBack: a request to be let in can be cancelled.
func TestScreenKnockIsTakenBack(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.press("alt+1")
	g.f.Asking = func(ctx context.Context) error {
		g.says("/leave")
		if ctx.Err() == nil {
			t.Error("the knock goes on")
		}
		return &node.Error{Code: node.CodeTimeout, Text: "no answer from the owner of den in time"}
	}
	g.says("/join den")
	g.misses("asking to be let into", "! no answer")
	g.sees("-- you no longer ask to be let into den")
	g.says("/leave")
	g.sees("! you are not in a room")
}

// TestScreenLineThatFailed: a line whose command failed is shown again, so that the user can correct it, and never becomes
// part of another line: a letter or a paste replaces it, and a key that moves or deletes keeps it.
func TestScreenLineThatFailed(t *testing.T) {
	fails := map[string]func(g *glass){
		"by the node": func(g *glass) {
			g.f.Errors["accept"] = &node.Error{Code: node.CodeNotFound, Text: "there is no dave at the door of lab"}
			g.says("/accept dave")
		},
		"by its form":     func(g *glass) { g.says("/accept") },
		"by its name":     func(g *glass) { g.says("/acept dave") },
		"not by us":       func(g *glass) { g.f.Errors["say"] = node.AsError(context.DeadlineExceeded); g.says("hello") },
		"by its question": func(g *glass) { g.says("/ban dave"); g.press("n") },
		"by an ambiguity": func(g *glass) {
			g.m.tabs.shown().roster.Members = append(g.m.tabs.shown().roster.Members, node.MemberInfo{Peer: "x", Nick: "dave"})
			g.says("/ban dave")
		},
	}
	then := map[string]struct {
		does func(g *glass)
		did  string
	}{
		"typed": {func(g *glass) { g.says("/invite carol") }, "invite lab carol 0s"},
		"pasted": {func(g *glass) {
			g.send(tea.PasteMsg{Content: "/invite carol"})
			g.press("enter")
		}, "invite lab carol 0s"},
		"after Ctrl-C": {func(g *glass) { g.press("ctrl+c"); g.says("/invite carol") }, "invite lab carol 0s"},
		"kept": {func(g *glass) {
			g.press("end")
			for range 20 {
				g.press("backspace")
			}
			g.says("/invite carol")
		}, "invite lab carol 0s"},
	}
	for why, fail := range fails {
		for how, next := range then {
			t.Run(why+", "+how, func(t *testing.T) {
				g := ownerAt(t, 80, 24)
				fail(g)
				g.sees("not done; typing replaces it")
				failed := g.m.input.text()
				g.f.Did()
				next.does(g)
				g.misses("not done;")
				g.did(next.did)
				g.press("up", "up")
				if got := g.m.input.text(); got != failed {
					t.Errorf("called back: %q, want %q", got, failed)
				}
			})
		}
	}
}

// TestScreenLateFailureGivesNothingBack: a late failure does not put its line back into an input that has been used since, not
// even if that input is empty again, nor in another room.
func TestScreenLateFailureGivesNothingBack(t *testing.T) {
	late := performed{job: job{cmd: &command.Command{Name: "say"}, text: "/msg alice psst"}, err: &node.Error{Code: node.CodeUnavailable, Text: "alice is not there"}}
	for name, c := range map[string]struct {
		meanwhile func(g *glass)
		input     string
	}{
		"nothing typed":         {func(*glass) {}, "/msg alice psst"},
		"half a line":           {func(g *glass) { g.types("so") }, "so"},
		"typed and taken out":   {func(g *glass) { g.types("s"); g.press("backspace") }, ""},
		"typed and said":        {func(g *glass) { g.says("so") }, ""},
		"gone to another room":  {func(g *glass) { g.press("alt+1") }, ""},
		"gone there and back":   {func(g *glass) { g.press("alt+1", "alt+2") }, ""},
		"scrolled, and no more": {func(g *glass) { g.press("pgup") }, "/msg alice psst"},
	} {
		t.Run(name, func(t *testing.T) {
			g := memberAt(t, 80, 24)
			late.pane, late.keys = g.m.tabs.shown(), g.m.input.keys
			c.meanwhile(g)
			g.send(late)
			if got := g.m.input.text(); got != c.input {
				t.Errorf("in the input: %q, want %q", got, c.input)
			}
		})
	}
}

// TestScreenLineGivenBackIsNotBeingTyped: a failed line that is shown again does not count as a line being typed, so a room can
// be shown and a question asked.
func TestScreenLineGivenBackIsNotBeingTyped(t *testing.T) {
	g := memberAt(t, 80, 24)
	g.says("/kcik dave")
	g.press("alt+1")
	if got := g.m.input.text(); got != "" {
		t.Errorf("it came along: %q", got)
	}
	g.press("alt+2")
	if got := g.m.input.text(); got != "" {
		t.Errorf("it came back: %q", got)
	}
}
