package node

import (
	"net"
	"net/netip"
	"slices"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// HostPorts returns multiaddrs as HOST:PORT, one for each host. It prefers the port of TCP, since a join tries TCP there first
// and then QUIC. If there are others, it leaves out the addresses that are valid only on this link, and those that are valid only
// on this machine.
func HostPorts(addrs []string) []string {
	type place struct {
		at  netip.AddrPort
		tcp bool
	}
	var far, link, here []place
	for _, text := range addrs {
		at, tcp, ok := hostPort(text)
		if !ok {
			continue
		}
		to := &far
		switch {
		case at.Addr().IsLoopback():
			to = &here
		case at.Addr().IsLinkLocalUnicast():
			to = &link
		}
		i := slices.IndexFunc(*to, func(p place) bool { return p.at.Addr() == at.Addr() })
		switch {
		case i < 0:
			*to = append(*to, place{at, tcp})
		case tcp && !(*to)[i].tcp:
			(*to)[i] = place{at, tcp}
		}
	}
	best := far
	for _, nearer := range [][]place{link, here} {
		if len(best) == 0 {
			best = nearer
		}
	}
	slices.SortStableFunc(best, func(a, b place) int { return a.at.Addr().Compare(b.at.Addr()) })
	hosts := make([]string, len(best))
	for i, p := range best {
		hosts[i] = p.at.String()
	}
	return hosts
}

// Ports returns the ports of multiaddrs for each transport, in order, each once.
func Ports(addrs []string) (tcp, udp []uint16) {
	for _, text := range addrs {
		at, isTCP, ok := hostPort(text)
		if !ok {
			continue
		}
		to := &udp
		if isTCP {
			to = &tcp
		}
		if !slices.Contains(*to, at.Port()) {
			*to = append(*to, at.Port())
		}
	}
	slices.Sort(tcp)
	slices.Sort(udp)
	return tcp, udp
}

// hostPort returns the address and the port of a multiaddr, and whether it is one of TCP.
func hostPort(text string) (at netip.AddrPort, tcp, ok bool) {
	a, err := multiaddr.NewMultiaddr(text)
	if err != nil {
		return at, false, false
	}
	transport := transportOf(a)
	if len(transport) == 0 {
		return at, false, false
	}
	n, err := manet.ToNetAddr(transport)
	if err != nil {
		return at, false, false
	}
	switch n := n.(type) {
	case *net.TCPAddr:
		at, tcp = n.AddrPort(), true
	case *net.UDPAddr:
		at = n.AddrPort()
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), tcp, at.IsValid()
}

// transportOf returns the part of a that names an address and a port.
func transportOf(a multiaddr.Multiaddr) multiaddr.Multiaddr {
	upto, _ := multiaddr.SplitFunc(a, func(c multiaddr.Component) bool {
		code := c.Protocol().Code
		return code != multiaddr.P_IP4 && code != multiaddr.P_IP6 && code != multiaddr.P_IP6ZONE && code != multiaddr.P_TCP && code != multiaddr.P_UDP
	})
	return upto
}
