package node

import (
	"testing"

	"localchat/node/internal/fault"
)

// TestTakenNickIsAnsweredWithFreeOne: the answer to a nick that is taken names a free one, and the peer gets in with that.
func TestTakenNickIsAnsweredWithFreeOne(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", Nick: "student", PolicyChange: openRoom()}))
		for i, n := range []*Node{bob, carol} {
			_, err := n.Join(l.ctx(), JoinOptions{Room: "lab", Nick: "student"})
			e := AsError(err)
			want := []string{"student2", "student3"}[i]
			if e.Code != CodeExists || e.Nick != want || e.Reason != fault.NickTaken {
				t.Fatalf("%+v", e)
			}
			must(n.Join(l.ctx(), JoinOptions{Room: "lab", Nick: e.Nick}))
		}
	})
}
