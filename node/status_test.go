package node

import (
	"context"
	"strings"
	"testing"
	"time"

	"localchat/protocol"
)

// A direct message to somebody who is away says so once for each absence, also where the owner's node knows it and a member's does.
func TestTellSomebodyAway(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
		for _, text := range []string{"lunch", "a walk"} {
			must(0, bob.SetAway(l.ctx(), true, " "+text))
			for name, n := range map[string]*Node{"alice": alice, "carol": carol} {
				until(l.subs[name], func(a MemberAway) bool { return a.Text == text && a.Nick == "bob" })
				if got := must(n.Tell(l.ctx(), "lab", "bob", "psst")); !got.Away || got.AwayText != text {
					t.Errorf("%s is told %+v", name, got)
				}
				if got := must(n.Tell(l.ctx(), "lab", "bob", "psst")); got.Away {
					t.Errorf("%s is told twice", name)
				}
			}
		}
		for _, m := range must(carol.Members(l.ctx(), "lab")).Members {
			if m.Away != (m.Nick == "bob") || m.Away && m.AwayText != "a walk" {
				t.Errorf("%+v", m)
			}
		}
		must(0, bob.SetAway(l.ctx(), false, "ignored"))
		until(l.subs["carol"], func(a MemberAway) bool { return !a.Away })
		if got := must(carol.Tell(l.ctx(), "lab", "bob", "psst")); got.Away {
			t.Error("he is back")
		}
		if err := bob.SetAway(l.ctx(), true, strings.Repeat("x", protocol.MaxAway+1)); codeOf(err) != CodeInvalid {
			t.Errorf("a long text: %v", err)
		}
		if err := bob.SetAway(l.ctx(), true, "a\nb"); codeOf(err) != CodeInvalid {
			t.Errorf("two lines: %v", err)
		}
	})
}

// An owner's node that starts again has forgotten who is away, and is told again. A member that starts again is there.
func TestAwayOverRestarts(t *testing.T) {
	onAStreet(t, func(s *street) {
		ctx := context.Background()
		alice, bob := s.start("alice"), s.start("bob")
		must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		must(0, bob.SetAway(ctx, true, "lunch"))
		until(s.subs["alice"], func(a MemberAway) bool { return a.Text == "lunch" })
		s.stop("alice")
		s.start("alice")
		until(s.subs["alice"], func(a MemberAway) bool { return a.Text == "lunch" })
		s.stop("bob")
		s.start("bob")
		time.Sleep(30 * time.Second) // simulated
		for _, m := range must(s.nodes["alice"].Members(ctx, "lab")).Members {
			if m.Away {
				t.Errorf("away in its next life: %+v", m)
			}
		}
	})
}

// A member with a program of its own making says without a pause that it is away. Its words go out a few times and then once in ten
// seconds; those of a muted member, of a removed one and of a stranger never.
func TestAwayIsBounded(t *testing.T) {
	s := assail(t)
	bob, eve := s.host("bob"), s.host("eve")
	s.join(bob, "bob")
	says := func(p interface{ ID() PeerID }, text string) bool {
		var reply protocol.AskReply
		from := bob
		if p.ID() == eve.ID() {
			from = eve
		}
		s.ask(from, protocol.AskID, &protocol.AskRequest{Room: s.room, Away: &protocol.Away{Away: true, Text: text}}, &reply)
		return reply.OK
	}
	taken := 0
	for range 3 * awayBurst {
		if says(bob, "buy this") {
			taken++
		}
	}
	if taken < 1 || taken > awayBurst+1 {
		t.Errorf("%d of %d were taken, want about %d", taken, 3*awayBurst, awayBurst)
	}
	text := func() (text string) {
		s.inLoop(s.alice, func(l *loop) { text = l.rooms[s.room].desk.presence.aways[bob.ID()].Text })
		return text
	}
	if text() != "buy this" {
		t.Error("it is not shown")
	}
	must(s.alice.Mute(s.ctx, "lab", "bob", "", time.Hour))
	if text() != "" {
		t.Error("what a muted member said is shown")
	}
	s.inLoop(s.alice, func(l *loop) { l.rooms[s.room].desk.presence.awayPace.Sweep(time.Now().Add(time.Hour)) })
	says(bob, "buy that")
	if got := text(); got != "" {
		t.Errorf("a muted member says %q", got)
	}
	if says(eve, "buy this") {
		t.Error("a stranger is away")
	}
	must(s.alice.Kick(s.ctx, "lab", "bob", ""))
	if says(bob, "buy this") {
		t.Error("a removed member is away")
	}
	s.inLoop(s.alice, func(l *loop) {
		if n := len(l.rooms[s.room].desk.presence.aways); n != 0 {
			t.Errorf("%d are away", n)
		}
	})
}
