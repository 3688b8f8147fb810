package transcript

import (
	"slices"
	"testing"
	"time"

	"localchat/authority"
	"localchat/protocol"
)

// away is longer than any time after which something is given up here.
const away = 20 * time.Minute

// only cuts the links of each of these from everybody else. With nobody named, all links are whole.
func (x *explorer) only(names ...string) {
	clear(x.cut)
	for _, a := range x.actors {
		for _, b := range x.actors {
			if slices.Contains(names, a.name) != slices.Contains(names, b.name) {
				x.cut[[2]string{a.name, b.name}] = true
			}
		}
	}
}

// met has all that reach each other again notice that they do, and gives them time.
func (x *explorer) met() {
	for _, a := range x.actors {
		for _, b := range x.actors {
			if x.linked(a, b) {
				x.carry(a, a.talk.Greet(x.env(a), b.id))
			}
		}
	}
	x.pass(time.Minute)
}

// tells has a member say a line, which comes live to these alone.
func (x *explorer) tells(name string, to ...string) {
	a := x.of(personaID(name))
	x.flights = nil
	x.say(a)
	x.flights = slices.DeleteFunc(x.flights, func(f flight) bool { return !slices.Contains(to, f.to.name) })
	for len(x.flights) > 0 {
		x.land(0)
	}
}

// TestMissedLineComesHoweverLate: a line that was missed is fetched, however long those that have it were away, and delivered is what
// has come.
func TestMissedLineComesHoweverLate(t *testing.T) {
	for name, play := range map[string]func(x *explorer, alice, bob, carol *actor){
		"its author was away": func(x *explorer, alice, bob, carol *actor) {
			x.only("bob") // at once, while line 2 is on its way
			x.tells("bob")
			x.cut = make(map[[2]string]bool)
			x.flights = nil
			x.say(bob)
			x.only("bob")
			for len(x.flights) > 0 {
				x.land(0)
			}
		},
		"the first life of its author is known to one that was away": func(x *explorer, alice, bob, carol *actor) {
			x.only("bob", "carol")
			x.tells("bob", "carol")
			x.only("carol")
			x.restart(bob)
			x.tells("bob", "alice")
		},
		"it is in the middle of what is known": func(x *explorer, alice, bob, carol *actor) {
			x.tells("bob", "alice", "carol")
			x.pass(time.Minute)
			x.only("bob", "carol")
			x.tells("bob", "carol")
			x.only("carol")
			x.restart(bob)
			x.tells("bob", "alice")
		},
		"the authority was started again": func(x *explorer, alice, bob, carol *actor) {
			x.tells("bob", "alice", "carol")
			x.pass(time.Minute)
			x.only("alice")
			x.restart(alice)
			x.flights = nil
			clear(x.cut)
			x.say(bob)
			x.only("alice")
			for len(x.flights) > 0 {
				x.land(0)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newExplorer(t, 1, protocol.HistoryAll)
			for _, a := range x.actors[:3] {
				x.apply(a)
				x.giveKeys(a)
			}
			x.only()
			x.met()
			play(x, x.actors[0], x.actors[1], x.actors[2])
			x.pass(away)
			x.only()
			x.met()
			x.judge()
			if n := x.actors[0].talk.Len(); n != x.said {
				t.Errorf("alice has %d lines of %d", n, x.said)
			}
		})
	}
}

// TestLostLineCostsLittle: a line that nobody has any more costs two numbers in each request for it, and nothing else: no line is
// given again, and no comparison is begun for it. When the line above it has expired, it is asked for no more.
func TestLostLineCostsLittle(t *testing.T) {
	x := newExplorer(t, 1, protocol.HistoryAll)
	alice, bob, carol := x.actors[0], x.actors[1], x.actors[2]
	for _, a := range x.actors[:3] {
		x.apply(a)
		x.giveKeys(a)
	}
	x.met()
	x.tells("bob", "alice", "carol")
	x.only("bob")
	x.tells("bob")
	x.restart(bob) // nobody has line 2 any more
	x.only()
	x.tells("bob", "alice", "carol")
	x.met()
	x.pass(away)
	x.given, x.compared = 0, 0
	x.pass(away)
	if most := 3 * int(away/SyncEvery+2); x.given > 0 || x.compared > most {
		t.Errorf("%d lines are given again, in %d comparisons of %d", x.given, x.compared, most)
	}
	want := []protocol.Head{{Author: bob.id, Runs: protocol.Runs{3, 3, 1}}}
	for _, a := range []*actor{alice, bob, carol} {
		if got := a.talk.Heads(); !slices.EqualFunc(got, want, func(a, b protocol.Head) bool { return a.Author == b.Author && slices.Equal(a.Runs, b.Runs) }) {
			t.Errorf("%s asks with %v", a.name, got)
		}
		if a.talk.expire(x.now.Add(time.Second)); !slices.Equal(a.talk.Runs(bob.id), protocol.Runs{3}) {
			t.Errorf("when it has expired %s still lacks it: %v", a.name, a.talk.Runs(bob.id))
		}
	}
}

// TestChainGoesOnOverRestarts: a member that starts again goes on with its chain of lines, where it has fetched them. So when it has
// been removed and the owner has started again, all that it said counts.
func TestChainGoesOnOverRestarts(t *testing.T) {
	for name, then := range map[string]func(x *explorer, bob *actor){
		"it says one line":                      func(x *explorer, bob *actor) { x.tells("bob", "alice", "carol") },
		"it says two":                           func(x *explorer, bob *actor) { x.tells("bob", "alice", "carol"); x.tells("bob", "alice", "carol") },
		"it says nothing":                       func(x *explorer, bob *actor) {},
		"it starts once more and then says one": func(x *explorer, bob *actor) { x.restart(bob); x.met(); x.tells("bob", "alice", "carol") },
	} {
		t.Run(name, func(t *testing.T) {
			x := newExplorer(t, 1, protocol.HistoryAll)
			alice, bob := x.actors[0], x.actors[1]
			for _, a := range x.actors[:3] {
				x.apply(a)
				x.giveKeys(a)
			}
			x.met()
			for range 3 {
				x.tells("bob", "alice", "carol")
			}
			x.met()
			x.restart(bob)
			x.met()
			then(x, bob)
			x.met()
			x.order(authority.Kick{Peer: bob.id, Cut: alice.talk.Cut(bob.id)})
			x.restart(alice)
			x.met()
			if n := alice.talk.Len(); n != x.said {
				t.Errorf("alice has %d lines of %d", n, x.said)
			}
		})
	}
}
