package discovery

import (
	"math/rand/v2"
	"time"
)

// schedule says when to ask: quickly at first and after hurry, then ever more slowly.
type schedule struct {
	at int // in steps
}

// hurry begins the quick steps anew, once they are over: a caller that hurries again and again would otherwise see only the
// first, short rounds.
func (s *schedule) hurry() {
	if s.at >= quickSteps {
		s.at = 0
	}
}

// next returns the step to take now, where the last round has heard so many peers. Each of them answers everybody's
// questions: at one pace for all, what is sent would grow with the square.
func (s *schedule) next(heard int) step {
	last := len(steps) - 1
	for s.at < last && steps[s.at].gap < crowdGap(heard) {
		s.at++ // quick rounds are for a node that hears too little
	}
	now := steps[s.at]
	if s.at == last {
		now.gap = max(now.gap, time.Duration(heard)*lastGapOfPeer)
	}
	s.at = min(s.at+1, last)
	now.gap = jitter(now.gap)
	return now
}

// crowdGap is the least gap where so many have answered.
func crowdGap(heard int) time.Duration { return time.Duration(heard-smallLAN) * gapOfPeer }

func jitter(d time.Duration) time.Duration {
	span := d * jitterPercent / 100
	return d - span + rand.N(2*span+1)
}
