//go:build unix

package node

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/metrics"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol"
)

// measuredHost is a host of a benchmark. The traffic of its streams is counted, and it can be cut off.
func measuredHost(b *testing.B, name string, c *counter, w *barrier, addr string) host.Host {
	b.Helper()
	return must(libp2p.New(
		libp2p.Identity(persona(name).PrivKey), libp2p.ListenAddrStrings(addr), libp2p.DisableRelay(), libp2p.DisableMetrics(),
		libp2p.DisableIdentifyAddressDiscovery(), libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.BandwidthReporter(c), libp2p.ConnectionGater(w),
	))
}

// A counter counts the traffic of a host's streams, before encryption.
type counter struct {
	metrics.Reporter // its other methods are not called
	in, out          atomic.Int64
}

func (c *counter) LogRecvMessage(n int64)                              { c.in.Add(n) }
func (c *counter) LogSentMessage(n int64)                              { c.out.Add(n) }
func (c *counter) LogRecvMessageStream(int64, libprotocol.ID, peer.ID) {}
func (c *counter) LogSentMessageStream(int64, libprotocol.ID, peer.ID) {}

// A barrier lets no connection through while it is up.
type barrier struct{ up atomic.Bool }

func (w *barrier) InterceptPeerDial(peer.ID) bool                      { return !w.up.Load() }
func (w *barrier) InterceptAddrDial(peer.ID, multiaddr.Multiaddr) bool { return !w.up.Load() }
func (w *barrier) InterceptAccept(network.ConnMultiaddrs) bool         { return !w.up.Load() }
func (w *barrier) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) {
	return !w.up.Load(), 0
}

func (w *barrier) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool {
	return !w.up.Load()
}

// BenchmarkRecovery cuts a member off for 30 s in which a number of lines are said. It reports the time from the end of
// the cut until the member is connected again, which is redialling, the time from then until it has all lines, and the
// bytes sent to it for that. For -benchtime=1x.
func BenchmarkRecovery(b *testing.B) {
	for _, missed := range []int{10, 100, 1000, 9900} {
		b.Run(fmt.Sprintf("missed=%d", missed), func(b *testing.B) {
			for range b.N {
				bytes, w := &counter{}, &barrier{}
				alice := must(New(Config{Nick: "alice", Listen: loopback}))
				bob := must(New(Config{Nick: "bob", Host: measuredHost(b, "bob", bytes, w, loopback[0])}))
				lab := must(alice.Create(b.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				must(bob.Join(b.Context(), JoinOptions{Room: alice.host.Addrs()[0].String() + "/p2p/" + alice.self.String()}))
				must(alice.Say(b.Context(), "lab", "before", false))
				w.up.Store(true)
				must(none{}, bob.host.Network().ClosePeer(alice.self))
				cut := time.Now()
				must(ask(b.Context(), alice, inLoop(func(l *loop) {
					r := l.rooms[lab.ID]
					key, _ := r.keys.Get(r.state().Epoch())
					for i := range missed {
						must(r.outbox.send(protocol.Content{Kind: protocol.Say, Text: fmt.Sprint("a line of usual length, number ", i)}, key))
					}
				})))
				time.Sleep(time.Until(cut.Add(30 * time.Second))) // the cut has this length
				w.up.Store(false)
				healed, before := time.Now(), bytes.in.Load()
				var connected time.Time
				for have := 0; have < missed+1; time.Sleep(time.Millisecond) {
					if connected.IsZero() && bob.connected(alice.self) {
						connected = time.Now()
					}
					must(ask(b.Context(), bob, inLoop(func(l *loop) { have = l.rooms[lab.ID].talk.Len() })))
					if time.Since(healed) > time.Minute {
						b.Fatalf("%d lines of %d after a minute", have, missed+1)
					}
				}
				all := time.Now()
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(connected.Sub(healed).Milliseconds()), "redial-ms")
				b.ReportMetric(float64(all.Sub(connected).Milliseconds()), "fetch-ms")
				b.ReportMetric(float64(bytes.in.Load()-before)/float64(missed), "B/line")
				must(none{}, bob.Close())
				must(none{}, alice.Close())
			}
		})
	}
}

// BenchmarkIdleRoom measures the traffic of the streams of the owner and of one member, before encryption, in a minute
// of silence: polls, comparisons, pings, lists of rooms and gossip's own. With said, every member has said a line
// before, so there are heads to compare. For -benchtime=1x.
func BenchmarkIdleRoom(b *testing.B) {
	const minute = time.Minute
	for _, members := range []int{8, 64} {
		for _, said := range []bool{false, true} {
			b.Run(fmt.Sprintf("members=%d/said=%v", members, said), func(b *testing.B) {
				for range b.N {
					owner, member := &counter{}, &counter{}
					nodes := make([]*Node, members)
					for i := range nodes {
						c := &counter{}
						if i < 2 {
							c = []*counter{owner, member}[i]
						}
						addr := fmt.Sprintf("/ip4/127.0.1.%d/tcp/0", 1+i)
						nodes[i] = must(New(Config{Nick: crowdName(i), Host: measuredHost(b, crowdName(i), c, &barrier{}, addr)}))
						if i == 0 {
							must(nodes[0].Create(b.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
							continue
						}
						joinBusy(b, nodes[i], nodes[0])
					}
					if said {
						for _, n := range nodes {
							must(n.Say(b.Context(), "lab", "hello", false))
						}
					}
					settleRoom(b, nodes, said)
					report(b, minute, map[string]*counter{"owner": owner, "member": member})
					for _, n := range nodes {
						must(none{}, n.Close())
					}
				}
			})
		}
	}
	const members = 256
	b.Run(fmt.Sprintf("members=%d/polls-alone", members), func(b *testing.B) {
		for range b.N {
			owner := &counter{}
			r := fillRoom(b, Config{Nick: "alice", Host: measuredHost(b, "alice", owner, &barrier{}, loopback[0])}, members)
			r.settle(members)
			report(b, minute, map[string]*counter{"owner": owner})
		}
	})
}

// joinBusy enters owner's room, with retries: on a machine that all nodes share a dial may be too slow.
func joinBusy(b *testing.B, n, owner *Node) {
	b.Helper()
	at := owner.host.Addrs()[0].String() + "/p2p/" + owner.self.String()
	for deadline := time.Now().Add(time.Minute); ; {
		_, err := n.Join(b.Context(), JoinOptions{Room: at})
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}

// settleRoom waits until every node is connected to every other and has all lines.
func settleRoom(b *testing.B, nodes []*Node, said bool) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		whole := true
		for _, n := range nodes {
			for _, m := range nodes {
				whole = whole && (n == m || n.connected(m.self))
			}
			if said {
				whole = whole && len(must(n.History(b.Context(), "lab")).Messages) == len(nodes)
			}
		}
		if whole {
			return
		}
		if time.Now().After(deadline) {
			b.Fatal("the room does not settle")
		}
	}
}

func report(b *testing.B, over time.Duration, of map[string]*counter) {
	type bytes struct{ in, out int64 }
	before := make(map[string]bytes)
	for name, c := range of {
		before[name] = bytes{c.in.Load(), c.out.Load()}
	}
	time.Sleep(over) // the idle time is what is measured
	b.ReportMetric(0, "ns/op")
	for name, c := range of {
		b.ReportMetric(float64(c.in.Load()-before[name].in)/over.Seconds(), name+"-in-B/s")
		b.ReportMetric(float64(c.out.Load()-before[name].out)/over.Seconds(), name+"-out-B/s")
	}
}
