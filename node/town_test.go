package node

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var townNodes = flag.Int("town", 24, "how many nodes TestTown simulates, in rooms of 6: 300 take some minutes and 6 GB")

// TestTown: nodes in many rooms on one network. At rest, each is connected to the members of its room alone, and owners ask each other's node
// a few times at most. A join by a name takes no longer than on a small network. All of them look at once, and have all rooms soon.
func TestTown(t *testing.T) {
	const of, few = 6, 12
	nodes := max(2*few, size(*townNodes, 2*few)/of*of)
	onAStreet(t, func(s *street) {
		var all []*Node
		grow := func(to int) {
			for i := len(all); i < to; i++ {
				all = append(all, s.idles(crowdName(i)))
			}
		}
		var mu sync.Mutex // guards took, which the rooms fill at once
		var took []time.Duration
		name := func(i int) string { return fmt.Sprint("room ", i/of) }
		fill := func(from, to int) []time.Duration {
			took = nil
			var wg sync.WaitGroup
			for i := from; i+of <= to; i += of {
				wg.Go(func() {
					must(all[i].Create(s.t.Context(), CreateOptions{Name: name(i), PolicyChange: openRoom()}))
					for _, n := range all[i+1 : i+of] {
						began := time.Now()
						must(n.Join(s.t.Context(), JoinOptions{Room: name(i), Find: patience}))
						mu.Lock()
						took = append(took, time.Since(began))
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			slices.Sort(took)
			return took
		}
		asked := func() (times, most int) {
			synctest.Wait()
			for _, n := range all {
				is := must(ask(s.ctx(), n, timesAsked{}))
				times, most = times+is, max(most, is)
			}
			return times, most
		}
		connections := func(when string, most int) {
			t.Helper()
			synctest.Wait()
			least, largest, sum := nodes, 0, 0
			for _, n := range all {
				is := len(n.host.Network().Peers())
				least, largest, sum = min(least, is), max(largest, is), sum+is
			}
			t.Logf("%s: %d to %d connections a node, %.1f on average", when, least, largest, float64(sum)/float64(nodes))
			if largest > most {
				t.Errorf("%s: %d connections, of %d at most", when, largest, most)
			}
		}

		grow(few)
		time.Sleep(time.Minute) // simulated
		alone := fill(0, of)
		t.Logf("a join by name among %d nodes: %v (median)", few, alone[len(alone)/2])
		grow(nodes)
		time.Sleep(time.Minute) // simulated
		crowded := fill(of, nodes)
		t.Logf("among %d: %v, %v at most", nodes, crowded[len(crowded)/2], crowded[len(crowded)-1])
		if crowded[len(crowded)/2] > 2*alone[len(alone)/2] {
			t.Errorf("a join among %d nodes takes %v, and %v among %d", nodes, crowded[len(crowded)/2], alone[len(alone)/2], few)
		}
		connections("after the joins", nodes)

		time.Sleep(2 * time.Minute) // simulated: the owners have asked each other
		connections("at rest", of-1)
		before, _ := asked()
		const rest = 5 * time.Minute
		time.Sleep(rest) // simulated
		if times, _ := asked(); times != before {
			t.Errorf("at rest the nodes ask %d times in %v", times-before, rest)
		}

		// One looks, and another makes a room.
		before, _ = asked()
		rooms := nodes / of
		sees := func(n *Node, rooms int) time.Duration {
			began := time.Now()
			for len(must(n.Rooms(s.t.Context()))) < rooms {
				if time.Sleep(50 * time.Millisecond); time.Since(began) > patience { // simulated
					t.Errorf("%s lists %d rooms of %d", n.cfg.Nick, len(must(n.Rooms(s.t.Context()))), rooms)
					break
				}
			}
			return time.Since(began)
		}
		first := sees(all[0], rooms)
		after, _ := asked()
		t.Logf("one looks: it lists all %d rooms after %v, with %d questions", rooms, first, after-before)
		must(all[nodes-1].Create(s.ctx(), CreateOptions{Name: "late", PolicyChange: openRoom()}))
		late := sees(all[0], rooms+1)
		t.Logf("it sees a new room after %v", late)
		if late > time.Second {
			t.Errorf("a new room is seen after %v", late)
		}

		time.Sleep(time.Minute) // simulated
		before, _ = asked()
		began := time.Now()
		took = make([]time.Duration, nodes)
		var wg sync.WaitGroup
		for i, n := range all {
			wg.Go(func() { took[i] = sees(n, rooms+1) })
		}
		wg.Wait()
		slices.Sort(took)
		after, _ = asked()
		t.Logf("all look at once: %v (median), %v at most, with %.1f questions of each", took[nodes/2], took[nodes-1], float64(after-before)/float64(nodes))
		if most := nodes * (rooms + 1 + 5); after-before > most {
			t.Errorf("%d questions in %v, of %d at most", after-before, time.Since(began), most)
		}
		time.Sleep(lookLasts + visitLasts + 15*time.Second) // simulated
		connections("half a minute later", of)
		for _, w := range s.subs {
			w.drain()
		}
	})
}
