package node

import (
	"context"
	"testing"
	"time"
)

// Warnings wait for a member that is away, are told in their order, each once, and not again by its next life. So are those that come
// while no face is there.
func TestWarnOverRestarts(t *testing.T) {
	onAStreet(t, func(s *street) {
		ctx := context.Background()
		alice, bob := s.start("alice"), s.start("bob")
		must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		until(s.subs["alice"], func(m MemberJoined) bool { return m.Nick == "bob" })
		s.stop("bob")
		must(alice.Warn(ctx, "lab", "bob", "one"))
		must(alice.Warn(ctx, "lab", "bob", "two"))
		must(alice.Mute(ctx, "lab", "bob", "three", time.Hour))
		s.stop("alice")
		s.start("alice")

		s.start("bob")
		for _, text := range []string{"one", "two"} {
			if w := until(s.subs["bob"], func(w Warned) bool { return true }); w.Text != text || w.ByNick != "alice" {
				t.Errorf("bob is told %+v, want %s", w, text)
			}
		}
		if m := until(s.subs["bob"], func(m Muted) bool { return true }); m.Text != "three" {
			t.Errorf("bob is told %+v", m)
		}
		until(s.subs["alice"], func(w WarningTold) bool { return true })
		until(s.subs["alice"], func(w WarningTold) bool { return true })
		time.Sleep(time.Minute) // simulated
		s.stop("bob")

		bob = s.start("bob")
		until(s.subs["bob"], func(j Joined) bool { return true })
		time.Sleep(time.Minute) // simulated
		if n := count[Warned](s.subs["bob"]) + count[Muted](s.subs["bob"]); n != 0 {
			t.Errorf("the next life of bob was told %d times", n)
		}
		for _, m := range must(s.nodes["alice"].Members(ctx, "lab")).Members {
			if want := map[string]int{"bob": 2}[m.Nick]; m.Warnings != want {
				t.Errorf("%s was warned %d times, want %d", m.Nick, m.Warnings, want)
			}
		}
		for _, m := range must(bob.Members(ctx, "lab")).Members {
			if m.Warnings != 0 {
				t.Errorf("a member sees warnings of %s", m.Nick)
			}
		}
		if a := must(bob.Audit(ctx, "lab", 0)); a.Entries[2].What != "warned" {
			t.Errorf("bob does not see his own warning: %+v", a.Entries[2])
		}
	})
}
