package node

import (
	"testing"
	"time"

	"localchat/protocol"
)

// A wall clock that moves while the node runs is said aloud, once, and ends nothing: on, back, and to and fro.
func TestAClockThatMovesIsSaidAloud(t *testing.T) {
	for name, moves := range map[string][]time.Duration{
		"on": {7 * time.Hour}, "a year on": {365 * 24 * time.Hour}, "back": {-48 * time.Hour}, "to and fro": {7 * time.Hour, 0},
		"slewed": {clockSlack / 2},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 2, func(l *lan) {
				alice, bob := l.start("alice"), l.start("bob")
				rules := openRoom()
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				must(bob.Say(l.ctx(), "lab", "hello", false))
				until[Message](l.subs["alice"], func(m Message) bool { return m.Text == "hello" })
				for _, by := range moves {
					must(ask(l.ctx(), alice, inLoop(func(lp *loop) { lp.clock.wall = func() time.Time { return time.Now().Add(by) } })))
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
					closed = r == nil || r.current().Closed()
				})))
				if said != want || closed || count[RoomClosed](l.subs["alice"]) > 0 {
					t.Errorf("it is said %d times of %d; the room is closed: %v", said, want, closed)
				}
				if protocol.DefaultPolicy().Idle <= 0 {
					t.Error("no room of this test can be idle")
				}
			})
		})
	}
}
