package node

import (
	"testing"
	"testing/synctest"
	"time"
)

// idles starts a node on the street whose only reader does not look for rooms.
func (s *street) idles(nick string) *Node {
	s.t.Helper()
	n := s.start(nick)
	s.subs[nick].sub.Close()
	s.subs[nick] = &watcher{t: s.t, nick: nick, sub: n.Subscribe(SubscribeOptions{NoLook: true}), shown: make(map[int]bool), last: -1}
	return n
}

// linked returns the nicks of the nodes that n is connected to.
func (s *street) linked(n *Node) (nicks []string) {
	synctest.Wait()
	for nick, other := range s.nodes {
		if n.connected(other.self) {
			nicks = append(nicks, nick)
		}
	}
	return nicks
}

// TestStrangersAreVisitedByLookersOnly: a node is connected to the members of its rooms. It connects to strangers while somebody looks
// for rooms, and no longer.
func TestStrangersAreVisitedByLookersOnly(t *testing.T) {
	onAStreet(t, func(s *street) {
		alice, bob := s.idles("alice"), s.idles("bob")
		must(alice.Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		carol := s.idles("carol")
		time.Sleep(time.Minute) // simulated
		for _, n := range []*Node{alice, bob, carol} {
			if l := s.linked(n); len(l) > 0 {
				t.Errorf("nobody looks, and %s is connected to %v", n.cfg.Nick, l)
			}
		}
		began := time.Now()
		must(bob.Join(s.ctx(), JoinOptions{Room: "lab"}))
		if took := time.Since(began); took > nameSettles+time.Second {
			t.Errorf("the first join by the name takes %v", took)
		}
		began = time.Now()
		for len(must(carol.Rooms(s.ctx()))) == 0 {
			if time.Sleep(50 * time.Millisecond); time.Since(began) > patience { // simulated
				t.Fatal("carol finds no room")
			}
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("somebody that looks sees the room after %v", took)
		}
		time.Sleep(lookLasts + visitLasts + 5*time.Second) // simulated
		if a, b, c := s.linked(alice), s.linked(bob), s.linked(carol); len(a) != 1 || len(b) != 1 || len(c) != 0 {
			t.Errorf("alice is connected to %v, bob to %v, and carol, who is in no room, to %v", a, b, c)
		}
		// Another room is seen by a reader that waits for it, and by nobody else.
		must(bob.Create(s.ctx(), CreateOptions{Name: "den"}))
		time.Sleep(2 * time.Minute) // simulated
		if n := count[RoomFound](s.subs["alice"]); n > 0 {
			t.Errorf("alice, who does not look, is told of %d rooms", n)
		}
		waits := &watcher{t: t, nick: "a reader that waits", sub: carol.Subscribe(SubscribeOptions{}), last: -1}
		until(waits, func(f RoomFound) bool { return f.Name == "den" })
	})
}

// TestVisitsInUseGoOn: a node closes no connection that somebody uses: a join that waits at the door, and an address that a user has
// typed.
func TestVisitsInUseGoOn(t *testing.T) {
	onAStreet(t, func(s *street) {
		alice, bob, carol := s.idles("alice"), s.idles("bob"), s.idles("carol")
		must(alice.Create(s.ctx(), CreateOptions{Name: "lab"}))
		in := make(chan error, 1)
		go func() {
			_, err := bob.Join(s.t.Context(), JoinOptions{Room: "lab"})
			in <- err
		}()
		until(s.subs["alice"], func(k Knock) bool { return k.Peer == bob.self })
		s.mu.Lock()
		at := s.alive["alice"].Addrs[0].String() + "/p2p/" + alice.self.String()
		s.mu.Unlock()
		must(carol.Dial(s.ctx(), at))
		time.Sleep(2 * time.Minute) // simulated
		if l := s.linked(alice); len(l) != 2 {
			t.Errorf("alice is connected to %v, and bob knocks and carol has typed her address", l)
		}
		must(none{}, alice.Accept(s.ctx(), "lab", "bob"))
		if err := <-in; err != nil {
			t.Error(err)
		}
	})
}
