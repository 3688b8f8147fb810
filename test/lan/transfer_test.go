package lan

import (
	"fmt"
	"testing"
)

// gives lets one node give lab to another, and waits until those nodes know of it.
func gives(from, to *node, all ...*node) {
	from.lan.t.Helper()
	from.do("room.transfer", obj{"room": "lab", "who": to.name})
	to.await("transfer_offered", obj{"nick": from.name})
	to.do("room.take", obj{"room": "lab"})
	for _, n := range all {
		n.await("owner_changed", obj{"nick": to.name, "from_nick": from.name, "self": n == to})
	}
}

// owners returns the nodes that list lab as their own.
func owners(nodes ...*node) (owning []string) {
	for _, n := range nodes {
		rooms, _ := n.do("room.list", nil)["rooms"].([]any)
		for _, r := range rooms {
			if room, _ := r.(map[string]any); room["name"] == "lab" && room["mine"] == true {
				owning = append(owning, n.name)
			}
		}
	}
	return owning
}

// TestLANTransfer: the new owner removes, and tells why once; a member that was removed before the transfer, and was away, learns the reason
// of then, once; invites of the old owner are good while it is there and when it is not.
func TestLANTransfer(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol", "dave", "erin")
	alice, bob, carol, dave, erin := people[0], people[1], people[2], people[3], people[4]
	var invites []any
	for range 2 {
		invites = append(invites, alice.do("room.invite", obj{"room": "lab"})["invite"])
	}
	// Erin knows lab as a room of alice's.
	erin.do("room.leave", obj{"room": "lab"})
	dave.kill()
	alice.do("room.kick", obj{"room": "lab", "who": "dave", "reason": "too loud"})
	carol.await("member_removed", obj{"nick": "dave"})
	bob.await("member_removed", obj{"nick": "dave"})
	bob.fails("not_found", "room.take", obj{"room": "lab"})
	bob.fails("not_owner", "room.transfer", obj{"room": "lab", "who": "carol"})

	gives(alice, bob, alice, bob, carol)
	alice.fails("not_owner", "room.kick", obj{"room": "lab", "who": "carol"})
	converse("lab", "under bob", alice, bob, carol)
	dave2 := dave.start()
	dave2.await("removed", obj{"kind": "kicked", "text": "too loud", "by": alice.peer(), "by_nick": "alice"})
	once(t, dave, dave2)

	// Erin finds bob's room by its name, and is shown the transfer.
	eventually(t, "erin is shown who has given lab away", func() bool {
		return has(erin.do("room.list", nil)["rooms"], obj{"name": "lab", "owner": bob.peer(), "given_by": map[string]any{"peer": alice.peer(), "nick": "alice"}})
	})
	erin.knock("lab", bob)
	erin.await("owner_changed", obj{"nick": "bob", "from_nick": "alice", "self": false})
	if n := erin.count("warning", obj{"code": "owner_key"}); n != 0 {
		t.Errorf("erin is warned %d times of the owner that alice has named", n)
	}

	frank := l.host("frank").start()
	frank.do("room.join", obj{"invite": invites[0], "timeout_s": 30})
	bob.await("member_joined", obj{"nick": "frank"})
	bob.do("room.kick", obj{"room": "lab", "who": "carol", "reason": "by the new owner"})
	carol.await("removed", obj{"kind": "kicked", "text": "by the new owner", "by": bob.peer(), "by_nick": "bob"})
	bob.await("removal_progress", obj{"nick": "carol", "told": true})
	alice.await("member_removed", obj{"nick": "carol", "by_nick": "bob"})
	once(t, carol)

	alice.quit()
	grace := l.host("grace").start()
	grace.do("room.join", obj{"invite": invites[1], "timeout_s": 30})
	converse("lab", "without alice", bob, erin, frank, grace)
}

// TestLANTransferCrash kills the owner or the member to which it gives the room, while it does: whoever is killed comes back, and one of them
// owns the room.
func TestLANTransferCrash(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	carol := people[2]
	at := map[string]*node{"alice": people[0], "bob": people[1]}
	owner, next := "alice", "bob"
	for _, c := range []struct {
		what     string
		ofOwner  bool // the owner is killed, otherwise the other
		answered bool // it is killed when the room has been taken, otherwise before anything is known of it
	}{
		{"the owner, as the room is taken", true, false},
		{"the new owner, as it takes the room", false, false},
		{"the owner, when the room was taken", true, true},
		{"the new owner, when it has taken the room", false, true},
	} {
		from, to := at[owner], at[next]
		from.do("room.transfer", obj{"room": "lab", "who": next})
		to.await("transfer_offered", obj{"nick": owner})
		took := to.begin("room.take", obj{"room": "lab"})
		if c.answered {
			took.ok()
		}
		victim := next
		if c.ofOwner {
			victim = owner
		}
		at[victim].kill()
		took.end()
		at[victim] = at[victim].start()
		at[victim].await("joined", obj{"name": "lab"})
		var owning []string
		eventually(t, fmt.Sprintf("after the end of %s, one owns lab, and all agree", c.what), func() bool {
			owning = owners(at["alice"], at["bob"])
			if len(owning) != 1 {
				return false
			}
			for _, n := range []*node{at["alice"], at["bob"], carol} {
				if !has(n.do("room.members", obj{"room": "lab"})["members"], obj{"nick": owning[0], "role": "owner"}) {
					return false
				}
			}
			return true
		})
		if c.answered && owning[0] != next {
			t.Errorf("%s has taken the room, and after the end of %s it is %s's", next, c.what, owning[0])
		}
		if owner = owning[0]; owner == "alice" {
			next = "bob"
		} else {
			next = "alice"
		}
		// It acts as the owner, and the others obey it.
		subject := "after the end of " + c.what
		eventually(t, owner+" acts as the owner", func() bool {
			return at[owner].begin("room.policy", obj{"room": "lab", "subject": subject}).code() == ""
		})
		carol.await("policy", obj{"subject": subject, "by_nick": owner})
		at[next].await("policy", obj{"subject": subject, "by_nick": owner})
	}
	converse("lab", "after all", at["alice"], at["bob"], carol)
}

// TestLANForgedTransfer: a member that claims, by transfers that it has signed itself, that the room was given to it is obeyed by nobody,
// neither by members nor by a stranger that looks for the room.
func TestLANForgedTransfer(t *testing.T) {
	t.Parallel()
	s := &siege{lan: newLAN(t), begin: map[*node]int{}}
	s.stay = s.people("alice", "bob", "carol")
	s.alice, s.bob, s.carol = s.stay[0], s.stay[1], s.stay[2]
	s.alice.do("room.create", obj{"name": "lab", "access": "open"})
	for _, n := range s.stay[1:] {
		n.do("room.join", obj{"room": "lab"})
	}
	s.mallory = s.host("mallory").mallory(s.stay...)
	invite := s.alice.do("room.invite", obj{"room": "lab"})["invite"]
	s.mallory.attack("join", obj{"Invite": invite, "Nick": "mallory", "Nodes": s.mallory.nodes})
	for _, n := range s.stay {
		n.await("member_joined", obj{"nick": "mallory"})
	}
	s.mallory.attack("claim the room", nil)
	converse("lab", "as before", s.stay...)
	dave := s.host("dave").start()
	dave.do("room.join", obj{"room": "lab", "timeout_s": 30})
	for _, n := range append(s.stay, dave) {
		if !has(n.do("room.members", obj{"room": "lab"})["members"], obj{"nick": "alice", "role": "owner"}) || n.count("owner_changed", nil) > 0 {
			t.Errorf("%s takes mallory for the owner", n.name)
		}
	}
	s.alice.do("room.kick", obj{"room": "lab", "who": "mallory", "reason": "not yours"})
	for _, n := range append(s.stay[1:], dave) {
		n.await("member_removed", obj{"nick": "mallory", "by_nick": "alice"})
	}
	s.mallory.attack("report", nil)
}
