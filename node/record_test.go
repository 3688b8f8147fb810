//go:build unix

package node

import (
	"testing"
	"time"
)

// A record goes to each member once, as the answer to its question. Sent by gossip as well, a removal takes 19,500 bytes here instead
// of 14,400, and in a room of 64 nearly twice what it takes now; see BenchmarkRemoval.
func TestARecordGoesOnce(t *testing.T) {
	countedLAN(t, 16, func(l *lan, c *traffic) {
		if cost := oneRemoval(l, c, 16); cost.bytes > 17_000 {
			t.Errorf("a removal takes %.0f packets and %.0f bytes", cost.packets, cost.bytes)
		}
	})
}

// Who has asked nothing just now has a record at once all the same.
func TestWhoDoesNotAskHearsOfARecord(t *testing.T) {
	simulate(t, 3, func(l *lan) {
		alice := l.start("alice")
		room := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		for _, nick := range []string{"bob", "carol"} {
			must(l.start(nick).Join(l.ctx(), JoinOptions{Room: "lab"}))
		}
		until(l.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
		time.Sleep(settling)
		must(ask(l.ctx(), alice, inLoop(func(loop *loop) {
			r := loop.rooms[room]
			carol := l.hosts[l.index["carol"]].ID()
			r.dropPoll(carol, r.owned.polls[carol]) // she asks again, after a pause
		})))
		began := time.Now()
		must(alice.Kick(l.ctx(), "lab", "bob", ""))
		until(l.subs["carol"], func(m MemberRemoved) bool { return m.Nick == "bob" })
		if took := time.Since(began); took > pollBackoffMin/4 {
			t.Errorf("carol heard it after %s", took)
		}
	})
}
