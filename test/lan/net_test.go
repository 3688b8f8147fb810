package lan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that should come in milliseconds. It only ends a test that has
// failed already, so it is generous: a busy machine is no defect.
const patience = 30 * time.Second

// nsPrefix begins the name of every namespace that a test makes: nsPrefix PID - lan - host.
const nsPrefix = "lchat-"

// A lan is a switch and the hosts plugged into it: a bridge in a network namespace of its own, and a namespace for each
// host. Nothing in it touches the interfaces of the machine.
type lan struct {
	t      *testing.T
	name   string // begins the names of its namespaces
	dir    string // the hosts' files
	hosts  int    // plugged in so far
	routed bool   // hosts have an IPv4 route for multicast
	links  bool   // hosts have their link-local addresses alone
}

// A host is one laptop: a namespace with one network card and a home.
type host struct {
	lan   *lan
	name  string
	ns    string
	home  string
	addr  string // IPv4
	addr6 string // link-local
	// clock is by how much [node.setClock] sets the clock of a node that is started here; zero: not at all.
	clock time.Duration
}

var lans atomic.Int32

// newLAN makes an empty network, or ends the test where namespaces cannot be made. Hosts get an IPv4 route for
// multicast, as a default route would give them; see [lan.unrouted].
func newLAN(t *testing.T) *lan {
	t.Helper()
	needNamespaces(t)
	l := &lan{t: t, name: fmt.Sprintf("%s%d-%d-", nsPrefix, os.Getpid(), lans.Add(1)), dir: t.TempDir(), routed: true}
	l.namespace(l.sw())
	l.ip("-n", l.sw(), "link", "add", "br0", "type", "bridge")
	l.ip("-n", l.sw(), "link", "set", "br0", "up")
	return l
}

// unrouted makes hosts plugged in from now on know no way for IPv4 multicast: a switch without a router behind it.
// What is left for discovery is IPv6.
func (l *lan) unrouted() *lan {
	l.routed = false
	return l
}

// linkLocalOnly gives hosts plugged in from now on no address but a link-local one of IPv6: a cable between two laptops,
// or a switch without a router.
func (l *lan) linkLocalOnly() *lan {
	l.links = true
	return l
}

func (l *lan) sw() string { return l.name + "switch" }

// host plugs in a host of that name.
func (l *lan) host(name string) *host {
	l.t.Helper()
	l.hosts++
	h := &host{
		lan: l, name: name, ns: l.name + name,
		home: filepath.Join(l.dir, name), addr: fmt.Sprintf("10.77.0.%d", l.hosts), addr6: fmt.Sprintf("fe80::%x", l.hosts),
	}
	l.namespace(h.ns)
	l.ip("-n", h.ns, "link", "set", "lo", "up")
	h.wire()
	for _, dir := range h.dirs() {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			l.t.Fatal(err)
		}
	}
	return h
}

// wire gives the host its network card, with the host's addresses, and plugs it in.
func (h *host) wire() {
	l := h.lan
	l.t.Helper()
	l.ip("link", "add", "eth0", "netns", h.ns, "type", "veth", "peer", "name", h.port(), "netns", l.sw())
	l.ip("-n", l.sw(), "link", "set", h.port(), "master", "br0", "up")
	// The addresses are given by hand and without duplicate detection: it would take two seconds of every test.
	l.ip("-n", h.ns, "link", "set", "eth0", "addrgenmode", "none", "up")
	h.address()
}

// address gives the network card the host's addresses.
func (h *host) address() {
	l := h.lan
	l.t.Helper()
	l.ip("-n", h.ns, "addr", "add", h.addr6+"/64", "dev", "eth0", "nodad")
	if l.links {
		return
	}
	l.ip("-n", h.ns, "addr", "add", h.addr+"/24", "dev", "eth0")
	if l.routed {
		l.ip("-n", h.ns, "route", "replace", "224.0.0.0/4", "dev", "eth0")
	}
}

// port is the switch's end of the host's cable.
func (h *host) port() string { return "p-" + h.name }

// unplug pulls the cable at the switch, so that the host sees its carrier go. plug puts it back.
func (h *host) unplug() { h.lan.ip("-n", h.lan.sw(), "link", "set", h.port(), "down") }
func (h *host) plug()   { h.lan.ip("-n", h.lan.sw(), "link", "set", h.port(), "up") }

// deafen drops all that arrives at the host while what it sends still goes out: what is said to it, a reply above
// all, is lost. hear ends that.
func (h *host) deafen() {
	h.lan.nft(h.ns, "add table inet deaf; "+
		"add chain inet deaf in { type filter hook input priority 0; policy accept; }; "+
		"add rule inet deaf in iifname eth0 drop")
}

func (h *host) hear() { h.lan.nft(h.ns, "delete table inet deaf") }

// apart cuts h off from one other host, in both directions and for nobody else.
func (h *host) apart(other *host) {
	h.lan.nft(h.lan.sw(), fmt.Sprintf("add table bridge cut; "+
		"add chain bridge cut f { type filter hook forward priority 0; policy accept; }; "+
		"add rule bridge cut f iifname %[1]s oifname %[2]s drop; "+
		"add rule bridge cut f iifname %[2]s oifname %[1]s drop", h.port(), other.port()))
}

// mute loses what h sends to one other host, while what that one sends still arrives.
func (h *host) mute(other *host) {
	h.lan.nft(h.lan.sw(), fmt.Sprintf("add table bridge cut; "+
		"add chain bridge cut f { type filter hook forward priority 0; policy accept; }; "+
		"add rule bridge cut f iifname %s oifname %s drop", h.port(), other.port()))
}

// together ends every cut of the switch.
func (l *lan) together() { l.nft(l.sw(), "add table bridge cut; delete table bridge cut") }

// diskSize, in bytes, of a small disk: ten times what a test keeps there.
const diskSize = 4 << 20

// smallDisk gives the host a disk of its own for what nodes keep, before any node runs there.
func (h *host) smallDisk() {
	t := h.lan.t
	t.Helper()
	h.lan.run("mount", "-t", "tmpfs", "-o", fmt.Sprintf("mode=700,size=%d", diskSize), "tmpfs", h.data())
	t.Cleanup(func() { h.lan.run("umount", "--lazy", h.data()) })
}

// fillDisk leaves no byte of the small disk free; freeDisk ends that.
func (h *host) fillDisk() {
	err := os.WriteFile(h.filler(), make([]byte, diskSize), 0o600)
	if !errors.Is(err, syscall.ENOSPC) {
		h.lan.t.Fatalf("fill a small disk: %v", err)
	}
}

func (h *host) freeDisk() {
	if err := os.Remove(h.filler()); err != nil {
		h.lan.t.Fatal(err)
	}
}

func (h *host) filler() string { return h.data() + "/filler" }

// namespace makes a namespace that ends with the test, and with it whatever runs there.
func (l *lan) namespace(ns string) {
	l.t.Helper()
	l.ip("netns", "add", ns)
	l.t.Cleanup(func() { removeNamespace(ns) })
}

func (l *lan) ip(args ...string) {
	l.t.Helper()
	l.run("ip", args...)
}

func (l *lan) run(tool string, args ...string) {
	l.t.Helper()
	if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
		l.t.Fatalf("%s %s: %v: %s", tool, strings.Join(args, " "), err, out)
	}
}

func (l *lan) nft(ns, rules string) {
	l.t.Helper()
	cmd := exec.Command("ip", "netns", "exec", ns, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("nft in %s: %v: %s", ns, err, out)
	}
}

// needNamespaces ends a test that cannot run here: it fails in CI, where it must run, and elsewhere is skipped aloud.
func needNamespaces(t *testing.T) {
	t.Helper()
	why := missing()
	if why == "" {
		return
	}
	text := fmt.Sprintf("%s DID NOT RUN: %s. It joins hosts by network namespaces; as root: go test ./test/lan", t.Name(), why)
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	// go test keeps the output of a package that passes to itself, so the person at the terminal is told directly.
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(tty, text)
		tty.Close()
	}
	t.Skip(text)
}

// missing says, once, what this machine lacks for a lan, and takes away what tests that were killed left behind.
var missing = sync.OnceValue(func() string {
	if os.Getuid() != 0 {
		return "needs root"
	}
	for _, tool := range []string{"ip", "tc", "bridge", "nft", "mount", "prlimit"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "needs " + tool + " (Debian: iproute2, nftables, mount, util-linux)"
		}
	}
	sweep()
	probe := fmt.Sprintf("%s%d-probe", nsPrefix, os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", probe).CombinedOutput(); err != nil {
		return "cannot make a network namespace: " + strings.TrimSpace(string(out))
	}
	removeNamespace(probe)
	return ""
})

// sweep removes the namespaces of test processes that no longer live.
func sweep() {
	out, _ := exec.Command("ip", "netns", "list").Output()
	for _, line := range strings.Split(string(out), "\n") {
		ns, _, _ := strings.Cut(line, " ")
		rest, ours := strings.CutPrefix(ns, nsPrefix)
		owner, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if !ours || err != nil {
			continue
		}
		p, err := os.FindProcess(pid)
		if err != nil || errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			removeNamespace(ns)
		}
	}
}

// removeNamespace ends what still runs in ns, and ns.
func removeNamespace(ns string) {
	out, _ := exec.Command("ip", "netns", "pids", ns).Output()
	for _, field := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(field); err == nil {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
	}
	exec.Command("ip", "netns", "del", ns).Run()
}
