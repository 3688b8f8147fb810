package discovery

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/miekg/dns"

	"localchat/internal/onlink"
)

const (
	serviceName = Service + ".local."
	// roomsName is the subtype of the nodes that have rooms to list.
	roomsName = "_rooms._sub." + serviceName
	enumName  = "_services._dns-sd._udp.local."
)

// A zone has the answers to mDNS questions about this node. The servers of all interfaces share it, so that they give the same
// answers.
type zone struct {
	instance string // full name of the instance
	host     string
	self     func() peer.AddrInfo

	// called is called when another node asks for this instance by its name; nil: not called.
	called func()

	said    *spoken
	refused func(from netip.Addr)
	// crowd is the number of other nodes that Run has heard lately.
	crowd atomic.Int64
	// came has the announcements that have come to the group, for Run; hears bounds those of each address.
	came  chan heard
	hears *sources

	mu       sync.Mutex // the goroutines of the servers and Run's goroutine meet here
	nics     []nic
	networks onlink.Networks
	made     time.Time
	answer   answer
	rooms    *string // what this node says of its rooms; nil: nothing
}

func newZone(label string, self func() peer.AddrInfo, refused func(from netip.Addr)) *zone {
	return &zone{
		instance: label + "." + serviceName, host: label + ".local.", self: self, said: newSpoken(), refused: refused,
		came: make(chan heard, maxCame), hears: newSources(hearsASecond, hearsBurst, crowdHears),
	}
}

// says replaces what this node says of its rooms.
func (z *zone) says(rooms *string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.rooms, z.made = rooms, time.Time{}
}

// set replaces the interfaces whose addresses are announced.
func (z *zone) set(nics []nic) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.nics, z.networks, z.made = nics, networksOf(nics), time.Time{}
}

// onLink reports whether ip is on a network of this machine.
func (z *zone) onLink(ip netip.Addr) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.networks.Hold(ip)
}

// Records returns the answer to one question, or nil.
func (z *zone) Records(q dns.Question) []dns.RR {
	name := strings.ToLower(q.Name)
	if name != serviceName && name != z.instance && name != z.host && name != enumName && name != roomsName {
		return nil
	}
	a := z.current()
	if len(a.all) == 0 {
		return nil
	}
	want := func(types ...uint16) bool { return q.Qtype == dns.TypeANY || slices.Contains(types, q.Qtype) }
	switch {
	case name == enumName && want(dns.TypePTR):
		return enumAnswer
	case name == serviceName && want(dns.TypePTR):
		return a.all
	case name == roomsName && want(dns.TypePTR):
		return a.rooms
	case name == z.instance && want(dns.TypeSRV, dns.TypeTXT):
		return a.all[1:]
	case name == z.host && want(dns.TypeA, dns.TypeAAAA):
		return a.addrs
	}
	return nil
}

// An answer has the records about this node. They are not changed once made, since servers read them concurrently.
type answer struct {
	all   []dns.RR // PTR, SRV, TXT, A, AAAA
	addrs []dns.RR // the A and AAAA among them
	rooms []dns.RR // like all, for the subtype of nodes that have rooms to list; nil: this one has none
}

// enumAnswer says that a machine here has our service.
var enumAnswer = []dns.RR{&dns.PTR{Hdr: header(enumName, dns.TypePTR), Ptr: serviceName}}

func (z *zone) current() answer {
	z.mu.Lock()
	defer z.mu.Unlock()
	if now := time.Now(); z.made.IsZero() || now.Sub(z.made) >= answerFresh {
		self := z.self()
		z.answer, z.made = z.make(self.ID, expand(self.Addrs, z.nics)), now
	}
	return z.answer
}

// make returns the answer with as many endpoints as fit. Without an endpoint it is empty.
func (z *zone) make(id peer.ID, es []endpoint) answer {
	for es = es[:min(len(es), maxAddrs)]; len(es) > 0; es = es[:len(es)-1] {
		a := z.records(id, es)
		msg := dns.Msg{Compress: true, Answer: a.all}
		if msg.Len() <= maxAnswer {
			return a
		}
	}
	return answer{}
}

func (z *zone) records(id peer.ID, es []endpoint) answer {
	var addrs []dns.RR
	var seen []netip.Addr
	for _, e := range es {
		if len(seen) == maxHostAddrs || slices.Contains(seen, e.ip) {
			continue
		}
		seen = append(seen, e.ip)
		if ip := net.IP(e.ip.AsSlice()); e.ip.Is4() {
			addrs = append(addrs, &dns.A{Hdr: header(z.host, dns.TypeA), A: ip})
		} else {
			addrs = append(addrs, &dns.AAAA{Hdr: header(z.host, dns.TypeAAAA), AAAA: ip})
		}
	}
	all := append([]dns.RR{
		&dns.PTR{Hdr: header(serviceName, dns.TypePTR), Ptr: z.instance},
		&dns.SRV{Hdr: header(z.instance, dns.TypeSRV), Port: es[0].port, Target: z.host},
		&dns.TXT{Hdr: header(z.instance, dns.TypeTXT), Txt: txtOf(id, es, z.rooms)},
	}, addrs...)
	a := answer{all: all, addrs: addrs}
	if z.rooms != nil && *z.rooms != "" {
		a.rooms = append([]dns.RR{&dns.PTR{Hdr: header(roomsName, dns.TypePTR), Ptr: z.instance}}, all[1:]...)
	}
	return a
}

func header(name string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: recordTTL}
}
