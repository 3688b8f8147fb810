package lan

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"localchat/test/netns"

	"localchat/test/driver"
)

// avahiScript runs avahi-daemon with a message bus of its own, in a /run that only the two see.
const avahiScript = `
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus
dbus-daemon --system --fork --nopidfile # returns when it listens
exec avahi-daemon --no-chroot --no-drop-root --no-rlimits --file "$1"
`

const avahiConf = `
[server]
allow-interfaces=eth0
[publish]
publish-workstation=no
`

// An avahi is a running avahi-daemon, a foreign mDNS implementation.
type avahi struct {
	*host
	pid int
}

// avahi starts avahi-daemon on the host and returns when it serves.
func (h *host) avahi() (a *avahi) {
	t := h.lan.t
	t.Helper()
	for _, tool := range []string{"avahi-daemon", "avahi-browse", "avahi-publish", "dbus-daemon", "nsenter"} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		driver.DidNotRun(t, "it needs "+tool+" (Debian: avahi-daemon, avahi-utils, dbus)")
	}
	conf := h.home + "/avahi.conf"
	if err := os.WriteFile(conf, []byte(avahiConf), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(h.home + "/avahi.said")
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.Command("sh", "-c", avahiScript, "sh", conf)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		netns.Remove(h.NS) // ends the message bus too, which holds the output open
		cmd.Wait()
		said.Close()
		if t.Failed() {
			t.Logf("---- avahi:\n%s", a.said())
		}
	})
	a = &avahi{host: h, pid: cmd.Process.Pid}
	eventually(t, "avahi serves", func() bool { return a.tool("avahi-browse", "-a", "-t").Run() == nil })
	return a
}

// said returns what avahi-daemon has printed: its log.
func (a *avahi) said() string {
	text, err := os.ReadFile(a.home + "/avahi.said")
	if err != nil {
		a.lan.t.Error(err)
	}
	return string(text)
}

// tool returns a run of one of avahi's commands on that host.
func (a *avahi) tool(args ...string) *exec.Cmd {
	at := []string{"--target", strconv.Itoa(a.pid), "--mount", "--net", "--"}
	return exec.Command("nsenter", append(at, args...)...)
}

// publish announces a service for as long as the test lasts.
func (a *avahi) publish(name, service string, port int, txt ...string) {
	t := a.lan.t
	t.Helper()
	cmd := a.tool(append([]string{"avahi-publish", "-s", name, service, strconv.Itoa(port)}, txt...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	eventually(t, "avahi publishes "+name, func() bool {
		out, _ := a.tool("avahi-browse", "-t", "-p", service).Output()
		return strings.Contains(string(out), ";"+name+";")
	})
}

// TestLANAvahi runs nodes beside a foreign mDNS implementation, on another host and on the host of a node.
func TestLANAvahi(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	other := l.host("other").avahi()
	// Foreign services, and entries under our service name that no node has made.
	other.publish("printer", "_ipp._tcp", 631, "rp=print")
	other.publish("bare", "_localchat._udp", 4001)
	other.publish("hostile", "_localchat._udp", 4001,
		"dnsaddr=/ip4/203.0.113.9/tcp/4001/p2p/12D3KooWGRUVh7GmmGgS4iXUfpPaHhcM5R8ErRbdNZMNzDdgzyQp",
		"dnsaddr=nonsense", "dnsaddr=", strings.Repeat("x", 250), "\x1b[2J")

	laptop := l.host("laptop")
	laptop.avahi() // first, as on any Debian desktop: it is there when our node starts
	bob := (&host{Host: laptop.Host, lan: l, name: "bob", home: laptop.home}).start()
	alice := l.host("alice").start()
	alice.create("lab")
	bob.await("room_found", obj{"name": "lab"})
	bob.knock("lab", alice)
	converse("lab", "beside avahi", alice, bob)
	for _, n := range []*node{alice, bob} {
		if found := fmt.Sprint(n.do("node.peers", nil)); strings.Contains(found, "203.0.113.9") {
			t.Errorf("%s took an address that is not of this network: %s", n.name, found)
		}
	}

	var seen string
	eventually(t, "avahi-browse resolves alice's node", func() bool {
		out, _ := other.tool("avahi-browse", "-r", "-t", "-p", "_localchat._udp").Output()
		seen = string(out)
		return strings.Contains(seen, fmt.Sprint("/p2p/", alice.peer()))
	})
	for _, line := range strings.Split(seen, "\n") {
		if strings.HasPrefix(line, "=") && strings.Contains(line, fmt.Sprint(alice.peer())) {
			t.Log(line)
		}
	}
}
