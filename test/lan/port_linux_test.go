package lan

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// holdMDNS has another program hold the port of mDNS on the host without sharing it, until release.
func (h *host) holdMDNS() (release func()) {
	t := h.lan.t
	t.Helper()
	var held []int
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			home, err := os.Open("/proc/thread-self/ns/net")
			if err != nil {
				return err
			}
			defer home.Close()
			ns, err := os.Open("/run/netns/" + h.NS)
			if err != nil {
				return err
			}
			defer ns.Close()
			defer func() {
				if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
					runtime.UnlockOSThread()
				}
			}()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				return err
			}
			for family, addr := range map[int]unix.Sockaddr{unix.AF_INET: &unix.SockaddrInet4{Port: 5353}, unix.AF_INET6: &unix.SockaddrInet6{Port: 5353}} {
				s, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
				if err != nil {
					return err
				}
				held = append(held, s)
				if family == unix.AF_INET6 {
					if err := unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
						return err
					}
				}
				if err := unix.Bind(s, addr); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	release = func() {
		for _, s := range held {
			unix.Close(s)
		}
		held = nil
	}
	t.Cleanup(release)
	return release
}

// TestLANPortHeld: another program holds the port of mDNS for itself. Every face reports it on its first screen, and so does JSON-RPC.
// When the port is free again the node is found.
func TestLANPortHeld(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	h := l.host("alice")
	release := h.holdMDNS()
	alice := h.start()
	if w := alice.await("warning", obj{"code": "mdns"}); !strings.Contains(w.Obj["text"].(string), "5353") {
		t.Errorf("alice is told: %v", w.Obj["text"])
	}
	console := h.command("create", "den", "--plain", "--ephemeral")
	keys, err := console.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	shown, err := console.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := console.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { console.Process.Kill() })
	defer timer.Stop()
	said := ""
	for lines := bufio.NewScanner(shown); lines.Scan(); {
		if said += lines.Text() + "\n"; strings.Contains(lines.Text(), "UDP port 5353") {
			keys.Close()
		}
	}
	if err := console.Wait(); err != nil {
		t.Errorf("the plain console: %v; it shows\n%s", err, said)
	}
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	release()
	bob := l.host("bob").start()
	bob.await("room_found", obj{"name": "lab"})
}

// TestLANNoNetwork: on a machine without a network, a command that needs other machines reports it and ends with the code for it. A
// command that can go on reports it and goes on.
func TestLANNoNetwork(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	h := l.host("alice")
	h.IP("link del eth0")
	for _, line := range []string{"rooms --wait 1s", "rooms --wait 1s --json", "join lab", "send lab hello", "tail lab", "join 10.77.0.9:4001", "tail 10.77.0.9:4001 --no-mdns"} {
		out, words, code := h.run(strings.Fields(line)...)
		if code != 3 || !strings.Contains(words, "no network") || !strings.Contains(words, "\nhint: ") {
			t.Errorf("%s: exit %d, shows %q and says %q", line, code, out, words)
		}
	}
	if out, words, code := h.run("create", "lab", "--ephemeral", "--plain"); code != 0 || !strings.Contains(out+words, "no network") {
		t.Errorf("create: exit %d, shows %q and says %q", code, out, words)
	}
	alice := h.start()
	alice.await("warning", obj{"code": "network"})
	// Nodes on this machine are found all the same.
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	if out, words, code := h.run("rooms", "--ephemeral"); code != 0 || !strings.Contains(out, "lab") {
		t.Errorf("rooms, with one on this machine: exit %d, shows %q and says %q", code, out, words)
	}
}

// TestLANPortTaken: a port at which another node, or another program, listens is not shared with it.
func TestLANPortTaken(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	h := l.host("alice")
	ports := []string{"/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001/quic-v1", "/ip6/::/tcp/4001", "/ip6/::/udp/4001/quic-v1"}
	var all []string
	for _, p := range ports {
		all = append(all, "--listen", p)
	}
	alice := h.start(all...)
	for _, p := range ports {
		for _, line := range []string{"rooms --wait 1s --ephemeral", "create den --ephemeral", "send lab hello --ephemeral", "rpc --ephemeral"} {
			out, words, code := h.run(append(strings.Fields(line), "--listen", p, "--listen", "/ip4/0.0.0.0/tcp/0")...)
			if code != 3 || !strings.Contains(words, p+": address already in use") || !strings.Contains(words, "\nhint: ") || out != "" {
				t.Errorf("%s at %s: exit %d, shows %q and says %q", line, p, code, out, words)
			}
		}
	}
	// The port is free again at once, although the node was killed.
	alice.kill()
	h.start(all...).quit()
}

// TestLANFixedPort: with --listen PORT a node is reached at that port by TCP alone and by UDP alone, also where there is no
// IPv6, and another node of the same machine is told that the port is taken.
func TestLANFixedPort(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	h := l.host("alice")
	h.forgetIPv6()
	alice := h.silent()
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	for _, proto := range []string{"tcp", "udp"} {
		b := l.host("by-" + proto)
		b.filter("output meta l4proto { tcp, udp } meta l4proto != " + proto + " drop")
		b.start("--no-mdns").joinAt(h.typed())
	}
	out, words, code := h.run("create", "den", "--ephemeral", "--listen", portTyped)
	if code != 3 || !strings.Contains(words, portTyped) || !strings.Contains(words, "address already in use") || !strings.Contains(words, "\nhint: ") || out != "" {
		t.Errorf("a second node: exit %d, shows %q and says %q", code, out, words)
	}
}
