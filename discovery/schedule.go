package discovery

import (
	"math/rand/v2"
	"time"
)

// schedule says when to ask: quickly after a reset, then ever more slowly.
type schedule struct {
	step int
}

func (s *schedule) reset() { s.step = 0 }

// next returns the time from the beginning of this round to that of the next, where the last round has heard so many
// peers. Each of them answers everybody's questions: at one pace for all, what is sent would grow with the square.
func (s *schedule) next(heard int) time.Duration {
	last := len(gaps) - 1
	least := time.Duration(heard-smallLAN) * gapOfPeer
	for s.step < last && gaps[s.step] < least {
		s.step++ // quick rounds are for who hears too little
	}
	gap := gaps[s.step]
	if s.step == last {
		gap = max(gap, time.Duration(heard)*lastGapOfPeer)
	}
	s.step = min(s.step+1, last)
	return jitter(gap)
}

func jitter(d time.Duration) time.Duration {
	span := d * jitterPercent / 100
	return d - span + rand.N(2*span+1)
}
