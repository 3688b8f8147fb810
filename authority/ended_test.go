package authority

import (
	"testing"

	"localchat/protocol"
)

// A line belongs to the membership of its epoch, also if that has ended and its author is a member again.
func TestEndedMembership(t *testing.T) {
	s := room(t, "bob", "carol")
	in := s.Epoch()
	s = apply(t, s, protocol.Remove{Peer: id("bob"), Kind: protocol.Kicked, Cut: protocol.Cut{Ctr: 5, Hash: protocol.Hash{1}}})
	removed := s.Seq()
	s = apply(t, s, protocol.Admit{Peer: id("bob"), Nick: "bob"})
	for _, c := range []struct {
		who   string
		epoch uint64
		ended bool
	}{
		{"bob", in, true},
		{"bob", in + 1, false}, // nobody's: it was out
		{"bob", s.Epoch(), false},
		{"carol", in, false},
		{"carol", s.Epoch(), false},
		{"eve", in, false},
	} {
		r, ended := s.Ended(id(c.who), c.epoch)
		if ended != c.ended || ended && (r.Removal != removed || r.Cut.Hash != protocol.Hash{1}) {
			t.Errorf("%s in epoch %d: %v, %+v", c.who, c.epoch, ended, r)
		}
	}
	bob := id("bob")
	if n := testing.AllocsPerRun(100, func() { s.Ended(bob, in) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
