package node

import (
	"testing"
	"testing/synctest"
	"time"
)

// Who polls often must not lose the time for one poll, and who is silent must not get more than the slack.
func TestDeadlineIsSetSeldomAndHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var passes time.Time
		set := 0
		d := deadline{set: func(at time.Time) error {
			passes = at
			set++
			return nil
		}}
		const polls, gap, wait = 1000, 10 * time.Millisecond, 5 * time.Second
		for range polls {
			if err := d.in(wait); err != nil {
				t.Fatal(err)
			}
			if left := time.Until(passes); left < wait || left > wait+deadlineSlack {
				t.Fatalf("%s are left, want %s and at most %s more", left, wait, deadlineSlack)
			}
			time.Sleep(gap)
		}
		if most := int(polls*gap/deadlineSlack) + 1; set > most {
			t.Errorf("set %d times, want at most %d", set, most)
		}
	})
}
