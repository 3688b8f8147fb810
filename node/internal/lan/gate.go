package lan

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"
	madns "github.com/multiformats/go-multiaddr-dns"
	manet "github.com/multiformats/go-multiaddr/net"

	"localchat/internal/onlink"
)

// A Gate decides which addresses this node dials, whatever their source, and from which addresses others may connect. libp2p asks
// it before each dial of the host ([connmgr.ConnectionGater]). Addresses that are handed to others are checked too.
//
// An address passes if
//   - it is on a network of this machine, by the prefixes of its interfaces;
//   - a user typed it, or it comes from an invite that a user gave;
//   - the peer itself was reached there: a connection with it had this remote address;
//   - it is a loopback address that a node of this machine named (over loopback): one that a peer on another machine names
//     would lead to services of this machine.
//
// Others may connect from the networks of this machine, from an address that a user typed, and from loopback; if anywhere is
// set, from every address.
//
// Its methods may be called from any goroutine. The networks are a snapshot, which is replaced as a whole; the tables have locks
// of their own.
type Gate struct {
	anywhere bool
	look     func() (onlink.Networks, error)
	looking  sync.Mutex // one goroutine looks at a time
	snapshot atomic.Pointer[networksAt]
	refused  atomic.Pointer[func(from multiaddr.Multiaddr)] // see OnRefusal

	typed   *lru.Cache[string, struct{}]     // addresses, by their bytes
	callers *lru.Cache[netip.Addr, struct{}] // the machines of the typed addresses
	reached *lru.Cache[place, struct{}]
}

// networksAt has the networks of the interfaces at one time. It never changes.
type networksAt struct {
	networks onlink.Networks
	at       time.Time
}

// A place is an address of one peer, by its bytes.
type place struct {
	peer peer.ID
	addr string
}

// NewGate makes a gate for the networks that look returns; nil looks at this machine's interfaces.
func NewGate(look func() (onlink.Networks, error), anywhere bool) *Gate {
	if look == nil {
		look = onlink.Here
	}
	g := &Gate{anywhere: anywhere, look: look, typed: table[string](), callers: table[netip.Addr](), reached: table[place]()}
	g.snapshot.Store(&networksAt{})
	g.Refresh()
	return g
}

func table[K comparable]() *lru.Cache[K, struct{}] {
	t, err := lru.New[K, struct{}](maxPlaces)
	if err != nil {
		panic(err) // only a size of 0 is refused
	}
	return t
}

// Options returns the options of a host that asks the gate.
func (g *Gate) Options() []libp2p.Option {
	names := nameGate{g, swarm.ResolverFromMaDNS{Resolver: madns.DefaultResolver}}
	return []libp2p.Option{libp2p.ConnectionGater(g), libp2p.MultiaddrResolver(names)}
}

// Guard returns rm for a host that asks the gate.
func (g *Gate) Guard(rm network.ResourceManager) network.ResourceManager { return doorman{rm, g} }

// Networks returns the networks that this machine had at the last look.
func (g *Gate) Networks() onlink.Networks { return g.snapshot.Load().networks }

// Refresh looks at the interfaces, at most once in NetworksFresh, and returns what they have.
func (g *Gate) Refresh() onlink.Networks {
	g.looking.Lock()
	defer g.looking.Unlock()
	last := g.snapshot.Load()
	now := time.Now()
	if !last.at.IsZero() && now.Sub(last.at) < NetworksFresh {
		return last.networks
	}
	networks, err := g.look()
	if err != nil {
		networks = last.networks
	}
	g.snapshot.Store(&networksAt{networks, now})
	return networks
}

// onLink reports whether ip is on a network of this machine. An interface may have come up since the last look.
func (g *Gate) onLink(ip netip.Addr) bool {
	return g.snapshot.Load().networks.Hold(ip) || g.Refresh().Hold(ip)
}

// Passes reports whether addr may be dialled as p, and handed on as p's. It looks at no interface, so the loop may call it.
func (g *Gate) Passes(p peer.ID, addr multiaddr.Multiaddr) bool {
	ip, ok := IP(addr)
	return ok && g.snapshot.Load().networks.Hold(ip) || g.allowed(p, addr)
}

// allowed reports whether addr passes on any network.
func (g *Gate) allowed(p peer.ID, addr multiaddr.Multiaddr) bool {
	return g.isTyped(addr) || has(g.reached, place{p, string(addr.Bytes())})
}

// has looks a key up, and so makes it the last one to be dropped from the table.
func has[K comparable](t *lru.Cache[K, struct{}], key K) bool {
	_, ok := t.Get(key)
	return ok
}

// Passing returns those of the addresses of p that pass.
func (g *Gate) Passing(p peer.ID, addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	return slices.DeleteFunc(slices.Clone(addrs), func(a multiaddr.Multiaddr) bool { return !g.Passes(p, a) })
}

// TypeIn lets addresses pass that a person gave, or that are in an invite.
func (g *Gate) TypeIn(addrs ...multiaddr.Multiaddr) {
	for _, a := range addrs {
		a, _ := peer.SplitAddr(a)
		if a == nil {
			continue
		}
		g.typed.Add(string(a.Bytes()), struct{}{})
		if ip, ok := IP(a); ok {
			g.callers.Add(ip, struct{}{})
		}
	}
}

func (g *Gate) isTyped(addr multiaddr.Multiaddr) bool { return has(g.typed, string(addr.Bytes())) }

// Lasting returns those of addrs that pass after a restart too, on any network: loopback and typed ones. An address of
// today's network is not among them: it may be another machine's on another network.
func (g *Gate) Lasting(addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	return slices.DeleteFunc(slices.Clone(addrs), func(a multiaddr.Multiaddr) bool {
		ip, ok := IP(a)
		return !ok || !ip.IsLoopback() && (!g.isTyped(a) || g.snapshot.Load().networks.Hold(ip))
	})
}

// Meets lets the remote address of a connection pass. It leaves out that of an incoming TCP connection, since no node listens on
// its port, and one on a network of this machine, which passes anyway as long as the machine is on that network.
func (g *Gate) Meets(c network.Conn) {
	addr := c.RemoteMultiaddr()
	_, err := addr.ValueForProtocol(multiaddr.P_QUIC_V1)
	if c.Stat().Direction != network.DirOutbound && err != nil {
		return
	}
	if ip, ok := IP(addr); ok && !g.onLink(ip) {
		g.reached.Add(place{c.RemotePeer(), string(addr.Bytes())}, struct{}{})
	}
}

// HereToo lets those of addrs pass for p that are loopback addresses. Only addresses that a node of this machine has named may be
// given.
func (g *Gate) HereToo(p peer.ID, addrs []multiaddr.Multiaddr) {
	for _, a := range addrs {
		if manet.IsIPLoopback(a) {
			g.reached.Add(place{p, string(a.Bytes())}, struct{}{})
		}
	}
}

// mayConnect reports whether a connection from addr is let in.
func (g *Gate) mayConnect(addr multiaddr.Multiaddr) bool {
	if g.anywhere {
		return true
	}
	ip, ok := IP(addr)
	return ok && (ip.IsLoopback() || g.onLink(ip) || has(g.callers, ip))
}

// OnRefusal has f called from now on with the remote address of each refused connection.
func (g *Gate) OnRefusal(f func(from multiaddr.Multiaddr)) { g.refused.Store(&f) }

// refuses notes that a connection from at was refused.
func (g *Gate) refuses(at multiaddr.Multiaddr) {
	if f := g.refused.Load(); f != nil && at != nil {
		(*f)(at)
	}
}

// The methods below are those of connmgr.ConnectionGater.

func (g *Gate) InterceptPeerDial(peer.ID) bool { return true }

func (g *Gate) InterceptAddrDial(p peer.ID, addr multiaddr.Multiaddr) bool {
	addr = unmarked(addr)
	ip, ok := IP(addr)
	return ok && g.onLink(ip) || g.allowed(p, addr)
}

func (g *Gate) InterceptAccept(c network.ConnMultiaddrs) bool {
	if g.mayConnect(c.RemoteMultiaddr()) {
		return true
	}
	g.refuses(c.RemoteMultiaddr())
	return false
}

func (g *Gate) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool { return true }

func (g *Gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }

// errOffLink refuses a connection from another network.
var errOffLink = errors.New("not on a network of this machine")

// A doorman is the resource manager of a host with a gate. QUIC asks the gater after the handshake, and the resource manager
// before it: a caller from another network must cost no handshake, and learn nothing of this node.
type doorman struct {
	network.ResourceManager
	gate *Gate
}

// Unguarded returns the argument of Guard if rm is a result of Guard, and otherwise rm.
func Unguarded(rm network.ResourceManager) network.ResourceManager {
	if d, ok := rm.(doorman); ok {
		return d.ResourceManager
	}
	return rm
}

func (d doorman) OpenConnection(dir network.Direction, usefd bool, endpoint multiaddr.Multiaddr) (network.ConnManagementScope, error) {
	if dir == network.DirInbound && (endpoint == nil || !d.gate.mayConnect(endpoint)) {
		d.gate.refuses(endpoint)
		return nil, errOffLink
	}
	return d.ResourceManager.OpenConnection(dir, usefd, endpoint)
}

// A nameGate resolves only the names that a person typed. A question to a name server is a packet to another network too, and a
// peer that gave the name would have chosen its content. The addresses of a typed name count as typed.
type nameGate struct {
	gate *Gate
	dns  network.MultiaddrDNSResolver
}

var errNotTyped = errors.New("a name that nobody typed")

func (r nameGate) ResolveDNSAddr(ctx context.Context, p peer.ID, addr multiaddr.Multiaddr, depth, limit int) ([]multiaddr.Multiaddr, error) {
	return r.resolve(addr, func() ([]multiaddr.Multiaddr, error) { return r.dns.ResolveDNSAddr(ctx, p, addr, depth, limit) })
}

func (r nameGate) ResolveDNSComponent(ctx context.Context, addr multiaddr.Multiaddr, limit int) ([]multiaddr.Multiaddr, error) {
	return r.resolve(addr, func() ([]multiaddr.Multiaddr, error) { return r.dns.ResolveDNSComponent(ctx, addr, limit) })
}

func (r nameGate) resolve(addr multiaddr.Multiaddr, ask func() ([]multiaddr.Multiaddr, error)) ([]multiaddr.Multiaddr, error) {
	if !r.gate.isTyped(addr) {
		return nil, errNotTyped
	}
	addrs, err := ask()
	r.gate.TypeIn(addrs...)
	return addrs, err
}
