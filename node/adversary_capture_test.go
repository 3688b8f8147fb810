package node

import (
	"maps"
	"slices"
	"testing"
	"time"

	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

// TestAdversaryCapturesComparisons: a member that always claims to have more is one partner among others: a missed line is fetched
// from another member within some comparisons, and the captor is not asked without a pause. Two such members do no better.
func TestAdversaryCapturesComparisons(t *testing.T) {
	for _, way := range some(slices.Sorted(maps.Keys(hostile.Captures)), 1) {
		for _, members := range some([]int{1, 2}, 1) {
			name := way
			if members == 2 {
				name += ", by two"
			}
			t.Run(name, func(t *testing.T) { captures(t, way, members) })
		}
	}
}

// mostAsked is how often in a minute a member that always claims to have news may be asked: once each SyncSpacing.
const mostAsked = int(time.Minute/transcript.SyncSpacing) + 10

func captures(t *testing.T, way string, members int) {
	simulate(t, len(defenders)+members, func(l *simLAN) {
		s := &siege{simLAN: l, stay: defenders}
		for _, n := range defenders {
			l.start(n)
		}
		lab := must(l.nodes["alice"].Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		s.room = lab.ID
		for _, n := range defenders[1:] {
			must(l.nodes[n].Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
		}
		bob := l.nodes["bob"].self
		var caught []*hostile.Capture
		for i := range members {
			m := l.infiltrate(len(defenders)+i, lab)
			if code := m.Join([]string{"mallory", "moll"}[i], protocol.Token{}); code != protocol.JoinAdmitted {
				l.t.Fatal("answered", code)
			}
			go m.Poll()
			time.Sleep(2 * time.Second) // simulated
			caught = append(caught, m.Captures(way, bob))
		}
		time.Sleep(5 * time.Second) // simulated: it is asked by now
		l.cut("alice", "bob")
		l.cut("carol", "bob")
		time.Sleep(pingEvery + pingTimeout + time.Second) // simulated: the connections have ended, so nothing is on its way
		s.says("alice", "what bob missed")
		s.shows("carol", "what bob missed")
		l.heal()
		before := make([]int, members)
		for i, c := range caught {
			before[i] = c.Asked(bob)
		}
		healed := time.Now()
		said := func(ev Event) bool {
			m, ok := ev.Body.(Message)
			return ok && m.Text == "what bob missed"
		}
		for !containsEvent(l.subs["bob"], said) {
			if time.Since(healed) > time.Minute || caught[0].Asked(bob)-before[0] > 4*mostAsked {
				l.t.Fatalf("bob has not been given the missed line in %v, and asked mallory %d times", time.Since(healed), caught[0].Asked(bob)-before[0])
			}
			time.Sleep(100 * time.Millisecond) // simulated
		}
		l.t.Logf("bob is given the missed line after %v", time.Since(healed))
		for time.Since(healed) < time.Minute && !l.t.Failed() {
			time.Sleep(time.Second) // simulated
			for i, c := range caught {
				if n := c.Asked(bob) - before[i]; n > mostAsked {
					l.t.Errorf("bob asks %d times in %v, and %d in a minute are enough", n, time.Since(healed), mostAsked)
				}
			}
		}
	})
}

func containsEvent(w *watcher, ok func(Event) bool) bool {
	for _, ev := range w.drain() {
		if ok(ev) {
			return true
		}
	}
	return false
}
