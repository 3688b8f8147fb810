package discovery

import (
	"testing"
	"time"
)

// TestScheduleDoesNotGrowWithTheSquare: however many nodes there are, each asks so rarely that a node answers about two questions a
// second, for both families together, and in the minute after a start a few rounds of questions.
func TestScheduleDoesNotGrowWithTheSquare(t *testing.T) {
	for _, nodes := range []int{2, smallLAN, 64, maxPeers} {
		var s schedule
		var rounds int
		for at, heard := time.Duration(0), 0; at < time.Minute; heard = nodes {
			at += s.next(heard).gap
			rounds++
		}
		if most := 400; nodes > smallLAN && rounds*nodes > 4*most {
			t.Errorf("%d nodes: %d rounds in the first minute", nodes, rounds)
		} else if nodes <= smallLAN && rounds < 9 {
			t.Errorf("%d nodes: %d rounds in the first minute, and losses go unnoticed", nodes, rounds)
		}
		for range 20 {
			s.next(nodes)
		}
		last := s.next(nodes).gap
		if perSecond := 2 * float64(nodes) / last.Seconds(); perSecond > 2*1.25 {
			t.Errorf("%d nodes: each answers %.1f questions a second", nodes, perSecond)
		}
	}
}
