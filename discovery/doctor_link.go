package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const mdnsPort = 5353

var (
	group4 = netip.MustParseAddr("224.0.0.251")
	group6 = netip.MustParseAddr("ff02::fb")
)

// A link is one interface with one family of addresses, IPv4 or IPv6.
type link struct {
	nic   nic
	v6    bool
	check LinkCheck // guarded by exam.mu
}

func (l *link) network() string {
	if l.v6 {
		return "udp6"
	}
	return "udp4"
}

// group returns the address of the mDNS group on this link, with a port.
func (l *link) group(port uint16) *net.UDPAddr {
	ip := group4
	if l.v6 {
		ip = group6.WithZone(l.nic.iface.Name)
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
}

// A kind is part of the name in a question, and says what is shown if the question comes back.
type kind string

const (
	returns  kind = "returns"  // sent from any port to the port of mDNS, as the queries of a node are
	fromPort kind = "fromport" // sent from the port of mDNS to that port, as answers are
	comesIn  kind = "comesin"  // sent to the port of a node
)

// probe sends questions on link i, and reads, until ctx ends. It has three sockets: one shares the port of mDNS with other programs,
// one sends as a node does, and one stands for the port of a node.
func (e *exam) probe(ctx context.Context, i int, port uint16) {
	l := e.links[i]
	shared, err := l.join(mdnsPort)
	if err != nil {
		e.set(func() { l.check.Join = err })
		return
	}
	asking, err := l.open()
	if err != nil {
		shared.Close()
		e.set(func() { l.check.Send = err })
		return
	}
	conns := []*net.UDPConn{shared, asking}
	node, err := l.join(port)
	if err == nil {
		conns = append(conns, node)
		e.set(func() { l.check.Tried = true })
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, c := range conns {
		defer c.Close()
		wg.Go(func() { e.read(c, func(p []byte, from netip.Addr) { e.heard(p, from, c == shared) }) })
	}
	for _, gap := range probeGaps {
		_, err := asking.WriteToUDP(e.question(i, returns), l.group(mdnsPort))
		e.set(func() { l.check.Send = err })
		_, _ = shared.WriteToUDP(e.question(i, fromPort), l.group(mdnsPort)) // if the first write failed, this one fails too
		if node != nil {
			_, _ = asking.WriteToUDP(e.question(i, comesIn), l.group(uint16(node.LocalAddr().(*net.UDPAddr).Port)))
		}
		if !pause(ctx, gap) {
			return
		}
	}
	<-ctx.Done()
}

func (e *exam) set(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

// join opens a socket in the mDNS group at a port, which other programs may use too.
func (l *link) join(port uint16) (*net.UDPConn, error) {
	c, err := net.ListenMulticastUDP(l.network(), &l.nic.iface, l.group(port))
	if err != nil {
		return nil, err
	}
	return c, l.aim(c)
}

// open opens a socket that sends to this link.
func (l *link) open() (*net.UDPConn, error) {
	c, err := net.ListenUDP(l.network(), nil)
	if err != nil {
		return nil, err
	}
	return c, l.aim(c)
}

// aim makes c send its multicast on this link and also receive it, which package net turns off. It closes c if that fails.
func (l *link) aim(c *net.UDPConn) error {
	var err error
	if l.v6 {
		p := ipv6.NewPacketConn(c)
		err = errors.Join(p.SetMulticastInterface(&l.nic.iface), p.SetMulticastLoopback(true))
	} else {
		p := ipv4.NewPacketConn(c)
		err = errors.Join(p.SetMulticastInterface(&l.nic.iface), p.SetMulticastLoopback(true))
	}
	if err != nil {
		return errors.Join(err, c.Close())
	}
	return nil
}

// question returns a question for link i. It asks for a name that nobody has, by which we recognise it, for nodes, and for services
// of any kind, so that machines without a node answer too.
func (e *exam) question(i int, k kind) []byte {
	m := dns.Msg{Question: []dns.Question{
		{Name: fmt.Sprintf("%s-%d-%s.local.", e.token, i, k), Qtype: dns.TypeA, Qclass: dns.ClassINET},
		{Name: serviceName, Qtype: dns.TypePTR, Qclass: dns.ClassINET},
		{Name: enumName, Qtype: dns.TypePTR, Qclass: dns.ClassINET},
	}}
	b, err := pad(&m).Pack()
	if err != nil {
		panic(err) // the names are ours
	}
	return b
}

// read calls take with each packet, holding the lock, until c is closed.
func (e *exam) read(c *net.UDPConn, take func(packet []byte, from netip.Addr)) {
	buf := make([]byte, maxPacket)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil { // on some systems the answer to an earlier packet makes a read fail
			e.set(func() { take(buf[:n], from.Addr().Unmap()) })
		}
	}
}

// heard notes a packet that came to a socket of probe. The caller holds the lock. Nodes are noted only from answers to the port of
// mDNS; query notes those to another port.
func (e *exam) heard(packet []byte, from netip.Addr, toPort bool) {
	var m dns.Msg
	if m.Unpack(packet) != nil {
		return
	}
	zone, l := "", e.linkOf(from)
	switch {
	case e.isOwn(from):
		for _, q := range m.Question {
			e.cameBack(q.Name)
		}
	case l != nil:
		zone = l.nic.iface.Name
		if ip := from.WithZone(""); len(l.check.Heard) < maxPeers && !slices.Contains(l.check.Heard, ip) {
			l.check.Heard = append(l.check.Heard, ip)
		}
	}
	if toPort && (l == nil || l.check.Send == nil) { // without a question it is an announcement, which may come or not
		e.answers(m, zone, func(n *NodeCheck) { n.ToPort = true })
	}
}

// answers notes the nodes that a packet announces. The caller holds the lock.
func (e *exam) answers(m dns.Msg, zone string, how func(*NodeCheck)) {
	for _, rr := range append(m.Answer, m.Extra...) {
		if txt, ok := rr.(*dns.TXT); ok && (heard{name: txt.Hdr.Name}).ours() {
			e.answered(txt.Txt, zone, how)
		}
	}
}

// cameBack notes that a question of ours with that name has come back.
func (e *exam) cameBack(name string) {
	var i int
	rest, ours := strings.CutPrefix(name, e.token+"-")
	if !ours {
		return
	}
	index, what, _ := strings.Cut(strings.TrimSuffix(rest, ".local."), "-")
	if _, err := fmt.Sscanf(index, "%d", &i); err != nil || i < 0 || i >= len(e.links) {
		return
	}
	switch c := &e.links[i].check; kind(what) {
	case returns:
		c.Returned = true
	case fromPort:
		c.FromPort = true
	case comesIn:
		c.Open = true
	}
}

// linkOf returns the link on which the machine with that address is, or nil.
func (e *exam) linkOf(from netip.Addr) *link {
	for _, l := range e.links {
		if from.Zone() == l.nic.iface.Name && l.v6 {
			return l
		}
		if from.Zone() == "" && slices.ContainsFunc(l.nic.prefixes, func(p netip.Prefix) bool { return p.Contains(from) }) && from.Is6() == l.v6 {
			return l
		}
	}
	return nil
}
