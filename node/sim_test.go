package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
	"github.com/multiformats/go-multiaddr"
	"go.uber.org/goleak"

	"localchat/internal/onlink"
	"localchat/node/internal/lan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A simLAN is nodes on a simulated network, in simulated time: real libp2p hosts, QUIC and gossipsub. It has no mDNS:
// every node is told where the first one is.
type simLAN struct {
	t     *testing.T
	hosts []host.Host
	nodes map[string]*Node
	subs  map[string]*watcher
	index map[string]int // of a nick's host
	links *links
	// unbuffered nodes have an inbox without a queue.
	unbuffered bool
	// cancels end the calls that a test has left under way.
	cancels []context.CancelFunc
}

// links decide which packets get through. The mutex is for the goroutines of the network and of the test.
type links struct {
	mu  sync.Mutex
	cut map[[2]string]bool // by IP
	// weather is how long a packet takes on a link that is not cut; nil means a millisecond.
	weather func() time.Duration
}

// neverArrives is longer than any test: the network has no other way to lose a packet.
const neverArrives = 1000 * time.Hour

// latency is that of the network: a packet between two cut-off nodes comes when nobody waits for it any more.
func (l *links) latency(p *simnet.Packet) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.cut) > 0 && l.cut[[2]string{ipOf(p.From), ipOf(p.To)}] {
		return neverArrives
	}
	if l.weather != nil {
		return l.weather()
	}
	return time.Millisecond
}

func ipOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		panic(err)
	}
	return host
}

func (l *simLAN) ip(nick string) string {
	ip, err := l.hosts[l.index[nick]].Addrs()[0].ValueForProtocol(multiaddr.P_IP4)
	if err != nil {
		l.t.Fatal(err)
	}
	return ip
}

// cut lets nothing through between a and b.
func (l *simLAN) cut(a, b string) {
	l.links.mu.Lock()
	defer l.links.mu.Unlock()
	x, y := l.ip(a), l.ip(b)
	l.links.cut[[2]string{x, y}], l.links.cut[[2]string{y, x}] = true, true
}

func (l *simLAN) heal() {
	l.links.mu.Lock()
	defer l.links.mu.Unlock()
	clear(l.links.cut)
}

// ctx is for one request.
func (l *simLAN) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	l.cancels = append(l.cancels, cancel)
	return ctx
}

// simulate runs f on a network of that many hosts.
func simulate(t *testing.T, hosts int, f func(*simLAN)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ls := &links{cut: make(map[[2]string]bool)}
		l, network := newLAN(t, hosts, ls.latency)
		l.links = ls
		defer l.stop(network)
		f(l)
	})
}

// newLAN makes a network of that many hosts, to be called in a bubble; see stop.
func newLAN(t *testing.T, hosts int, latency func(*simnet.Packet) time.Duration) (*simLAN, *simnet.Simnet) {
	network := &simnet.Simnet{LatencyFunc: latency}
	l := &simLAN{t: t, nodes: make(map[string]*Node), subs: make(map[string]*watcher), index: make(map[string]int)}
	for i := range hosts {
		l.hosts = append(l.hosts, simHost(network, i))
	}
	network.Start()
	return l, network
}

var simLink = flag.Int("link", 100, "Mbit/s of a host on the simulated network; the default is slower than most, so that what is sent by the hundred takes its time")

// simNetworks are the networks that every machine of a simulated network is on: its own, where libp2p's hosts are, and
// one of private addresses, where no host is.
func simNetworks() (onlink.Networks, error) {
	return onlink.Networks{netip.MustParsePrefix("1.0.0.0/8"), netip.MustParsePrefix("10.8.0.0/15")}, nil
}

// gates has the gate of each host of a simulation, by its peer ID.
var gates sync.Map

// gateOf is the Config.gate of a node on h.
func gateOf(h host.Host) *lan.Gate {
	g, _ := gates.Load(h.ID())
	return g.(*lan.Gate)
}

// simHost is a host with the limits of a real one, at the i-th address of a simulated network.
func simHost(network *simnet.Simnet, i int, more ...libp2p.Option) host.Host {
	return simHostAt(network, i, 8000, more...)
}

// simHostAt is one of several hosts at one address.
func simHostAt(network *simnet.Simnet, i, port int, more ...libp2p.Option) host.Host {
	g := lan.NewGate(simNetworks, false)
	h := gatedHost(network, i, port, g, more...)
	gates.Store(h.ID(), g)
	return h
}

// gatedHost is a host with a gate that a test has made.
func gatedHost(network *simnet.Simnet, i, port int, g *lan.Gate, more ...libp2p.Option) host.Host {
	return bareHost(network, i, port, append(more, append(g.Options(), libp2p.ResourceManager(g.Guard(must(newResourceManager()))))...)...)
}

// bareHost is a host that more completes.
func bareHost(network *simnet.Simnet, i, port int, more ...libp2p.Option) host.Host {
	link := simnet.LinkSettings{BitsPerSecond: *simLink * simlibp2p.OneMbps}
	return must(libp2p.New(append(more,
		libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", simnet.IntToPublicIPv4(i), port)),
		simlibp2p.QUICSimnet(network, simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link}),
		libp2p.ConnectionManager(must(lan.NewConnManager())),
		libp2p.DisableIdentifyAddressDiscovery(), // it stalls simulated time
		libp2p.UDPBlackHoleSuccessCounter(nil), libp2p.IPv6BlackHoleSuccessCounter(nil),
	)...))
}

// stop ends everything, also after a test that has failed.
func (l *simLAN) stop(network *simnet.Simnet) {
	for _, cancel := range l.cancels {
		cancel()
	}
	for _, n := range l.nodes {
		if err := n.Close(); err != nil {
			l.t.Error(err)
		}
	}
	for _, h := range l.hosts {
		h.Close()
	}
	synctest.Wait()
	network.Close()
	// Blocked QUIC listeners go with their timers. This is simulated time.
	time.Sleep(time.Minute)
}

// start makes a node on the next host.
func (l *simLAN) start(nick string) *Node {
	l.t.Helper()
	cfg := Config{Nick: nick, Host: l.hosts[len(l.nodes)], gate: gateOf(l.hosts[len(l.nodes)]), Version: "test", unbuffered: l.unbuffered}
	if os.Getenv("LOCALCHAT_TEST_LOG") != "" {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", nick)
	}
	for _, h := range l.hosts[:len(l.nodes)] {
		cfg.Peers = append(cfg.Peers, h.Addrs()[0].String()+"/p2p/"+h.ID().String())
	}
	n, err := New(cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	l.index[nick] = len(l.nodes)
	l.nodes[nick] = n
	l.subs[nick] = watch(l.t, nick, n)
	return n
}

// A watcher keeps the events of a node.
type watcher struct {
	t    *testing.T
	nick string
	sub  *Subscription
	seen []Event
	// shown are the events that a scenario has matched; the last is the one that it matched last.
	shown map[int]bool
	last  int
}

func watch(t *testing.T, nick string, n *Node) *watcher {
	return &watcher{t: t, nick: nick, sub: n.Subscribe(SubscribeOptions{}), shown: make(map[int]bool), last: -1}
}

// patience is how long an event is waited for, in simulated time.
const patience = 30 * time.Second

// until waits for an event that ok accepts, among those not yet waited for, and returns it.
func until[B EventBody](w *watcher, ok func(B) bool) B {
	w.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case ev, open := <-w.sub.Events():
			if !open {
				w.t.Fatalf("%s: the events have ended; seen %s", w.nick, w.story())
			}
			w.seen = append(w.seen, ev)
			if b, is := ev.Body.(B); is && (ok == nil || ok(b)) {
				return b
			}
		case <-timeout:
			var want B
			w.t.Fatalf("%s: no such %s; seen %s", w.nick, want.Type(), w.story())
		}
	}
}

// drain takes all events so far.
func (w *watcher) drain() []Event {
	synctest.Wait()
	for {
		select {
		case ev, open := <-w.sub.Events():
			if !open {
				return w.seen
			}
			w.seen = append(w.seen, ev)
		default:
			return w.seen
		}
	}
}

func count[B EventBody](w *watcher) int {
	n := 0
	for _, ev := range w.drain() {
		if _, ok := ev.Body.(B); ok {
			n++
		}
	}
	return n
}

func (w *watcher) story() string {
	s := ""
	for _, ev := range w.seen {
		s += fmt.Sprintf("\n  %s %s %+v", ev.Time.Format("05.000"), ev.Body.Type(), ev.Body)
	}
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func codeOf(err error) ErrorCode {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func openRoom() PolicyChange {
	return PolicyChange{Access: new(AccessOpen)}
}

func TestRoomOnSimulatedLAN(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
		until(l.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
		must(bob.Say(l.ctx(), "lab", "hello", false))
		for _, who := range []string{"alice", "carol", "bob"} {
			until(l.subs[who], func(m Message) bool { return m.Text == "hello" && m.Nick == "bob" })
		}
		must(alice.Kick(l.ctx(), "lab", "bob", "too loud"))
		r := until[Removed](l.subs["bob"], nil)
		if r.Kind != "kicked" || r.Text != "too loud" || r.ByNick != "alice" {
			t.Errorf("bob was told %+v", r)
		}
		until(l.subs["carol"], func(m MemberRemoved) bool { return m.Nick == "bob" })
		until(l.subs["alice"], func(p RemovalProgress) bool { return p.Told && p.Applied == 2 && p.Total == 2 })
		until(l.subs["carol"], func(m RemovalReason) bool { return m.Nick == "bob" && m.Text == "too loud" })
		if _, err := bob.Say(l.ctx(), "lab", "still here?", false); codeOf(err) != CodeNotFound && codeOf(err) != CodeNotMember {
			t.Errorf("bob can say: %v", err)
		}
		must(carol.Say(l.ctx(), "lab", "quiet now", false))
		until(l.subs["alice"], func(m Message) bool { return m.Text == "quiet now" })
		if n := count[Removed](l.subs["bob"]); n != 1 {
			t.Errorf("bob was told %d times", n)
		}
	})
}

// crowdName is the nick of the i-th of many.
func crowdName(i int) string { return fmt.Sprintf("m%d", i) }

// offers reports whether err has all these rooms to choose from.
func offers(err error, rooms ...RoomID) bool {
	for _, room := range rooms {
		if !slices.ContainsFunc(AsError(err).Rooms, func(c Choice) bool { return c.Room == room }) {
			return false
		}
	}
	return true
}
