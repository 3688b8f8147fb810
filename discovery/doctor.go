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
	// Interfaces are as in [Config].
	Interfaces []string
	// NoMDNS keeps Check from sending anything: it looks only at interfaces and routes.
	NoMDNS bool
	// Ask are machines to ask directly, besides the neighbours.
	Ask []netip.Addr
	// Port is the UDP port on which a node of this machine listens; 0: one that the system chooses. Check tries whether packets to
	// it are let in.
	Port uint16
	// Say is called with a text before each step, from the goroutine of Check; nil: not called.
	Say func(what string)
}

// A Checkup has the facts that Check has found. The caller says what they mean.
type Checkup struct {
	// Err says why the interfaces could not be listed. Then nothing else is set.
	Err        error
	Interfaces []InterfaceCheck
	// Default is the interface of the default route, or "".
	Default string
	// Multicast says why the system has no route for IPv4 multicast; nil: it has one.
	Multicast error
	// Links are the used interfaces, each once for each of IPv4 and IPv6 of which it has an address.
	Links []LinkCheck
	// Nodes are the nodes that answered. A node of this machine and one on another machine with the same key are two.
	Nodes []NodeCheck
	// Asked are the networks whose machines were asked one by one, because no other node had answered by multicast.
	Asked []netip.Prefix
	// Neighbours are the machines of Asked, without routers, whose hardware addresses the system knows. Resolved is false if the
	// system does not report them.
	Neighbours []netip.Addr
	Resolved   bool
}

// An InterfaceCheck describes a network interface, whether it is used or not.
type InterfaceCheck struct {
	Name     string
	Prefixes []netip.Prefix // the addresses of the interface
	Used     bool
	// Why says why the interface is not used; Fine if it is.
	Why WhyNot
	// Tunnel is set for an interface of a VPN or the like, and Virtual for one of virtual machines or containers. Neither has
	// neighbours on the local network.
	Tunnel, Virtual bool
	// Captured is the interface that packets to the neighbours of this one take, if that is another one.
	Captured string
}

// A WhyNot says why an interface is not used.
type WhyNot string

// All values of WhyNot.
const (
	Fine        WhyNot = ""
	Loopback    WhyNot = "loopback"
	SwitchedOff WhyNot = "off"
	NoLink      WhyNot = "no_link" // no cable is plugged in, or no Wi-Fi joined
	NoMulticast WhyNot = "no_multicast"
	NotNamed    WhyNot = "not_named" // Interfaces names others
	Containers  WhyNot = "containers"
	NoAddress   WhyNot = "no_address"
	TooMany     WhyNot = "too_many"
)

// A LinkCheck says what happened to multicast of this machine on one interface, over IPv4 or IPv6.
type LinkCheck struct {
	Interface string
	V6        bool
	// Join and Send say why the mDNS group could not be joined, or why nothing could be sent to it. Query says why a query as a
	// node sends it failed.
	Join, Send, Query error
	// Returned is set if a packet to the port of mDNS came back, FromPort if one came back that was sent from that port too, as
	// answers are, and Open if one to the port of a node came back.
	Returned, FromPort, Open bool
	// Tried is false if Open could not be tried, because the port is in use.
	Tried bool
	// Heard are the other machines whose multicast was heard, whether they run a node or not.
	Heard []netip.Addr
}

// A NodeCheck is a node that answered.
type NodeCheck struct {
	Peer  peer.ID
	Addrs []Address // the best first
	// Here is set for a node on this machine.
	Here bool
	// Multicast is set if the node answered a multicast query as a node sends it, ToPort if it answered one from the port of mDNS,
	// and Direct if it answered one that was sent to its machine alone.
	Multicast, ToPort, Direct bool
}

// An Address is an address at which a node listens: TCP, or QUIC over UDP.
type Address struct {
	netip.AddrPort
	QUIC bool
}

// String returns the address as a multiaddr.
func (a Address) String() string { return endpoint{a.Addr(), a.Port(), a.QUIC}.String() }

// ParseAddress parses a multiaddr, with or without /p2p, or HOST:PORT, which means TCP. The peer is "" if text does not name one. A
// link-local address may have a zone, which is the name of an interface of this machine.
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

// Check looks for what stops this machine from finding the other nodes of its network. It takes up to 3 s. It uses sockets of its own
// beside those of running nodes, announces nothing and answers no question. It may be called from any goroutine.
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

// An exam is the state of one Check.
type exam struct {
	token string // part of the names in our questions, so that we recognise them
	lan   onlink.Networks
	own   []netip.Prefix // all addresses of this machine
	links []*link

	mu    sync.Mutex // the readers of all sockets meet here; it guards nodes and the LinkChecks
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

// query sends queries as a node does, so that it gets the answers that a node would get. They ask for services of any kind too: every
// node answers that to the sender, also in a crowd.
func (e *exam) query(ctx context.Context, l *link) {
	for round := range probeGaps {
		hs, err := queryMDNS(ctx, l.nic, l.v6, askAll, queryWindow)
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

// answered notes an announcement; how marks how it came. The caller holds the lock.
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

// pause waits for d. It returns false if ctx ends first.
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
