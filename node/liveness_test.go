package node

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// pingedAt is when a node last pinged each member of its rooms.
func (l *simLAN) pingedAt(nick string) map[peer.ID]time.Time {
	l.t.Helper()
	at := make(map[peer.ID]time.Time)
	must(ask(l.ctx(), l.nodes[nick], inLoop(func(lp *loop) {
		for _, e := range lp.book.entries {
			if e.wanted {
				at[e.peer] = e.pinged
			}
		}
	})))
	return at
}

// TestPingsTakeTurns: in a silent room every member is pinged in turn, the owner at every beat, and a bounded number of others at
// each.
func TestPingsTakeTurns(t *testing.T) {
	long(t)
	const members = pingsAtOnce + 5
	simulate(t, members, func(l *simLAN) {
		l.fillRoom(members, nil)
		time.Sleep(20 * pingEvery) // simulated
		at := l.pingedAt("n1")
		if len(at) != members-1 {
			t.Fatalf("n1 watches %d peers", len(at))
		}
		beat := make(map[time.Time]int)
		for p, pinged := range at {
			beat[pinged]++
			most := 3 * pingEvery
			if p == l.nodes["n0"].self {
				most = pingEvery
			}
			if ago := time.Since(pinged); ago > most {
				t.Errorf("%s was pinged %v ago", p, ago)
			}
		}
		for _, n := range beat {
			if n > pingsAtOnce+1 {
				t.Errorf("%d peers were pinged at once", n)
			}
		}
	})
}

// TestTalkingMembersAreNotPinged: a member that is heard is not pinged; one that falls silent is.
func TestTalkingMembersAreNotPinged(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		names := l.fillRoom(3, nil)
		time.Sleep(5 * pingEvery) // simulated
		began := time.Now()
		for range 100 {
			for _, n := range names {
				must(l.nodes[n].Say(l.ctx(), "lab", "a line", false))
			}
			time.Sleep(pingEvery / 10) // simulated
		}
		for _, n := range names {
			for p, pinged := range l.pingedAt(n) {
				if pinged.After(began) {
					t.Errorf("%s has pinged %s, which talks", n, p)
				}
			}
		}
		silent := time.Now()
		time.Sleep(2 * pingEvery) // simulated
		for _, n := range names {
			for p, pinged := range l.pingedAt(n) {
				if pinged.Before(silent) {
					t.Errorf("%s has not pinged %s, which is silent", n, p)
				}
			}
		}
	})
}

// TestListingRoomsAsksPeersSeldom: however often a user looks at the rooms, each peer is asked at a bounded rate.
func TestListingRoomsAsksPeersSeldom(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		const seconds = 5
		questions := make(map[time.Time]bool)
		for range seconds * 100 {
			must(l.nodes["n1"].Rooms(l.ctx()))
			must(ask(l.ctx(), l.nodes["n1"], inLoop(func(lp *loop) { questions[lp.book.entry(l.nodes["n2"].self).asked] = true })))
			time.Sleep(time.Second / 100) // simulated
		}
		if n, most := len(questions), 1+seconds*int(time.Second/lookEvery); n < seconds || n > most {
			t.Errorf("n2 was asked %d times in %d s, and %d are allowed", n, seconds, most)
		}
	})
}
