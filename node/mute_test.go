package node

import (
	"context"
	"strings"
	"testing"
	"time"

	"localchat/protocol"
	"localchat/test/hostile"
)

// TestMutedPeerIsNotHeard: a muted member with a program of its own making speaks under every key, live, past its cut-off, and by way
// of the members. No node takes anything of it, and no order of it. When it is unmuted it is heard, and what it said meanwhile is not.
func TestMutedPeerIsNotHeard(t *testing.T) {
	simulate(t, len(defenders)+3, func(l *simLAN) {
		s := besieged(l, PolicyChange{})
		s.mallory.Says("hello from mallory")
		for _, n := range defenders {
			s.shows(n, "hello from mallory")
		}
		mute := must(l.nodes["alice"].Mute(l.ctx(), "lab", "mallory", "too loud", time.Hour))
		until(l.subs["alice"], func(p RemovalProgress) bool { return p.Kind == KindMuted && p.Applied >= len(defenders) })
		s.mallory.Removal = hostile.Committed(mute)
		var records [][]byte
		s.peek("alice", func(r *room) { records, _ = recordsAfter(r.records, 0) })
		s.mallory.Learn(records, nil)
		if epoch, _ := s.mallory.Latest(); epoch != mute.Epoch {
			t.Fatalf("mallory has the key of epoch %d, and would say nothing in epoch %d", epoch, mute.Epoch)
		}

		s.mallory.PublishesOn()
		s.mallory.Says(evil + " as if nothing had happened")
		s.mallory.PassesOn()
		s.mallory.ForgesRecords()
		for _, n := range defenders {
			var reply protocol.TellReply
			tell := protocol.TellRequest{Room: s.room, ID: [16]byte{1}, Text: evil + " in private", At: time.Now()}
			if err := s.mallory.Ask(l.nodes[n].self, protocol.TellID, &tell, &reply); err != nil || reply.OK != (n == "alice") {
				t.Errorf("%s takes a direct message of mallory: %v, %v", n, reply.OK, err)
			}
		}
		time.Sleep(20 * time.Second) // simulated: everything that can be fetched is fetched
		silent := func() {
			t.Helper()
			for _, n := range defenders {
				s.peek(n, func(r *room) {
					for _, line := range r.talk.Ordered() {
						if strings.Contains(line.Content.Text, evil) {
							t.Errorf("%s retains %q", n, line.Content.Text)
						}
					}
					if _, muted := r.state().Muted(s.mallory.Host.ID()); r.state().Seq() == mute.Seq && !muted {
						t.Errorf("mallory has lifted its own mute at %s", n)
					}
				})
				for _, ev := range s.subs[n].drain() {
					switch b := ev.Body.(type) {
					case Message:
						if strings.Contains(b.Text, evil) {
							t.Errorf("%s was shown %q", n, b.Text)
						}
					case Direct:
						if n != "alice" && strings.Contains(b.Text, evil) { // the owner hears it
							t.Errorf("%s was told %q", n, b.Text)
						}
					}
				}
			}
		}
		silent()

		must(l.nodes["alice"].Unmute(l.ctx(), "lab", "mallory"))
		until(l.subs["carol"], func(u Unmuted) bool { return u.Nick == "mallory" })
		s.peek("alice", func(r *room) { records, _ = recordsAfter(r.records, 0) })
		s.mallory.Learn(records, nil)
		s.mallory.Says("sorry")
		for _, n := range defenders {
			s.shows(n, "sorry")
		}
		time.Sleep(20 * time.Second) // simulated
		silent()
	})
}

// TestMuteOverRestarts: the reason of a mute waits for a member that is away, is told once, and not again by its next life. The mute
// outlives the lives of both; one whose time passes while its owner is away ends when the owner is back.
func TestMuteOverRestarts(t *testing.T) {
	onAStreet(t, func(s *street) {
		ctx := context.Background()
		alice, bob := s.start("alice"), s.start("bob")
		must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		until(s.subs["alice"], func(m MemberJoined) bool { return m.Nick == "bob" })
		s.stop("bob")
		must(alice.Mute(ctx, "lab", "bob", "too loud", time.Hour))

		s.start("bob")
		m := until(s.subs["bob"], func(m Muted) bool { return true })
		if m.Text != "too loud" || m.ByNick != "alice" || m.Until.Sub(m.At) != time.Hour {
			t.Errorf("bob is told %+v", m)
		}
		until(s.subs["alice"], func(p RemovalProgress) bool { return p.Kind == KindMuted && p.Told })
		time.Sleep(time.Minute) // simulated
		if n := count[Muted](s.subs["bob"]); n != 1 {
			t.Errorf("bob was told %d times", n)
		}
		s.stop("bob")

		bob = s.start("bob")
		if j := until(s.subs["bob"], func(j Joined) bool { return true }); !j.Muted || !j.MutedUntil.Equal(m.Until) {
			t.Errorf("the next life of bob enters as %+v", j)
		}
		s.stop("alice")
		s.start("alice")
		until(s.subs["bob"], func(e Epoch) bool { return true })
		_, err := bob.Say(ctx, "lab", "hello", false)
		if e := AsError(err); e.Code != CodeRefused || !e.Until.Equal(m.Until) || e.RetryAfter <= 0 {
			t.Errorf("bob, muted, says something: %+v", e)
		}
		s.stop("alice")
		time.Sleep(2 * time.Hour) // simulated
		if _, err := bob.Say(ctx, "lab", "hello", false); codeOf(err) != CodeRefused {
			t.Errorf("bob's own clock ends the mute: %v", err)
		}
		s.start("alice")
		until(s.subs["bob"], func(u Unmuted) bool { return u.Self })
		must(bob.Say(ctx, "lab", "hello again", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "hello again" })
		if n := count[Muted](s.subs["bob"]); n != 0 {
			t.Errorf("the next life of bob was told %d times", n)
		}
	})
}
