package node

import (
	"context"
	"testing"
	"time"
)

// TestKnockWaitsForJoinHold: a knock waits at the door for joinHold. The caller hears once that the owner is asked, and until when. A
// room that nobody shows is looked for no longer than Find says, however long an answer may take.
func TestKnockWaitsForJoinHold(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab"}))
		ctx, cancel := context.WithTimeout(context.Background(), joinHold)
		defer cancel()
		begin := time.Now()
		var asked []time.Duration
		joined := make(chan error)
		go func() {
			_, err := bob.Join(ctx, JoinOptions{Room: "lab", Find: time.Minute, Asked: func(room string, until time.Time) {
				if room != "lab" {
					t.Errorf("the room is %q", room)
				}
				asked = append(asked, until.Sub(begin))
			}})
			joined <- err
		}()
		until[Knock](l.subs["alice"], nil)
		time.Sleep(joinHold - time.Minute)
		must(0, alice.Accept(l.ctx(), "lab", "bob"))
		if err := <-joined; err != nil {
			t.Fatal(err)
		}
		if len(asked) != 1 || asked[0] != joinHold {
			t.Errorf("asked until %v, want once, until %v", asked, joinHold)
		}
		begin = time.Now()
		_, err := bob.Join(ctx, JoinOptions{Room: "den", Find: 20 * time.Second})
		if took := time.Since(begin); took != 20*time.Second || AsError(err).Code != CodeNotFound {
			t.Errorf("%v after %v", err, took)
		}
	})
}
