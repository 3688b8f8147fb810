package node

import (
	"context"
	"testing"
)

// TestInterruptedWhileBeingLetIn: Bob is interrupted while alice's answer, which admits him, is on its way. Her room does not keep a
// member that nobody ever hears.
func TestInterruptedWhileBeingLetIn(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		room := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		w := watch(t, "alice", alice)
		ctx, interrupt := context.WithCancel(l.ctx())
		ended := make(chan error)
		go func() {
			_, err := bob.Join(ctx, JoinOptions{Room: room.ID.String()})
			ended <- err
		}()
		until(w, func(MemberJoined) bool { return true })
		interrupt()
		if err := <-ended; err == nil {
			t.Fatal("bob was in before he was interrupted: this test proves nothing")
		}
		until(w, func(MemberLeft) bool { return true })
		if in := must(alice.Members(l.ctx(), "lab")); len(in.Members) != 1 {
			t.Errorf("members: %+v", in.Members)
		}
		// He may come again.
		must(bob.Join(l.ctx(), JoinOptions{Room: room.ID.String()}))
	})
}
