package plain

import (
	"context"
	"strings"
	"testing"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/notify"
	"localchat/cli/internal/stream"
	"localchat/node"
)

// TestPlainCalls: on a terminal, events for the user cause notifications once the user has entered nothing for a while, until the user
// enters a line. A pipe gets only lines.
func TestPlainCalls(t *testing.T) {
	out := &clitest.Screen{}
	kitty := notify.TerminalOf(func(name string) string { return map[string]string{"TERM": "xterm-kitty"}[name] })
	c := &console{
		env: &command.Env{Stdout: out, Stderr: out, Terminal: kitty}, show: command.DefaultSettings, interactive: true, terminal: true,
		rooms: []command.Room{{ID: clitest.LabID.String(), Name: "lab", Nick: "bob"}}, current: clitest.LabID.String(),
	}
	hears := func(text string) (sequence, line string) {
		c.event(node.Event{Time: clitest.Noon, Room: clitest.LabID, RoomName: "lab", Body: clitest.Spoken(1, text)})
		said := out.Take()
		i := strings.LastIndex(said, "\a") + 1
		return said[:i], said[i:]
	}
	const want = "\x1b]777;notify;localchat: lab;<alice> bob?\a\a"
	c.attention.typed = time.Now().Add(-notify.UnseenAfter)
	if got, line := hears("bob?"); got != want || !strings.HasSuffix(line, "<alice> bob?\n") {
		t.Errorf("it writes %q before %q, want %q", got, line, want)
	}
	if got, _ := hears("hello"); got != "" {
		t.Errorf("it writes %q for a line that calls nobody", got)
	}
	c.take(context.Background(), stream.Line{Text: "/nothing"}, true)
	out.Take()
	if got, _ := hears("bob?"); got != "" {
		t.Errorf("it writes %q for a user who has just entered a line", got)
	}
	c.show.Bell = true
	if got, _ := hears("bob?"); got != notify.Bell {
		t.Errorf("with the bell on it writes %q", got)
	}
	c.attention.typed, c.terminal = time.Time{}, false
	if got, _ := hears("bob?"); got != "" {
		t.Errorf("it writes %q into a pipe", got)
	}
}
