package lan

import (
	"fmt"
	"strings"
	"testing"
)

// TestLANLinkLocalOnly joins three laptops by a switch with nothing else plugged in: no router, no DHCP, and no
// addresses but the link-local ones that each gives itself. A room is found by its name, and everything works as on any
// other network.
func TestLANLinkLocalOnly(t *testing.T) {
	t.Parallel()
	l := newLAN(t).linkLocalOnly()
	people := l.people("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]
	alice.create("lab")
	bob.knock("lab", alice)
	carol.do("room.join", obj{"invite": alice.do("room.invite", obj{"room": "lab"})["invite"]})
	converse("lab", "all here", people...)

	if code := bob.quit(); code != 0 {
		t.Errorf("end of input: exit %d", code)
	}
	bob = bob.start()
	bob.await("joined", obj{"name": "lab"})
	converse("lab", "bob is back", alice, bob, carol)

	if code := alice.quit(); code != 0 {
		t.Errorf("end of input: exit %d", code)
	}
	bob.await("owner_unreachable", nil)
	converse("lab", "without the owner", bob, carol)
	alice = alice.start()
	alice.await("joined", obj{"name": "lab"})
	converse("lab", "the owner is back", alice, bob, carol)

	alice.do("room.kick", obj{"room": "lab", "who": "carol", "reason": "enough"})
	carol.await("removed", obj{"text": "enough"})
	converse("lab", "without carol", alice, bob)
}

// TestLANLinkLocalTyped does without mDNS on such a switch: a user types the address, with the network card. The
// address that the machine itself shows is the one to type, for TCP and for QUIC.
func TestLANLinkLocalTyped(t *testing.T) {
	t.Parallel()
	l := newLAN(t).linkLocalOnly()
	alice := l.host("alice").start("--no-mdns")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	ports := map[string]string{}
	for _, addr := range alice.do("node.info", nil)["addrs"].([]any) {
		rest, found := strings.CutPrefix(addr.(string), "/ip6zone/eth0/ip6/"+alice.addr6+"/")
		if part := strings.Split(rest, "/"); found && len(part) > 2 {
			ports[part[0]] = part[1]
		}
	}
	if len(ports) != 2 {
		t.Fatalf("alice says that she listens at %v", ports)
	}
	for i, proto := range []string{"tcp", "udp"} {
		n := l.host(fmt.Sprint("bob", i)).start("--no-mdns", "--ephemeral")
		n.fails("invalid", "room.join", obj{"room": "[" + alice.addr6 + "]:" + ports[proto]})
		n.fails("invalid", "room.join", obj{"room": "[" + alice.addr6 + "%nocard]:" + ports[proto]})
		n.do("room.join", obj{"room": "[" + alice.addr6 + "%eth0]:" + ports[proto], "timeout_s": 20})
		converse("lab", "by "+proto, alice, n)
	}
}

// TestLANLinkLocalDoctor runs doctor on such a switch.
func TestLANLinkLocalDoctor(t *testing.T) {
	t.Parallel()
	l := newLAN(t).linkLocalOnly()
	alice, bob := l.host("alice"), l.host("bob").start()
	d := alice.doctor("--ephemeral")
	for _, code := range []string{"link_local_only", "nodes_found", "reached", "multicast_ok"} {
		if _, said := d.findings[code]; !said {
			t.Errorf("doctor does not say %s", code)
		}
	}
	for code, f := range d.findings {
		if f.Severity != "ok" && f.Severity != "note" {
			t.Errorf("%s: %+v", code, f)
		}
	}
	if at := d.findings["reached"]; d.exit != 0 || !strings.Contains(at.Text, "["+bob.addr6+"%eth0]:") {
		t.Errorf("exit %d, bob: %+v", d.exit, at)
	}
}
