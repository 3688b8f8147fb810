package node

import (
	"fmt"
	"slices"
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

// Whoever looks asks each node that has rooms once, and again when its rooms change, and is connected to none of them in between. It
// sees what is new within a second, and that an owner has gone within a minute.
func TestLookersAskOnlyWhatIsNew(t *testing.T) {
	onAStreet(t, func(s *street) {
		alice, bob := s.idles("alice"), s.idles("bob")
		s.idles("carol")
		dave := s.start("dave")
		time.Sleep(10 * time.Second) // simulated
		asked := func(n *Node) (times int) {
			synctest.Wait()
			return must(ask(s.ctx(), n, timesAsked{}))
		}
		if n := asked(dave); n > 0 {
			t.Errorf("nobody has a room, and %d were asked", n)
		}
		sees := func(what string, ok func(RoomInfo) bool) {
			t.Helper()
			began := time.Now()
			for !slices.ContainsFunc(must(dave.Rooms(s.ctx())), ok) {
				if time.Sleep(20 * time.Millisecond); time.Since(began) > patience { // simulated
					t.Fatalf("dave does not see %s", what)
				}
			}
			if took := time.Since(began); took > time.Second+askAgain {
				t.Errorf("dave sees %s after %v", what, took)
			}
		}
		must(alice.Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		sees("a new room", func(r RoomInfo) bool { return r.Name == "lab" })
		subject := "what it is about"
		must(alice.Policy(s.ctx(), "lab", PolicyChange{Subject: &subject}))
		sees("the new subject", func(r RoomInfo) bool { return r.Subject == subject })
		must(bob.Join(s.ctx(), JoinOptions{Room: "lab"}))
		sees("the new member", func(r RoomInfo) bool { return r.Members == 2 })

		time.Sleep(visitLasts + 5*time.Second) // simulated
		if l := s.linked(dave); len(l) > 0 {
			t.Errorf("dave looks, and stays connected to %v", l)
		}
		before := asked(dave)
		time.Sleep(5 * time.Minute) // simulated
		if n := asked(dave) - before; n < 5 || n > 15 {
			t.Errorf("dave has asked %d times in five minutes in which nothing changes", n)
		}
		if n := count[RoomLost](s.subs["dave"]); n > 0 {
			t.Errorf("the room is lost %d times", n)
		}
		s.stop("bob")
		s.stop("alice")
		began := time.Now()
		for count[RoomLost](s.subs["dave"]) == 0 {
			if time.Sleep(time.Second); time.Since(began) > time.Minute { // simulated
				t.Fatal("the room of a gone owner stays listed")
			}
		}
	})
}

// timesAsked returns how many questions for rooms this node has sent.
type timesAsked struct{}

func (timesAsked) run(l *loop) (int, error) { return l.directory.questions, nil }

// What is said falsely in the name of others costs a bounded number of questions and hides nothing.
func TestFalseSayingsHideNothing(t *testing.T) {
	onAStreet(t, func(s *street) {
		alice, dave := s.idles("alice"), s.start("dave")
		must(alice.Create(s.ctx(), CreateOptions{Name: "lab"}))
		until(s.subs["dave"], func(f RoomFound) bool { return f.Name == "lab" })
		before := must(ask(s.ctx(), dave, timesAsked{}))
		const lies = 1000
		for i := range lies {
			text := ""
			if i%2 == 0 {
				text = fmt.Sprint("lie", i)
			}
			dave.post(roomsSaid{alice.self, text})
			time.Sleep(10 * time.Millisecond) // simulated
		}
		synctest.Wait()
		if n := must(ask(s.ctx(), dave, timesAsked{})) - before; n > int(lies*10*time.Millisecond/askAgain)+2 {
			t.Errorf("%d questions in 10 s", n)
		}
		began := time.Now()
		must(alice.Create(s.ctx(), CreateOptions{Name: "den"}))
		until(s.subs["dave"], func(f RoomFound) bool { return f.Name == "den" })
		if took := time.Since(began); took > time.Second+askAgain {
			t.Errorf("a new room is found after %v", took)
		}
		if n := count[RoomLost](s.subs["dave"]); n > 0 {
			t.Errorf("lies make %d rooms disappear", n)
		}
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
