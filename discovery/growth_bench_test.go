package discovery

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A fullLAN carries the packets of many nodes, at once and without loss. The schedule, the questions, the answers, the announcements and
// the rounds are the real ones.
type fullLAN struct {
	mu    sync.Mutex // the nodes meet here
	nodes []*fullNode
	// Sent by all nodes together: packets, and their bytes with headers.
	packets, bytes atomic.Int64
}

type fullNode struct {
	lan     *fullLAN
	nic     nic
	zone    *zone
	v4, v6  netip.AddrPort
	started time.Time
	found   map[peer.ID]time.Time // when another was heard first
	says    map[peer.ID]string    // what another says of its rooms
	mdns    *MDNS
}

// headers, in bytes, of Ethernet, IPv4 and UDP.
const headers = 14 + 20 + 8

// roomOf is the number of nodes for each one that says that it has rooms.
const roomOf = 6

// start starts nodes, one after another within that time, and runs them until ctx ends.
func (l *fullLAN) start(ctx context.Context, wg *sync.WaitGroup, nodes int, within time.Duration, dir string) {
	for i := range nodes {
		n := l.node(i, dir)
		wg.Go(func() {
			time.Sleep(within * time.Duration(i) / time.Duration(nodes)) // simulated
			n.run(ctx)
		})
	}
}

// node makes the i-th node.
func (l *fullLAN) node(i int, dir string) *fullNode {
	v4, v6 := fmt.Sprintf("10.0.%d.%d", i/250, 1+i%250), fmt.Sprintf("fe80::%x", 1+i)
	n := &fullNode{
		lan: l, nic: testNIC(2, "eth0", v4+"/16", v6+"/64"), v4: netip.MustParseAddrPort(v4 + ":50000"), v6: netip.MustParseAddrPort("[" + v6 + "]:50000"),
		found: map[peer.ID]time.Time{}, says: map[peer.ID]string{},
	}
	n.mdns = New(Config{RuntimeDir: dir, Ephemeral: true})
	n.mdns.watch = func(context.Context, func()) bool { return false } // it polls
	n.mdns.list = func([]string) ([]nic, error) { return []nic{n.nic}, nil }
	n.mdns.listen = func(_ nic, z *zone) (server, bool, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		n.zone, l.nodes = z, append(l.nodes, n)
		return n, true, nil
	}
	n.mdns.query = n.query
	n.mdns.call = func(nic, bool, string) error { return nil }
	n.mdns.Hear(func(p peer.ID, rooms string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		n.says[p] = rooms
	})
	rooms := ""
	if i%roomOf == 0 {
		rooms = "a1"
	}
	n.mdns.Announce(rooms)
	return n
}

func (n *fullNode) run(ctx context.Context) {
	me := peer.AddrInfo{ID: n.id(), Addrs: addrs(listenAll...)}
	n.started = time.Now()
	_ = n.mdns.Run(ctx, func() peer.AddrInfo { return me }, func(p peer.AddrInfo) {
		n.lan.mu.Lock()
		defer n.lan.mu.Unlock()
		if n.found[p.ID].IsZero() {
			n.found[p.ID] = time.Now()
		}
	}, ignore)
}

// id is the peer ID of the node, by its address.
func (n *fullNode) id() peer.ID {
	a := n.v4.Addr().As4()
	return testPeer(int64(a[2])<<8 | int64(a[3]))
}

func (n *fullNode) Shutdown() error { return nil }

// Announce sends a packet to all nodes, over both families.
func (n *fullNode) Announce(packet []byte) error {
	n.lan.count(len(packet))
	n.lan.count(len(packet))
	n.tell(packet, n.v4)
	n.tell(packet, n.v6)
	return nil
}

func (l *fullLAN) count(size int) {
	l.packets.Add(1)
	l.bytes.Add(int64(size + headers))
}

func (l *fullLAN) all() []*fullNode {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nodes[:len(l.nodes):len(l.nodes)]
}

func (n *fullNode) tell(packet []byte, from netip.AddrPort) {
	for _, other := range n.lan.all() {
		if other != n {
			other.zone.hear(packet, other.nic, arrival{from: from}, time.Now())
		}
	}
}

// query asks every node. Each answers the asker, the group, or not at all.
func (n *fullNode) query(_ context.Context, _ nic, v6 bool, question []byte, window time.Duration) ([]heard, error) {
	n.lan.count(len(question))
	at := func(n *fullNode) netip.AddrPort {
		if v6 {
			return n.v6
		}
		return n.v4
	}
	var answers []heard
	for _, other := range n.lan.all() {
		if other == n {
			continue
		}
		answer, alone := other.zone.respond(question, arrival{from: at(n)}, 2, time.Now())
		if answer == nil {
			continue
		}
		n.lan.count(len(answer))
		if alone {
			answers = takeAnswers(answers, answer, n.nic, at(other).Addr())
		} else {
			other.tell(answer, at(other))
		}
	}
	time.Sleep(window) // simulated
	return answers, nil
}

// traffic is what all nodes send together.
type traffic struct{ packets, bytes float64 }

func (l *fullLAN) sent() traffic { return traffic{float64(l.packets.Load()), float64(l.bytes.Load())} }

// grow runs nodes that are started within that time, and returns what they send in the minute from the start on, and in a second of the
// ten minutes after a pause. body is called at the end, with all nodes running.
func grow(t *testing.T, nodes int, within time.Duration, body func(ctx context.Context, l *fullLAN, wg *sync.WaitGroup)) (start, quiet traffic) {
	l := &fullLAN{}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		l.start(ctx, &wg, nodes, within, dir)
		time.Sleep(time.Minute) // simulated
		synctest.Wait()
		start = l.sent()
		time.Sleep(settles) // simulated
		before := l.sent()
		time.Sleep(quietTime) // simulated
		synctest.Wait()
		after := l.sent()
		quiet = traffic{(after.packets - before.packets) / quietTime.Seconds(), (after.bytes - before.bytes) / quietTime.Seconds()}
		if body != nil {
			body(ctx, l, &wg)
		}
	})
	return start, quiet
}

// settles is long enough for the first schedule of each node to end, and quietTime for two rounds of each of 300 nodes.
const settles, quietTime = time.Minute, 10 * time.Minute

// BenchmarkLAN reports how much the nodes of a network with IPv4 and IPv6 send by mDNS, all together: in the minute in which all are
// started, at once as after a power cut or one after another, and in a second of the time after that. Run it with -benchtime=1x.
func BenchmarkLAN(b *testing.B) {
	for _, nodes := range []int{10, 30, 100, 300, 1000} {
		for _, within := range []time.Duration{0, time.Minute} {
			b.Run(fmt.Sprintf("nodes=%d/within=%v", nodes, within), func(b *testing.B) {
				var start, quiet traffic
				run := func(t *testing.T) { start, quiet = grow(t, nodes, within, nil) }
				for range b.N {
					// synctest needs a T, which a benchmark does not have.
					if !testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: b.Name(), F: run}}) {
						b.Fatal("it has failed")
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(start.packets, "packets-1st-minute")
				b.ReportMetric(start.bytes/1e6, "MB-1st-minute")
				b.ReportMetric(quiet.packets, "packets/s")
				b.ReportMetric(quiet.bytes/1e3, "kB/s")
			})
		}
	}
}
