package transcript

import (
	"testing"

	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// However far ahead a line claims to be, later lines stand below it.
func TestNoLineStandsLastForever(t *testing.T) {
	type said struct {
		who     string
		lamport uint64
	}
	const now = 100
	for name, evil := range map[string][]said{
		"the largest":           {{"mallory", protocol.MaxCounter}},
		"a step":                {{"mallory", maxLamportStep}},
		"just beyond":           {{"mallory", now + maxLamportAhead + 5}},
		"twice":                 {{"mallory", protocol.MaxCounter}, {"mallory", protocol.MaxCounter - 1}},
		"just within":           {{"mallory", now + maxLamportAhead - 5}},
		"two that do not agree": {{"mallory", protocol.MaxCounter}, {"bob", maxLamportStep}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newLawRoom(t, "lab")
			w.Admit("mallory", "bob", "carol")
			g := w.transcript("alice")
			ctrs := make(map[string]uint64)
			say := func(who string, lamport uint64) {
				ctrs[who]++
				h := protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: ctrs[who], Lamport: lamport}
				key, _ := w.Keys.Get(w.Epoch())
				g.Relay(w.env(), sealed(who, h, who, key))
			}
			for i := range uint64(now) {
				say("carol", i+1)
			}
			for _, e := range evil {
				say(e.who, e.lamport)
			}
			if g.lamport > now+maxLamportAhead {
				t.Errorf("our clock is at %d", g.lamport)
			}
			say("alice", g.lamport+1)
			say("carol", g.lamport+1)
			for range 3 {
				say("alice", g.lamport+1)
			}
			order := g.Ordered()
			for i, want := range []string{"alice", "alice", "alice", "carol"} {
				if got := order[len(order)-1-i].Content.Text; got != want {
					t.Errorf("the line %d from the end is of %s, not of %s", i, got, want)
				}
			}
		})
	}
}

// Who has missed much, or has only come, follows the clock of the others.
func TestLamportClockFollowsOthers(t *testing.T) {
	var n numbers
	line := func(who peer.ID, lamport uint64) {
		n.keepUp("us", protocol.Message{Author: who, Header: protocol.Header{Lamport: lamport}})
	}
	line("us", 1)
	line("bob", 500_000)
	if n.lamport != 500_000 {
		t.Errorf("a newcomer's clock is at %d", n.lamport)
	}
	line("bob", 900_000)
	if n.lamport != 500_000 {
		t.Errorf("one author has set it to %d", n.lamport)
	}
	line("carol", 900_001)
	if n.lamport != 900_001 {
		t.Errorf("two authors that agree leave it at %d", n.lamport)
	}
	line("bob", 900_002)
	if n.lamport != 900_002 {
		t.Errorf("it is at %d", n.lamport)
	}
}
