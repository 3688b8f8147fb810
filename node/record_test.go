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

// Who comes and goes at once is told once, and the first of them at once: the list is as long as the room.
func TestManyComeAndAreToldOnce(t *testing.T) {
	simulate(t, 3, func(l *lan) {
		alice := l.start("alice")
		room := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		for _, nick := range []string{"bob", "carol"} {
			must(l.start(nick).Join(l.ctx(), JoinOptions{Room: "lab"}))
		}
		time.Sleep(settling)
		var before, now, later, heard uint64
		must(ask(l.ctx(), alice, inLoop(func(loop *loop) {
			r := loop.rooms[room]
			before = r.owned.presence
			for range 10 {
				r.presenceChanged()
			}
			now = r.owned.presence
		})))
		time.Sleep(4 * presenceEach)
		must(ask(l.ctx(), alice, inLoop(func(loop *loop) { later = loop.rooms[room].owned.presence })))
		must(ask(l.ctx(), l.nodes["bob"], inLoop(func(loop *loop) { heard = loop.rooms[room].away.presence })))
		if now != before+1 || later != before+2 || heard != later {
			t.Errorf("of 10 changes %d are told at once, %d later, and bob has %d", now-before, later-now, heard-before)
		}
	})
}

// A member that has a record and not the key of its epoch yet seals nothing under the key before: its line waits.
func TestALineWaitsForTheKey(t *testing.T) {
	simulate(t, 3, func(l *lan) {
		alice := l.start("alice")
		room := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		for _, nick := range []string{"bob", "carol"} {
			must(l.start(nick).Join(l.ctx(), JoinOptions{Room: "lab"}))
		}
		until(l.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
		bob := l.nodes["bob"]
		l.cut("alice", "bob")
		l.cut("carol", "bob")
		must(alice.Kick(l.ctx(), "lab", "carol", ""))
		var removal protocol.SignedRecord
		must(ask(l.ctx(), alice, inLoop(func(loop *loop) {
			records := loop.rooms[room].records
			removal = records[len(records)-1]
		})))
		must(ask(l.ctx(), bob, inLoop(func(loop *loop) { loop.rooms[room].takeRecord(removal) })))
		said, ctx := make(chan error, 1), l.ctx()
		go func() {
			_, err := bob.Say(ctx, "lab", "hello", false)
			said <- err
		}()
		time.Sleep(time.Second)
		if n := count[Message](l.subs["bob"]); n != 0 {
			t.Errorf("bob has said %d lines without the key", n)
		}
		l.heal()
		until(l.subs["alice"], func(m Message) bool { return m.Nick == "bob" && m.Text == "hello" })
		if err := <-said; err != nil {
			t.Error(err)
		}
	})
}
