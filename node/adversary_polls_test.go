package node

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/protocol"
	"localchat/test/hostile"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestAdversaryDevoursAnswers: a member that asks its authority for everything again and again is given a bounded amount, whatever it
// claims to have and on however many streams. The others go on.
func TestAdversaryDevoursAnswers(t *testing.T) {
	long(t)
	// In bytes. Chosen for this test: the simulated network takes seconds for this much.
	const burst, rate, largest = 2 << 20, 64 << 10, 512 << 10
	for way := range hostile.Hungers {
		t.Run(way, func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				alice := l.start("alice")
				alice.admission.answers = keyed[peer.ID](budget{rate, burst}) // nobody is connected yet
				bob := l.start("bob")
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				for i := range 400 { // a log of some 300 kB
					subject := strings.Repeat("x", protocol.MaxSubject-i%2)
					must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &subject}))
					l.subs["alice"].drain()
				}
				m := l.infiltrate(2, lab)
				m.Join("mallory", protocol.Token{})
				ctx, cancel := context.WithTimeout(m.Ctx, 5*time.Second)
				defer cancel()
				m.Ctx = ctx
				got := m.Devours(way, 1, 4*burst)
				if most := burst + 5*rate + 2*largest; got > most {
					t.Errorf("it is given %d bytes, and at most %d are due", got, most)
				}
				if got < burst/2 {
					t.Errorf("it is given %d bytes: this shows nothing", got)
				}
				s := &siege{simLAN: l}
				s.says("bob", "may I?")
				s.shows("alice", "may I?")
			})
		})
	}
}

// TestLargeAnswersAreBounded: large answers that are not read take up places, of which one address has its share: another address is
// answered.
func TestLargeAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLarge()
		take := func(who visitor) bool { return l.take(t.Context(), who) }
		held := 0
		for i := range 3 * answersInFlight {
			if take(member(i, 0)) {
				held++
			}
		}
		if held == 0 || held > answersInFlight/2 {
			t.Errorf("answers to one address hold %d places", held)
		}
		for a := range 100 {
			take(member(a, 1+a))
		}
		if l.held.taken > answersInFlight {
			t.Errorf("%d answers are held", l.held.taken)
		}
		// A waiting answer gets a place as soon as one is free.
		begun, got := time.Now(), make(chan bool)
		go func() { got <- take(member(-1, 200)) }()
		time.Sleep(time.Second) // simulated
		l.release(member(0, 0))
		if ok := <-got; !ok || time.Since(begun) > time.Second {
			t.Errorf("after %v: %v", time.Since(begun), ok)
		}
		begun = time.Now()
		if take(member(-2, 201)) || time.Since(begun) != streamTimeout {
			t.Errorf("one more answer is held, or was refused after %v", time.Since(begun))
		}
	})
}

// TestAdversaryOwnerAnswersAtOnce: an owner that answers each poll at once, with invented answers, is asked at a bounded rate, so the
// member's other rooms get their turn.
func TestAdversaryOwnerAnswersAtOnce(t *testing.T) {
	for way := range hostile.Haste {
		t.Run(way, func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				o := l.underOlga("bob", "dave")
				answers := o.Hurries(way)
				const seconds = 20
				time.Sleep(seconds * time.Second) // simulated
				if most := 2 * (askBudget.burst + seconds*int(askBudget.perSecond) + 2); answers.Load() > uint64(most) {
					t.Errorf("it is asked %d times, and at most %d are due", answers.Load(), most)
				}
				if answers.Load() < 10 {
					t.Errorf("it is asked %d times: this shows nothing", answers.Load())
				}
				s := &siege{simLAN: l, room: o.Room()}
				s.says("bob", "are you there?")
				s.shows("dave", "are you there?")
			})
		})
	}
}
