package node

import (
	"slices"
	"testing"
	"time"
)

// TestMissedLineComesHoweverLate: a line that only a member that is away has heard comes to all when that member is back, however long
// it was away. The line's author has lost it too, since its node was started again, and gets it back.
func TestMissedLineComesHoweverLate(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.threeInTheLab()
		s.cut("alice", "bob")
		s.cut("alice", "carol")
		time.Sleep(2 * (pingEvery + pingTimeout)) // simulated: until they have noticed
		say := func(nick, text string, to ...string) {
			must(s.nodes[nick].Say(s.ctx(), "lab", text, false))
			for _, other := range to {
				until(s.subs[other], func(m Message) bool { return m.Text == text })
			}
		}
		say("bob", "before", "carol")
		s.stop("bob")
		s.start("bob")
		s.cut("bob", "carol")
		until[Joined](s.subs["bob"], nil)
		say("bob", "after", "alice")
		time.Sleep(20 * time.Minute) // simulated
		s.heal()
		time.Sleep(3 * time.Minute) // simulated: until they have found each other again
		for _, nick := range []string{"alice", "bob"} {
			until(s.subs[nick], func(m Message) bool { return m.Text == "before" })
		}
		until(s.subs["carol"], func(m Message) bool { return m.Text == "after" })
		time.Sleep(time.Minute) // simulated
		for nick, n := range s.nodes {
			var texts []string
			for _, m := range must(n.History(s.ctx(), "lab")).Messages {
				texts = append(texts, m.Text)
			}
			if want := []string{"before", "after"}; !slices.Equal(texts, want) {
				t.Errorf("%s has %q, not %q", nick, texts, want)
			}
		}
	})
}
