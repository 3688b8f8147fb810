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

// next returns the step for the round that begins now. crowd is the number of peers that are there.
func (s *schedule) next(crowd int) step {
	last := len(steps) - 1
	if crowd > smallLAN {
		s.at = max(s.at, crowdStep)
	}
	now := steps[s.at]
	if s.at == last {
		now.gap = max(now.gap, time.Duration(crowd)*lastGapOfPeer)
	}
	s.at = min(s.at+1, last)
	now.gap = jitter(now.gap)
	return now
}

// crowdGap returns the shortest time between two calls of Hurry that count, with so many peers.
func crowdGap(crowd int) time.Duration { return time.Duration(crowd-smallLAN) * gapOfPeer }

// announceGap returns the time from one announcement to the next, with so many peers.
func announceGap(crowd int) time.Duration {
	return jitter(min(max(announceAgain, time.Duration(crowd)*announceOfPeer), announceMost))
}

func jitter(d time.Duration) time.Duration {
	span := d * jitterPercent / 100
	return d - span + rand.N(2*span+1)
}
