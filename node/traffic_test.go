package node

import (
	"fmt"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/marcopolo/simnet"
)

// A traffic counts the traffic of a simulated network: QUIC packets and their bytes, with gossip, polls, pings and the
// rest included.
type traffic struct{ packets, bytes atomic.Int64 }

// spent is the traffic of the network and the allocations of the nodes, which share the process, up to a moment.
type spent struct{ packets, bytes, allocs float64 }

func (c *traffic) spent() spent {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return spent{float64(c.packets.Load()), float64(c.bytes.Load()), float64(m.Mallocs)}
}

// less is what was spent since before.
func (s spent) less(before spent) spent {
	return spent{s.packets - before.packets, s.bytes - before.bytes, s.allocs - before.allocs}
}

// countedLAN runs f in simulated time on a network of that many hosts whose traffic is counted.
func countedLAN(t *testing.T, hosts int, f func(*simLAN, *traffic)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := new(traffic)
		l, network := newLAN(t, hosts, func(p *simnet.Packet) time.Duration {
			c.packets.Add(1)
			c.bytes.Add(int64(reflect.ValueOf(p).Elem().FieldByName("buf").Len())) // the simulator does not show it
			return time.Millisecond
		})
		defer l.stop(network)
		f(l, c)
	})
}

// benchOnCountedLAN is countedLAN for a benchmark: synctest needs a T, and a benchmark has none.
func benchOnCountedLAN(b *testing.B, hosts int, f func(*simLAN, *traffic)) {
	b.Helper()
	ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(), F: func(t *testing.T) { countedLAN(t, hosts, f) },
	}})
	if !ok {
		b.Fatal("it has failed")
	}
}

// settling is how long, in simulated time, the gossip of a room that has just been filled takes to settle.
const settling = 10 * time.Second

// fill makes a room of nodes on the hosts from first on. Nick 0 is the owner.
func (l *simLAN) fill(room string, first, members int) (nicks []string) {
	l.t.Helper()
	for i := range members {
		nicks = append(nicks, fmt.Sprintf("%s-%d", room, i))
	}
	owner := l.startOn(first, nicks[0], "", nil)
	made := must(owner.Create(l.ctx(), CreateOptions{Name: room, PolicyChange: openRoom()}))
	for i := 1; i < members; i++ {
		hint := make(rumours)
		n := l.startOn(first+i, nicks[i], "", hint)
		hint <- l.infoOf(first)
		must(n.Join(l.ctx(), JoinOptions{Room: made.ID.String()}))
	}
	return nicks
}

// converse has the members of a room say lines in turn, 20 a second, and waits until all have heard all.
func (l *simLAN) converse(room string, nicks []string, lines int) {
	l.t.Helper()
	for i := range lines {
		must(l.nodes[nicks[i%len(nicks)]].Say(l.ctx(), room, fmt.Sprintf("%-100d", i), false))
		time.Sleep(time.Second / 20)
	}
	for _, nick := range nicks {
		for range lines {
			until[Message](l.subs[nick], nil)
		}
	}
}

func (s *spent) add(o spent) {
	s.packets += o.packets
	s.bytes += o.bytes
	s.allocs += o.allocs
}
