package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"localchat/protocol"
)

// besieged is an open room of the defenders, and of mallory, whose program is of its own making.
func besieged(l *simLAN, change PolicyChange) *siege {
	s := &siege{simLAN: l, stay: defenders, warnings: make(map[string]int)}
	for _, n := range defenders {
		l.start(n)
	}
	change.Access = openRoom().Access
	lab := must(l.nodes["alice"].Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: change}))
	s.room = lab.ID
	for _, n := range defenders[1:] {
		must(l.nodes[n].Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
	}
	s.mallory = l.infiltrate(len(defenders), lab)
	if code := s.mallory.Join("mallory", protocol.Token{}); code != protocol.JoinAdmitted {
		l.t.Fatal("mallory was not let in:", code)
	}
	s.mallory.Enlist()
	time.Sleep(3 * time.Second) // simulated: the gossip forms
	return s
}

// shown are the texts of mallory's lines that n's people see, in order.
func (s *siege) shown(n string) (texts []string) {
	for _, m := range must(s.nodes[n].History(s.ctx(), "lab")).Messages {
		if m.Peer == s.mallory.Host.ID() {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// TestHastyPeerIsHeardAtThePace: a member that does not wait is not heard more often for it, and every member hears the same of it,
// also one that comes later.
func TestHastyPeerIsHeardAtThePace(t *testing.T) {
	simulate(t, len(defenders)+2, func(l *simLAN) {
		s := besieged(l, PolicyChange{SlowS: new(int64(5)), History: new(HistoryAll)})
		for i := range 21 { // one line a second
			s.mallory.Says(fmt.Sprint("line ", i))
			time.Sleep(time.Second)
		}
		time.Sleep(6 * time.Second) // simulated
		s.mallory.Says("patient")
		for _, n := range defenders {
			s.shows(n, "patient")
			if got := s.shown(n); !slices.Equal(got, []string{"line 0", "patient"}) {
				t.Errorf("%s is shown %v", n, got)
			}
		}

		// It waits by the times that it signs alone: nobody hears more of it in a minute than the pace allows, and two lines.
		at := time.Now()
		for i := range 60 {
			at = at.Add(5 * time.Second)
			s.mallory.SaysAt(fmt.Sprint("ahead ", i), at)
		}
		time.Sleep(time.Minute) // simulated
		for _, n := range defenders {
			got := s.shown(n)
			ahead := len(slices.DeleteFunc(slices.Clone(got), func(text string) bool { return !strings.HasPrefix(text, "ahead") }))
			if ahead == 0 || ahead > 60*6/5/5+2 {
				t.Errorf("in a minute %s is shown %d lines of a member that lies about its times: %v", n, ahead, got)
			}
		}
	})
}

// TestSlowOverRestart: a node that is started again does not speak too soon after what its last life has said.
func TestSlowOverRestart(t *testing.T) {
	onAStreet(t, func(s *street) {
		ctx := context.Background()
		alice, bob := s.start("alice"), s.start("bob")
		change := openRoom()
		change.SlowS = new(int64(60))
		must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: change}))
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		must(bob.Say(ctx, "lab", "one", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "one" })
		s.stop("bob")
		bob = s.start("bob")
		until(s.subs["bob"], func(j Joined) bool { return true })
		_, err := bob.Say(ctx, "lab", "two", false)
		if e := AsError(err); err == nil || e.Code != CodeUnavailable || e.RetryAfter <= 0 || e.RetryAfter > time.Minute {
			t.Errorf("bob speaks again at once: %+v", err)
		}
		time.Sleep(time.Minute) // simulated
		must(bob.Say(ctx, "lab", "two", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "two" })
	})
}
