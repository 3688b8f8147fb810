package discovery

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/miekg/dns"
)

// A fullLAN carries the questions and answers of many nodes, at once and without loss. The schedule, the answers and the rounds are the
// real ones.
type fullLAN struct {
	nodes []*fullNode
	// Sent by all nodes together: UDP payload.
	questions, answers, bytes atomic.Int64
}

type fullNode struct {
	lan  *fullLAN
	nic  nic
	says heard
	size int64 // of the answer
}

// headers, in bytes, of Ethernet, IPv4 and UDP.
const headers = 14 + 20 + 8

// start runs nodes until ctx ends.
func (l *fullLAN) start(ctx context.Context, wg *sync.WaitGroup, nodes int, dir string) {
	for i := range nodes {
		n := &fullNode{lan: l, nic: testNIC(2, "eth0", fmt.Sprintf("10.0.%d.%d/16", i/250, 1+i%250), fmt.Sprintf("fe80::%x/64", 1+i))}
		me := peer.AddrInfo{ID: testPeer(int64(i)), Addrs: addrs(listenAll...)}
		z := testZone([]nic{n.nic}, listenAll...)
		es := expand(me.Addrs, z.nics)
		msg := dns.Msg{Compress: true, Answer: z.make(me.ID, es).all}
		n.size = int64(msg.Len())
		n.says = heard{name: z.instance, txt: txtOf(me.ID, es), nic: "eth0"}
		l.nodes = append(l.nodes, n)
		d := New(Config{RuntimeDir: dir, Ephemeral: true})
		d.watch = func(context.Context, func()) bool { return false } // it polls
		d.list = func([]string) ([]nic, error) { return []nic{n.nic}, nil }
		d.listen = func(nic, *zone) (server, bool, error) { return quietServer{}, true, nil }
		d.query = n.query
		wg.Go(func() { _ = d.Run(ctx, func() peer.AddrInfo { return me }, func(peer.AddrInfo) {}, ignore) })
	}
}

type quietServer struct{}

func (quietServer) Shutdown() error { return nil }

// query asks every node, and every node answers the asker.
func (n *fullNode) query(_ context.Context, _ nic, _ bool, window time.Duration) ([]heard, error) {
	n.lan.questions.Add(1)
	n.lan.bytes.Add(int64(len(ask) + headers))
	var answers []heard
	for _, other := range n.lan.nodes {
		n.lan.answers.Add(1)
		n.lan.bytes.Add(other.size + headers)
		answers = append(answers, other.says)
	}
	time.Sleep(window) // simulated
	return answers[:min(len(answers), maxHeard)], nil
}

// BenchmarkLAN reports how much the nodes of a network with IPv4 and IPv6 send by mDNS, all together: in the minute after all are started
// at once, as after a power cut, and in a second of the two minutes after that. Run it with -benchtime=1x.
func BenchmarkLAN(b *testing.B) {
	for _, nodes := range []int{10, 30, 100, 300} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			var l fullLAN
			var answers, bytes [2]int64 // after the first minute, and after quietTime
			dir := b.TempDir()
			run := func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					var wg sync.WaitGroup
					l.start(ctx, &wg, nodes, dir)
					for i, d := range []time.Duration{time.Minute, quietTime} {
						time.Sleep(d) // simulated
						synctest.Wait()
						answers[i], bytes[i] = l.answers.Load(), l.bytes.Load()
					}
					cancel()
					wg.Wait()
				})
			}
			for range b.N {
				l.nodes = nil
				l.questions.Store(0)
				l.answers.Store(0)
				l.bytes.Store(0)
				// synctest needs a T, which a benchmark does not have.
				if !testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: b.Name(), F: run}}) {
					b.Fatal("it has failed")
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(answers[0]), "answers-1st-minute")
			b.ReportMetric(float64(bytes[0])/1e6, "MB-1st-minute")
			b.ReportMetric(float64(answers[1]-answers[0])/quietTime.Seconds(), "answers/s")
			b.ReportMetric(float64(bytes[1]-bytes[0])/1e3/quietTime.Seconds(), "kB/s")
		})
	}
}

// quietTime is long enough for four rounds of each node.
const quietTime = 2 * time.Minute
