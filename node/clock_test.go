package node

import (
	"fmt"
	"testing"
	"time"

	"localchat/node/internal/clock"
	"localchat/protocol"
)

// TestClockChangeIsReported: a wall clock that moves while the node runs, forward, back, or to and fro, is reported once and ends
// nothing.
func TestClockChangeIsReported(t *testing.T) {
	for name, moves := range map[string][]time.Duration{
		"on": {7 * time.Hour}, "a year on": {365 * 24 * time.Hour}, "back": {-48 * time.Hour}, "to and fro": {7 * time.Hour, 0},
		"slewed": {clock.Slack / 2},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 2, func(l *simLAN) {
				alice, bob := l.start("alice"), l.start("bob")
				rules := openRoom()
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				must(bob.Say(l.ctx(), "lab", "hello", false))
				until[Message](l.subs["alice"], func(m Message) bool { return m.Text == "hello" })
				for _, by := range moves {
					must(ask(l.ctx(), alice, inLoop(func(lp *loop) { lp.clock.Wall = func() time.Time { return time.Now().Add(by) } })))
					time.Sleep(3 * time.Second) // simulated
				}
				l.subs["alice"].drain()
				said := 0
				for _, w := range allOf[Warning](l.subs["alice"]) {
					if w.Code == "clock" {
						said++
					}
				}
				want := len(moves)
				if name == "slewed" {
					want = 0
				}
				var closed bool
				must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
					r := lp.rooms[lab.ID]
					closed = r == nil || r.state().Closed()
				})))
				if said != want || closed || count[RoomClosed](l.subs["alice"]) > 0 {
					t.Errorf("it is reported %d times, want %d; the room is closed: %v", said, want, closed)
				}
				if protocol.DefaultPolicy().Idle <= 0 {
					t.Error("no room of this test can be idle")
				}
			})
		})
	}
}

// setClock moves the wall clock of a node by that much from its present time.
func (l *simLAN) setClock(nick string, by time.Duration) {
	l.t.Helper()
	must(ask(l.ctx(), l.nodes[nick], inLoop(func(lp *loop) {
		before := lp.clock.Wall
		lp.clock.Wall = func() time.Time { return before().Add(by) }
	})))
}

// sleeps has the machine of a node sleep: its clocks go on, and Go's monotonic time does not.
func (l *simLAN) sleeps(nick string, d time.Duration) {
	l.t.Helper()
	must(ask(l.ctx(), l.nodes[nick], inLoop(func(lp *loop) {
		wall, asleep := lp.clock.Wall, lp.clock.Asleep
		lp.clock.Wall = func() time.Time { return wall().Add(d) }
		lp.clock.Asleep = func() time.Duration { return asleep() + d }
	})))
}

// closed reports whether an owner has closed its room, or forgotten it.
func (l *simLAN) closed(nick string, room RoomID) (closed bool) {
	must(ask(l.ctx(), l.nodes[nick], inLoop(func(lp *loop) {
		r := lp.rooms[room]
		closed = r == nil || r.state().Closed()
	})))
	return closed
}

// TestOwnerThatSleptAsksBeforeClosing: an owner's machine slept for longer than the idle time while the members talked. The owner asks
// the members before it closes anything. A sleep is not reported as a clock that was set. If nobody has said anything, the room is
// closed in the end.
func TestOwnerThatSleptAsksBeforeClosing(t *testing.T) {
	long(t)
	for _, c := range []struct {
		talk bool
		away time.Duration // for how long the owner was out of reach before its machine slept
	}{{true, 30 * time.Second}, {true, 100 * time.Millisecond}, {false, 30 * time.Second}} {
		talk := c.talk
		t.Run(fmt.Sprint("talk ", talk, c.away), func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				alice, bob := l.start("alice"), l.start("bob")
				carol := l.start("carol")
				rules, idle := openRoom(), int64(600)
				rules.IdleS = &idle
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
				time.Sleep(4 * time.Minute) // simulated; it has compared with both more than once
				l.cut("alice", "bob")
				l.cut("alice", "carol")
				time.Sleep(c.away)
				if talk {
					must(bob.Say(l.ctx(), "lab", "still here", false))
				}
				l.sleeps("alice", 8*time.Hour)
				time.Sleep(2 * time.Second)
				l.heal()
				if talk && l.closed("alice", lab.ID) {
					t.Fatal("on waking it closes the room before it has asked")
				}
				time.Sleep(5 * time.Minute)
				if got := l.closed("alice", lab.ID); got == talk {
					t.Errorf("after five minutes the room is closed: %v", got)
				}
				l.subs["alice"].drain()
				for _, w := range allOf[Warning](l.subs["alice"]) {
					if w.Code == "clock" {
						t.Errorf("a sleep is reported as a clock that was set: %s", w.Text)
					}
				}
			})
		})
	}
}

// TestReasonIsToldDespiteClockChanges: a member is kicked while it is away for seconds. Meanwhile the owner's clock is set, or its
// machine sleeps, by more than the time for which a reason is kept. The member is told why, even when it is the first to ask after
// that, before any tick.
func TestReasonIsToldDespiteClockChanges(t *testing.T) {
	for name, what := range map[string]func(*simLAN){
		"25 h forward":   func(l *simLAN) { l.setClock("alice", 25*time.Hour) },
		"25 h back":      func(l *simLAN) { l.setClock("alice", -25*time.Hour) },
		"a year forward": func(l *simLAN) { l.setClock("alice", 365*24*time.Hour) },
		"forward and back": func(l *simLAN) {
			l.setClock("alice", 25*time.Hour)
			time.Sleep(3 * time.Second)
			l.setClock("alice", -25*time.Hour)
		},
		"slept for 25 h":     func(l *simLAN) { l.sleeps("alice", 25*time.Hour) },
		"slept, then set":    func(l *simLAN) { l.sleeps("alice", 25*time.Hour); l.setClock("alice", 25*time.Hour) },
		"a clock of its own": func(l *simLAN) { l.setClock("bob", 25*time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 2, func(l *simLAN) {
				alice, bob := l.start("alice"), l.start("bob")
				must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				l.cut("alice", "bob")
				time.Sleep(10 * time.Second) // simulated
				must(alice.Kick(l.ctx(), "lab", "bob", "too loud"))
				what(l)
				time.Sleep(5 * time.Second)
				l.heal()
				if got := until[Removed](l.subs["bob"], nil); got.Text != "too loud" {
					t.Errorf("bob is told %+v", got)
				}
			})
		})
	}
}

// TestInviteEndsByOwnersClock: an invite for an hour, used at once, admits its bearer however far the bearer's clock is ahead of the
// owner's. It admits nobody once it has ended by the owner's clock and the time that has passed.
func TestInviteEndsByOwnersClock(t *testing.T) {
	for _, c := range []struct {
		behind, after time.Duration
		want          ErrorCode
	}{
		{0, 0, ""},
		{2 * time.Hour, 0, ""},
		{30 * 24 * time.Hour, 50 * time.Minute, ""},
		{-2 * time.Hour, 0, ""},
		{2 * time.Hour, 61 * time.Minute, CodeRefused},
		{-2 * time.Hour, 61 * time.Minute, CodeRefused},
	} {
		simulate(t, 2, func(l *simLAN) {
			alice := l.start("alice")
			l.setClock("alice", -c.behind) // from the start, but for the first second
			time.Sleep(2 * time.Second)    // simulated
			byInvite := AccessInvite
			must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &byInvite}}))
			inv := must(alice.Invite(l.ctx(), "lab", "", time.Hour))
			bob := l.start("bob")
			time.Sleep(c.after)
			_, err := bob.Join(l.ctx(), JoinOptions{Invite: inv.Text})
			if codeOf(err) != c.want {
				t.Errorf("the guest's clock is %v ahead, after %v: %v", c.behind, c.after, err)
			}
		})
	}
}

// TestBanIsListedByElapsedTime: the list of bans in force, and the answer to a banned peer at the door, go by the time that has passed
// at the owner's.
func TestBanIsListedByElapsedTime(t *testing.T) {
	for _, by := range []time.Duration{25 * time.Hour, -25 * time.Hour} {
		simulate(t, 2, func(l *simLAN) {
			alice, bob := l.bansBob(2 * time.Hour)
			l.setClock("alice", by)
			time.Sleep(time.Hour) // simulated
			bans := must(alice.Bans(l.ctx(), "lab"))
			if len(bans) != 1 || (bans[0].Until.Sub(time.Now().Add(by))-time.Hour).Abs() > time.Minute {
				t.Errorf("set by %v: %+v", by, bans)
			}
			_, err := bob.Join(l.ctx(), JoinOptions{Room: "lab"})
			if codeOf(err) != CodeRefused {
				t.Errorf("set by %v, after an hour bob is answered %v", by, err)
			}
			must(alice.Unban(l.ctx(), "lab", "bob"))
			if bans := must(alice.Bans(l.ctx(), "lab")); len(bans) != 0 {
				t.Errorf("set by %v: lifted, yet listed: %+v", by, bans)
			}
			must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		})
	}
	// A machine that sleeps serves nobody, and the ban's time goes on.
	simulate(t, 2, func(l *simLAN) {
		_, bob := l.bansBob(2 * time.Hour)
		l.sleeps("alice", 3*time.Hour)
		time.Sleep(2 * time.Second) // simulated
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
	})
}

// bansBob starts alice and bob. Alice owns an open room and bans bob for d; bob has been told.
func (l *simLAN) bansBob(d time.Duration) (alice, bob *Node) {
	alice, bob = l.start("alice"), l.start("bob")
	must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
	must(alice.Ban(l.ctx(), "lab", "bob", "spam", d))
	until[Removed](l.subs["bob"], nil)
	return alice, bob
}

// TestStandstillIsSeenAfterAnEvent: a process that was stopped may handle an event before its late tick. It sees all the same that it
// stood still.
func TestStandstillIsSeenAfterAnEvent(t *testing.T) {
	simulate(t, 1, func(l *simLAN) {
		alice := l.start("alice")
		must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
			const stopped = 7 * time.Second
			lp.tempo.ticked, lp.tempo.gap = lp.now().Add(-stopped), tickEvery+time.Microsecond // as a clock says that goes on meanwhile
			lp.stir()
			if lp.tempo.gap >= stopped {
				t.Errorf("the next tick was to come after %v", lp.tempo.gap)
			}
		})))
	})
}
