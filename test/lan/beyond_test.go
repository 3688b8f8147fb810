package lan

import (
	"slices"
	"strings"
	"testing"
)

// The tests in this file cover networks where nothing is announced: users type addresses, and members learn addresses from each
// other in the room.

// portTyped is the port of a node whose address users type.
const portTyped = "4001"

// silent starts a node that neither announces itself nor looks for others.
func (h *host) silent(args ...string) *node {
	h.lan.t.Helper()
	return h.start(append([]string{"--no-mdns", "--listen", portTyped}, args...)...)
}

func (h *host) typed() string { return h.addr + ":" + portTyped }

// joinAt enters the one room that is at an address.
func (n *node) joinAt(addr string) {
	n.lan.t.Helper()
	n.do("room.join", obj{"room": addr, "timeout_s": 20})
}

// linked reports whether n is connected to the host of other.
func (n *node) linked(other *node) bool {
	n.lan.t.Helper()
	peers, _ := n.do("node.peers", nil)["peers"].([]any)
	return slices.ContainsFunc(peers, func(p any) bool {
		peer, _ := p.(map[string]any)
		addrs, _ := peer["addrs"].([]any)
		return peer["connected"] == true && slices.ContainsFunc(addrs, func(a any) bool {
			s, _ := a.(string)
			return strings.HasPrefix(s, "/ip4/"+other.addr+"/")
		})
	})
}

// TestLANBeyondMulticast: nothing is announced. The address of any member is enough to join. Members learn each other's addresses
// in the room, and relay lines between two members that cannot reach each other, also without the owner.
func TestLANBeyondMulticast(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").silent()
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob := l.host("bob").silent()
	bob.joinAt(alice.typed())
	carol := l.host("carol").silent()
	carol.joinAt(bob.typed())
	dave := l.host("dave").silent()
	dave.joinAt(carol.typed())
	all := []*node{alice, bob, carol, dave}
	converse("lab", "hello", all...)
	eventually(t, "every member is connected to every other", func() bool {
		return !slices.ContainsFunc(all, func(n *node) bool {
			return slices.ContainsFunc(all, func(m *node) bool { return m != n && !n.linked(m) })
		})
	})

	erin := l.host("erin")
	stdout, stderr, code := erin.run("send", "--no-mdns", "--ephemeral", bob.typed(), "one line from erin")
	if code != 0 {
		t.Fatalf("send by an address: exit %d, %s%s", code, stdout, stderr)
	}
	alice.await("message", obj{"nick": "erin", "text": "one line from erin"})
	stdout, stderr, code = erin.run("send", "--no-mdns", "--ephemeral", erin.addr+":"+portTyped, "to nobody")
	if code != 4 || !strings.Contains(stderr, "nobody") || !strings.Contains(stderr, "hint: ") {
		t.Errorf("send to an address where nobody listens: exit %d, %s%s", code, stdout, stderr)
	}

	bob.apart(carol.host)
	eventually(t, "bob and carol have lost each other", func() bool { return !bob.linked(carol) && !carol.linked(bob) })
	converse("lab", "across", all...)
	alice.kill()
	bob.await("owner_unreachable", nil)
	converse("lab", "without alice", bob, carol, dave)
	agree("lab", bob, carol, dave)
}

// TestLANRememberedPeers: a node with --remember finds its peers again by itself, although nothing is announced.
func TestLANRememberedPeers(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").silent()
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob := l.host("bob")
	// Bob has another port after each start, so the old address that alice has is useless.
	first := bob.start("--no-mdns", "--remember")
	first.joinAt(alice.typed())
	first.do("room.leave", obj{"room": "lab"})
	if code := first.quit(); code != 0 {
		t.Fatalf("exit %d", code)
	}
	second := bob.start("--no-mdns", "--remember")
	second.do("room.join", obj{"room": "lab", "timeout_s": 20})
	converse("lab", "again", alice, second)
	second.do("room.leave", obj{"room": "lab"})
	second.quit()
	third := bob.start("--no-mdns")
	third.fails("not_found", "room.join", obj{"room": "lab", "timeout_s": 2})
}
