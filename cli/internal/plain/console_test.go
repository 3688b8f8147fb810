package plain

import (
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
)

// TestALateEntryLeavesTypingAlone: if a user waits to be let into one room and types in another, the other one stays the current room
// when the user is let in.
func TestALateEntryLeavesTypingAlone(t *testing.T) {
	out := &clitest.Screen{}
	c := &console{
		env: &command.Env{Stdout: out, Stderr: out}, interactive: true,
		rooms: []command.Room{{ID: clitest.LabID.String(), Name: "lab"}, {ID: clitest.DenID.String(), Name: "den"}}, current: clitest.LabID.String(), chosen: true,
	}
	c.taken = 3
	c.enterBy(finished{reply: command.Reply{Room: clitest.DenID.String()}, taken: 3})
	if c.current != clitest.DenID.String() {
		t.Error("a room that is entered at once is not typed into")
	}
	c.current = clitest.LabID.String()
	c.enterBy(finished{reply: command.Reply{Room: clitest.DenID.String()}, taken: 2})
	if c.current != clitest.LabID.String() || !strings.Contains(out.Take(), "hint: /switch den switches to den") {
		t.Error("typing was moved")
	}
}

// TestPlainClearErasesNothing: /clear scrolls the text out of sight and erases nothing.
func TestPlainClearErasesNothing(t *testing.T) {
	out := &clitest.Screen{}
	c := &console{env: &command.Env{Stdout: out}, terminal: true, height: func() int { return 5 }}
	c.Clear()
	if got := out.Take(); got != "\n\n\n\n\n" {
		t.Errorf("it writes %q", got)
	}
}
