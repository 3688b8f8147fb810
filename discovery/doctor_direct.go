package discovery

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/miekg/dns"
)

// neighbours are the addresses around ours on the interfaces where there can be any, and notes their networks in c. Of a
// large network it is the /24 around us: the others would take minutes, and look like an attack.
func neighbours(nics []nic, c *Checkup) []netip.Addr {
	var ips []netip.Addr
	for _, n := range nics {
		if len(c.Asked) == maxAsked || isTunnel(n.iface) {
			continue
		}
		i := slices.IndexFunc(n.prefixes, func(p netip.Prefix) bool {
			return p.Addr().Is4() && !p.Addr().IsLinkLocalUnicast() && p.Bits() < 31
		})
		if i < 0 {
			continue
		}
		own := n.prefixes[i].Addr()
		around := netip.PrefixFrom(own, max(n.prefixes[i].Bits(), 24)).Masked()
		c.Asked = append(c.Asked, around)
		// The first address is the network's own, the last is everybody's.
		for ip := around.Addr().Next(); around.Contains(ip.Next()); ip = ip.Next() {
			if ip != own {
				ips = append(ips, ip)
			}
		}
	}
	return ips
}

// askEach asks machines one by one, and those that are there again: one packet may be lost, and a node that asks just then
// has the port of mDNS twice, of which its question gets what is sent to the machine alone.
func (e *exam) askEach(ctx context.Context, targets []netip.Addr, networks []netip.Prefix) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { e.read(c, e.direct) })
	defer wg.Wait()
	defer c.Close()
	m := dns.Msg{Question: []dns.Question{{Name: serviceName, Qtype: dns.TypePTR, Qclass: dns.ClassINET}}}
	packet, err := pad(&m).Pack()
	if err != nil {
		panic(err) // the name is ours
	}
	for ctx.Err() == nil {
		for i, ip := range targets {
			if ip.Is4() {
				_, _ = c.WriteToUDPAddrPort(packet, netip.AddrPortFrom(ip, mdnsPort)) // a machine that cannot be asked does not answer
			}
			if i%askBurst == askBurst-1 && !pause(ctx, askGap) {
				break
			}
		}
		pause(ctx, askAgain)
		if there, known := e.resolved(ctx, networks); known {
			targets = there
		}
	}
}

// direct takes in the answer of a machine that was asked alone. The lock is held.
func (e *exam) direct(packet []byte, from netip.Addr) {
	var m dns.Msg
	if m.Unpack(packet) != nil || e.isOwn(from) {
		return
	}
	e.answers(m, "", func(n *NodeCheck) { n.Direct = true })
}
