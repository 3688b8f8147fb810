package node

import (
	"fmt"
	"testing"
	"time"
)

// What is said in the moment in which somebody who was kicked is back is heard by it, and what it says then by all: nothing
// waits for what was said while it was out, which is not for it.
func TestWhoIsLetInAgainIsHeardAtOnce(t *testing.T) {
	simulate(t, 4, func(l *lan) {
		names := l.fillRoom(4, nil)
		for i, back := range []string{"n1", "n2", "n1", "n2"} {
			for _, n := range names {
				l.hearLive(n, fmt.Sprint(n, " to ", back), names...)
			}
			must(l.nodes["n0"].Kick(l.ctx(), "lab", back, ""))
			until[Removed](l.subs[back], nil)
			must(l.nodes["n0"].Say(l.ctx(), "lab", fmt.Sprint("without ", back), false))
			must(l.nodes["n3"].Say(l.ctx(), "lab", fmt.Sprint("it is quiet without ", back), false))
			must(l.nodes[back].Join(l.ctx(), JoinOptions{Invite: must(l.nodes["n0"].Invite(l.ctx(), "lab", back, 0)).Text}))
			if i > 1 {
				time.Sleep(5 * time.Second) // simulated: until it has what was said when it was in
			}
			for _, n := range names {
				l.hearLive(n, fmt.Sprint(n, " welcomes ", back), names...)
			}
		}
	})
}
