package node

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// texts are the lines that a node has of a room, in display order.
func (l *simLAN) texts(nick string) (texts []string) {
	l.t.Helper()
	for _, m := range must(l.nodes[nick].History(l.ctx(), "lab")).Messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// TestLateJoinerGetsWhatPolicyAllows: a late joiner is given the lines that the policy gives and nothing else, whether it asks as our
// node does or asks every member outright for all keys and all lines.
func TestLateJoinerGetsWhatPolicyAllows(t *testing.T) {
	for _, policy := range []History{HistoryNone, HistorySinceJoin, HistoryAll} {
		t.Run(string(policy), func(t *testing.T) {
			simulate(t, 4, func(l *simLAN) {
				rules := openRoom()
				rules.History = &policy
				alice, bob := l.start("alice"), l.start("bob")
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				s := &siege{simLAN: l, room: lab.ID}
				s.says("alice", "before")
				s.shows("bob", "before")
				s.says("bob", "before too")
				s.shows("alice", "before too")

				carol := l.start("carol")
				must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
				m := l.infiltrate(3, lab)
				m.Join("mallory", protocol.Token{})
				time.Sleep(3 * transcript.SyncEvery) // simulated: it has asked, more than once
				s.says("alice", "after")
				s.shows("carol", "after")
				want := []string{"after"}
				if policy == HistoryAll {
					want = []string{"before", "before too", "after"}
				}
				if got := l.texts("carol"); !slices.Equal(got, want) {
					t.Errorf("carol has %q, not %q", got, want)
				}
				for _, ev := range l.subs["carol"].drain() {
					if got, ok := ev.Body.(Message); ok && got.Late != (got.Text != "after") {
						t.Errorf("%q is late: %v", got.Text, got.Late)
					}
				}

				for name, n := range l.nodes {
					q := protocol.SyncRequest{Room: lab.ID}
					for e := range m.State.Epoch() {
						q.Keys = append(q.Keys, e+1)
					}
					var reply protocol.SyncReply
					if err := m.Ask(n.self, protocol.SyncID, &q, &reply); err != nil {
						t.Fatal(err)
					}
					lines, keys := 0, 0
					for _, raw := range reply.Lines {
						if !m.State.MemberAt(m.Host.ID(), must(protocol.OpenMessage(lab.ID, raw)).Epoch) {
							lines++
						}
					}
					for _, k := range reply.Keys {
						if !m.State.MemberAt(m.Host.ID(), k.Epoch) {
							keys++
						}
					}
					if (policy != HistoryAll || name == "carol" && keys == 0) && lines+keys > 0 {
						t.Errorf("%s gives %d lines and %d keys from before the join", name, lines, keys)
					}
					if policy == HistoryAll && name != "carol" && (lines != 2 || keys == 0) {
						t.Errorf("%s gives %d lines and %d keys from before the join, want all", name, lines, keys)
					}
				}
			})
		})
	}
}

// TestLostLiveLinesAreRepaired: if a newcomer gets live lines alone, lines that the network loses are still fetched for a while. Lines
// said while a member was away for longer are not, and their author is not told that they were delivered.
func TestLostLiveLinesAreRepaired(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		rules, none := openRoom(), HistoryNone
		rules.History = &none
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		s := &siege{simLAN: l}
		for _, c := range []struct {
			away  time.Duration
			given bool
		}{{transcript.RepairFor / 3, true}, {2 * transcript.RepairFor, false}} {
			text := fmt.Sprint("said while cut off for ", c.away)
			l.cut("alice", "bob")
			time.Sleep(pingEvery + pingTimeout) // simulated
			id := must(alice.Say(l.ctx(), "lab", text, false))
			time.Sleep(c.away) // simulated
			l.heal()
			time.Sleep(2*dialBackoffMax + 2*transcript.SyncEvery) // simulated
			s.says("alice", "and on after "+c.away.String())
			s.shows("bob", "and on after "+c.away.String())
			time.Sleep(2 * transcript.SyncEvery) // simulated
			if got := slices.Contains(l.texts("bob"), text); got != c.given {
				t.Errorf("after %v bob has the line: %v", c.away, got)
			}
			said := slices.ContainsFunc(allOf[Delivered](l.subs["alice"]), func(d Delivered) bool { return d.ID == id })
			if said != c.given {
				t.Errorf("after %v alice is told that it is delivered: %v", c.away, said)
			}
		}
	})
}

// TestLinesToNobodyAreNotDelivered: a line said to an empty room is not delivered to a later member that is not given it, and nobody
// is warned of it.
func TestLinesToNobodyAreNotDelivered(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		alone := must(alice.Say(l.ctx(), "lab", "anybody?", false))
		time.Sleep(2 * transcript.DeliverBy) // simulated
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		id := must(alice.Say(l.ctx(), "lab", "hello bob", false))
		until(l.subs["alice"], func(d Delivered) bool {
			if d.ID == alone {
				t.Error("a line that bob never had is delivered")
			}
			return d.ID == id
		})
		time.Sleep(2 * transcript.DeliverBy) // simulated
		for _, ev := range l.subs["alice"].drain() {
			switch b := ev.Body.(type) {
			case Delivered:
				if b.ID == alone {
					t.Error("a line that bob never had is delivered")
				}
			case Warning:
				t.Errorf("alice is warned: %s", b.Text)
			}
		}
	})
}

// TestNewcomersLineStandsLast: a newcomer's first line stands below the lines that were said before it came, though it has seen none
// of them.
func TestNewcomersLineStandsLast(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		s := &siege{simLAN: l}
		want := []string{"one", "two", "three"}
		for _, text := range want {
			s.says("alice", text)
		}
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		s.says("bob", "hello")
		s.shows("alice", "hello")
		if got := l.texts("alice"); !slices.Equal(got, append(want, "hello")) {
			t.Errorf("alice has %q", got)
		}
	})
}

// TestRestartedMembersLineStandsLast: after a restart, a member's first line stands below the lines that it had seen in its earlier
// life, even if it speaks before it has been given them again.
func TestRestartedMembersLineStandsLast(t *testing.T) {
	onAStreet(t, func(s *street) {
		ctx := context.Background()
		alice, bob := s.start("alice"), s.start("bob")
		must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(ctx, JoinOptions{Room: "lab"}))
		for _, text := range []string{"one", "two", "three"} {
			must(alice.Say(ctx, "lab", text, false))
			until(s.subs["bob"], func(m Message) bool { return m.Text == text })
		}
		s.stop("bob")
		bob = s.start("bob")
		until[Joined](s.subs["bob"], nil)
		must(ask(ctx, bob, inLoop(func(l *loop) {
			for _, r := range l.rooms {
				if r.talk.Len() > 0 {
					t.Error("bob has been given what he had: this shows nothing")
				}
				key, _ := r.keys.Get(r.state().Epoch())
				must(r.outbox.send(protocol.Content{Kind: protocol.Say, Text: "back"}, key))
			}
		})))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "back" })
		history := must(alice.History(ctx, "lab")).Messages
		if last := history[len(history)-1]; last.Text != "back" || len(history) != 4 {
			t.Errorf("alice has %+v", history)
		}
	})
}
