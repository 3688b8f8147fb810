package plain

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/notify"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// TestEveryWayToLoseAPlace: every way to lose a place in a room has a line and a hint of its own, and ends the console of that room
// with exit code 5. Nothing on the screen is erased, because the shell and other rooms have written there too. A lost network ends
// nothing, and its line begins differently. If we lose our place before we were let in, the command that waits fails. A test of the
// same name in node shows where these events come from.
func TestEveryWayToLoseAPlace(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.Local)
	for _, w := range []struct {
		name       string
		body       node.EventBody
		line, hint string
		code       int // exit code; exitOK: the program goes on
	}{
		{
			"kicked",
			node.Removed{Kind: "kicked", Text: "too loud", By: clitest.AliceID, ByNick: "alice", At: at},
			"-- you were kicked from lab by alice: too loud", "you may ask to come back: localchat join lab", fail.ExitRefused,
		},
		{
			"banned",
			node.Removed{Kind: "banned", Text: "spam", By: clitest.AliceID, ByNick: "alice", At: at, Until: at.Add(2 * time.Hour)},
			"-- you were banned from lab by alice until 2026-11-22 16:05: spam", "you cannot join until 2026-11-22 16:05; once, you may write to the owner: localchat appeal lab TEXT", fail.ExitRefused,
		},
		{
			"banned for good",
			node.Removed{Kind: "banned", Text: "spam", By: clitest.AliceID, ByNick: "alice", At: at},
			"-- you were banned from lab by alice: spam", "you cannot join until the ban is lifted; once, you may write to the owner: localchat appeal lab TEXT", fail.ExitRefused,
		},
		{
			"closed",
			node.Removed{Kind: "closed", Text: "good night", By: clitest.AliceID, ByNick: "alice", At: at},
			"-- lab was closed by alice: good night", "the room has ended; localchat rooms lists the rooms on this network", fail.ExitRefused,
		},
		{
			"idle",
			node.Removed{Kind: "idle", By: clitest.AliceID, ByNick: "alice", At: at},
			"-- lab was closed: nobody said anything for too long", "the room has ended; localchat rooms lists the rooms on this network", fail.ExitRefused,
		},
		{
			"of a later version",
			node.Removed{Kind: "other", Text: "why not", By: clitest.AliceID, ByNick: "alice", At: at},
			"-- you were removed from lab by alice: why not", "you may ask to come back: localchat join lab", fail.ExitRefused,
		},
		{"refused", node.Refused{}, "-- you are not a member of lab", "ask to be admitted: localchat join lab", fail.ExitRefused},
		{"invite revoked", node.Removed{Kind: "invite-revoked", By: clitest.AliceID, ByNick: "alice", At: at, AtDoor: true}, "", "", fail.ExitOK},
		{"banned at the door", node.Removed{Kind: "banned", Text: "spam", By: clitest.AliceID, ByNick: "alice", At: at, AtDoor: true}, "", "", fail.ExitOK},
		{"closed at the door", node.Removed{Kind: "closed", By: clitest.AliceID, ByNick: "alice", At: at, AtDoor: true}, "", "", fail.ExitOK},
		{"the network", node.OwnerUnreachable{ForS: 40}, "! owner unreachable for 0:40: nobody can be admitted or removed", "", fail.ExitOK},
	} {
		t.Run(w.name, func(t *testing.T) {
			var out bytes.Buffer
			c := &console{
				env: &command.Env{Stdout: &out}, terminal: true, open: &command.Opening{}, settled: true, show: command.Settings{Notify: notify.Settings{Level: notify.Off}},
				rooms: []command.Room{{ID: clitest.LabID.String(), Name: "lab", Nick: "bob"}}, current: clitest.LabID.String(),
			}
			c.event(node.Event{Room: clitest.LabID, RoomName: "lab", Body: w.body})
			if got := strings.TrimSuffix(out.String(), "\n"); got != w.line {
				t.Errorf("line %q, want %q", got, w.line)
			}
			if w.code == fail.ExitOK {
				if c.failure != nil || len(c.rooms) != 1 || c.current != clitest.LabID.String() {
					t.Errorf("the console ends: %v", c.failure)
				}
				return
			}
			var f *fail.Error
			if !errors.As(c.failure, &f) || f.Code != w.code || f.Hint != w.hint {
				t.Errorf("it ends with %+v", f)
			}
			if len(c.rooms) != 0 || !c.over() {
				t.Error("the console is still in the room")
			}
		})
	}
}

// TestRemovedWhileTheFirstCommandRuns: the console of a member that is removed while the command that joined the room still runs shows
// the removal, and ends as it would have a moment later. A removal before the member came in ends nothing.
func TestRemovedWhileTheFirstCommandRuns(t *testing.T) {
	joined := node.Event{Room: clitest.LabID, RoomName: "lab", Body: node.Joined{Name: "lab", Nick: "bob"}}
	removed := node.Event{Room: clitest.LabID, RoomName: "lab", Body: node.Removed{Kind: node.KindBanned, By: clitest.AliceID, ByNick: "alice"}}
	for name, c := range map[string]struct {
		events []node.Event
		ends   bool
	}{
		"it came in, and was removed": {[]node.Event{joined, removed}, true},
		"it was removed, and came in": {[]node.Event{removed, joined}, false},
		"it came in":                  {[]node.Event{joined}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			con := &console{env: &command.Env{Stdout: &out}, terminal: true, open: &command.Opening{}, running: 1, show: command.Settings{Notify: notify.Settings{Level: notify.Off}}}
			for _, ev := range c.events {
				con.event(ev)
			}
			con.finish(finished{reply: command.Reply{Room: clitest.LabID.String(), Lines: []safe.Text{"in lab: bob"}}, first: true})
			if con.over() != c.ends || c.ends != (con.failure != nil) || c.ends == strings.Contains(out.String(), "in lab: bob") {
				t.Errorf("it ends: %v, with %v; it shows\n%s", con.over(), con.failure, &out)
			}
		})
	}
}
