package node

import (
	"testing"
	"time"
)

// TestNewcomerHearsLiveWithoutIdentify: libp2p tells connected peers of a new protocol by an identify push, and takes few pushes from
// one network: ten at once from a /24. A stranger uses them up. A newcomer that is let in meanwhile hears the room live all the same.
func TestNewcomerHearsLiveWithoutIdentify(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		for _, n := range defenders {
			l.start(n)
		}
		time.Sleep(5 * time.Second) // simulated: everybody is connected to everybody
		lab := must(l.nodes["alice"].Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(l.nodes["bob"].Join(l.ctx(), JoinOptions{Room: "lab"}))
		mallory := l.infiltrate(len(defenders), lab)
		mallory.PushesIdentify()
		must(l.nodes["carol"].Join(l.ctx(), JoinOptions{Room: "lab"}))
		time.Sleep(2 * time.Second) // simulated: the gossip forms
		for _, from := range defenders {
			must(l.nodes[from].Say(l.ctx(), "lab", "hello from "+from, false))
		}
		for n, w := range l.subs {
			late := 0
			for range defenders {
				if until[Message](w, nil).Late {
					late++
				}
			}
			if late > 0 {
				t.Errorf("%s hears %d of %d lines late", n, late, len(defenders))
			}
		}
	})
}
