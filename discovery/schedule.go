package discovery

import (
	"math/rand/v2"
	"time"
)

// A schedule says when to send queries: often at first and after hurry, then more and more rarely.
type schedule struct {
	at int // in steps
}

// hurry begins the schedule again, if its quick steps are over. Otherwise a caller that hurries again and again would get only the
// first, short rounds.
func (s *schedule) hurry() {
	if s.at >= quickSteps {
		s.at = 0
	}
}

// next returns the step for the round that begins now. heard is the number of peers in the last round: since each answers the queries
// of all, the answers would grow with the square of that number if the gaps did not grow.
func (s *schedule) next(heard int) step {
	last := len(steps) - 1
	for s.at < last && steps[s.at].gap < crowdGap(heard) {
		s.at++ // skip quick rounds, which are for a node that hears few others
	}
	now := steps[s.at]
	if s.at == last {
		now.gap = max(now.gap, time.Duration(heard)*lastGapOfPeer)
	}
	s.at = min(s.at+1, last)
	now.gap = jitter(now.gap)
	return now
}

// crowdGap returns the shortest gap after a round with so many peers.
func crowdGap(heard int) time.Duration { return time.Duration(heard-smallLAN) * gapOfPeer }

func jitter(d time.Duration) time.Duration {
	span := d * jitterPercent / 100
	return d - span + rand.N(2*span+1)
}
