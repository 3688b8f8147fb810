package desktop

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/godbus/dbus/v5"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/notify"
	"localchat/node"
)

// A bus is a session bus of this test.
func bus(t *testing.T) *dbus.Conn {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("needs dbus-daemon (Debian: dbus)")
		}
		t.Skip("needs dbus-daemon (Debian: dbus)")
	}
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--nosyslog", "--print-address=1", "--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	out, err := daemon.StdoutPipe()
	if err == nil {
		err = daemon.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// A desk shows notifications as a desktop does.
type desk struct {
	can   atomic.Pointer[[]string]
	shown chan string
}

func (d *desk) GetCapabilities() ([]string, *dbus.Error) { return *d.can.Load(), nil }

func (d *desk) Notify(program string, _ uint32, icon, title, body string, actions []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	d.shown <- strings.Join(append([]string{program, icon, title, body}, actions...), "|")
	return 1, nil
}

// TestShowOnASessionBus: a notification arrives at the service of the desktop, with text that is safe and, where the service takes
// markup, none.
func TestShowOnASessionBus(t *testing.T) {
	conn := bus(t)
	note := new(notify.Caller).Hear(node.Event{RoomName: "lab", Body: clitest.Spoken(1, "bob? <img src='http://x'/>&\x1b]0;owned\a\u202e\nhi")}, clitest.Noon, "bob", notify.Default)[0]
	err := Show(t.Context(), note)
	if err == nil || !strings.Contains(err.Error(), "nothing shows notifications on the session bus") {
		t.Errorf("without a service: %v", err)
	}
	d := &desk{shown: make(chan string, 1)}
	if err := conn.Export(d, servicePath, service); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName(service, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("the name of the service: %v, %v", reply, err)
	}
	for _, c := range []struct {
		can  []string
		want string
	}{
		{[]string{"body"}, "localchat||localchat: lab|<alice> bob? <img src='http://x'/>& ⏎ hi"},
		{[]string{"body", "body-markup"}, "localchat||localchat: lab|&lt;alice&gt; bob? &lt;img src='http://x'/&gt;&amp; ⏎ hi"},
	} {
		d.can.Store(&c.can)
		if err := Show(t.Context(), note); err != nil {
			t.Fatal(err)
		}
		if got := <-d.shown; got != c.want {
			t.Errorf("the desktop with %q was told %q, want %q", c.can, got, c.want)
		}
	}
	if err := Check(t.Context()); err != nil {
		t.Errorf("a desktop that shows notifications fails the check: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if err := Check(t.Context()); err == nil || !strings.Contains(err.Error(), "no session bus") {
		t.Errorf("without a bus: %v", err)
	}
}
