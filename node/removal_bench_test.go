package node

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// BenchmarkRemoval kicks one member of a room on the simulated network. It reports the simulated time until the removed
// member has been told, the simulated time until the owner has heard that all others have applied the removal, the QUIC
// packets and bytes of all nodes by then, with gossip, pings and the rest included, and the allocations of all nodes
// together, which share the process. Filling a room of 64 takes half a minute of real time. BenchmarkKick covers larger
// rooms, between processes.
func BenchmarkRemoval(b *testing.B) {
	for _, members := range []int{8, 64} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) { benchRemoval(b, members) })
	}
}

// A removalCost is the cost of one removal.
type removalCost struct {
	spent
	told, applied time.Duration
}

func benchRemoval(b *testing.B, members int) {
	var sum removalCost
	for range b.N {
		benchOnCountedLAN(b, members, func(l *simLAN, c *traffic) {
			cost := oneRemoval(l, c, members)
			sum.packets += cost.packets
			sum.bytes += cost.bytes
			sum.allocs += cost.allocs
			sum.told += cost.told
			sum.applied += cost.applied
		})
	}
	n := float64(b.N)
	b.ReportMetric(0, "ns/op") // filling the room is most of it
	b.ReportMetric(sum.packets/n, "packets/op")
	b.ReportMetric(sum.bytes/n, "wire-B/op")
	b.ReportMetric(float64(sum.told.Microseconds())/n/1000, "told-sim-ms/op")
	b.ReportMetric(float64(sum.applied.Microseconds())/n/1000, "applied-sim-ms/op")
	b.ReportMetric(sum.allocs/n, "mallocs/op")
}

// oneRemoval fills a room and times the kick of one member.
func oneRemoval(l *simLAN, c *traffic, members int) (cost removalCost) {
	nicks := l.fill("lab", 0, members)
	time.Sleep(settling)
	synctest.Wait()
	return l.timedKick(c, "lab", nicks[0], nicks[1])
}

// timedKick kicks a member and waits until it has been told and all others have applied it.
func (l *simLAN) timedKick(c *traffic, room, owner, target string) (cost removalCost) {
	before, began := c.spent(), time.Now()
	must(l.nodes[owner].Kick(l.ctx(), room, target, "too loud"))
	until(l.subs[owner], func(p RemovalProgress) bool { return p.Told && p.Applied == p.Total })
	cost = removalCost{spent: c.spent().less(before), applied: time.Since(began)}
	until[Removed](l.subs[target], nil)
	cost.told = l.subs[target].seen[len(l.subs[target].seen)-1].Time.Sub(began)
	return cost
}
