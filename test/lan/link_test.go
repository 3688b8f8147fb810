package lan

import "testing"

// TestLANLinkLocalOnly joins three laptops by a switch that nothing else is plugged into: no router, no DHCP, and no addresses but
// the link-local ones that each gives itself. A room is found by its name, and all goes on as on any other network.
func TestLANLinkLocalOnly(t *testing.T) {
	l := newLAN(t).linkLocalOnly()
	people := l.people("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]
	alice.create("lab")
	bob.knock("lab", alice)
	carol.knock("lab", alice)
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
