package node

import (
	"testing"
	"time"

	"localchat/node/internal/transcript"
)

// isFound is the longest time that it takes to be announced on the street and dialled.
const isFound = 300 * time.Millisecond

// TestOwnerIsMetAtOnce: an owner that was away comes back at another address and finds its members. They know it at once: neither a
// dial to the old address nor a pause between polls delays that.
func TestOwnerIsMetAtOnce(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		for _, away := range []int{5, 7, 11, 20, 31, 60, 61, 62} {
			s.stop("alice")
			time.Sleep(time.Duration(away) * time.Second) // simulated
			s.start("alice")
			back := time.Now()
			until[OwnerBack](s.subs["bob"], nil)
			if took := time.Since(back); took > 2*isFound {
				t.Errorf("after %d s away, the owner is back after %v", away, took)
			}
		}
	})
}

// TestDeadConnectionGivesWay: an owner that was killed and comes back at another address is heard before its old connection would be
// given up: the arrival of the new connection makes the node test the old one.
func TestDeadConnectionGivesWay(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		for i := range 5 {
			time.Sleep(10*time.Second + time.Duration(i)*pingEvery/5) // simulated
			s.cut("alice", "bob")                                     // so that bob is not told of the end
			s.stop("alice")
			s.heal()
			back := time.Now()
			s.start("alice")
			time.Sleep(isFound) // simulated
			must(s.nodes["alice"].Say(s.ctx(), "lab", "I am back", false))
			until(s.subs["bob"], func(m Message) bool { return m.Text == "I am back" && m.At.After(back) })
			if took := time.Since(back); took > tryTimeout+time.Second+2*transcript.SyncSpacing {
				t.Errorf("heard after %v", took)
			}
		}
	})
}

// TestJoiningAnOwnerThatIsBack: the same for a peer that shares no room with the owner, and so does not watch the connection.
func TestJoiningAnOwnerThatIsBack(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		room := must(s.nodes["bob"].Rooms(s.ctx()))[0].ID.String()
		for i := range 5 {
			must(struct{}{}, s.nodes["bob"].Leave(s.ctx(), room))
			time.Sleep(10*time.Second + time.Duration(i)*pingEvery/5) // simulated
			s.cut("alice", "bob")                                     // so that bob is not told of the end
			s.stop("alice")
			s.heal()
			s.start("alice")
			time.Sleep(isFound) // simulated
			back := time.Now()
			must(s.nodes["bob"].Join(s.ctx(), JoinOptions{Room: room}))
			if took := time.Since(back); took > tryTimeout+isFound {
				t.Errorf("bob is in after %v", took)
			}
		}
	})
}
