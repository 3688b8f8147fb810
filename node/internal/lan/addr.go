package lan

import (
	"net/netip"
	"slices"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// IP returns the IP address of a multiaddr, without its zone.
func IP(a multiaddr.Multiaddr) (netip.Addr, bool) {
	if len(a) > 0 && a[0].Code() == multiaddr.P_IP6ZONE {
		a = a[1:]
	}
	if len(a) == 0 || a[0].Code() != multiaddr.P_IP4 && a[0].Code() != multiaddr.P_IP6 {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(a[0].RawValue())
}

// Dialable leaves out what nobody can dial.
func Dialable(a multiaddr.Multiaddr) bool {
	if _, err := a.ValueForProtocol(multiaddr.P_P2P); err == nil {
		return false
	}
	ip, ok := IP(a)
	return ok && !ip.IsUnspecified() && (IsZoned(a) || !manet.IsIP6LinkLocal(a))
}

// IsZoned reports whether a is at a link-local address, and names the network card that it is good for.
func IsZoned(a multiaddr.Multiaddr) bool {
	ip, ok := IP(a)
	return ok && a[0].Code() == multiaddr.P_IP6ZONE && ip.IsLinkLocalUnicast()
}

// WithoutLinkLocal returns those of addrs that mean the same on other machines.
func WithoutLinkLocal(addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	return slices.DeleteFunc(slices.Clone(addrs), manet.IsIP6LinkLocal)
}
