package authority

import (
	"flag"
	"maps"
	"strings"
	"testing"
)

// A variant is a simpler poll that looks as if it would do, made by a driver around the real reducers. The zero variant is the real poll.
type variant struct {
	// repliesFirst sends an answer before its claim is on disk.
	repliesFirst bool
	// flipsOnSend counts a reason as told when it has been sent.
	flipsOnSend bool
	// anyNonce answers a poll with any nonce as if it had claimed the reason.
	anyNonce bool
	// anyPoll does not look for which admission a poll is.
	anyPoll bool
	// anyReply does not look which poll a reply answers.
	anyReply bool
	// looksFirst looks which poll a reply answers when the reply arrives, and acts on it later.
	looksFirst bool
	// anyAck does not look of which removal an ack is.
	anyAck bool
	// anyPeer accepts an ack of a removal from any peer.
	anyPeer bool
	// forgets: a client that starts again does not know what it has shown.
	forgets bool
	// newNonce: a client that starts again asks with another nonce.
	newNonce bool
	// unmoved: a client treats REFUSED as no answer.
	unmoved bool
}

// hears returns the event that the ledger of the variant gets.
func (v variant) hears(l Ledger, ev Event) Event {
	switch e := ev.(type) {
	case Poll:
		f, owed := l.failures[e.Peer]
		if owed && v.anyPoll {
			e.Request.Admission = f.Admission
		}
		if owed && f.Claimed && v.anyNonce {
			e.Request.Nonce = f.Nonce
		}
		return e
	case Ack:
		if f, owed := l.failures[e.Peer]; owed && v.anyAck {
			e.Ack.Removal, e.Ack.Nonce = f.Removal, f.Nonce
		}
		for _, f := range l.Failures() {
			if v.anyPeer && f.Claimed && f.Removal == e.Ack.Removal {
				e.Peer, e.Ack.Nonce = f.Peer, f.Nonce
			}
		}
		return e
	}
	return ev
}

// restore returns the seat of a client that starts again.
func (v variant) restore(disk Seat) Seat {
	s := restored(disk)
	if v.forgets {
		s.Kept, s.Shown = nil, false
	}
	if v.newNonce {
		s.Nonce[0] += lateNonce
	}
	return s
}

var searchDeep = flag.Bool("search.deep", false, "search the larger budgets too: four million states each, a minute, a gigabyte")

func TestExhaustiveSearch(t *testing.T) {
	for name, c := range map[string]struct {
		members int
		budget  budget
		deep    bool
	}{
		"one member": {1, budget{removals: 3, admissions: 1, losses: 2, crashes: 2}, false},
		"one member with two clients": {
			1, budget{removals: 2, admissions: 1, losses: 2, crashes: 2, rivals: 1}, false,
		},
		"two members": {2, budget{removals: 2, admissions: 1, losses: 2, crashes: 2}, false},
		"two members, one of them with two clients": {
			2, budget{removals: 2, admissions: 1, losses: 2, crashes: 2, rivals: 1}, true,
		},
		"two members, three removals": {2, budget{removals: 3, admissions: 1, losses: 2, crashes: 2}, true},
	} {
		if c.deep && !*searchDeep {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if sampled() {
				c.budget.losses, c.budget.crashes = 1, 1
			}
			x := newSearch(t, c.members, c.budget, variant{})
			x.run()
			t.Logf("%d states, %d moves, %d books", len(x.states), x.moves, len(x.books))
			if x.broken != "" {
				t.Fatalf("%s:\n%s", x.broken, x.story())
			}
		})
	}
}

// A view leaves out only what no reducer can tell apart: a search that leaves out nothing meets the same views, and no others.
func TestSearchLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		members int
		budget  budget
	}{
		"one member":                  {1, budget{removals: 2, admissions: 1, losses: 1, crashes: 1}},
		"one member with two clients": {1, budget{removals: 1, admissions: 1, losses: 1, crashes: 1, rivals: 1}},
		"two members":                 {2, budget{removals: 1, admissions: 1, losses: 1, crashes: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			x := newSearch(t, c.members, c.budget, variant{})
			x.run()
			views := maps.Clone(x.index)
			reduced := len(x.states)
			all := x.again()
			all.whole = true
			all.run()
			if x.broken != "" || all.broken != "" {
				t.Fatalf("broken: %q, %q", x.broken, all.broken)
			}
			seen := map[stateKey]bool{}
			for i, s := range all.states {
				k := all.quotient(s)
				if _, ok := views[k]; !ok && !seen[k] {
					t.Errorf("not met:\n%s", strings.Join(all.trace(uint32(i)), "\n"))
				}
				seen[k] = true
			}
			if len(seen) != reduced {
				t.Errorf("%d views in one search, %d in the other", reduced, len(seen))
			}
			t.Logf("%d states for %d", reduced, len(all.states))
		})
	}
}

// The search finds the fault of each variant. If it found none, it would check nothing.
func TestSearchRefutesTheShortcuts(t *testing.T) {
	for name, c := range map[string]struct {
		variant variant
		members int
		polls   int
		budget  budget
		says    string
	}{
		"the reason counts as told when it is sent, and a reply does not say what it answers": {
			variant{flipsOnSend: true, anyReply: true}, 1, maxPolls, budget{removals: 2, admissions: 1}, "is refused and is a member",
		},
		"the reason counts as told when it is sent, and a poll of another admission takes it": {
			variant{flipsOnSend: true, anyPoll: true}, 1, maxPolls, budget{removals: 2, admissions: 1}, "refused before it is told",
		},
		"the reason counts as told when it is sent": {
			variant{flipsOnSend: true}, 1, 1, budget{removals: 1, losses: 1}, "refused before it is told",
		},
		"the reason counts as told when it is sent, and goes out before that is on disk": {
			variant{flipsOnSend: true, repliesFirst: true}, 1, 1, budget{removals: 1, crashes: 1}, "refused before it is told",
		},
		"the reply goes out before the claim is on disk": {
			variant{repliesFirst: true}, 1, maxPolls, budget{removals: 1, crashes: 1, rivals: 1}, "told to a second nonce",
		},
		"a claim is not bound to its nonce": {
			variant{anyNonce: true}, 1, 1, budget{removals: 1, rivals: 1}, "told to a second nonce",
		},
		"a reply does not say what it answers": {
			variant{anyReply: true}, 1, maxPolls, budget{removals: 1, admissions: 1}, "is refused and is a member",
		},
		"a reply is not taken as one step": {
			variant{looksFirst: true}, 1, maxPolls, budget{removals: 1, admissions: 1}, "is refused and is a member",
		},
		"a poll of another admission claims": {
			variant{anyPoll: true}, 1, maxPolls, budget{removals: 2, admissions: 1}, "refused before it is told",
		},
		"an ack does not name the removal": {
			variant{anyAck: true}, 1, maxPolls, budget{removals: 2, admissions: 1, losses: 1}, "refused before it is told",
		},
		"an ack counts from any peer": {
			variant{anyPeer: true}, 2, maxPolls, budget{removals: 1, losses: 1}, "refused before it is told",
		},
		"the client does not remember what it has shown": {
			variant{forgets: true}, 1, 1, budget{removals: 1, crashes: 1}, "a second time",
		},
		"the client takes a new nonce when it starts": {
			variant{newNonce: true}, 1, 1, budget{removals: 1, losses: 1, crashes: 1}, "refused before it is told",
		},
		"the reason counts as told when it is sent, and the client takes REFUSED for no answer": {
			variant{flipsOnSend: true, unmoved: true}, 1, 1, budget{removals: 1, losses: 1}, "nobody can be told any more",
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newSearch(t, c.members, c.budget, c.variant)
			x.polls = c.polls
			x.run()
			if !strings.Contains(x.broken, c.says) {
				t.Fatalf("found %q in %d states, not %q\n%s", x.broken, len(x.states), c.says, x.story())
			}
			t.Logf("%s, in %d states:\n%s", x.broken, len(x.states), x.story())
			ours := newSearch(t, c.members, c.budget, variant{})
			ours.polls = c.polls
			if ours.run(); ours.broken != "" {
				t.Fatalf("ours fails too: %s:\n%s", ours.broken, ours.story())
			}
		})
	}
}
