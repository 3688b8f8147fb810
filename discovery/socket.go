package discovery

import (
	"errors"
	"net"
	"net/netip"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// linkHops is the TTL, or hop limit, of every packet that is sent (RFC 6762 section 11). A packet that arrives with it has passed no
// router.
const linkHops = 255

// A socket is for mDNS on one interface over one family. One of v4 and v6 is set.
type socket struct {
	*net.UDPConn
	v4 *ipv4.PacketConn
	v6 *ipv6.PacketConn
}

// An arrival says how a packet came. A field is zero if the system does not report it.
type arrival struct {
	from  netip.AddrPort
	hops  int // the TTL or hop limit on arrival
	iface int // the index of the interface
	to    netip.Addr
}

// askingSocket returns a socket for queries, with a port that the system chooses.
func askingSocket(n nic, v6 bool) (*socket, error) {
	c, err := net.ListenUDP((&link{v6: v6}).network(), nil)
	if err != nil {
		return nil, err
	}
	return newSocket(c, n, v6)
}

// groupSocket returns a socket with the port of mDNS, in the mDNS group.
func groupSocket(n nic, v6 bool) (*socket, error) {
	l := &link{nic: n, v6: v6}
	c, err := net.ListenMulticastUDP(l.network(), &n.iface, l.group(mdnsPort))
	if err != nil {
		return nil, err
	}
	return newSocket(c, n, v6)
}

// newSocket makes c send its multicast on the interface n, and to this machine too. It closes c if that fails.
func newSocket(c *net.UDPConn, n nic, v6 bool) (*socket, error) {
	s := &socket{UDPConn: c}
	var err error
	if v6 {
		s.v6 = ipv6.NewPacketConn(c)
		_ = s.v6.SetControlMessage(ipv6.FlagHopLimit|ipv6.FlagInterface|ipv6.FlagDst, true) // some systems cannot; see arrival
		err = errors.Join(
			s.v6.SetMulticastInterface(&n.iface), s.v6.SetMulticastLoopback(true),
			s.v6.SetMulticastHopLimit(linkHops), s.v6.SetHopLimit(linkHops),
		)
	} else {
		s.v4 = ipv4.NewPacketConn(c)
		_ = s.v4.SetControlMessage(ipv4.FlagTTL|ipv4.FlagInterface|ipv4.FlagDst, true)
		err = errors.Join(
			s.v4.SetMulticastInterface(&n.iface), s.v4.SetMulticastLoopback(true),
			s.v4.SetMulticastTTL(linkHops), s.v4.SetTTL(linkHops),
		)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

// receive reads one packet into b.
func (s *socket) receive(b []byte) (n int, a arrival, err error) {
	var from net.Addr
	if s.v6 != nil {
		var cm *ipv6.ControlMessage
		if n, cm, from, err = s.v6.ReadFrom(b); cm != nil {
			a.hops, a.iface = cm.HopLimit, cm.IfIndex
			a.to, _ = netip.AddrFromSlice(cm.Dst)
		}
	} else {
		var cm *ipv4.ControlMessage
		if n, cm, from, err = s.v4.ReadFrom(b); cm != nil {
			a.hops, a.iface = cm.TTL, cm.IfIndex
			a.to, _ = netip.AddrFromSlice(cm.Dst.To4())
		}
	}
	if u, ok := from.(*net.UDPAddr); ok {
		ap := u.AddrPort()
		a.from = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return n, a, err
}

// each calls take with the first maxPacket bytes of each packet until the socket is closed.
func (s *socket) each(take func(packet []byte, a arrival)) {
	buf := make([]byte, maxPacket)
	for {
		n, a, err := s.receive(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && a.from.IsValid() { // on some systems the answer to an earlier packet makes a read fail
			take(buf[:n], a)
		}
	}
}

// pad pads a question to the length that allows the longest answer; see answerFactor. It uses the padding of RFC 7830, which other
// programs ignore.
func pad(m *dns.Msg) *dns.Msg {
	padding := &dns.EDNS0_PADDING{}
	m.SetEdns0(maxPacket, false)
	opt := m.IsEdns0()
	opt.Option = append(opt.Option, padding)
	padding.Padding = make([]byte, max(0, maxAnswer/answerFactor-m.Len()))
	return m
}
