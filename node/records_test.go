package node

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A member leaves a room whose log is longer than it keeps, and is told why; its other rooms go on.
func TestALogThatIsTooLongIsLeft(t *testing.T) {
	simulate(t, 2, func(l *lan) {
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(alice.Create(l.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "den"}))
		must(ask(l.ctx(), bob, inLoop(func(lp *loop) {
			r := lp.rooms[lab.ID]
			r.records = append(r.records, make([]protocol.SignedRecord, maxRecords-1-len(r.records))...)
		})))
		last := "one more"
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &last}))
		until[PolicyChanged](l.subs["bob"], nil)
		tooMany := "one too many"
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &tooMany}))
		until[Warning](l.subs["bob"], func(w Warning) bool { return w.Code == "log_full" })
		time.Sleep(time.Second) // simulated
		if rooms := must(bob.Rooms(l.ctx())); len(rooms) != 2 || !rooms[0].In || rooms[0].Name != "den" || rooms[1].In {
			t.Errorf("bob is in %+v", rooms)
		}
	})
}

// What is known of authors whose lines cannot count any more is forgotten, and snapshots share what is known.
func TestFloorsAreForgotten(t *testing.T) {
	g := newLineLog()
	for i := range 3 * protocol.MaxMembers {
		g.floors[peer.ID(string(rune(i)))] = 1
	}
	lent := g.lentFloors()
	g.forgetFloors(func(p peer.ID) bool { return p != peer.ID(string(rune(7))) })
	if len(g.floors) != 1 || len(lent) != 3*protocol.MaxMembers {
		t.Errorf("%d floors are left, of a snapshot %d", len(g.floors), len(lent))
	}
	allocs := testing.AllocsPerRun(100, func() { g.lentFloors() })
	if allocs > 0 {
		t.Errorf("a snapshot copies them: %v allocations", allocs)
	}
}
