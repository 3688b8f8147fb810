package lan

import "testing"

// TestLANNickOfGuest: a guest whose node was killed, or that was kicked, does not keep its nick from the next peer that asks for it.
// While it is there, it does.
func TestLANNickOfGuest(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").start("--ephemeral")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	h := l.host("bob")
	bob := h.start("--ephemeral")
	bob.do("room.join", obj{"room": "lab"})
	carol := l.host("carol").start("--ephemeral")
	if r := carol.begin("room.join", obj{"room": "lab", "nick": "bob"}).wait(); r.Error == nil || r.Error.Data.Nick != "bob2" {
		t.Errorf("bob's nick: %+v", r.Error)
	}
	bob.kill()
	again := h.start("--ephemeral")
	eventually(t, "bob is in again, as bob", func() bool {
		return again.begin("room.join", obj{"room": "lab"}).code() == ""
	})
	alice.await("member_left", obj{"nick": "bob"})
	alice.do("room.kick", obj{"room": "lab", "who": "bob"})
	again.await("removed", obj{})
	again.kill()
	h.start("--ephemeral").do("room.join", obj{"room": "lab"})
}
