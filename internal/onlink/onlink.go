// Package onlink says which addresses are on the networks of this machine: those within the prefixes of its interfaces. The
// rest of the program calls these "our networks".
package onlink

import (
	"net"
	"net/netip"
	"slices"
)

// Networks are the addresses of our interfaces, each with the length of its prefix, without zones.
type Networks []netip.Prefix

// Of returns the networks among addrs, which package net returns for one interface or for all of them.
func Of(addrs []net.Addr) Networks {
	var ns Networks
	for _, a := range addrs {
		ipn, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(ipn.IP)
		if !ok {
			continue
		}
		bits, _ := ipn.Mask.Size()
		ns = append(ns, netip.PrefixFrom(ip.Unmap(), bits))
	}
	slices.SortFunc(ns, netip.Prefix.Compare)
	return ns
}

// Here are the networks of this machine.
func Here() (Networks, error) {
	addrs, err := net.InterfaceAddrs()
	return Of(addrs), err
}

// Hold reports whether ip is the address of one machine on one of the networks. An address that is merely private is not:
// private networks behind a router are not ours. A loopback address is on no network, and neither are the first and the last
// address of a network, which stand for the network and for all of its machines.
func (ns Networks) Hold(ip netip.Addr) bool {
	ip = ip.WithZone("")
	if !ip.IsValid() || ip.Is4In6() || ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast() {
		return false
	}
	return slices.ContainsFunc(ns, func(n netip.Prefix) bool {
		return n.Bits() > 0 && n.Contains(ip) && !everybody(n, ip)
	})
}

// everybody reports whether ip is the first or the last address of an IPv4 network: packets to those go to all of its machines.
// Networks of one or two machines (/32, /31) have no such addresses.
func everybody(n netip.Prefix, ip netip.Addr) bool {
	if !ip.Is4() || n.Bits() > 30 {
		return false
	}
	return !n.Contains(ip.Next()) || !n.Contains(ip.Prev())
}
