package discovery

import (
	"testing"
	"time"
)

// TestScheduleDoesNotGrowWithTheSquare: however many nodes there are, each asks so rarely that all together ask about one question a
// second of each family, and in the minute after a start a few rounds.
func TestScheduleDoesNotGrowWithTheSquare(t *testing.T) {
	for _, nodes := range []int{2, smallLAN, 64, maxPeers} {
		var s schedule
		var rounds int
		for at, heard := time.Duration(0), 0; at < time.Minute; heard = nodes {
			at += s.next(heard).gap
			rounds++
		}
		if nodes > smallLAN && (rounds < 3 || rounds > 5) {
			t.Errorf("%d nodes: %d rounds in the first minute", nodes, rounds)
		} else if nodes <= smallLAN && rounds < 9 {
			t.Errorf("%d nodes: %d rounds in the first minute, and losses go unnoticed", nodes, rounds)
		}
		for range 20 {
			s.next(nodes)
		}
		last := s.next(nodes).gap
		if perSecond := 2 * float64(nodes) / last.Seconds(); perSecond > 2*1.25 {
			t.Errorf("%d nodes ask %.1f questions a second", nodes, perSecond)
		}
		if gap := announceGap(nodes); gap < announceAgain*8/10 || gap > announceMost*12/10 || 3*gap > peerLife*12/10 {
			t.Errorf("%d nodes: each announces itself after %v", nodes, gap)
		}
	}
}
