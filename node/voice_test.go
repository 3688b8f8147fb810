package node

import (
	"context"
	"strings"
	"testing"
	"time"

	"localchat/protocol"
	"localchat/test/hostile"
)

// A member without a voice whose program is of its own making speaks under every key, live, past its cut-off, and by way of the members;
// it signs records that let it talk. No node takes anything of it. When it is given a voice it is heard, and what it said before is not.
func TestVoicelessPeerIsNotHeard(t *testing.T) {
	simulate(t, len(defenders)+2, func(l *simLAN) {
		s := besieged(l, PolicyChange{})
		s.mallory.Says("hello from mallory")
		for _, n := range defenders {
			s.shows(n, "hello from mallory")
		}
		must(l.nodes["alice"].Policy(l.ctx(), "lab", PolicyChange{Speak: new(SpeakVoiced)}))
		for _, n := range defenders {
			until(l.subs[n], func(p PolicyChanged) bool { return p.Speak == SpeakVoiced })
		}
		learn := func() {
			var records [][]byte
			s.peek("alice", func(r *room) { records, _ = recordsAfter(r.records, 0) })
			s.mallory.Learn(records, nil)
		}
		learn()
		s.peek("alice", func(r *room) { s.mallory.Removal = hostile.Committed{Seq: r.state().Seq(), Epoch: r.state().Epoch()} })
		s.mallory.PublishesOn()
		s.mallory.Says(evil + " as if nothing had happened")
		s.mallory.PassesOn()
		s.mallory.ForgesRecords()
		asked := 0
		for i := range 40 {
			var reply protocol.AskReply
			hand := protocol.AskRequest{Room: s.room, Hand: &protocol.AskHand{Down: i%2 == 1}}
			if err := s.mallory.Ask(l.nodes["alice"].self, protocol.AskID, &hand, &reply); err == nil && reply.OK {
				asked++
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
					if m, _ := r.state().Member(s.mallory.Host.ID()); m.Silent != (m.Voice.Seq == 0) {
						t.Errorf("at %s mallory has lifted its own silence: %+v", n, m)
					}
				})
				hands := 0
				for _, ev := range s.subs[n].drain() {
					switch b := ev.Body.(type) {
					case Message:
						if strings.Contains(b.Text, evil) {
							t.Errorf("%s was shown %q", n, b.Text)
						}
					case Hand:
						hands++
					}
				}
				if hands > 1 || hands == 1 && n != "alice" {
					t.Errorf("%s is told of %d hands, of %d that were raised within %v", n, hands, asked, handEvery)
				}
			}
		}
		silent()
		if asked == 0 {
			t.Error("mallory has raised no hand")
		}

		must(l.nodes["alice"].Voice(l.ctx(), "lab", "mallory", 0))
		until(l.subs["carol"], func(v Voiced) bool { return v.Nick == "mallory" })
		learn()
		s.mallory.Says("thank you")
		for _, n := range defenders {
			s.shows(n, "thank you")
		}
		time.Sleep(20 * time.Second) // simulated
		silent()
	})
}

// Who may talk is in the log: it outlives the lives of all, and a voice whose time passes while the owner is away ends when it is back. A
// voice that ends names the last line, so that a later one does not count.
func TestVoiceOverRestarts(t *testing.T) {
	onAStreet(t, func(s *street) {
		ctx := context.Background()
		alice, bob := s.start("alice"), s.start("bob")
		change := openRoom()
		change.Speak = new(SpeakVoiced)
		must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: change}))
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		if j := until(s.subs["bob"], func(j Joined) bool { return true }); !j.Voiceless {
			t.Errorf("bob enters as %+v", j)
		}
		must(alice.Voice(ctx, "lab", "bob", time.Hour))
		until(s.subs["bob"], func(v Voiced) bool { return v.Self })
		must(bob.Say(ctx, "lab", "one", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "one" })

		s.stop("bob")
		bob = s.start("bob")
		if j := until(s.subs["bob"], func(j Joined) bool { return true }); j.Voiceless {
			t.Errorf("the next life of bob enters as %+v", j)
		}
		s.stop("alice")
		time.Sleep(2 * time.Hour) // simulated
		must(bob.Say(ctx, "lab", "two", false))
		alice = s.start("alice")
		until(s.subs["bob"], func(u Unvoiced) bool { return u.Self })
		if _, err := bob.Say(ctx, "lab", "three", false); codeOf(err) != CodeRefused {
			t.Errorf("bob talks on: %v", err)
		}
		time.Sleep(time.Minute) // simulated
		for name, n := range map[string]*Node{"alice": alice, "bob": bob} {
			var texts []string
			for _, m := range must(n.History(ctx, "lab")).Messages {
				texts = append(texts, m.Text)
			}
			if got := strings.Join(texts, " "); got != "one two" {
				t.Errorf("%s has %q", name, got)
			}
		}
	})
}
