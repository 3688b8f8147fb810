package node

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestLateReaderIsToldHowThingsAre: a reader that comes late is told how things are: which rooms there are, which peers wait at the
// door, that the owner is away, and the lines that are kept, in the room's order and marked as backlog. Then it is told what happens,
// as every reader is.
func TestLateReaderIsToldHowThingsAre(t *testing.T) {
	onAStreet(t, func(s *street) {
		lab := s.lab()
		alice, bob := s.nodes["alice"], s.nodes["bob"]
		den := must(alice.Create(s.ctx(), CreateOptions{Name: "den"}))
		for i := range 6 {
			must([]*Node{alice, bob}[i%2].Say(s.ctx(), "lab", fmt.Sprint(i), false))
			time.Sleep(time.Second) // simulated, like all of this
		}
		carol := s.start("carol")
		go carol.Join(s.ctx(), JoinOptions{Room: "den"})
		knock := until[Knock](s.subs["alice"], nil)

		late := &watcher{t: t, nick: "a late reader", sub: alice.Subscribe(SubscribeOptions{Lines: true}), last: -1}
		kept := must(alice.History(s.ctx(), "lab")).Messages
		want := []EventBody{Joined{Name: "lab", Nick: "alice", Epoch: 2, Owner: true, RetainS: 86400}, Backlog{N: 6}}
		for _, m := range kept {
			m.Late, m.Backlog = true, true
			want = append(want, m)
		}
		want = append(want, BacklogEnd{}, Joined{Name: "den", Nick: "alice", Epoch: 1, Owner: true, RetainS: 86400}, knock)
		var got []EventBody
		for _, ev := range late.drain() {
			got = append(got, ev.Body)
		}
		if len(kept) != 6 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("told\n%v\nwant\n%v", got, want)
		}
		must(bob.Say(s.ctx(), "lab", "live", false))
		if m := until[Message](late, nil); m.Text != "live" || m.Backlog || m.Late {
			t.Errorf("then %+v", m)
		}

		inDen := alice.Subscribe(SubscribeOptions{Room: den.ID, Lines: true})
		must(alice.Say(s.ctx(), lab.ID.String(), "not in den", false))
		must(alice.Say(s.ctx(), den.ID.String(), "in den", false))
		synctest.Wait()
		inDen.Close()
		var types []string
		for ev := range inDen.Events() {
			types = append(types, ev.Body.Type())
			if ev.Room != den.ID {
				t.Errorf("told of another room: %+v", ev)
			}
		}
		if want := []string{"joined", "knock", "message"}; !slices.Equal(types, want) {
			t.Errorf("of one room: %v, want %v", types, want)
		}

		s.stop("alice")
		until[OwnerUnreachable](s.subs["bob"], nil)
		late = watch(t, "a reader without the owner", bob)
		if a := until[OwnerUnreachable](late, nil); !a.Left || a.Nick != "alice" {
			t.Errorf("told %+v", a)
		}
	})
}

// TestLateReaderOfManyLines: a late reader of a room with more lines than its queue has room for gets the latest of them, and loses
// nothing of what follows.
func TestLateReaderOfManyLines(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		alice := s.nodes["alice"]
		const n = startLines + 100
		for i := range n {
			must(alice.Say(s.ctx(), "lab", fmt.Sprint(i), false))
		}
		late := &watcher{t: t, nick: "a late reader", sub: alice.Subscribe(SubscribeOptions{Lines: true}), last: -1}
		must(alice.Say(s.ctx(), "lab", "live", false))
		if b := until[Backlog](late, nil); b.N != startLines {
			t.Errorf("%d lines", b.N)
		}
		if m := until[Message](late, nil); m.Text != fmt.Sprint(n-startLines) {
			t.Errorf("the first is %q", m.Text)
		}
		if m := until(late, func(m Message) bool { return !m.Backlog }); m.Text != "live" {
			t.Errorf("then %q", m.Text)
		}
		if count[Gap](late) > 0 {
			t.Error("something was lost")
		}
	})
}

// TestReasonWaitsForItsAck: a reason that a reader in another process has taken counts as shown when that process says so, and not
// before.
func TestReasonWaitsForItsAck(t *testing.T) {
	onAStreet(t, func(s *street) {
		lab := s.lab()
		alice, bob := s.nodes["alice"], s.nodes["bob"]
		s.subs["bob"].sub.Close()
		den := must(bob.Create(s.ctx(), CreateOptions{Name: "den"}))
		elsewhere := bob.Subscribe(SubscribeOptions{Room: den.ID})
		dies := bob.Subscribe(SubscribeOptions{Acks: true})
		must(alice.Kick(s.ctx(), lab.ID.String(), "bob", "too loud"))
		for ev := range dies.Events() {
			if _, ok := ev.Body.(Removed); ok {
				break
			}
		}
		time.Sleep(time.Minute) // simulated
		dies.Close()
		elsewhere.Close()
		for ev := range elsewhere.Events() {
			if _, ok := ev.Body.(Removed); ok {
				t.Error("a reader of one room is told of a removal from another")
			}
		}

		shows := &watcher{t: t, nick: "a reader that shows it", sub: bob.Subscribe(SubscribeOptions{Acks: true}), last: -1}
		must(0, bob.Shown(s.ctx(), lab.ID, until[Removed](shows, nil).Removal))
		time.Sleep(time.Minute)
		if third := watch(t, "a third reader", bob); count[Removed](third) > 0 {
			t.Error("told again, although the second reader has shown it")
		}
	})
}
