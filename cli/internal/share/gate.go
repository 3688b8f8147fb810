package share

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"localchat/internal/onlink"
)

// A gate is a listener that accepts connections from this machine and its networks, up to a number from one address and a number
// in all. It closes every other connection without an answer.
type gate struct {
	net.Listener
	look func() (onlink.Networks, error)

	// networks is what look returned last, at the time looked. Only Accept uses them, and only one goroutine calls Accept.
	networks onlink.Networks
	looked   time.Time

	places *places
}

func newGate(l net.Listener, look func() (onlink.Networks, error)) *gate {
	if look == nil {
		look = onlink.Here
	}
	return &gate{Listener: l, look: look, places: newPlaces(maxConns, maxConnsOf)}
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := addrOf(c.RemoteAddr())
		if !g.local(addr.Addr()) || !g.places.take(addr.Addr()) {
			c.Close()
			continue
		}
		return &placed{Conn: c, leave: sync.OnceFunc(func() { g.places.leave(addr.Addr()) })}, nil
	}
}

// local reports whether ip is on a network of this machine. If not, it looks at the interfaces again, since one may have come up.
func (g *gate) local(ip netip.Addr) bool {
	if ip.IsLoopback() || g.networks.Hold(ip) {
		return true
	}
	if now := time.Now(); now.Sub(g.looked) >= networksFresh {
		if networks, err := g.look(); err == nil {
			g.networks, g.looked = networks, now
		}
	}
	return g.networks.Hold(ip)
}

// A placed connection gives its place back when it is closed.
type placed struct {
	net.Conn
	leave func()
}

func (c *placed) Close() error {
	c.leave()
	return c.Conn.Close()
}

// addrOf returns the address of one end of a connection, without the zone of a link-local address.
func addrOf(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// places counts how many places addresses have taken: at most all together, and at most each by one address. The goroutines of the
// connections meet at mu.
type places struct {
	all, each int

	mu    sync.Mutex
	taken int
	of    map[netip.Addr]int
}

func newPlaces(all, each int) *places {
	return &places{all: all, each: each, of: make(map[netip.Addr]int)}
}

func (p *places) take(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken == p.all || p.of[a] == p.each {
		return false
	}
	p.taken++
	p.of[a]++
	return true
}

func (p *places) leave(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.of[a]--; p.of[a] == 0 {
		delete(p.of, a)
	}
}
