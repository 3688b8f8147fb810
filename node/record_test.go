//go:build unix

package node

import (
	"testing"
	"time"

	"localchat/protocol"
)

// A record goes to each member once, as the answer to its question. Sent by gossip as well, a removal takes 19,500 bytes here instead
// of 14,400, and in a room of 64 nearly twice what it takes now; see BenchmarkRemoval.
func TestARecordGoesOnce(t *testing.T) {
	countedLAN(t, 16, func(l *simLAN, c *traffic) {
		if cost := oneRemoval(l, c, 16); cost.bytes > 17_000 {
			t.Errorf("a removal takes %.0f packets and %.0f bytes", cost.packets, cost.bytes)
		}
	})
}

// Who has asked nothing just now has a record at once all the same.
func TestWhoDoesNotAskHearsOfARecord(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		owner := l.nodes["n0"]
		until(l.subs["n1"], func(m MemberJoined) bool { return m.Nick == "n2" })
		time.Sleep(settling) // simulated
		must(ask(l.ctx(), owner, inLoop(func(loop *loop) {
			r := must(loop.room("lab"))
			p := l.nodes["n2"].self
			r.dropPoll(p, r.owned.polls[p]) // it asks again, after a pause
		})))
		began := time.Now()
		must(owner.Kick(l.ctx(), "lab", "n1", ""))
		until(l.subs["n2"], func(m MemberRemoved) bool { return m.Nick == "n1" })
		if took := time.Since(began); took > pollBackoffMin/4 {
			t.Errorf("n2 heard it after %s", took)
		}
	})
}

// Who comes and goes at once is told once, and the first of them at once: the list is as long as the room.
func TestManyComeAndAreToldOnce(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		owner := l.nodes["n0"]
		time.Sleep(settling) // simulated
		var before, now, later, heard uint64
		must(ask(l.ctx(), owner, inLoop(func(loop *loop) {
			r := must(loop.room("lab"))
			before = r.owned.presence
			for range 10 {
				r.presenceChanged()
			}
			now = r.owned.presence
		})))
		time.Sleep(4 * presenceEach) // simulated
		must(ask(l.ctx(), owner, inLoop(func(loop *loop) { later = must(loop.room("lab")).owned.presence })))
		must(ask(l.ctx(), l.nodes["n1"], inLoop(func(loop *loop) { heard = must(loop.room("lab")).away.presence })))
		if now != before+1 || later != before+2 || heard != later {
			t.Errorf("of 10 changes %d are told at once, %d later, and n1 has %d", now-before, later-now, heard-before)
		}
	})
}

// A member that has a record and not the key of its epoch yet seals nothing under the key before: its line waits.
func TestALineWaitsForTheKey(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		owner := l.nodes["n0"]
		until(l.subs["n1"], func(m MemberJoined) bool { return m.Nick == "n2" })
		n1 := l.nodes["n1"]
		l.cut("n0", "n1")
		l.cut("n2", "n1")
		must(owner.Kick(l.ctx(), "lab", "n2", ""))
		var removal protocol.SignedRecord
		must(ask(l.ctx(), owner, inLoop(func(loop *loop) {
			records := must(loop.room("lab")).records
			removal = records[len(records)-1]
		})))
		must(ask(l.ctx(), n1, inLoop(func(loop *loop) { must(loop.room("lab")).takeRecord(removal) })))
		said, ctx := make(chan error, 1), l.ctx()
		go func() {
			_, err := n1.Say(ctx, "lab", "hello", false)
			said <- err
		}()
		time.Sleep(time.Second) // simulated
		if n := count[Message](l.subs["n1"]); n != 0 {
			t.Errorf("n1 has said %d lines without the key", n)
		}
		l.heal()
		until(l.subs["n0"], func(m Message) bool { return m.Nick == "n1" && m.Text == "hello" })
		if err := <-said; err != nil {
			t.Error(err)
		}
	})
}
