// Package netns makes networks of hosts for tests, out of Linux network namespaces. A network does not touch the interfaces of the
// machine, and ends with its test.
package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// prefix begins the name of every namespace made here: prefix PID - network - host.
const prefix = "lchat-"

// A Network is a switch and the hosts that are plugged into it: a bridge br0 in the namespace of Switch, and a namespace for
// each host.
type Network struct {
	t      *testing.T
	Name   string // begins the names of its namespaces
	Switch *Host
}

// A Host is a machine: a namespace, with the loopback interface up.
type Host struct {
	net  *Network
	name string
	NS   string
}

var networks atomic.Int32

// New makes an empty network, or ends the test as [Need] does.
func New(t *testing.T) *Network {
	t.Helper()
	Need(t)
	n := &Network{t: t, Name: fmt.Sprintf("%s%d-%d-", prefix, os.Getpid(), networks.Add(1))}
	n.Switch = n.Host("switch")
	n.Switch.IP("link add br0 type bridge")
	n.Switch.IP("link set br0 up")
	return n
}

// In makes a failure of the network fail t, a subtest, and ends the hosts made from now on with t.
func (n *Network) In(t *testing.T) { n.t = t }

// Host makes a host that has no network card yet; see [Host.Wire].
func (n *Network) Host(name string) *Host {
	n.t.Helper()
	h := &Host{net: n, name: name, NS: n.Name + name}
	n.Run("ip", "netns", "add", h.NS)
	n.t.Cleanup(func() { Remove(h.NS) })
	h.IP("link set lo up")
	return h
}

// Wire gives the host a network card eth0, plugged in but still down. Its IPv6 addresses can be used at once: duplicate
// address detection would take two seconds.
func (h *Host) Wire() {
	h.net.t.Helper()
	sw := h.net.Switch
	h.net.Run("ip", "link", "add", "eth0", "netns", h.NS, "type", "veth", "peer", "name", h.Port(), "netns", sw.NS)
	sw.IP("link set %s master br0 up", h.Port())
	h.SetIPv6("eth0/accept_dad", "0")
}

// Port is the switch's end of the host's cable.
func (h *Host) Port() string { return "p-" + h.name }

// Unplug pulls the cable at the switch, so that the host loses its carrier. Plug puts it back.
func (h *Host) Unplug() { h.net.Switch.IP("link set %s down", h.Port()) }
func (h *Host) Plug()   { h.net.Switch.IP("link set %s up", h.Port()) }

// IP runs the command ip with these arguments on the host.
func (h *Host) IP(format string, args ...any) {
	h.net.t.Helper()
	h.net.Run("ip", append([]string{"-n", h.NS}, strings.Fields(fmt.Sprintf(format, args...))...)...)
}

// NFT adds rules to the packet filter of the host.
func (h *Host) NFT(rules string) {
	h.net.t.Helper()
	cmd := h.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	h.net.finish(cmd)
}

// SetIPv6 sets one of the host's settings under /proc/sys/net/ipv6/conf.
func (h *Host) SetIPv6(key, value string) {
	h.net.t.Helper()
	h.net.finish(h.Command("sh", "-c", "echo "+value+" > /proc/sys/net/ipv6/conf/"+key))
}

// Command returns a command that runs a program on the host.
func (h *Host) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", h.NS, name}, args...)...)
}

// Run runs a program on the machine. A failure ends the test.
func (n *Network) Run(name string, args ...string) {
	n.t.Helper()
	n.finish(exec.Command(name, args...))
}

func (n *Network) finish(cmd *exec.Cmd) {
	n.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v: %s", strings.Join(cmd.Args, " "), err, out)
	}
}

// Need ends a test that cannot run here. In CI, where it must run, the test fails; elsewhere it is skipped with a
// message.
func Need(t *testing.T) {
	t.Helper()
	why := missing()
	if why == "" {
		return
	}
	text := fmt.Sprintf("%s DID NOT RUN: %s. It joins hosts by network namespaces; run it as root", t.Name(), why)
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	// go test does not show the output of a package that passes, so the text goes to the terminal directly.
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(tty, text)
		tty.Close()
	}
	t.Skip(text)
}

// missing returns what this machine lacks for a network. It also removes the namespaces that killed tests have left behind.
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
	probe := fmt.Sprintf("%s%d-probe", prefix, os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", probe).CombinedOutput(); err != nil {
		return "cannot make a network namespace: " + strings.TrimSpace(string(out))
	}
	Remove(probe)
	return ""
})

// sweep removes the namespaces of test processes that no longer live.
func sweep() {
	out, _ := exec.Command("ip", "netns", "list").Output()
	for _, line := range strings.Split(string(out), "\n") {
		ns, _, _ := strings.Cut(line, " ")
		rest, ours := strings.CutPrefix(ns, prefix)
		owner, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if !ours || err != nil {
			continue
		}
		p, err := os.FindProcess(pid)
		if err != nil || errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			Remove(ns)
		}
	}
}

// Remove ends the processes that still run in a namespace, and removes the namespace.
func Remove(ns string) {
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
