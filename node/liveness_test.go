package node

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A watched is what a node knows of a member of its rooms.
type watched struct{ alive, pinged time.Time }

// watches returns what a node knows of each member of its rooms.
func (l *simLAN) watches(nick string) map[peer.ID]watched {
	l.t.Helper()
	at := make(map[peer.ID]watched)
	must(ask(l.ctx(), l.nodes[nick], inLoop(func(lp *loop) {
		for _, e := range lp.book.entries {
			if e.wanted {
				at[e.peer] = watched{e.alive, e.pinged}
			}
		}
	})))
	return at
}

// TestPingsTakeTurns: in a silent room the owner pings all, and hears of each and is heard by each at every beat. Of any other two one
// pings the other, in turns of a bounded number.
func TestPingsTakeTurns(t *testing.T) {
	long(t)
	const members = pingsAtOnce + 15
	simulate(t, members, func(l *simLAN) {
		names := l.fillRoom(members, nil)
		time.Sleep(10 * pingEvery) // simulated
		seen := make(map[string]map[peer.ID]watched)
		for _, n := range names {
			seen[n] = l.watches(n)
			turns := make(map[time.Time]int)
			for p, w := range seen[n] {
				turns[w.pinged]++
				most := pingEvery + 2*ownerEvery
				if n == "n0" || p == l.nodes["n0"].self {
					most = ownerEvery + time.Second
				}
				if ago := time.Since(w.alive); ago > most {
					t.Errorf("%s has not heard of %s for %v", n, p, ago)
				}
			}
			for at, k := range turns {
				most := pingsAtOnce
				if n == "n0" {
					most = ownerPingsAtOnce
				}
				if k > most && time.Since(at) < time.Hour { // else it was never pinged
					t.Errorf("%s has pinged %d peers at once", n, k)
				}
			}
		}
		const lately = 5 * pingEvery
		for i, a := range names {
			for _, b := range names[i+1:] {
				both := 0
				for _, one := range []watched{seen[a][l.nodes[b].self], seen[b][l.nodes[a].self]} {
					if time.Since(one.pinged) < lately {
						both++
					}
				}
				if both != 1 {
					t.Errorf("%s and %s: %d of them ping the other, in a silent room", a, b, both)
				}
			}
		}
	})
}

// TestTalkingMembersAreNotPinged: a member that is heard is not pinged. When a room falls silent, of each two members one hears of the
// other again.
func TestTalkingMembersAreNotPinged(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		names := l.fillRoom(3, nil)
		time.Sleep(2 * pingEvery) // simulated
		began := time.Now()
		for range 100 {
			for _, n := range names {
				must(l.nodes[n].Say(l.ctx(), "lab", "a line", false))
			}
			time.Sleep(ownerEvery / 10) // simulated
		}
		for _, n := range names {
			for p, w := range l.watches(n) {
				if w.pinged.After(began.Add(ownerEvery)) {
					t.Errorf("%s has pinged %s, which talks", n, p)
				}
			}
		}
		silent := time.Now()
		time.Sleep(speakFor + pingEvery + 2*ownerEvery) // simulated
		for _, n := range names {
			for p, w := range l.watches(n) {
				if w.alive.Before(silent) {
					t.Errorf("%s has not heard of %s since that fell silent", n, p)
				}
			}
		}
	})
}

// TestLostPeersAreNoticed: an owner that is gone is noticed by its members within 6 s, and a member by the owner within 15 s,
// in whatever moment they go.
func TestLostPeersAreNoticed(t *testing.T) {
	for i := range 7 {
		simulate(t, 3, func(l *simLAN) {
			l.fillRoom(3, nil)
			time.Sleep(40*time.Second + time.Duration(i)*ownerEvery/7) // simulated
			n0, n1 := l.nodes["n0"].self, l.nodes["n1"].self
			l.cut("n0", "n1")
			gone, noticed := time.Now(), map[string]time.Duration{}
			for len(noticed) < 2 && time.Since(gone) < time.Minute {
				time.Sleep(50 * time.Millisecond) // simulated
				for by, p := range map[string]peer.ID{"n1": n0, "n0": n1} {
					if noticed[by] == 0 && !l.nodes[by].connected(p) {
						noticed[by] = time.Since(gone)
					}
				}
			}
			if d := noticed["n1"]; d == 0 || d > 6*time.Second {
				t.Errorf("a member noticed after %v that the owner was gone", d)
			}
			if d := noticed["n0"]; d == 0 || d > 15*time.Second {
				t.Errorf("the owner noticed after %v that a member was gone", d)
			}
		})
	}
}

// TestSpeakerPingsListeners: a member that says something notices soon who does not hear it, and what it says next goes by way of others.
func TestSpeakerPingsListeners(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		time.Sleep(40 * time.Second) // simulated
		n2 := l.nodes["n2"].self
		l.cut("n1", "n2")
		must(l.nodes["n1"].Say(l.ctx(), "lab", "is anybody there", false))
		time.Sleep(speakSoon + ownerEvery + pingTimeout + 100*time.Millisecond) // simulated
		if l.nodes["n1"].connected(n2) {
			t.Error("n1 has said something, and not noticed that n2 does not hear it")
		}
		must(l.nodes["n1"].Say(l.ctx(), "lab", "by way of n0", false))
		until(l.subs["n2"], func(m Message) bool { return m.Text == "by way of n0" && !m.Late })
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

// TestSilentRoomRests: what happens in a room in which nobody does anything, and what is announced again and again, makes no node busy.
// If a node is busy, it ticks each second.
func TestSilentRoomRests(t *testing.T) {
	const members = 4
	simulate(t, members, func(l *simLAN) {
		names := l.fillRoom(members, nil)
		must(l.nodes["n1"].Say(l.ctx(), "lab", "all here", false))
		for _, w := range l.subs {
			w.sub.Close() // a reader of all events looks for rooms
		}
		for range 30 {
			for _, n := range l.nodes {
				for _, other := range l.nodes {
					n.post(roomsSaid{other.self, "as before"})
					n.post(peerFound{other.addrInfo()})
				}
			}
			time.Sleep(10 * time.Second) // simulated: five minutes in all
		}
		for _, name := range names {
			must(ask(l.ctx(), l.nodes[name], inLoop(func(lp *loop) {
				if rest := lp.now().Sub(lp.tempo.stirred); rest < 3*time.Minute {
					t.Errorf("%s was stirred %v ago", name, rest)
				}
				if !lp.tempo.rests {
					t.Errorf("%s does not rest", name)
				}
			})))
			// That question of a face has ended it.
			must(ask(l.ctx(), l.nodes[name], inLoop(func(lp *loop) {
				if lp.tempo.rests {
					t.Errorf("%s rests while a face asks", name)
				}
			})))
		}
	})
}
