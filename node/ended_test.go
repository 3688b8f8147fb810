package node

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestLinesOfRemovedPeerComeBack: a node that was restarted has no lines. It fetches the lines of a peer that was removed meanwhile
// like all others, and so does the owner, for which no authority vouches.
func TestLinesOfRemovedPeerComeBack(t *testing.T) {
	for _, who := range []string{"alice", "carol"} {
		t.Run("to "+who, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				must(s.start("alice").Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				for _, nick := range []string{"bob", "carol"} {
					must(s.start(nick).Join(s.ctx(), JoinOptions{Room: "lab"}))
				}
				until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
				var said []string
				for i := range 100 {
					if i == 50 { // and so in two epochs
						must(s.start("dave").Join(s.ctx(), JoinOptions{Room: "lab"}))
						until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "dave" })
					}
					said = append(said, "line "+strconv.Itoa(i))
					must(s.nodes["bob"].Say(s.ctx(), "lab", said[i], false))
				}
				for _, nick := range []string{"alice", "carol", "dave"} {
					until(s.subs[nick], func(m Message) bool { return m.Text == said[99] })
				}
				must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", ""))
				for _, nick := range []string{"carol", "dave"} {
					until(s.subs[nick], func(m MemberRemoved) bool { return m.Nick == "bob" })
				}
				s.stop(who)
				n, began := s.start(who), time.Now()
				until(s.subs[who], func(m Message) bool { return m.Text == said[0] })
				// dave came in between, and has neither the first lines nor their key. The members that have them are asked at
				// once.
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("%s has the lines after %v", who, took)
				}
				time.Sleep(time.Second) // simulated
				var has []string
				for _, m := range must(n.History(s.ctx(), "lab")).Messages {
					has = append(has, m.Text)
				}
				if !slices.Equal(has, said) {
					t.Errorf("%s has %q", who, has)
				}
			})
		})
	}
}
