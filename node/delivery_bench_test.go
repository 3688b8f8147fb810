package node

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// BenchmarkDelivery says lines in a room on the simulated network, 20 a second. It reports the cost of a line for each
// member that hears it, beyond the cost of the same time in silence: QUIC packets, their bytes, and the allocations of
// all nodes, which share the process. None of these depends on how busy the machine is. For -benchtime=1x; filling a
// room of 64 takes most of a minute.
func BenchmarkDelivery(b *testing.B) {
	const lines = 200
	for _, members := range []int{8, 32, 64} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			var sum, idle spent
			for range b.N {
				benchOnCountedLAN(b, members, func(l *simLAN, c *traffic) {
					nicks := l.fill("lab", 0, members)
					time.Sleep(settling)
					synctest.Wait()
					quiet, said := l.spentOnLines(c, "lab", nicks, lines)
					idle.add(quiet)
					sum.add(said)
				})
			}
			heard := float64(b.N * lines * (members - 1))
			net := sum.less(idle)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(net.packets/heard, "packets/delivery")
			b.ReportMetric(net.bytes/heard, "wire-B/delivery")
			b.ReportMetric(net.allocs/heard, "mallocs/delivery")
			second := float64(b.N*members*lines) / 20
			b.ReportMetric(idle.bytes/second, "quiet-B/s/member")
			b.ReportMetric(idle.allocs/second, "quiet-mallocs/s/member")
		})
	}
}

// spentOnLines is the cost of a room in the time of so many lines, in silence and while they are said.
func (l *simLAN) spentOnLines(c *traffic, room string, nicks []string, lines int) (quiet, said spent) {
	l.t.Helper()
	before := c.spent()
	time.Sleep(time.Duration(lines) * time.Second / 20)
	synctest.Wait()
	between := c.spent()
	l.converse(room, nicks, lines)
	synctest.Wait()
	return between.less(before), c.spent().less(between)
}
