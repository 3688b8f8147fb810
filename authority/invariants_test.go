package authority

import (
	"errors"
	"testing"

	"localchat/protocol"
)

// These tests cover the invariants of test/mutants/README.md, by number, that the other tests of this package leave open.

// Invariant 13: only the peer of a failure ends it by an acknowledgement, whatever another peer knows.
func TestNobodyElseAcknowledges(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.join("carol")
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	first := w.poll("bob", admission, "n1")
	state := w.ledger.State()
	ack := protocol.PollAck{Room: state.Room(), Removal: state.Seq(), Nonce: nonce("n1")}
	for _, other := range []string{"alice", "carol", "eve"} {
		w.must(Ack{id(other), ack})
	}
	if again := w.poll("bob", admission, "n1"); again != first || first != `kicked "too loud"` {
		t.Errorf("told %s, then %s", first, again)
	}
	w.must(Ack{id("bob"), ack})
	if w.ledger.Owes(id("bob"), w.now) {
		t.Error("its own word does not count")
	}
}

// Invariant 19: records of another room of the same owner do not fork this room, although it has records of the same numbers.
func TestAnotherRoomsRecordsForkNothing(t *testing.T) {
	a, ab := newWorld(t, "alice"), newWorld(t, "alice")
	policy := protocol.DefaultPolicy()
	policy.Access = protocol.Open
	a.must(CreateRoom{Name: "a", Nick: "alice", Policy: policy})
	ab.must(CreateRoom{Name: "a-b", Nick: "alice", Policy: policy})
	for _, name := range []string{"bob", "carol", "dave"} {
		a.join(name)
		ab.join(name)
	}
	a.must(Kick{Peer: id("bob")})
	for _, r := range a.disk.records {
		if s, _, err := ab.ledger.State().Apply(r); !errors.Is(err, ErrChain) || s.Frozen() {
			t.Errorf("record %d: %v", r.Seq, err)
		}
	}
}
