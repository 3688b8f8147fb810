package node

import (
	"fmt"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
)

// BenchmarkRemoval kicks one member of a room on the simulated network, and reports what that takes: simulated time until
// the removed one has been told, and until the owner has heard that all others have applied it; QUIC packets and bytes of all
// by then, gossip, pings and the rest included; and allocations of all nodes together, which share the process. Filling a
// room of 64 takes half a minute of real time. Larger rooms are BenchmarkKick's, between processes.
func BenchmarkRemoval(b *testing.B) {
	for _, members := range []int{8, 64} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) { benchRemoval(b, members) })
	}
}

// A removalCost is what one removal took.
type removalCost struct {
	packets, bytes int64
	told, applied  time.Duration
	allocs         uint64
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
					sum.bytes += c.bytes
					sum.told += c.told
					sum.applied += c.applied
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
	b.ReportMetric(float64(sum.bytes)/n, "wire-B/op")
	b.ReportMetric(float64(sum.told.Microseconds())/n/1000, "told-sim-ms/op")
	b.ReportMetric(float64(sum.applied.Microseconds())/n/1000, "applied-sim-ms/op")
	b.ReportMetric(float64(sum.allocs)/n, "mallocs/op")
}

// oneRemoval fills a room and times the kick of one member.
func oneRemoval(t *testing.T, members int) (cost removalCost) {
	var packets, bytes atomic.Int64
	link := simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps}
	network, meta, err := simlibp2p.SimpleLibp2pNetwork(
		[]simlibp2p.NodeLinkSettingsAndCount{{LinkSettings: simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link}, Count: members}},
		func(p *simnet.Packet) time.Duration {
			packets.Add(1)
			bytes.Add(int64(reflect.ValueOf(p).Elem().FieldByName("buf").Len())) // the simulator does not show it
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
	bytes.Store(0)
	began := time.Now()
	must(owner.Kick(l.ctx(), "lab", "member1", "too loud"))
	until(l.subs["alice"], func(p RemovalProgress) bool { return p.Told && p.Applied == p.Total })
	cost = removalCost{packets: packets.Load(), bytes: bytes.Load(), applied: time.Since(began)}
	runtime.ReadMemStats(&after)
	cost.allocs = after.Mallocs - before.Mallocs
	until[Removed](l.subs["member1"], nil)
	cost.told = l.subs["member1"].seen[len(l.subs["member1"].seen)-1].Time.Sub(began)
	return cost
}
