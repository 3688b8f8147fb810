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

// next returns the time from the beginning of this round to that of the next.
func (s *schedule) next() time.Duration {
	gap := gaps[s.step]
	s.step = min(s.step+1, len(gaps)-1)
	return jitter(gap)
}

func jitter(d time.Duration) time.Duration {
	span := d * jitterPercent / 100
	return d - span + rand.N(2*span+1)
}
