package discovery

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// A heard is an announcement in an answer to a query, as it was received.
type heard struct {
	name string   // of the instance, escaped as in a zone file
	txt  []string // escaped in the same way
	nic  string   // name of the interface of the query
	from netip.Addr
}

// ours reports whether the announcement is of our service.
func (h heard) ours() bool {
	return strings.HasSuffix(strings.ToLower(h.name), "."+serviceName)
}

// is reports whether the announcement is of that instance.
func (h heard) is(instance string) bool { return strings.EqualFold(h.name, instance) }

// joinable reports whether the mDNS groups can be joined on n, for each family of which n has an address.
func joinable(n nic) bool {
	for _, v6 := range []bool{false, true} {
		if !n.has(v6) {
			continue
		}
		s, err := groupSocket(n, v6)
		if err != nil {
			return false
		}
		_ = s.Close()
	}
	return true
}

// queryMDNS sends one query on one interface over one family, and returns the announcements that come within window.
func queryMDNS(ctx context.Context, n nic, v6 bool, question []byte, window time.Duration) ([]heard, error) {
	if !n.has(v6) {
		return nil, nil
	}
	s, err := askingSocket(n, v6)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.SetReadDeadline(time.Now().Add(window)); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := s.WriteToUDP(question, (&link{nic: n, v6: v6}).group(mdnsPort)); err != nil {
		return nil, err
	}
	var hs []heard
	buf := make([]byte, maxPacket)
	for {
		size, a, err := s.receive(buf)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, net.ErrClosed):
			return hs, ctx.Err()
		case err == nil && fromLink(n, a):
			hs = takeAnswers(hs, buf[:size], n, a.from.Addr())
		}
	}
}

// callMDNS asks for one instance by its name, on one interface over one family, and does not wait for an answer. That makes the
// instance look for others at once. (A node that looks for others asks for the service, not for an instance.)
func callMDNS(n nic, v6 bool, instance string) error {
	if !n.has(v6) {
		return nil
	}
	m := &dns.Msg{Question: []dns.Question{{Name: instance, Qtype: dns.TypeTXT, Qclass: dns.ClassINET | unicastWish}}}
	b, err := m.Pack()
	if err != nil {
		return err
	}
	s, err := askingSocket(n, v6)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.WriteToUDP(b, (&link{nic: n, v6: v6}).group(mdnsPort))
	return err
}

// ask is the query of a node, askRooms that of a node that looks for rooms, and askAll that of a Check. They ask for an answer to this
// machine alone.
var ask, askRooms, askAll = question(serviceName), question(roomsName, serviceName), question(enumName, serviceName)

func question(names ...string) []byte {
	m := &dns.Msg{}
	for _, name := range names {
		m.Question = append(m.Question, dns.Question{Name: name, Qtype: dns.TypePTR, Qclass: dns.ClassINET | unicastWish})
	}
	b, err := pad(m).Pack()
	if err != nil {
		panic(err) // the names are ours
	}
	return b
}

// fromLink reports whether a packet has come from the networks of n, and through no router (RFC 6762 section 11).
func fromLink(n nic, a arrival) bool {
	return n.prefixes.Hold(a.from.Addr()) && (a.hops == 0 || a.hops == linkHops)
}

// takeAnswers appends the announcements of our service in a packet to hs, up to maxHeard.
func takeAnswers(hs []heard, packet []byte, n nic, from netip.Addr) []heard {
	var m dns.Msg
	if m.Unpack(packet) != nil || !m.Response || m.Opcode != dns.OpcodeQuery || m.Rcode != dns.RcodeSuccess {
		return hs
	}
	for _, rrs := range [][]dns.RR{m.Answer, m.Extra} {
		for _, rr := range rrs {
			txt, ok := rr.(*dns.TXT)
			if !ok || len(hs) == maxHeard {
				continue
			}
			if h := (heard{name: txt.Hdr.Name, txt: txt.Txt, nic: n.iface.Name, from: from}); h.ours() {
				hs = append(hs, h)
			}
		}
	}
	return hs
}
