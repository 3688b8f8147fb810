package lan

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"localchat/test/driver"
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

// A desktop shows notifications on a session bus of its own.
type desktop struct {
	address string
	shown   chan string
}

func newDesktop(t *testing.T) *desktop {
	t.Helper()
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--nosyslog", "--print-address=1", "--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	out, err := daemon.StdoutPipe()
	if err == nil {
		err = daemon.Start()
	}
	if err != nil {
		t.Fatalf("needs dbus-daemon (Debian: dbus): %v", err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	d := &desktop{address: strings.TrimSpace(line), shown: make(chan string, 100)}
	conn, err := dbus.Connect(d.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	const service = "org.freedesktop.Notifications"
	if err := conn.Export(d, "/org/freedesktop/Notifications", service); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName(service, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desktop) GetCapabilities() ([]string, *dbus.Error) { return []string{"body-markup"}, nil }

func (d *desktop) Notify(_ string, _ uint32, _, title, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	d.shown <- title + " | " + body
	return 1, nil
}

// shows waits for the next notification.
func (d *desktop) shows(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-d.shown:
		if got != want {
			t.Errorf("the desktop shows %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Errorf("the desktop does not show %q", want)
	}
}

// TestLANBackgroundCalls: a node in the background calls its person by the desktop, a console that attaches does so in its place,
// and a removal that the desktop has shown is told to the next face all the same.
func TestLANBackgroundCalls(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").start("--ephemeral")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob, d := l.host("bob"), newDesktop(t)
	up := bob.command("up", "--nick", "bob", "--room", "lab")
	up.Env = append(up.Env, "DBUS_SESSION_BUS_ADDRESS="+d.address)
	if out, err := up.CombinedOutput(); err != nil {
		t.Fatalf("up: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if _, words, code := bob.run("down", "--force"); code != 0 {
			t.Errorf("down: exit %d, said %q", code, words)
		}
	})
	alice.say("lab", "bob: <b>one</b>\x1b]0;owned\a")
	d.shows(t, "localchat: lab | &lt;alice&gt; bob: &lt;b&gt;one&lt;/b&gt;")

	console, err := driver.StartProgram(bob.command("--plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer console.Stop()
	if console.Sees(console.Out, regexp.MustCompile("you are in lab"), patience) == nil {
		t.Fatal(console)
	}
	alice.say("lab", "bob: two")
	if console.Sees(console.Out, regexp.MustCompile("bob: two"), patience) == nil {
		t.Fatal(console)
	}
	if err := console.Type("/quit\n"); err != nil {
		t.Fatal(err)
	}
	if code, ended := console.Ends(patience); !ended || code != 0 {
		t.Fatalf("the console: ended: %v, with %d; %s", ended, code, console)
	}
	eventually(t, "nothing is attached", func() bool {
		out, _, _ := bob.run("status")
		return !strings.Contains(out, "face     console")
	})
	alice.do("room.tell", obj{"room": "lab", "who": "bob", "text": "three"})
	d.shows(t, "localchat: lab | [alice to you] three")

	// A page that bob looks at shows it, and one that he has left, or that has gone, does not.
	page := bob.start()
	page.do("node.focus", obj{"focused": true})
	alice.say("lab", "bob: on the page")
	page.await("message", obj{"text": "bob: on the page"})
	page.do("node.focus", obj{"focused": false})
	alice.say("lab", "bob: beside the page")
	d.shows(t, "localchat: lab | &lt;alice&gt; bob: beside the page")
	page.do("node.focus", obj{"focused": true})
	page.CloseInput()
	eventually(t, "the page is gone", func() bool {
		out, _, _ := bob.run("status")
		return !strings.Contains(out, "face     rpc")
	})
	alice.say("lab", "bob: without a page")
	d.shows(t, "localchat: lab | &lt;alice&gt; bob: without a page")

	alice.do("room.mute", obj{"room": "lab", "who": "bob", "reason": "a moment"})
	d.shows(t, "localchat: lab | you were muted in lab by alice: a moment; you can still read, and /msg reaches the owner alone")
	alice.do("room.kick", obj{"room": "lab", "who": "bob", "reason": "too loud"})
	d.shows(t, "localchat: lab | you were kicked from lab by alice: too loud")
	face := bob.start()
	face.await("removed", obj{"kind": "kicked", "text": "too loud"})
	face.CloseInput()
}
