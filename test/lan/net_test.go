package lan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"localchat/test/netns"
)

// patience is how long a test waits for an event that should come in milliseconds. It only ends a test that has failed
// already, so it is generous: a busy machine is no defect.
const patience = 30 * time.Second

// A lan is a network whose hosts have addresses and a home.
type lan struct {
	*netns.Network
	t      *testing.T
	dir    string // the hosts' files
	hosts  int    // plugged in so far
	routed bool   // hosts have an IPv4 route for multicast
	links  bool   // hosts have their link-local addresses alone
}

// A host is one laptop: a namespace with one network card and a home.
type host struct {
	*netns.Host
	lan   *lan
	name  string
	home  string
	addr  string // IPv4
	addr6 string // link-local
	// clock is by how much [node.setClock] moves the clock of a node that is started here; zero: not at all.
	clock time.Duration
}

// newLAN makes an empty network, or ends the test where namespaces cannot be made. Hosts get an IPv4 route for
// multicast, as a default route would give them; see [lan.unrouted].
func newLAN(t *testing.T) *lan {
	t.Helper()
	needHosts(t)
	return &lan{Network: netns.New(t), t: t, dir: t.TempDir(), routed: true}
}

// sample are the tests between hosts that -short leaves: a room, a removal, and the console in a terminal.
var sample = []string{"TestLANRoom", "TestLANKick", "TestConsole"}

// needHosts ends a test where it cannot run, and with -short where it is not in the sample.
func needHosts(t *testing.T) {
	t.Helper()
	if top, _, _ := strings.Cut(t.Name(), "/"); testing.Short() && !slices.Contains(sample, top) {
		t.Skip("-short leaves it out: of the tests between hosts it runs", sample)
	}
	netns.Need(t)
}

// unrouted gives hosts that are plugged in from now on no route for IPv4 multicast: a switch without a router.
// Discovery can only use IPv6.
func (l *lan) unrouted() *lan {
	l.routed = false
	return l
}

// linkLocalOnly gives hosts that are plugged in from now on no address but a link-local one of IPv6: a cable between
// two laptops, or a switch without a router.
func (l *lan) linkLocalOnly() *lan {
	l.links = true
	return l
}

// host plugs in a host of that name.
func (l *lan) host(name string) *host {
	l.t.Helper()
	l.hosts++
	h := &host{
		Host: l.Host(name), lan: l, name: name,
		home: filepath.Join(l.dir, name), addr: fmt.Sprintf("10.77.0.%d", l.hosts), addr6: fmt.Sprintf("fe80::%x", l.hosts),
	}
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
	h.lan.t.Helper()
	h.Wire()
	h.IP("link set eth0 addrgenmode none up")
	h.address()
}

// address gives the network card the host's addresses.
func (h *host) address() {
	h.lan.t.Helper()
	h.IP("addr add %s/64 dev eth0 nodad", h.addr6)
	if h.lan.links {
		return
	}
	h.IP("addr add %s/24 dev eth0", h.addr)
	if h.lan.routed {
		h.IP("route replace 224.0.0.0/4 dev eth0")
	}
}

// deafen drops all packets that arrive at the host, while its own still go out: replies to it, above all, are lost.
// hear ends that.
func (h *host) deafen() {
	h.NFT("add table inet deaf; " +
		"add chain inet deaf in { type filter hook input priority 0; policy accept; }; " +
		"add rule inet deaf in iifname eth0 drop")
}

func (h *host) hear() { h.NFT("delete table inet deaf") }

// apart cuts h off from one other host, in both directions. Others are not affected.
func (h *host) apart(other *host) {
	h.mute(other)
	other.mute(h)
}

// mute drops the packets from h to one other host, while those of the other host still arrive.
func (h *host) mute(other *host) {
	h.lan.Switch.NFT(fmt.Sprintf("add table bridge cut; "+
		"add chain bridge cut f { type filter hook forward priority 0; policy accept; }; "+
		"add rule bridge cut f iifname %s oifname %s drop", h.Port(), other.Port()))
}

// together ends every cut of the switch.
func (l *lan) together() { l.Switch.NFT("add table bridge cut; delete table bridge cut") }

// diskSize, in bytes, of a small disk: ten times what a test stores there.
const diskSize = 4 << 20

// smallDisk gives the host a separate disk for the data of nodes, before any node runs there.
func (h *host) smallDisk() {
	t := h.lan.t
	t.Helper()
	h.lan.Run("mount", "-t", "tmpfs", "-o", fmt.Sprintf("mode=700,size=%d", diskSize), "tmpfs", h.data())
	t.Cleanup(func() { h.lan.Run("umount", "--lazy", h.data()) })
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
