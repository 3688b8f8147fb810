package node

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"localchat/protocol"
)

// TestTimesAreBounded: the time of a line is its author's claim, bounded by the day that it came. Whatever the author writes, the
// event's time is within the retention before the line came, and not after it came if it was fetched. A possible time stays as it is.
// The same holds for a direct message, for the history, and for the time when a member spoke last.
func TestTimesAreBounded(t *testing.T) {
	const retain = 10 * time.Minute
	simulate(t, 4, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		all := HistoryAll
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: openRoom().Access, History: &all}}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		m := l.infiltrate(3, lab)
		if code := m.Join("mallory", protocol.Token{}); code != protocol.JoinAdmitted {
			t.Fatalf("mallory is not in: %v", code)
		}
		m.Enlist()
		begun := time.Now()
		times := []time.Duration{
			-25 * 365 * 24 * time.Hour, -365 * 24 * time.Hour, -24 * time.Hour, -retain - time.Minute, -retain / 2, -time.Second,
			time.Second, time.Hour, 24 * time.Hour, 366 * 24 * time.Hour, 200 * 365 * 24 * time.Hour,
		}
		check := func(who, text string, at, oldest time.Time) {
			t.Helper()
			if at.After(time.Now()) || at.Before(oldest) {
				t.Errorf("%s has %q at %v; it came between %v and %v", who, text, at, begun, time.Now())
			}
		}
		for i, off := range times {
			text := fmt.Sprint("line ", i)
			m.SaysAt(text, begun.Add(off))
			for _, who := range []string{"alice", "bob"} {
				got := until(l.subs[who], func(m Message) bool { return m.Text == text })
				check(who, text, got.At, begun.Add(-retain))
				if off > -retain && off < 0 && !got.At.Equal(begun.Add(off).Truncate(time.Millisecond)) {
					t.Errorf("%s has %q at %v, and it was possible: %v", who, text, got.At, begun.Add(off))
				}
			}
			var reply protocol.TellReply
			if err := m.Ask(alice.self, protocol.TellID, &protocol.TellRequest{ID: [16]byte{1}, Room: lab.ID, Text: text, At: begun.Add(off)}, &reply); err != nil || !reply.OK {
				t.Fatalf("not told: %v", err)
			}
			check("alice", "to her, "+text, until[Direct](l.subs["alice"], nil).At, begun.Add(-retain))
		}
		carol := l.start("carol")
		must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
		for i := range times {
			got := until(l.subs["carol"], func(m Message) bool { return m.Text == fmt.Sprint("line ", i) })
			check("carol", got.Text, got.At, begun.Add(-retain))
		}
		for _, n := range []*Node{alice, bob, carol} {
			for _, got := range must(n.History(l.ctx(), "lab")).Messages {
				check(n.cfg.Nick, "of its history "+got.Text, got.At, begun.Add(-retain))
				if _, err := json.Marshal(got); err != nil {
					t.Errorf("a line that is no JSON: %v", err)
				}
			}
			for _, who := range must(n.Members(l.ctx(), "lab")).Members {
				if !who.LastLine.IsZero() {
					check(n.cfg.Nick, "the last of "+who.Nick, who.LastLine, begun.Add(-retain))
				}
			}
		}
	})
}
