package discovery

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"localchat/internal/onlink"
)

// CheckConfig says what Check looks at. The zero value looks everywhere.
type CheckConfig struct {
	// Interfaces are those of [Config].
	Interfaces []string
	// NoMDNS keeps Check from sending anything: only interfaces and routes are looked at.
	NoMDNS bool
	// Ask are machines to ask directly, besides the neighbours.
	Ask []netip.Addr
	// Port is the UDP port that a node of this machine listens on, 0 one that the system chooses: whether packets to it
	// are let in is tried on it.
	Port uint16
	// Say is told what is about to be done, from the goroutine of Check; nil is told nothing.
	Say func(what string)
}

// A Checkup is what Check has found, as facts. What they mean is for the caller to say.
type Checkup struct {
	// Err is why the interfaces could not be listed; nothing else is known then.
	Err        error
	Interfaces []InterfaceCheck
	// Default is the interface that what goes to the internet takes, "" where there is no such way.
	Default string
	// Multicast is why the system knows no way for IPv4 multicast, nil where it does.
	Multicast error
	// Links are the used interfaces, each once for IPv4 and once for IPv6 as far as it has addresses of it.
	Links []LinkCheck
	// Nodes are those that answered. A node of this machine and one elsewhere under the same key are two.
	Nodes []NodeCheck
	// Asked holds the networks whose machines were asked one by one, because no other node had answered to multicast.
	Asked []netip.Prefix
	// Neighbours are the machines of Asked that the system could resolve, routers left out. Resolved: the system tells them.
	Neighbours []netip.Addr
	Resolved   bool
}

// An InterfaceCheck is a network interface, used or not.
type InterfaceCheck struct {
	Name     string
	Prefixes []netip.Prefix // its addresses
	Used     bool
	// Why an interface is not used; Fine for one that is.
	Why WhyNot
	// Tunnel leads to a VPN or the like, Virtual to virtual machines or containers: no neighbour is there.
	Tunnel, Virtual bool
	// Captured is the interface that packets to this one's neighbours really take, "" where it is this one.
	Captured string
}

// WhyNot is why an interface is not used.
type WhyNot string

// The closed list of reasons.
const (
	Fine        WhyNot = ""
	Loopback    WhyNot = "loopback"
	SwitchedOff WhyNot = "off"
	NoLink      WhyNot = "no_link" // no cable, or no Wi-Fi joined
	NoMulticast WhyNot = "no_multicast"
	NotNamed    WhyNot = "not_named" // by Interfaces
	Containers  WhyNot = "containers"
	NoAddress   WhyNot = "no_address"
	TooMany     WhyNot = "too_many"
)

// A LinkCheck is what became of our multicast on one interface, over IPv4 or IPv6.
type LinkCheck struct {
	Interface string
	V6        bool
	// Join and Send are why the group could not be joined, or nothing be sent to it; Query is why the question that a
	// node asks failed.
	Join, Send, Query error
	// Returned: our own question came back to the port of mDNS. FromPort: so did one that came from that port, as answers
	// do. Open: so did a packet to the port of a node.
	Returned, FromPort, Open bool
	// Tried is false where Open could not be tried, the port being in use.
	Tried bool
	// Heard holds other machines whose multicast reached this one, nodes or not.
	Heard []netip.Addr
}

// A NodeCheck is a node that answered.
type NodeCheck struct {
	Peer  peer.ID
	Addrs []Address // best first
	// Here: it is on this machine.
	Here bool
	// How it answered: to the question that nodes ask, to one from the port of mDNS, to one sent to it alone.
	Multicast, ToPort, Direct bool
}

// An Address is where a node listens: TCP, or QUIC over UDP.
type Address struct {
	netip.AddrPort
	QUIC bool
}

// String is the address as a multiaddr.
func (a Address) String() string { return endpoint{a.Addr(), a.Port(), a.QUIC}.String() }

// ParseAddress reads a multiaddr, with or without /p2p, or HOST:PORT, which means TCP; the peer is "" where it is not named.
// A link-local address may have a zone: it is this machine's.
func ParseAddress(text string) (Address, peer.ID, bool) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return Address{AddrPort: ap}, "", true
	}
	m, err := ma.NewMultiaddr(text)
	if err != nil {
		return Address{}, "", false
	}
	rest, id := peer.SplitAddr(m)
	zone := ""
	if len(rest) > 0 && rest[0].Code() == ma.P_IP6ZONE {
		zone, rest = rest[0].Value(), rest[1:]
	}
	e, ok := endpointOf(rest)
	if zone != "" {
		ok = ok && e.ip.Is6() && e.ip.IsLinkLocalUnicast()
		e.ip = e.ip.WithZone(zone)
	}
	return e.exported(), id, ok
}

func (e endpoint) exported() Address { return Address{netip.AddrPortFrom(e.ip, e.port), e.quic} }

// Check looks once at what stands between this machine and the other nodes of its network, for 3 s. It uses
// sockets of its own beside those of running nodes, announces nothing and answers nobody. It may be called from any
// goroutine.
func Check(ctx context.Context, cfg CheckConfig) Checkup {
	if cfg.Say == nil {
		cfg.Say = func(string) {}
	}
	nics, err := listNICs(cfg.Interfaces)
	if err != nil {
		return Checkup{Err: err}
	}
	ifaces, err := net.Interfaces()
	if err != nil {
		return Checkup{Err: err}
	}
	e := newExam(nics, hostPrefixes(ifaces))
	c := Checkup{Interfaces: checkInterfaces(ifaces, nics, cfg.Interfaces)}
	c.Default, c.Multicast = routes()
	if cfg.NoMDNS {
		return c
	}
	if len(nics) > 0 {
		cfg.Say("asking by multicast on " + strings.Join(names(nics), ", "))
	}
	e.multicast(ctx, cfg.Port)
	if !e.heardByMulticast() && ctx.Err() == nil {
		targets := append(slices.Clone(cfg.Ask), neighbours(nics, &c)...)
		for _, p := range c.Asked {
			cfg.Say("nobody answered; asking the machines of " + p.String() + " one by one")
		}
		e.askEach(ctx, targets, c.Asked)
		c.Neighbours, c.Resolved = e.resolved(ctx, c.Asked)
	}
	c.Links, c.Nodes = e.results()
	return c
}

func names(nics []nic) []string {
	var ns []string
	for _, n := range nics {
		ns = append(ns, n.iface.Name)
	}
	return ns
}

// An exam is one Check under way.
type exam struct {
	token string // in the names of our questions, so that we know them again
	lan   onlink.Networks
	own   []netip.Prefix // all addresses of this machine
	links []*link

	mu    sync.Mutex // the readers of all sockets meet here: it guards what follows and the LinkChecks
	nodes []NodeCheck
}

func newExam(nics []nic, own []netip.Prefix) *exam {
	e := &exam{token: strings.ToLower(rand.Text()[:12]), lan: networksOf(nics), own: own}
	for _, n := range nics {
		for _, v6 := range []bool{false, true} {
			if n.has(v6) {
				e.links = append(e.links, &link{nic: n, v6: v6, check: LinkCheck{Interface: n.iface.Name, V6: v6}})
			}
		}
	}
	return e
}

func (e *exam) isOwn(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return ip.IsLoopback() || slices.ContainsFunc(e.own, func(p netip.Prefix) bool { return p.Addr() == ip })
}

// multicast asks on all links for checkListen.
func (e *exam) multicast(ctx context.Context, port uint16) {
	ctx, cancel := context.WithTimeout(ctx, checkListen)
	defer cancel()
	var wg sync.WaitGroup
	for i, l := range e.links {
		wg.Go(func() { e.probe(ctx, i, port) })
		wg.Go(func() { e.query(ctx, l) })
	}
	wg.Wait()
}

// query asks as a node asks, so that what it gets is what a node would get.
func (e *exam) query(ctx context.Context, l *link) {
	for round := range probeGaps {
		hs, err := queryMDNS(ctx, l.nic, l.v6, queryWindow)
		e.mu.Lock()
		if round == 0 || err == nil {
			l.check.Query = err
		}
		for _, h := range hs {
			if h.ours() {
				e.answered(h.txt, l.nic.iface.Name, func(n *NodeCheck) { n.Multicast = true })
			}
		}
		e.mu.Unlock()
		if !pause(ctx, probeGaps[round]) {
			return
		}
	}
}

// answered takes in an announcement. The lock is held.
func (e *exam) answered(txt []string, zone string, how func(*NodeCheck)) {
	id, es, ok := parseTXT(txt, e.lan, zone)
	if !ok {
		return
	}
	slices.SortFunc(es, endpoint.order)
	here := !slices.ContainsFunc(es, func(e2 endpoint) bool { return !e.isOwn(e2.ip) })
	i := slices.IndexFunc(e.nodes, func(n NodeCheck) bool { return n.Peer == id && n.Here == here })
	if i < 0 {
		if len(e.nodes) == maxPeers {
			return
		}
		e.nodes = append(e.nodes, NodeCheck{Peer: id, Here: here})
		i = len(e.nodes) - 1
	}
	n := &e.nodes[i]
	how(n)
	for _, ep := range es {
		if a := ep.exported(); len(n.Addrs) < maxPeerAddrs && !slices.Contains(n.Addrs, a) {
			n.Addrs = append(n.Addrs, a)
		}
	}
}

func (e *exam) heardByMulticast() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.nodes, func(n NodeCheck) bool { return !n.Here && (n.Multicast || n.ToPort) })
}

func (e *exam) results() ([]LinkCheck, []NodeCheck) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var checks []LinkCheck
	for _, l := range e.links {
		slices.SortFunc(l.check.Heard, netip.Addr.Compare)
		checks = append(checks, l.check)
	}
	return checks, e.nodes
}

// pause waits, and is false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
