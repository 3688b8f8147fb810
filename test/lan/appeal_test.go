package lan

import "testing"

// A banned member appeals once. The owner is killed before it answers, and the member before it is told; then it comes back without a
// knock.
func TestLANAppeal(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]

	carol.fails("not_found", "room.appeal", obj{"room": "lab", "text": "I am still in"})
	alice.do("room.ban", obj{"room": "lab", "who": "carol", "reason": "too loud"})
	carol.await("removed", obj{"kind": "banned", "text": "too loud"})
	carol.do("room.appeal", obj{"room": "lab", "text": "it was the cat"})
	alice.await("appeal", obj{"nick": "carol", "text": "it was the cat", "kind": "banned", "reason": "too loud"})
	carol.fails("exists", "room.appeal", obj{"room": "lab", "text": "and another thing"})
	bob.fails("not_owner", "room.pardon", obj{"room": "lab", "who": "carol"})

	carol.kill()
	alice.kill()
	alice2 := alice.start()
	alice2.await("joined", obj{"name": "lab"})
	alice2.do("room.pardon", obj{"room": "lab", "who": "carol"})
	bob.await("member_pardoned", obj{"nick": "carol", "by_nick": "alice"})
	carol2 := carol.start()
	carol2.await("pardoned", obj{"by_nick": "alice"})
	carol2.do("room.join", obj{"room": "lab", "nick": "carol"})
	converse("lab", "carol is back", alice2, bob, carol2)
	if bob.count("appeal", nil) != 0 || alice2.count("appeal", nil) != 0 {
		t.Error("the appeal was shown to somebody else, or a second time")
	}
}
