package discovery

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// An endpoint is an address at which a node listens: an IP address with /tcp/port or /udp/port/quic-v1. Other multiaddrs, as of
// relays, host names and transports of browsers, are neither announced nor taken from an announcement.
type endpoint struct {
	ip   netip.Addr // has a zone only if it is IPv6 link-local and was heard on an interface
	port uint16
	quic bool
}

// endpointOf parses a multiaddr without /p2p. It refuses one with a zone, which has a meaning only on its own machine.
func endpointOf(m ma.Multiaddr) (endpoint, bool) {
	if len(m) < 2 {
		return endpoint{}, false
	}
	var e endpoint
	switch m[0].Code() {
	case ma.P_IP4, ma.P_IP6:
		e.ip, _ = netip.AddrFromSlice(m[0].RawValue())
	default:
		return endpoint{}, false
	}
	switch {
	case len(m) == 2 && m[1].Code() == ma.P_TCP:
	case len(m) == 3 && m[1].Code() == ma.P_UDP && m[2].Code() == ma.P_QUIC_V1:
		e.quic = true
	default:
		return endpoint{}, false
	}
	raw := m[1].RawValue()
	if len(raw) != 2 {
		return endpoint{}, false
	}
	e.port = binary.BigEndian.Uint16(raw)
	return e, e.ip.IsValid() && e.port != 0
}

// String returns the endpoint as a multiaddr.
func (e endpoint) String() string { return string(e.appendTo(nil)) }

func (e endpoint) appendTo(b []byte) []byte {
	ip := e.ip
	if zone := ip.Zone(); zone != "" {
		b = append(append(b, "/ip6zone/"...), zone...)
		ip = ip.WithZone("")
	}
	if ip.Is4() {
		b = append(b, "/ip4/"...)
	} else {
		b = append(b, "/ip6/"...)
	}
	b = ip.AppendTo(b)
	if e.quic {
		return append(strconv.AppendUint(append(b, "/udp/"...), uint64(e.port), 10), "/quic-v1"...)
	}
	return strconv.AppendUint(append(b, "/tcp/"...), uint64(e.port), 10)
}

// rank orders addresses by how likely a peer can use them: IPv4, then private IPv6, then global IPv6, and link-local last, because a
// peer has to know the interface too.
func (e endpoint) rank() int {
	switch {
	case e.ip.Is4():
		return 0
	case e.ip.IsPrivate():
		return 1
	case !e.ip.IsLinkLocalUnicast():
		return 2
	}
	return 3
}

// order compares endpoints by rank. QUIC comes before TCP at the same address.
func (e endpoint) order(o endpoint) int {
	quicFirst := 0
	if e.quic != o.quic {
		quicFirst = 1
		if e.quic {
			quicFirst = -1
		}
	}
	return cmp.Or(cmp.Compare(e.rank(), o.rank()), e.ip.Compare(o.ip), quicFirst, cmp.Compare(e.port, o.port))
}

func appendNew(es []endpoint, e endpoint) []endpoint {
	if slices.Contains(es, e) {
		return es
	}
	return append(es, e)
}

// addrInfo returns a peer and its endpoints in the form of libp2p.
func addrInfo(id peer.ID, es []endpoint) peer.AddrInfo {
	info := peer.AddrInfo{ID: id, Addrs: make([]ma.Multiaddr, 0, len(es))}
	for _, e := range es {
		if m, err := ma.NewMultiaddr(e.String()); err == nil {
			info.Addrs = append(info.Addrs, m)
		}
	}
	return info
}

// expand returns the endpoints at which a node that listens on listen can be reached through nics, the best first. An unspecified
// address stands for all addresses of nics. Any other address is dropped unless one of nics has it, as one of a container or a
// loopback address.
func expand(listen []ma.Multiaddr, nics []nic) []endpoint {
	var es []endpoint
	for _, m := range listen {
		if len(m) > 0 && m[0].Code() == ma.P_IP6ZONE {
			m = m[1:]
		}
		e, ok := endpointOf(m)
		if !ok {
			continue
		}
		for _, n := range nics {
			for _, p := range n.prefixes {
				ip := p.Addr()
				if e.ip == ip || e.ip.IsUnspecified() && e.ip.Is4() == ip.Is4() {
					es = appendNew(es, endpoint{ip: ip, port: e.port, quic: e.quic})
				}
			}
		}
	}
	slices.SortFunc(es, endpoint.order)
	return es
}
