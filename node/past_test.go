package node

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// queued returns what is in the queue of a subscription, after all has arrived that is under way.
func queued(s *Subscription) []Event {
	time.Sleep(time.Second) // simulated
	synctest.Wait()
	var all []Event
	for len(s.c) > 0 {
		all = append(all, <-s.c)
	}
	return all
}

// typesOf returns the types of events, sorted.
func typesOf(events []Event) string {
	var all []string
	for _, ev := range events {
		all = append(all, ev.Body.Type())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestReaderComesBack: a reader that comes back gets what it has missed, as one that was there all the time, and nothing else.
func TestReaderComesBack(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		alice, bob := s.nodes["alice"], s.nodes["bob"]
		stays, leaves := bob.Subscribe(SubscribeOptions{}), bob.Subscribe(SubscribeOptions{})
		must(alice.Say(s.ctx(), "lab", "seen", false))
		seen := queued(leaves)
		last := seen[len(seen)-1].Seq
		leaves.Close()
		queued(stays)

		must(alice.Say(s.ctx(), "lab", "missed", false))
		must(bob.Say(s.ctx(), "lab", "of mine", true))
		must(alice.Tell(s.ctx(), "lab", "bob", "a direct one"))
		must(alice.Policy(s.ctx(), "lab", PolicyChange{Subject: new("tea")}))
		missed := queued(stays)
		if typesOf(missed) != "delivered direct message message policy" {
			t.Fatalf("there was %s", typesOf(missed))
		}

		back := bob.Subscribe(SubscribeOptions{Since: last, Lines: true})
		if got := queued(back); !reflect.DeepEqual(got, missed) {
			t.Errorf("told\n%v\nwant\n%v", got, missed)
		}
		must(alice.Say(s.ctx(), "lab", "live", false))
		live := queued(stays)
		if got := queued(back); !reflect.DeepEqual(got, live) || live[0].Seq != missed[len(missed)-1].Seq+1 {
			t.Errorf("then told\n%v\nwant\n%v", got, live)
		}
		some := bob.Subscribe(SubscribeOptions{Since: last, Types: []string{"direct", "message"}})
		if got := typesOf(queued(some)); got != "direct message message message" {
			t.Errorf("of two types: %s", got)
		}
		of := bob.Subscribe(SubscribeOptions{Types: []string{"message"}})
		if got := typesOf(queued(of)); got != "" {
			t.Errorf("of one type it begins with %s", got)
		}
	})
}

// TestReaderComesBackTooLate: a reader that comes back too late, or after the node has started again, is told so, and then how things
// are.
func TestReaderComesBackTooLate(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		alice, bob := s.nodes["alice"], s.nodes["bob"]
		reads := bob.Subscribe(SubscribeOptions{})
		events := queued(reads)
		last := events[len(events)-1].Seq
		begins := func(since uint64, types string, lost int) {
			t.Helper()
			got := queued(bob.Subscribe(SubscribeOptions{Since: since, Lines: true}))
			if typesOf(got) != types || len(got) == 0 || got[0].Body != (Gap{Lost: lost}) {
				t.Errorf("since %d: %v", since, got)
			}
		}
		begins(1, "gap joined", 0)        // an earlier life
		begins(last+1e6, "gap joined", 0) // the clock was set back meanwhile
		must(alice.Say(s.ctx(), "lab", "a line", false))
		time.Sleep(pastFor + 2*time.Second) // simulated
		begins(last, "backlog backlog_end gap joined message", len(queued(reads)))
	})
}

// TestPastForgetsLines: what is to be forgotten is not kept for readers that come back: the events of the past hold no text of a line.
func TestPastForgetsLines(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		alice, bob := s.nodes["alice"], s.nodes["bob"]
		must(alice.Policy(s.ctx(), "lab", PolicyChange{RetainS: new(int64(60))}))
		reads := bob.Subscribe(SubscribeOptions{})
		events := queued(reads)
		last := events[len(events)-1].Seq
		must(alice.Say(s.ctx(), "lab", "a secret", false))
		must(alice.Tell(s.ctx(), "lab", "bob", "between us"))
		time.Sleep(2 * time.Minute) // simulated
		got := queued(bob.Subscribe(SubscribeOptions{Since: last}))
		if strings.Contains(fmt.Sprint(got), "secret") || !slices.ContainsFunc(got, func(ev Event) bool { return ev.Body.Type() == "expired" }) {
			t.Errorf("after its time: %v", got)
		}
		must(alice.Say(s.ctx(), "lab", "another secret", false))
		must(alice.Kick(s.ctx(), "lab", "bob", "too loud"))
		until[Removed](s.subs["bob"], nil)
		got = queued(bob.Subscribe(SubscribeOptions{Since: last}))
		if text := fmt.Sprint(got); strings.Contains(text, "secret") || strings.Contains(text, "between us") || !strings.Contains(text, "too loud") {
			t.Errorf("after the room: %v", got)
		}
	})
}

// TestPastIsBounded: what is kept of the past is bounded in events, in bytes of text and in time.
func TestPastIsBounded(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		body EventBody
		each time.Duration
		most int
	}{
		"events": {Left{}, 0, pastEvents},
		"bytes":  {Direct{Text: strings.Repeat("x", 1<<10)}, 0, pastBytes >> 10},
		"time":   {Left{}, time.Second, int(pastFor/time.Second) + 1},
	} {
		p, seq := past{first: 1000, known: 1000}, uint64(1000)
		for range 3 * c.most {
			seq, at = seq+1, at.Add(c.each)
			p.keep(Event{Seq: seq, Time: at, Body: c.body})
		}
		if len(p.events) != c.most {
			t.Errorf("%s: %d are kept, not %d", name, len(p.events), c.most)
		}
		oldest := seq - uint64(c.most)
		if events, _, ok := p.since(oldest, seq); !ok || len(events) != c.most {
			t.Errorf("%s: since the oldest: %d, %v", name, len(events), ok)
		}
		if events, lost, ok := p.since(oldest-1, seq); ok || len(events) != 0 || lost != c.most+1 {
			t.Errorf("%s: before the oldest: %d, %d lost, %v", name, len(events), lost, ok)
		}
		p.expire(at.Add(2 * pastFor))
		if len(p.events)+p.bytes > 0 {
			t.Errorf("%s: %d are kept, %d bytes", name, len(p.events), p.bytes)
		}
		if _, _, ok := p.since(seq, seq); !ok {
			t.Errorf("%s: nothing was missed", name)
		}
	}
}
