package node

import (
	"context"
	"log/slog"
	"testing"

	"localchat/protocol"
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
			w.admit("mallory", "bob", "carol")
			n := &Node{self: personaID("alice"), signer: persona("alice"), log: slog.New(slog.DiscardHandler)}
			n.ctx, n.cancel = context.WithCancel(t.Context())
			defer n.cancel()
			r := newRoom(must(newLoop(n, nil)), w.id())
			defer r.cancel()
			r.ledger, r.records, r.keys = &w.ledger, w.records, w.keys
			r.publishSnapshot()
			ctrs := make(map[string]uint64)
			say := func(who string, lamport uint64) {
				ctrs[who]++
				h := protocol.Header{Room: w.id(), Epoch: w.epoch(), Ctr: ctrs[who], Lamport: lamport}
				msg := sealed(who, h, who, w.key(w.epoch()))
				line, ok := r.snap.Load().open(msg, r.current().Check(msg.Author, msg.Header))
				if !ok {
					t.Fatal("it does not open")
				}
				r.takeLine(line, false)
			}
			for i := range uint64(now) {
				say("carol", i+1)
			}
			for _, e := range evil {
				say(e.who, e.lamport)
			}
			if r.lamport > now+maxLamportAhead {
				t.Errorf("our clock is at %d", r.lamport)
			}
			say("alice", r.lamport+1)
			say("carol", r.lamport+1)
			for range 3 {
				say("alice", r.lamport+1)
			}
			order := r.log.Ordered()
			for i, want := range []string{"alice", "alice", "alice", "carol"} {
				if got := order[len(order)-1-i].Content.Text; got != want {
					t.Errorf("the line %d from the end is of %s, not of %s", i, got, want)
				}
			}
		})
	}
}

// A member that has missed much, or has just come, follows the clock of the others.
func TestLamportClockFollowsOthers(t *testing.T) {
	r := &room{l: &loop{n: &Node{self: "us"}}}
	line := func(who PeerID, lamport uint64) {
		r.keepUp(protocol.Message{Author: who, Header: protocol.Header{Lamport: lamport}})
	}
	line("us", 1)
	line("bob", 500_000)
	if r.lamport != 500_000 {
		t.Errorf("a newcomer's clock is at %d", r.lamport)
	}
	line("bob", 900_000)
	if r.lamport != 500_000 {
		t.Errorf("one author has set it to %d", r.lamport)
	}
	line("carol", 900_001)
	if r.lamport != 900_001 {
		t.Errorf("two authors that agree leave it at %d", r.lamport)
	}
	line("bob", 900_002)
	if r.lamport != 900_002 {
		t.Errorf("the clock is at %d", r.lamport)
	}
}
