package authority

import (
	"flag"
	"strings"
	"testing"

	"localchat/protocol"
)

// A variant is a way of doing the poll that looks simpler than ours, made by a driver around the real reducers. The zero
// variant is ours.
type variant struct {
	// repliesFirst sends an answer before its claim is on disk.
	repliesFirst bool
	// flipsOnSend takes a reason for told when it has been sent.
	flipsOnSend bool
	// anyReply takes a reply without asking what it answers.
	anyReply bool
	// anyAck takes an ack without asking which removal it means.
	anyAck bool
	// forgets: a client that starts again does not know what it has shown.
	forgets bool
	// newNonce: a client that starts again asks with another nonce.
	newNonce bool
	// unmoved: a client takes REFUSED for no answer.
	unmoved bool
}

// hears is the event as the ledger of the variant takes it.
func (v variant) hears(l Ledger, ev Event) Event {
	a, ok := ev.(Ack)
	if f, owed := l.failures[a.Peer]; ok && owed && v.anyAck {
		a.Ack = protocol.PollAck{Room: a.Ack.Room, Removal: f.Removal, Nonce: f.Nonce}
		return a
	}
	return ev
}

// restore is the seat of a client that starts again.
func (v variant) restore(p place) Seat {
	s := restored(p)
	if v.forgets {
		s.Kept, s.Shown = nil, false
	}
	if v.newNonce {
		s.Nonce[0] += 50
	}
	return s
}

var searchDeep = flag.Bool("search.deep", false, "search the larger budgets too, in up to a gigabyte")

func TestExhaustiveSearch(t *testing.T) {
	for name, c := range map[string]struct {
		members int
		budget  budget
		deep    bool
	}{
		"one member": {1, budget{removals: 2, admissions: 1, losses: 2, ownerCrashes: 1, memberCrashes: 1}, false},
		"one member that crashes twice": {
			1, budget{removals: 2, admissions: 1, losses: 2, memberCrashes: 2}, false,
		},
		"one member of an authority that crashes twice": {
			1, budget{removals: 2, admissions: 1, losses: 2, ownerCrashes: 2}, true,
		},
		"one member with two clients": {
			1, budget{removals: 1, admissions: 1, losses: 1, ownerCrashes: 1, memberCrashes: 1, rivals: 1}, false,
		},
		"one member with two clients, removed twice": {
			1, budget{removals: 2, admissions: 1, losses: 1, ownerCrashes: 1, memberCrashes: 1, rivals: 1}, true,
		},
		"two members": {2, budget{removals: 2, losses: 1, ownerCrashes: 1}, false},
	} {
		if c.deep && !*searchDeep {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if raceEnabled {
				c.budget.losses, c.budget.memberCrashes = min(c.budget.losses, 1), min(c.budget.memberCrashes, 1)
			}
			x := newSearch(t, c.members, c.budget, variant{})
			x.run()
			t.Logf("%d states, %d moves, %d books", len(x.all), x.moves, len(x.books))
			if x.broken != "" {
				t.Fatalf("%s:\n%s", x.broken, x.brokenAt.trace())
			}
		})
	}
}

// The poll's shortcuts, which model checking refutes one by one, are refuted here too: a search that passes them all would
// check nothing.
func TestSearchRefutesTheShortcuts(t *testing.T) {
	for name, c := range map[string]struct {
		variant variant
		budget  budget
		says    string
	}{
		"the reply goes out before the claim is on disk": {
			variant{repliesFirst: true}, budget{removals: 1, ownerCrashes: 1, rivals: 1}, "told to a second nonce",
		},
		"the reason counts as told when it is sent": {
			variant{flipsOnSend: true}, budget{removals: 1, losses: 1}, "refused before it is told",
		},
		"a reply does not say what it answers": {
			variant{anyReply: true}, budget{removals: 1, admissions: 1}, "is refused and is a member",
		},
		"an ack does not name the removal": {
			variant{anyAck: true}, budget{removals: 2, admissions: 1, losses: 1}, "refused before it is told",
		},
		"the client does not remember what it has shown": {
			variant{forgets: true}, budget{removals: 1, memberCrashes: 1}, "a second time",
		},
		"the same, and the client takes REFUSED for no answer": {
			variant{flipsOnSend: true, unmoved: true}, budget{removals: 1, losses: 1}, "nobody can be told any more",
		},
		"the client takes a new nonce when it starts": {
			variant{newNonce: true}, budget{removals: 1, losses: 1, memberCrashes: 1}, "refused before it is told",
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newSearch(t, 1, c.budget, c.variant)
			x.run()
			if !strings.Contains(x.broken, c.says) {
				t.Fatalf("found %q in %d states, not %q", x.broken, len(x.all), c.says)
			}
			t.Logf("%s, in %d states:\n%s", x.broken, len(x.all), x.brokenAt.trace())
			ours := newSearch(t, 1, c.budget, variant{})
			if ours.run(); ours.broken != "" {
				t.Fatalf("ours fails too: %s:\n%s", ours.broken, ours.brokenAt.trace())
			}
		})
	}
}
