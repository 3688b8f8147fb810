package node

import (
	"context"
	"slices"
	"testing"
)

// TestRemovalAtStartKeepsLines: an owner that removes a member as soon as it has started keeps what that member said: its lines are
// fetched first, since the removal names the last of them that counts.
func TestRemovalAtStartKeepsLines(t *testing.T) {
	for name, remove := range map[string]func(s *street, alice *Node){
		"a kick": func(s *street, alice *Node) {
			must(alice.Kick(s.ctx(), "lab", "carol", ""))
			until[MemberRemoved](s.subs["bob"], nil)
		},
		"a ban": func(s *street, alice *Node) {
			must(alice.Ban(s.ctx(), "lab", "carol", "", 0))
			until[MemberRemoved](s.subs["bob"], nil)
		},
		"a mute": func(s *street, alice *Node) {
			must(alice.Mute(s.ctx(), "lab", "carol", "", 0))
			until[MemberMuted](s.subs["bob"], nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				ctx := context.Background()
				s.threeInTheLab()
				for _, text := range []string{"one", "two", "three"} {
					must(s.nodes["carol"].Say(ctx, "lab", text, false))
					until(s.subs["bob"], func(m Message) bool { return m.Text == text })
				}
				s.stop("alice")
				alice := s.start("alice")
				remove(s, alice)
				for _, nick := range []string{"alice", "bob"} {
					var texts []string
					for _, m := range must(s.nodes[nick].History(ctx, "lab")).Messages {
						texts = append(texts, m.Text)
					}
					if !slices.Equal(texts, []string{"one", "two", "three"}) {
						t.Errorf("%s has %q", nick, texts)
					}
				}
			})
		})
	}
}
