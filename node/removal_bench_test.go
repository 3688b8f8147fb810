package node

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
)

// BenchmarkRemoval kicks one member of a room on the simulated network, and reports what that takes until the owner has
// heard that all have applied it: simulated time, QUIC packets of all (the simulator does not show their sizes), and
// allocations of all nodes together, which share the process. Filling a room of 64 takes half a minute of real time.
func BenchmarkRemoval(b *testing.B) {
	for _, members := range []int{8, 64} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) { benchRemoval(b, members) })
	}
}

// A removalCost is what one removal took.
type removalCost struct {
	packets   int64
	simulated time.Duration
	allocs    uint64
}

func benchRemoval(b *testing.B, members int) {
	var sum removalCost
	for range b.N {
		// synctest needs a T; a benchmark has none that it takes.
		ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{
			Name: b.Name(), F: func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := oneRemoval(t, members)
					sum.packets += c.packets
					sum.simulated += c.simulated
					sum.allocs += c.allocs
				})
			},
		}})
		if !ok {
			b.Fatal("the removal has failed")
		}
	}
	n := float64(b.N)
	b.ReportMetric(0, "ns/op") // filling the room is most of it
	b.ReportMetric(float64(sum.packets)/n, "packets/op")
	b.ReportMetric(float64(sum.simulated.Microseconds())/n/1000, "sim-ms/op")
	b.ReportMetric(float64(sum.allocs)/n, "mallocs/op")
}

// oneRemoval fills a room and times the kick of one member.
func oneRemoval(t *testing.T, members int) (cost removalCost) {
	var packets atomic.Int64
	link := simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps}
	network, meta, err := simlibp2p.SimpleLibp2pNetwork(
		[]simlibp2p.NodeLinkSettingsAndCount{{LinkSettings: simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link}, Count: members}},
		func(*simnet.Packet) time.Duration {
			packets.Add(1)
			return time.Millisecond
		}, simlibp2p.NetworkSettings{},
	)
	if err != nil {
		t.Fatal(err)
	}
	network.Start()
	l := &lan{t: t, hosts: meta.Nodes, nodes: make(map[string]*Node), subs: make(map[string]*watcher), index: make(map[string]int)}
	defer l.stop(network)
	owner := l.startOn(0, "alice", "", nil)
	room := must(owner.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	for i := 1; i < members; i++ {
		hint := make(rumours)
		n := l.startOn(i, fmt.Sprintf("member%d", i), "", hint)
		hint <- l.infoOf(0)
		must(n.Join(l.ctx(), JoinOptions{Room: room.ID.String()}))
	}
	time.Sleep(10 * time.Second) // simulated: the meshes settle
	synctest.Wait()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	packets.Store(0)
	began := time.Now()
	must(owner.Kick(l.ctx(), "lab", "member1", "too loud"))
	until(l.subs["alice"], func(p RemovalProgress) bool { return p.Told && p.Applied == p.Total })
	runtime.ReadMemStats(&after)
	return removalCost{packets.Load(), time.Since(began), after.Mallocs - before.Mallocs}
}
