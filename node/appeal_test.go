package node

import (
	"context"
	"strings"
	"testing"
	"time"

	"localchat/protocol"
)

// An appeal reaches an owner that was away, outlives its restarts and those of the removed member, which is told of the pardon once.
func TestAppealOverRestarts(t *testing.T) {
	onAStreet(t, func(s *street) {
		ctx := context.Background()
		alice, bob := s.start("alice"), s.start("bob")
		must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		until(s.subs["alice"], func(m MemberJoined) bool { return m.Nick == "bob" })
		if _, err := bob.Appeal(ctx, "lab", "too early"); AsError(err).Code != CodeNotFound {
			t.Errorf("a member appeals: %v", err)
		}
		must(alice.Ban(ctx, "lab", "bob", "too loud", 0))
		until(s.subs["bob"], func(Removed) bool { return true })
		time.Sleep(time.Minute) // simulated
		s.stop("bob")
		s.stop("alice")

		bob = s.start("bob")
		for _, text := range []string{"", "a\nb", strings.Repeat("x", protocol.MaxAppealRunes+1)} {
			if _, err := bob.Appeal(ctx, "lab", text); AsError(err).Code != CodeInvalid {
				t.Errorf("an appeal of %d bytes: %v", len(text), err)
			}
		}
		if sent := must(bob.Appeal(ctx, "", "it was the cat")); sent.Sent || sent.Name != "lab" {
			t.Errorf("the owner is away, and the appeal is %+v", sent)
		}
		if _, err := bob.Appeal(ctx, "lab", "another"); AsError(err).Code != CodeExists {
			t.Errorf("a second appeal: %v", err)
		}
		s.stop("bob")
		s.start("bob")
		s.start("alice")
		if a := until(s.subs["alice"], func(Appeal) bool { return true }); a.Text != "it was the cat" || a.Nick != "bob" || a.Kind != KindBanned || a.ByNick != "alice" || a.Reason != "too loud" {
			t.Errorf("alice sees %+v", a)
		}
		s.stop("alice")
		alice = s.start("alice")
		time.Sleep(2 * time.Minute) // simulated: she is asked again
		if n := count[Appeal](s.subs["alice"]); n != 0 {
			t.Errorf("the appeal is new to alice %d times after her restart", n)
		}
		if all := must(alice.Appeals(ctx, "lab")); len(all) != 1 || all[0].Text != "it was the cat" {
			t.Errorf("alice has %+v", all)
		}
		s.stop("bob")
		time.Sleep(time.Second) // simulated: alice sees that he is gone, and gives him no answer now
		must(alice.Pardon(ctx, "lab", "bob"))
		s.stop("alice")
		s.start("alice")
		s.start("bob")
		if p := until(s.subs["bob"], func(Pardoned) bool { return true }); p.ByNick != "alice" || p.Until.Sub(p.At) != 24*time.Hour {
			t.Errorf("bob is told %+v", p)
		}
		until(s.subs["alice"], func(PardonTold) bool { return true })
		time.Sleep(time.Minute) // simulated
		s.stop("bob")
		bob = s.start("bob")
		time.Sleep(time.Minute) // simulated
		if n := count[Pardoned](s.subs["bob"]); n != 0 {
			t.Errorf("the next life of bob is told %d times", n)
		}
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		until(s.subs["alice"], func(m MemberJoined) bool { return m.Nick == "bob" })
	})
}
