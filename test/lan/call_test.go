package lan

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestConsoleCalls: what is for bob reaches his terminal as a notification of it while another window has the keyboard, through
// the tmux between, and the bell rings. While he looks, nothing is sent. The text of a hostile member stays inside.
func TestConsoleCalls(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").start("--ephemeral")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob := l.host("bob").terminal("VTE_VERSION=7600")
	raw := filepath.Join(bob.home, "run", "raw")
	bob.tmux("pipe-pane", "cat > "+raw)
	bob.types("localchat join lab --ephemeral")
	bob.sees("you are in lab, as bob")
	const out, in = "\x1b[O", "\x1b[I"
	says := func(text, shown string) (written string) {
		t.Helper()
		before, _ := os.ReadFile(raw)
		alice.say("lab", text)
		bob.sees(shown)
		eventually(t, "what the terminal got", func() bool {
			all, _ := os.ReadFile(raw)
			written = string(all[len(before):])
			return strings.Contains(written, shown)
		})
		return written
	}
	const notification = "]777;notify"
	if got := says("bob: one", "bob: one"); strings.Contains(got, notification) || strings.Contains(got, "\a") {
		t.Errorf("bob looks, and his terminal is told: %q", got)
	}
	hostile := "bob: two\x1b\\\a\x1b]0;owned\a\x1bPtmux;\x1b\x1b[2J\x1b\\; three\u009c"
	const want = "\x1bPtmux;\x1b\x1b]777;notify;localchat: lab;<alice> bob: two, three\a\x1b\\\a"
	bob.tmux("send-keys", "-l", out)
	eventually(t, "bob, whose window has lost the keyboard, is called by "+strconv.Quote(want), func() bool {
		return strings.Contains(says(hostile, "bob: two; three"), want)
	})
	if got := says("a line for nobody", "a line for nobody"); strings.Contains(got, notification) {
		t.Errorf("a line that calls nobody is told: %q", got)
	}
	bob.sees("[2:lab +")
	bob.tmux("send-keys", "-l", in)
	bob.sees("[2:lab]")
	if got := says("bob: four", "bob: four"); strings.Contains(got, notification) {
		t.Errorf("bob looks again, and his terminal is told: %q", got)
	}
	bob.types("/quit")
	bob.isBack("0")
}
