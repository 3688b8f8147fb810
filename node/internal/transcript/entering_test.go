package transcript

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// TestNewcomerIsNotKeptWaiting: where the first member that a newcomer asks has not heard of its admission yet, the newcomer asks the
// authority at once, and shows the lines that have come meanwhile when that has answered. A member that knows nothing again and again
// does not make it ask without end.
func TestNewcomerIsNotKeptWaiting(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob", "carol")
	bob := w.transcript("bob")
	env := w.env()
	env.Near = func() []peer.ID { return []peer.ID{personaID("alice"), personaID("carol")} }
	env.Pick = func(n int) int { return n - 1 } // the partner is carol
	// asked waits for the next comparison that is due, and returns how long that took and with which member it is; "" if none is due.
	asked := func(effects []Effect) (waited time.Duration, with peer.ID) {
		for {
			var wake *Wake
			for _, e := range effects {
				switch e := e.(type) {
				case Ask:
					return waited, e.Peer
				case Wake:
					if e.For == Compare {
						wake = &e
					}
				}
			}
			if wake == nil {
				return waited, ""
			}
			waited += wake.In
			env.Now = env.Now.Add(wake.In)
			effects = bob.Due(env, Compare)
		}
	}
	bob.Enter(env, false, false)
	if _, p := asked(bob.Subscribed(env)); p != personaID("carol") {
		t.Fatal("the first member asked is not carol: this test checks nothing")
	}
	nothing := Answer{Peer: personaID("carol"), Reply: &protocol.SyncReply{}, Judged: true}
	after, p := asked(bob.Compared(env, nothing))
	if p != personaID("alice") || after > 0 {
		t.Errorf("asks %s after %v, want the authority at once", p, after)
	}
	for _, l := range w.lines("alice", 1) {
		if lines := showsOf(bob.Hear(env, l)); len(lines) > 0 {
			t.Error("a line is shown before what was said before it")
		}
	}
	all := Answer{Peer: p, Reply: &protocol.SyncReply{HaveSeq: env.State.Seq()}, Judged: true}
	if lines := showsOf(bob.Compared(env, all)); len(lines) != 1 {
		t.Errorf("%d lines are shown when the authority has answered", len(lines))
	}

	bob = w.transcript("bob")
	bob.Enter(env, false, false)
	env.Near = func() []peer.ID { return []peer.ID{personaID("carol")} }
	asked(bob.Subscribed(env))
	atOnce := 0
	for after, p = asked(bob.Compared(env, nothing)); p != "" && after == 0; after, p = asked(bob.Compared(env, nothing)) {
		if atOnce++; atOnce > MaxDue {
			t.Fatal("a member that knows nothing is asked without end")
		}
	}
}

func showsOf(effects []Effect) (lines []*Line) {
	for _, e := range effects {
		if s, ok := e.(Show); ok {
			lines = append(lines, s.Line)
		}
	}
	return lines
}
