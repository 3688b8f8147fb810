//go:build unix

package node

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

var (
	growOne  = flag.Int("grow-one", 12, "members of the one room in TestGrowthOneRoom")
	growMany = flag.Int("grow-many", 2, "rooms of 20 in TestGrowthManyRooms, each of its own 20 nodes")
)

// settled, in simulated time, is after how long a large room has settled: catching up takes longer than settling.
const settled = 3 * settling

// TestGrowthOneRoom fills one large room on the simulated network and logs the cost of a line and of a kick. It fails
// if a line or a removal does not reach every member, never because of the cost.
func TestGrowthOneRoom(t *testing.T) {
	members := size(*growOne, 4)
	countedLAN(t, members, func(l *simLAN, c *traffic) {
		began := cpu()
		nicks := l.fill("lab", 0, members)
		time.Sleep(settled)
		synctest.Wait()
		t.Logf("one room of %d: filling it took %.1f s of CPU and %.0f MB", members, (cpu() - began).Seconds(), c.spent().bytes/1e6)
		l.logGrowth(c, []string{"lab"}, [][]string{nicks})
	})
}

// TestGrowthManyRooms is the same for many rooms of 20 on one network. Nodes know only those of their own room.
func TestGrowthManyRooms(t *testing.T) {
	long(t)
	const members = 20
	countedLAN(t, *growMany*members, func(l *simLAN, c *traffic) {
		began := cpu()
		var rooms []string
		var nicks [][]string
		for i := range *growMany {
			rooms = append(rooms, fmt.Sprintf("room%d", i))
			nicks = append(nicks, l.fill(rooms[i], i*members, members))
		}
		time.Sleep(settled)
		synctest.Wait()
		t.Logf("%d rooms of %d: filling them took %.1f s of CPU and %.0f MB", *growMany, members, (cpu() - began).Seconds(), c.spent().bytes/1e6)
		l.logGrowth(c, rooms, nicks)
	})
}

// logGrowth has members say lines in every room at once, and removes a member of each.
func (l *simLAN) logGrowth(c *traffic, rooms []string, nicks [][]string) {
	// Each half minute a stream of pings ends (libp2p). A shorter silence, subtracted from the time of the lines, would
	// not hold the same background traffic.
	const seconds, rate = 30, 20
	nodes := len(rooms) * len(nicks[0])
	all := func() spent { synctest.Wait(); return c.spent() }
	start, used := all(), cpu()
	time.Sleep(seconds * time.Second)
	quiet, quietCPU := all().less(start), cpu()-used

	start, used = all(), cpu()
	for i := range seconds * rate {
		for j, room := range rooms {
			who := nicks[j][i%len(nicks[j])]
			must(l.nodes[who].Say(l.ctx(), room, fmt.Sprintf("%-100d", i), false))
		}
		time.Sleep(time.Second / rate)
		for _, of := range nicks {
			for _, nick := range of {
				until[Message](l.subs[nick], nil)
			}
		}
	}
	said, saidCPU := all().less(start), cpu()-used
	heard := float64(seconds * rate * (nodes - len(rooms)))
	net := said.less(quiet)
	l.t.Logf("a delivery: %.1f packets, %.0f bytes, %.0f allocations, %.0f µs of CPU", net.packets/heard, net.bytes/heard, net.allocs/heard, float64((saidCPU-quietCPU).Microseconds())/heard)
	l.t.Logf("a quiet node: %.0f packets and %.0f bytes sent a second, %.1f ms of CPU a second", quiet.packets/seconds/float64(nodes), quiet.bytes/seconds/float64(nodes), float64(quietCPU.Microseconds())/1000/seconds/float64(nodes))

	var worst removalCost
	for j, room := range rooms {
		cost := l.timedKick(c, room, nicks[j][0], nicks[j][1])
		worst.told, worst.applied = max(worst.told, cost.told), max(worst.applied, cost.applied)
		worst.packets, worst.bytes = max(worst.packets, cost.packets), max(worst.bytes, cost.bytes)
	}
	l.t.Logf("the slowest kick: told after %s, applied by the last after %s, %.0f packets, %.0f bytes", worst.told, worst.applied, worst.packets, worst.bytes)
}
