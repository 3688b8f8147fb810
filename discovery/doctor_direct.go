package discovery

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/miekg/dns"
)

// neighbours returns the addresses around that of this machine, on the interfaces that can have neighbours, and notes their networks
// in c.Asked. Of a large network these are the addresses of the /24 around this machine: more would take minutes, and look like an
// attack.
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
		// Without the first address, which is the network's, and the last, which is the broadcast address.
		for ip := around.Addr().Next(); around.Contains(ip.Next()); ip = ip.Next() {
			if ip != own {
				ips = append(ips, ip)
			}
		}
	}
	return ips
}

// askEach asks machines one by one, and those that are there again and again, since a packet may be lost, until askTime is over.
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
				_, _ = c.WriteToUDPAddrPort(packet, netip.AddrPortFrom(ip, mdnsPort)) // if it fails, that machine does not answer
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

// direct notes the answer of a machine that was asked alone. The caller holds the lock.
func (e *exam) direct(packet []byte, from netip.Addr) {
	var m dns.Msg
	if m.Unpack(packet) != nil || e.isOwn(from) {
		return
	}
	e.answers(m, "", func(n *NodeCheck) { n.Direct = true })
}
