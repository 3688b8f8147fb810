package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

// forMinutes is an open room that keeps lines for that many minutes and gives a newcomer all of them.
func forMinutes(n int64) PolicyChange {
	rules, all := openRoom(), HistoryAll
	n *= 60
	rules.RetainS, rules.History = &n, &all
	return rules
}

// TestLineIsForgottenByItsAge: a line is forgotten ten minutes after it was said, also by members that fetched it. A newcomer in the
// ninth minute, which fetched it from a newcomer of the fifth, which fetched it from the author, has it for one minute.
func TestLineIsForgottenByItsAge(t *testing.T) {
	long(t)
	simulate(t, 4, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: forMinutes(10)}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(bob.Say(l.ctx(), "lab", "of the first minute", false))
		said := time.Now()
		for _, who := range []string{"carol", "dave"} {
			time.Sleep(4*time.Minute + 20*time.Second) // simulated
			n := l.start(who)
			must(n.Join(l.ctx(), JoinOptions{Room: "lab"}))
			until[Message](l.subs[who], func(m Message) bool { return m.Text == "of the first minute" })
		}
		for _, c := range []struct {
			after time.Duration
			want  int
		}{{10*time.Minute - 2*time.Second, 1}, {10*time.Minute + 3*time.Second, 0}, {25 * time.Minute, 0}} {
			time.Sleep(time.Until(said.Add(c.after)))
			for who := range l.nodes {
				if got := l.texts(who); len(got) != c.want {
					t.Errorf("%v after it was said %s has %q", c.after, who, got)
				}
				if n := count[Message](l.subs[who]); n != 1 {
					t.Errorf("%s was shown %d lines", who, n)
				}
			}
		}
	})
}

// TestNoClockChangesLineAge: no clock makes a line live longer or shorter: not the author's, set years off; not that of the member
// that hands it over, set while it has the line; not that of the member that fetches it. The time that a machine sleeps counts.
func TestNoClockChangesLineAge(t *testing.T) {
	long(t)
	for name, set := range map[string]func(*simLAN){
		"the giver's forward": func(l *simLAN) { l.setClock("alice", 25*time.Hour); l.setClock("bob", 25*time.Hour) },
		"the giver's back":    func(l *simLAN) { l.setClock("alice", -25*time.Hour); l.setClock("bob", -25*time.Hour) },
		"the giver's sleeps":  func(l *simLAN) { l.sleeps("alice", 8*time.Minute); l.sleeps("bob", 8*time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 4, func(l *simLAN) {
				alice, bob := l.start("alice"), l.start("bob")
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: forMinutes(10)}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				m := l.infiltrate(3, lab)
				m.Join("mallory", protocol.Token{})
				m.Enlist()
				for i, off := range []time.Duration{-25 * 365 * 24 * time.Hour, -time.Hour, 0, time.Hour, 366 * 24 * time.Hour} {
					m.SaysAt(fmt.Sprint("line ", i), time.Now().Add(off))
					until[Message](l.subs["bob"], func(got Message) bool { return got.Text == fmt.Sprint("line ", i) })
				}
				said := time.Now()
				time.Sleep(time.Minute) // simulated
				set(l)
				time.Sleep(2 * time.Second)
				carol := l.start("carol")
				must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
				until[Message](l.subs["carol"], func(m Message) bool { return m.Text == "line 4" })
				lives := 10 * time.Minute
				if name == "the giver's sleeps" {
					lives = 2 * time.Minute // at those that slept, and so at those they gave it to
				}
				for _, c := range []struct {
					after time.Duration
					want  int
				}{{lives - 5*time.Second, 5}, {lives + 5*time.Second, 0}} {
					time.Sleep(time.Until(said.Add(c.after)))
					for who := range l.nodes {
						if got := l.texts(who); len(got) != c.want {
							t.Errorf("%v after they were said %s has %q", c.after, who, got)
						}
					}
				}
			})
		})
	}
}

// TestFalseAgeTakesNothing: a member that overstates the age of others' lines, or hands over lines of no age for ever, takes nothing
// from anybody. No line lives longer than the retention after it came.
func TestFalseAgeTakesNothing(t *testing.T) {
	long(t)
	for name, age := range map[string]time.Duration{
		"almost as old as may be": 10*time.Minute - time.Second, "older": time.Hour, "of nine minutes": 9 * time.Minute, "of no age": 0,
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 4, func(l *simLAN) {
				alice, bob := l.start("alice"), l.start("bob")
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: forMinutes(10)}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				carol := l.start("carol")
				must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
				m := l.infiltrate(3, lab)
				m.Join("mallory", protocol.Token{})
				// Carol hears of the lines from mallory alone, and later from the others.
				l.cut("carol", "alice")
				l.cut("carol", "bob")
				want := []string{"one", "two", "three"}
				for _, text := range want {
					must(bob.Say(l.ctx(), "lab", text, false))
					until[Message](l.subs["alice"], func(m Message) bool { return m.Text == text })
				}
				said := time.Now()
				lies := givesWithAge(l, m, lab.ID, age)
				time.Sleep(time.Minute) // simulated
				if age < 10*time.Minute && count[Message](l.subs["carol"]) < len(want) {
					t.Fatalf("carol has nothing of mallory; it has answered %d times", *lies)
				}
				l.heal()
				if age == 0 {
					time.Sleep(10 * time.Minute)
					if got := l.texts("carol"); len(got) != 0 {
						t.Errorf("carol has %q eleven minutes after they were said", got)
					}
					return
				}
				time.Sleep(time.Until(said.Add(9*time.Minute + 30*time.Second)))
				if got := l.texts("carol"); !slices.Equal(got, want) {
					t.Errorf("carol has %q; mallory has answered %d times", got, *lies)
				}
				time.Sleep(time.Minute)
				for who := range l.nodes {
					if got := l.texts(who); len(got) != 0 {
						t.Errorf("%s has %q", who, got)
					}
				}
			})
		})
	}
}

// givesWithAge has mallory hand over all lines that alice has, each with the given age. It counts the answers.
func givesWithAge(l *simLAN, m *hostile.Peer, room RoomID, age time.Duration) *int {
	lies := new(int)
	var kept protocol.SyncReply
	must(struct{}{}, m.Ask(l.nodes["alice"].self, protocol.SyncID, &protocol.SyncRequest{Room: room}, &kept))
	kept.Ages = make([]time.Duration, len(kept.Lines))
	for i := range kept.Ages {
		kept.Ages[i] = age
	}
	m.Host.SetStreamHandler(protocol.SyncID, func(s network.Stream) {
		defer s.Close()
		var req protocol.SyncRequest
		if protocol.ReadFrame(s, &req) != nil {
			return
		}
		*lies++
		reply := protocol.SyncReply{Lines: kept.Lines, Ages: kept.Ages, HaveSeq: req.HaveSeq, Head: req.Head}
		_ = protocol.WriteFrame(s, &reply)
	})
	return lies
}

// TestLinesOfNodeAreBounded: the lines of all rooms of a node together are bounded. A loss of lines before their time is reported. The
// room that takes most space loses them.
func TestLinesOfNodeAreBounded(t *testing.T) {
	const rooms = 4
	simulate(t, 1, func(l *simLAN) {
		alice := l.start("alice")
		text := strings.Repeat("x", protocol.MaxText)
		each := maxNodeLines / rooms / protocol.MaxText // as sent and as opened that is twice the bound
		for i := range rooms {
			name := fmt.Sprint("lab", i)
			must(alice.Create(l.ctx(), CreateOptions{Name: name}))
			must(alice.Say(l.ctx(), name, "short", false))
			for range each * (i + 1) / rooms {
				must(alice.Say(l.ctx(), name, text, false))
			}
		}
		time.Sleep(3 * time.Second) // simulated
		for i := range rooms {
			said, h := 1+each*(i+1)/rooms, must(alice.History(l.ctx(), fmt.Sprint("lab", i)))
			if len(h.Messages)+h.More != said || h.Fetching {
				t.Errorf("of %d lines of lab%d the history has %d, and says that there are %d more; fetching: %v", said, i, len(h.Messages), h.More, h.Fetching)
			}
			t.Logf("lab%d: %d lines, %d more", i, len(h.Messages), h.More)
		}
		total := 0
		must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
			for _, r := range lp.rooms {
				total += r.talk.Size()
				if r.talk.Size() > transcript.MaxLineBytes {
					t.Errorf("%s keeps %d bytes", r.label(), r.talk.Size())
				}
			}
		})))
		if total > maxNodeLines || total < maxNodeLines/2 {
			t.Errorf("%d bytes are kept", total)
		}
		if got := must(alice.History(l.ctx(), "lab0")).Messages; len(got) < 2 || got[0].Text != "short" {
			t.Errorf("the room with least has lost its first of %d lines", len(got))
		}
		l.subs["alice"].drain()
		told := 0
		for _, w := range allOf[Warning](l.subs["alice"]) {
			if w.Code == "lines_full" {
				told++
			}
		}
		if told == 0 || told > rooms {
			t.Errorf("the loss is reported %d times", told)
		}
	})
}

// TestARoomsLinesAreBoundedAsTheyCome: a room's lines are bounded while they come, and not only at the next tick: a second of long
// lines by many authors is more than a room may hold.
func TestARoomsLinesAreBoundedAsTheyCome(t *testing.T) {
	simulate(t, 1, func(l *simLAN) {
		alice := l.start("alice")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab"}))
		text := strings.Repeat("x", protocol.MaxText)
		most := 0
		for range 2 * transcript.MaxLineBytes / protocol.MaxText {
			must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
				r := lp.rooms[lp.order[0]]
				most = max(most, r.talk.Size())
				key, _ := r.keys.Get(r.state().Epoch())
				must(r.outbox.send(protocol.Content{Kind: protocol.Say, Text: text}, key))
			})))
		}
		if most > transcript.MaxLineBytes+lineOvershoot || most < transcript.MaxLineBytes {
			t.Errorf("%d bytes were kept", most)
		}
	})
}

// TestHistoryStillBeingFetched: a newcomer that asks for the history before it has all of it is told so, and no longer than it is
// true.
func TestHistoryStillBeingFetched(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice := l.start("alice")
		rules, all := openRoom(), HistoryAll
		rules.History = &all
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
		for i := range 300 {
			must(alice.Say(l.ctx(), "lab", fmt.Sprint("line ", i, strings.Repeat(".", 4000)), false))
		}
		bob := l.start("bob")
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		short := 0
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // simulated
			h := must(bob.History(l.ctx(), "lab"))
			if !h.Fetching {
				if len(h.Messages) != 300 {
					t.Errorf("a history of %d lines of 300 says nothing of the others", len(h.Messages))
				}
				break
			}
			short++
			if time.Now().After(deadline) {
				t.Fatalf("with %d lines of 300 it is still being fetched", len(h.Messages))
			}
		}
		if short == 0 {
			t.Error("all lines were there at once: nothing was tried")
		}
	})
}

// TestRetentionChangesForExistingLines: when an owner changes how long lines are kept, the change holds for lines that are already
// there.
func TestRetentionChangesForExistingLines(t *testing.T) {
	long(t)
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(bob.Say(l.ctx(), "lab", "hello", false))
		time.Sleep(23 * time.Hour / 4) // simulated; below the idle time
		must(alice.Say(l.ctx(), "lab", "still here", false))
		until[Message](l.subs["bob"], func(m Message) bool { return m.Text == "still here" })
		for _, who := range []string{"alice", "bob"} {
			if got := l.texts(who); len(got) != 2 {
				t.Errorf("%s has %q: lines are kept for a day", who, got)
			}
		}
		short := int64(600)
		must(alice.Policy(l.ctx(), "lab", PolicyChange{RetainS: &short}))
		time.Sleep(3 * time.Second)
		for _, who := range []string{"alice", "bob"} {
			if got := l.texts(who); len(got) != 1 {
				t.Errorf("%s has %q: lines are kept for ten minutes", who, got)
			}
		}
	})
}

// TestPolicyIsReported: every member is told which part of the policy was changed and by whom. How long lines are kept is in the
// event, in the answer to a join, and in the list of rooms, also in that of a stranger.
func TestPolicyIsReported(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		if j := must(bob.Join(l.ctx(), JoinOptions{Room: "lab"})); j.RetainS != 24*3600 {
			t.Errorf("bob enters, and lines are kept for %d seconds", j.RetainS)
		}
		if j := until[Joined](l.subs["bob"], nil); j.RetainS != 24*3600 {
			t.Errorf("bob is in, and lines are kept for %d seconds", j.RetainS)
		}
		short, text, yes := int64(600), "the build", true
		for _, c := range []struct {
			change PolicyChange
			want   []string
		}{
			{PolicyChange{RetainS: &short}, []string{"retain_s"}},
			{PolicyChange{Subject: &text, MembersInvite: &yes}, []string{"subject", "members_invite"}},
			{PolicyChange{HideReasons: &yes, IdleS: &short}, []string{"idle_s", "hide_reasons"}},
		} {
			must(alice.Policy(l.ctx(), "lab", c.change))
			for who, w := range l.subs {
				got := until[PolicyChanged](w, nil)
				if got.ByNick != "alice" || got.By != alice.self || !slices.Equal(got.Changed, c.want) || got.RetainS != short {
					t.Errorf("%s is told %+v, and not of %v", who, got, c.want)
				}
			}
		}
		carol := l.start("carol")
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) { // simulated
			rooms := must(carol.Rooms(l.ctx()))
			if len(rooms) == 1 && rooms[0].RetainS == short {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("carol sees %+v", rooms)
			}
		}
		if p := must(bob.Policy(l.ctx(), "lab", PolicyChange{})); p.RetainS != short || p.Subject != text {
			t.Errorf("bob reads %+v", p)
		}
		if _, err := bob.Policy(l.ctx(), "lab", PolicyChange{RetainS: &short}); codeOf(err) != CodeNotOwner {
			t.Errorf("bob changes it: %v", err)
		}
		for _, bad := range []int64{0, -1, 366 * 24 * 3600} {
			_, err := alice.Policy(l.ctx(), "lab", PolicyChange{RetainS: &bad})
			if codeOf(err) != CodeInvalid || strings.Contains(err.Error(), "_") {
				t.Errorf("lines for %d seconds: %v", bad, err)
			}
		}
	})
}
