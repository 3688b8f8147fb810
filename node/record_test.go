//go:build unix

package node

import (
	"testing"
	"time"

	"localchat/protocol"
)

// TestRecordIsSentOnce: a record goes to each member once, in the answer to its poll. If it were also sent by gossip, a removal would
// take 19,500 bytes here instead of 14,400, and nearly twice the present number in a room of 64; see BenchmarkRemoval.
func TestRecordIsSentOnce(t *testing.T) {
	countedLAN(t, 16, func(l *simLAN, c *traffic) {
		if cost := oneRemoval(l, c, 16); cost.bytes > 17_000 {
			t.Errorf("a removal takes %.0f packets and %.0f bytes", cost.packets, cost.bytes)
		}
	})
}

// TestMemberWithoutPollGetsRecord: a member without a poll at this moment gets a record at once all the same.
func TestMemberWithoutPollGetsRecord(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		owner := l.nodes["n0"]
		until(l.subs["n1"], func(m MemberJoined) bool { return m.Nick == "n2" })
		time.Sleep(settling) // simulated
		must(ask(l.ctx(), owner, inLoop(func(loop *loop) {
			r := must(loop.room("lab"))
			p := l.nodes["n2"].self
			r.desk.polls.held.drop(p, r.desk.polls.held[p]) // n2 polls again, after a pause
		})))
		began := time.Now()
		must(owner.Kick(l.ctx(), "lab", "n1", ""))
		until(l.subs["n2"], func(m MemberRemoved) bool { return m.Nick == "n1" })
		if took := time.Since(began); took > pollBackoffMin/4 {
			t.Errorf("n2 heard it after %s", took)
		}
	})
}

// TestManyPresenceChangesGoOutTogether: of many changes of presence at once, the first goes out at once and the others together: the
// list is as long as the room.
func TestManyPresenceChangesGoOutTogether(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		owner := l.nodes["n0"]
		time.Sleep(settling) // simulated
		var before, now, later, heard uint64
		must(ask(l.ctx(), owner, inLoop(func(loop *loop) {
			r := must(loop.room("lab"))
			before = r.desk.presence.number
			for range 10 {
				r.desk.presence.noteChange()
			}
			now = r.desk.presence.number
		})))
		time.Sleep(4 * presenceEach) // simulated
		must(ask(l.ctx(), owner, inLoop(func(loop *loop) { later = must(loop.room("lab")).desk.presence.number })))
		must(ask(l.ctx(), l.nodes["n1"], inLoop(func(loop *loop) { heard = must(loop.room("lab")).membership.absence.presence })))
		if now != before+1 || later != before+2 || heard != later {
			t.Errorf("of 10 changes %d go out at once, %d later, and n1 has %d", now-before, later-now, heard-before)
		}
	})
}

// TestLineWaitsForKey: a member that has a record but not yet the key of its epoch seals nothing under the earlier key: its line
// waits.
func TestLineWaitsForKey(t *testing.T) {
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
