package protocol

import (
	"slices"
	"testing"
)

// TestRunsHave: Has is true for the numbers in the runs and for no other, and Last is the highest.
func TestRunsHave(t *testing.T) {
	for _, c := range []struct {
		runs Runs
		has  []uint64
	}{
		{nil, nil},
		{Runs{3}, []uint64{1, 2, 3}},
		{Runs{3, 3}, []uint64{3}},
		{Runs{9, 5, 2}, []uint64{1, 2, 5, 6, 7, 8, 9}},
		{Runs{9, 8, 6, 6, 4, 2}, []uint64{2, 3, 4, 6, 8, 9}},
	} {
		last := uint64(0)
		for ctr := uint64(1); ctr < 12; ctr++ {
			want := slices.Contains(c.has, ctr)
			if got := c.runs.Has(ctr); got != want {
				t.Errorf("%v has %d: %v", c.runs, ctr, got)
			}
			if want {
				last = ctr
			}
		}
		if got := c.runs.Last(); got != last {
			t.Errorf("the last of %v is %d, not %d", c.runs, got, last)
		}
	}
}
