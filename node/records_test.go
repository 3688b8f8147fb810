package node

import (
	"testing"
	"time"

	"localchat/protocol"
)

// TestRoomWithTooLongLogIsLeft: a member leaves a room whose log is longer than it may keep, and its user is told why. Its other rooms
// go on.
func TestRoomWithTooLongLogIsLeft(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(alice.Create(l.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "den"}))
		must(ask(l.ctx(), bob, inLoop(func(lp *loop) {
			r := lp.rooms[lab.ID]
			r.records = append(r.records, make([]protocol.SignedRecord, maxRecords-1-len(r.records))...)
		})))
		last := "one more"
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &last}))
		until[PolicyChanged](l.subs["bob"], nil)
		tooMany := "one too many"
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &tooMany}))
		until[Warning](l.subs["bob"], func(w Warning) bool { return w.Code == "log_full" })
		time.Sleep(time.Second) // simulated
		if rooms := must(bob.Rooms(l.ctx())); len(rooms) != 2 || !rooms[0].In || rooms[0].Name != "den" || rooms[1].In {
			t.Errorf("bob is in %+v", rooms)
		}
	})
}
