package node

import (
	"testing"
	"time"
)

// startDormant starts a node on the data of an earlier life and leaves that life's rooms alone, as a short command
// does.
func (s *street) startDormant(nick string) *Node {
	s.sleepy = true
	defer func() { s.sleepy = false }()
	return s.start(nick)
}

// TestDormantRoomRefusesNobody: a short command of the owner costs nobody a place, in any room: a peer that asks for a room that the
// command has not resumed gets no answer.
func TestDormantRoomRefusesNobody(t *testing.T) {
	onAStreet(t, func(s *street) {
		must(s.start("alice").Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(s.nodes["alice"].Create(s.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
		for _, nick := range []string{"bob", "carol"} {
			must(s.start(nick).Join(s.ctx(), JoinOptions{Room: "lab"}))
		}
		// carol is away while she is kicked, and comes back while alice's short command runs.
		s.stop("carol")
		must(s.nodes["alice"].Kick(s.ctx(), "lab", "carol", "too loud"))
		s.stop("alice")
		alice := s.startDormant("alice")
		must(alice.Join(s.ctx(), JoinOptions{Room: "den"}))
		must(alice.Say(s.ctx(), "den", "hi", false))
		s.start("carol")
		time.Sleep(30 * time.Second) // simulated: they poll, and dave asks to be let in
		if _, err := s.start("dave").Join(s.ctx(), JoinOptions{Room: "lab"}); err == nil || AsError(err).Code == CodeRefused {
			t.Errorf("dave is answered %v", err)
		}
		for _, nick := range []string{"bob", "carol"} {
			if n := count[Refused](s.subs[nick]) + count[Removed](s.subs[nick]); n > 0 {
				t.Errorf("%s is told %d times that the room has ended:%s", nick, n, s.subs[nick].story())
			}
		}
		s.stop("alice")
		s.start("alice")
		until(s.subs["carol"], func(r Removed) bool { return r.Text == "too loud" })
		must(s.nodes["alice"].Say(s.ctx(), "lab", "back again", false))
		until(s.subs["bob"], func(m Message) bool { return m.Text == "back again" })
	})
}

// TestDormantPlaceIsTakenUp: a member's short command enters the room with its existing place, and leaves it again.
func TestDormantPlaceIsTakenUp(t *testing.T) {
	onAStreet(t, func(s *street) {
		must(s.start("alice").Create(s.ctx(), CreateOptions{Name: "lab"}))
		knocks := make(chan error)
		bob := s.start("bob")
		go func() {
			_, err := bob.Join(s.ctx(), JoinOptions{Room: "lab"})
			knocks <- err
		}()
		until(s.subs["alice"], func(k Knock) bool { return k.Nick == "bob" })
		must(none{}, s.nodes["alice"].Accept(s.ctx(), "lab", "bob"))
		must(none{}, <-knocks)
		for range 3 {
			s.stop("bob")
			bob = s.startDormant("bob")
			if joined := must(bob.Join(s.ctx(), JoinOptions{Room: "lab"})); !joined.Resumed {
				t.Error("the place is new")
			}
			must(bob.Say(s.ctx(), "lab", "hi", false))
			until(s.subs["alice"], func(m Message) bool { return m.Text == "hi" })
		}
		if n := count[Knock](s.subs["alice"]); n != 1 {
			t.Errorf("alice sees %d knocks", n)
		}
	})
}

// TestOwnerCannotLeave: an owner does not leave its own room by mistake.
func TestOwnerCannotLeave(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		if err := alice.Leave(l.ctx(), "lab"); AsError(err).Code != CodeInvalid || AsError(err).Reason == "" {
			t.Errorf("answered %v", err)
		}
		must(alice.Say(l.ctx(), "lab", "still here", false))
		until(l.subs["bob"], func(m Message) bool { return m.Text == "still here" })
	})
}
