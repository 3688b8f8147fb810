package node

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// toldSince are the lines that a watcher was told of in its room, and the marks around the backlog.
func toldSince(w *watcher, from int) (lines []Message, marks []string) {
	left := 0
	for _, ev := range w.drain()[from:] {
		switch b := ev.Body.(type) {
		case Message:
			lines = append(lines, b)
			if left--; left >= 0 != b.Backlog {
				marks = append(marks, fmt.Sprintf("%q is backlog: %v, with %d to come", b.Text, b.Backlog, left))
			}
		case Backlog:
			left = b.N
			marks = append(marks, "backlog")
		case BacklogEnd:
			if left != 0 {
				marks = append(marks, fmt.Sprintf("%d are missing", left))
			}
			marks = append(marks, "end")
		}
	}
	return lines, marks
}

// TestBacklogIsInRoomsOrder: members talk in turn. A member that starts again is told the lines of the time between in the room's
// order, marked once as backlog. Later lines are no backlog.
func TestBacklogIsInRoomsOrder(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		carol := s.start("carol")
		must(carol.Join(s.ctx(), JoinOptions{Room: "lab"}))
		until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
		n := 0
		talk := func(times int) {
			for range times {
				nick := []string{"bob", "carol", "alice"}[n%3]
				must(s.nodes[nick].Say(s.ctx(), "lab", fmt.Sprint(n), false))
				n++
				time.Sleep(time.Second) // simulated
			}
		}
		talk(12)
		for i, nick := range []string{"bob", "alice", "carol", "bob"} {
			s.stop(nick)
			time.Sleep(5 * time.Second) // simulated
			for _, other := range []string{"alice", "bob", "carol"} {
				if other != nick {
					must(s.nodes[other].Say(s.ctx(), "lab", fmt.Sprintf("%s is away, says %s", nick, other), false))
					time.Sleep(time.Second) // simulated
				}
			}
			s.start(nick)
			w := s.subs[nick]
			until(w, func(b BacklogEnd) bool { return true })
			time.Sleep(10 * time.Second) // simulated: nothing more comes
			lines, marks := toldSince(w, 0)
			history := must(s.nodes[nick].History(s.ctx(), "lab")).Messages
			same := slices.EqualFunc(lines, history, func(a, b Message) bool { return a.ID == b.ID })
			if !same || len(lines) != 12+3*i+2*(i+1) || !slices.Equal(marks, []string{"backlog", "end"}) {
				t.Errorf("%s, at its start no. %d, is told of %d lines of %d, %q%s", nick, i+1, len(lines), len(history), marks, w.story())
			}
			for _, m := range lines {
				if !m.Late || m.Before != "" {
					t.Errorf("%s is told of %+v", nick, m)
				}
			}
			seen := len(w.drain())
			talk(3)
			time.Sleep(20 * time.Second) // simulated
			lines, marks = toldSince(w, seen)
			if len(lines) != 3 || len(marks) != 0 || slices.ContainsFunc(lines, func(m Message) bool { return m.Late || m.Backlog }) {
				t.Errorf("%s hears %+v, %q", nick, lines, marks)
			}
		}
	})
}

// TestLateLinesAreNoBacklog: lines that were said while the network was cut come late, in the room's order, and are to be acted on. If
// a later line has been shown already, a late line says which line it stands above.
func TestLateLinesAreNoBacklog(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		carol := s.start("carol")
		must(carol.Join(s.ctx(), JoinOptions{Room: "lab"}))
		until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
		time.Sleep(10 * time.Second) // simulated
		s.cut("bob", "alice")
		s.cut("bob", "carol")
		time.Sleep(10 * time.Second) // simulated
		seen := len(s.subs["bob"].drain())
		for i := range 6 {
			must(s.nodes[[]string{"carol", "alice"}[i%2]].Say(s.ctx(), "lab", fmt.Sprint(i), false))
			time.Sleep(time.Second) // simulated
		}
		must(s.nodes["bob"].Say(s.ctx(), "lab", "mine", false))
		s.heal()
		time.Sleep(time.Minute) // simulated
		lines, marks := toldSince(s.subs["bob"], seen)
		if len(lines) != 7 || len(marks) != 0 {
			t.Fatalf("bob is told of %d lines, %q%s", len(lines), marks, s.subs["bob"].story())
		}
		history := must(s.nodes["bob"].History(s.ctx(), "lab")).Messages
		at := func(id string) int { return slices.IndexFunc(history, func(m Message) bool { return m.ID == id }) }
		for i, m := range lines {
			switch {
			case m.Text == "mine":
				if i != 0 || m.Late || m.Before != "" {
					t.Errorf("told: %+v", m)
				}
			case !m.Late || m.Backlog || i > 1 && at(m.ID) < at(lines[i-1].ID):
				t.Errorf("told out of its order, or as backlog: %+v%s", m, s.subs["bob"].story())
			case (at(m.ID) < at(lines[0].ID)) != (m.Before == lines[0].ID && m.Next != nil && m.Next.Text == "mine"):
				t.Errorf("where it stands: %+v", m)
			}
		}
	})
}

// TestBacklogLongerThanAQueue: a subscriber is told of all lines, however many, at the pace at which it reads.
func TestBacklogLongerThanAQueue(t *testing.T) {
	long(t)
	onAStreet(t, func(s *street) {
		s.lab()
		const n = EventQueue + 1000
		for i := range n {
			must(s.nodes["alice"].Say(s.ctx(), "lab", fmt.Sprint(i), false))
		}
		s.stop("bob")
		s.start("bob")
		w := s.subs["bob"]
		until(w, func(b BacklogEnd) bool { return true })
		lines, marks := toldSince(w, 0)
		if len(lines) != n || count[Gap](w) != 0 || !slices.Equal(marks, []string{"backlog", "end"}) {
			t.Fatalf("told of %d lines, with %d gaps, %q", len(lines), count[Gap](w), marks)
		}
		for i, m := range lines {
			if m.Text != fmt.Sprint(i) {
				t.Fatalf("line %d is %q", i, m.Text)
			}
		}
	})
}
