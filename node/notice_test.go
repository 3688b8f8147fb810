package node

import (
	"strconv"
	"testing"
	"time"

	"localchat/authority"
)

// TestRefusalWaitsForAFace: the answer that this node is no member of its room may come before the first face of a run, or in a run
// without any. A face hears of it all the same, once.
func TestRefusalWaitsForAFace(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		s.stop("bob")
		must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", "too loud"))
		s.stop("alice")
		time.Sleep(authority.FailureLife) // simulated
		s.start("alice")
		time.Sleep(time.Hour) // the reason has been forgotten then

		s.unread = true
		for range 2 { // lives in which nobody reads
			s.start("bob")
			time.Sleep(time.Minute)
			s.stop("bob")
		}
		bob := s.start("bob")
		time.Sleep(time.Minute)
		first := watch(t, "the first reader", bob)
		until[Refused](first, nil)
		time.Sleep(time.Minute)
		if n := count[Refused](watch(t, "the second reader", bob)); n > 0 {
			t.Error("told again to a second reader")
		}
		s.stop("bob")
		s.unread = false
		s.start("bob")
		time.Sleep(time.Minute)
		if n := count[Refused](s.subs["bob"]); n > 0 {
			t.Error("told again in the next life")
		}
	})
}

// warnOnce is a warning that comes at a moment that the test chooses.
type warnOnce struct{ text string }

func (e warnOnce) handle(l *loop) { l.emit(nil, Warning{Code: "test", Text: e.text}) }

// TestWarningWaitsForAFace: the latest warnings that come while nobody reads reach the next reader that wants them, and no other.
func TestWarningWaitsForAFace(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.unread = true
		alice := s.start("alice")
		for i := range maxUnheard + 3 {
			alice.post(warnOnce{strconv.Itoa(i)})
		}
		none := &watcher{t: t, nick: "a reader of other events", sub: alice.Subscribe(SubscribeOptions{Types: []string{Joined{}.Type()}})}
		if n := count[Warning](none); n > 0 {
			t.Errorf("%d warnings to a reader that does not want them", n)
		}
		first := watch(t, "the first reader", alice)
		if n := count[Warning](first); n != maxUnheard {
			t.Fatalf("%d warnings to the first reader, want %d", n, maxUnheard)
		}
		if text := first.seen[len(first.seen)-1].Body.(Warning).Text; text != strconv.Itoa(maxUnheard+2) {
			t.Errorf("the latest is %q", text)
		}
		if n := count[Warning](watch(t, "the second reader", alice)); n > 0 {
			t.Errorf("%d warnings again to the second reader", n)
		}
	})
}
