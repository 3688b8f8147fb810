package node

import (
	"net/netip"
	"time"

	"localchat/node/internal/ratelimit"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/time/rate"
)

// An origin is where a peer connects from.
type origin struct {
	addr netip.Addr
	// lan is the /64 of an IPv6 address: a machine can take any address in it. It is zero for IPv4.
	lan netip.Prefix
}

func originOf(a multiaddr.Multiaddr) origin {
	ip, err := manet.ToIP(a)
	if err != nil {
		return origin{}
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return origin{}
	}
	return originAt(addr)
}

func originAt(addr netip.Addr) origin {
	o := origin{addr: addr.Unmap()}
	if o.addr.Is6() {
		o.lan, _ = o.addr.Prefix(64)
	}
	return o
}

func originOfConn(c network.Conn) origin { return originOf(c.RemoteMultiaddr()) }

// String returns the address, for a person.
func (o origin) String() string {
	if !o.addr.IsValid() {
		return "an unknown address"
	}
	return o.addr.String()
}

// places counts who holds a fixed number of places. The caller locks.
type places struct {
	all, taken int
	addrs      map[netip.Addr]int
	lans       map[netip.Prefix]int
}

func newPlaces(all int) *places {
	return &places{all: all, addrs: make(map[netip.Addr]int), lans: make(map[netip.Prefix]int)}
}

// take takes a place for o, and reports whether it got one. An address may have a part of the free places (shareOfFree), and the
// addresses of one IPv6 network together half of all places.
func (p *places) take(o origin) bool {
	if p.addrs[o.addr]*shareOfFree >= p.all-p.taken || o.lan.IsValid() && p.lans[o.lan] >= p.all/2 {
		return false
	}
	p.add(o)
	return true
}

// add takes a place even if there is none left for o.
func (p *places) add(o origin) {
	p.taken++
	p.addrs[o.addr]++
	if o.lan.IsValid() {
		p.lans[o.lan]++
	}
}

// release gives a place back.
func (p *places) release(o origin) {
	p.taken--
	if p.addrs[o.addr]--; p.addrs[o.addr] == 0 {
		delete(p.addrs, o.addr)
	}
	if !o.lan.IsValid() {
		return
	}
	if p.lans[o.lan]--; p.lans[o.lan] == 0 {
		delete(p.lans, o.lan)
	}
}

// shares bounds the work that members cause. Each member has a budget of its own. Work beyond that is charged to the budget of
// its address and to the common one.
type shares struct {
	own     *ratelimit.Keyed[peer.ID]
	address *ratelimit.Keyed[netip.Addr]
	all     *rate.Limiter
}

func newShares(own, address, all budget) shares {
	return shares{keyed[peer.ID](own), keyed[netip.Addr](address), all.limiter()}
}

func (s shares) allow(who visitor, cost int, now time.Time) bool {
	return s.own.Limiter(who.peer).AllowN(now, cost) || s.address.Limiter(who.from.addr).AllowN(now, cost) && s.all.AllowN(now, cost)
}

func (s shares) sweep(now time.Time) {
	s.own.Sweep(now)
	s.address.Sweep(now)
}
