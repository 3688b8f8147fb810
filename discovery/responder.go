package discovery

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"
)

// unicastWish is the bit of a question's class that asks for an answer to the asker alone (RFC 6762 section 5.4).
const unicastWish = 1 << 15

// server answers queries on one interface, and sends announcements to its group.
type server interface {
	Announce(packet []byte) error
	Shutdown() error
}

// A responder answers questions that come to one interface. The zone decides what it answers.
type responder struct {
	nic     nic
	zone    *zone
	sockets []*socket
	wg      sync.WaitGroup
}

// listenMDNS starts a server on n. whole is false if it cannot serve one of the families of which n has an address.
func listenMDNS(n nic, z *zone) (srv server, whole bool, err error) {
	r := &responder{nic: n, zone: z}
	whole = true
	var errs []error
	for _, v6 := range []bool{false, true} {
		if !n.has(v6) {
			continue
		}
		s, err := groupSocket(n, v6)
		if err != nil {
			whole = false
			errs = append(errs, err)
			continue
		}
		r.sockets = append(r.sockets, s)
	}
	if len(r.sockets) == 0 {
		return nil, false, errors.Join(append(errs, errors.New("no mDNS group could be joined"))...)
	}
	for _, s := range r.sockets {
		r.wg.Go(func() { s.each(func(packet []byte, a arrival) { r.serve(s, packet, a) }) })
	}
	return r, whole, nil
}

// Shutdown stops the responder, and returns when it answers nothing any more.
func (r *responder) Shutdown() error {
	var errs []error
	for _, s := range r.sockets {
		errs = append(errs, s.Close())
	}
	r.wg.Wait()
	return errors.Join(errs...)
}

// Announce sends a packet to the group, over each family.
func (r *responder) Announce(packet []byte) error {
	var errs []error
	for _, s := range r.sockets {
		_, err := s.WriteToUDP(packet, (&link{nic: r.nic, v6: s.v6 != nil}).group(mdnsPort))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// serve answers one packet, if it is a question to answer, and hands on an announcement.
func (r *responder) serve(s *socket, packet []byte, a arrival) {
	if a.to.IsMulticast() && a.iface != 0 && a.iface != r.nic.iface.Index {
		return // the socket of that interface gets it too
	}
	if isResponse(packet) {
		r.zone.hear(packet, r.nic, a, time.Now())
		return
	}
	answer, alone := r.zone.respond(packet, a, r.nic.iface.Index, time.Now())
	switch {
	case answer == nil:
	case alone:
		_, _ = s.WriteToUDPAddrPort(answer, a.from) // if it fails, the other machine will ask again
	default:
		_, _ = s.WriteToUDP(answer, (&link{nic: r.nic, v6: s.v6 != nil}).group(mdnsPort))
	}
}

// respond returns the answer to a packet, or nil for no answer, and whether to send it to the sender alone or to the multicast group.
// A sender that is not on our networks gets no answer.
func (z *zone) respond(packet []byte, a arrival, iface int, now time.Time) (answer []byte, alone bool) {
	q, ok := readQuery(packet)
	if !ok || !z.onLink(a.from.Addr()) {
		return nil, false
	}
	var rrs []dns.RR
	for _, question := range q.questions {
		if class := question.Qclass &^ unicastWish; class != dns.ClassINET && class != dns.ClassANY&^unicastWish {
			continue
		}
		if z.called != nil && strings.EqualFold(question.Name, z.instance) {
			z.called()
		}
		for _, rr := range z.Records(question) {
			if !contains(rrs, rr) {
				rrs = append(rrs, rr)
			}
		}
		alone = alone || question.Qclass&unicastWish != 0
	}
	if len(rrs) == 0 {
		return nil, false
	}
	alone = alone || a.from.Port() != mdnsPort || a.to.IsValid() && !a.to.IsMulticast()
	if alone && (!a.to.IsValid() || a.to.IsMulticast()) {
		// Every node of the network has got the question.
		switch z.said.share(rrs[0].Header().Name, int(z.crowd.Load()), now) {
		case silence:
			return nil, false
		case toGroup:
			if !z.said.mayTell(iface, rrs[0], now) {
				return nil, false // the group has just been told
			}
			return packAnswer(0, rrs, maxAnswer), false
		}
	}
	if !alone {
		// An answer to the group floods no single machine, but it is sent rarely.
		if !z.said.mayTell(iface, rrs[0], now) {
			z.refused(a.from.Addr())
			return nil, false
		}
		return packAnswer(0, rrs, maxAnswer), false
	}
	if !z.said.mayAnswer(a.from.Addr(), now) {
		z.refused(a.from.Addr())
		return nil, false
	}
	return packAnswer(q.id, rrs, min(maxAnswer, answerFactor*len(packet))), true
}

func contains(rrs []dns.RR, rr dns.RR) bool {
	for _, have := range rrs {
		if have == rr {
			return true
		}
	}
	return false
}

// packAnswer returns an answer with the first records, as many as fit into limit bytes; nil if none fits.
func packAnswer(id uint16, rrs []dns.RR, limit int) []byte {
	for ; len(rrs) > 0; rrs = rrs[:len(rrs)-1] {
		m := dns.Msg{MsgHdr: dns.MsgHdr{Id: id, Response: true, Authoritative: true}, Compress: true, Answer: rrs}
		if b, err := m.Pack(); err == nil && len(b) <= limit {
			return b
		}
	}
	return nil
}

// A query has the part of a packet that is read: its first maxQuestions questions.
type query struct {
	id        uint16
	questions []dns.Question
}

const headerSize = 12

// readQuery returns the query in a packet. It returns false for a packet that is no query, or is malformed in the part that is read.
func readQuery(packet []byte) (q query, ok bool) {
	if len(packet) < headerSize {
		return q, false
	}
	const response, opcode, rcode = 1 << 15, 0xf << 11, 0xf
	word := func(i int) uint16 { return binary.BigEndian.Uint16(packet[i:]) }
	if word(2)&(response|opcode|rcode) != 0 {
		return q, false
	}
	q.id = word(0)
	off := headerSize
	for range min(word(4), maxQuestions) {
		name, next, err := dns.UnpackDomainName(packet, off)
		if err != nil || len(packet) < next+4 {
			return q, false
		}
		q.questions = append(q.questions, dns.Question{Name: name, Qtype: word(next), Qclass: word(next + 2)})
		off = next + 4
	}
	return q, true
}

// isResponse reports whether a packet is a response and no query.
func isResponse(packet []byte) bool { return len(packet) >= headerSize && packet[2]&0x80 != 0 }

// inPacket is our service as it stands in a packet: a cheap test for the packets of other services, which are most.
var inPacket = []byte("\x0a_localchat\x04_udp")

// hear hands the announcements in a packet of the group on to Run. What comes too fast from one address is dropped, and so is what Run
// has not taken yet.
func (z *zone) hear(packet []byte, n nic, a arrival, now time.Time) {
	if !bytes.Contains(packet, inPacket) || !fromLink(n, a) {
		return
	}
	if !z.hears.allow(a.from.Addr(), now) {
		z.refused(a.from.Addr())
		return
	}
	for _, h := range takeAnswers(nil, packet, n, a.from.Addr()) {
		if h.is(z.instance) {
			continue
		}
		select {
		case z.came <- h:
		default:
			z.refused(h.from)
		}
	}
}

// A spoken has what a node has answered lately, to bound how often it answers.
type spoken struct {
	mu      sync.Mutex // the responders of all interfaces meet here
	told    map[telling]time.Time
	sources *sources
	own     map[bool]*rate.Limiter // for the questions who has rooms, and for the others
}

// A telling names an answer to the multicast group: the interface, and one of our names.
type telling struct {
	iface int
	name  string
}

func newSpoken() *spoken {
	return &spoken{
		told: make(map[telling]time.Time), sources: newSources(answersASecond, answerBurst, crowdAnswers),
		own: map[bool]*rate.Limiter{false: rate.NewLimiter(ownAnswers, ownAnswersBurst), true: rate.NewLimiter(ownAnswers, ownAnswersBurst)},
	}
}

// A way is how a question to the whole network is answered: to its sender, to the group, or not at all.
type way int

const (
	toSender way = iota
	toGroup
	silence
)

// share returns this node's share in answering such a question. If there are few nodes, each answers the sender, and the group once it
// is asked more often than that is worth. In a crowd, a node is found by what it announces of its own accord, and a question who is
// there gets answers from crowdAnswer nodes or so. Who has rooms is always answered.
func (s *spoken) share(name string, crowd int, now time.Time) way {
	if strings.EqualFold(name, serviceName) && crowd > smallLAN && rand.N(crowd) >= crowdAnswer {
		return silence
	}
	ofRooms := strings.EqualFold(name, roomsName)
	if (ofRooms || strings.EqualFold(name, serviceName)) && !s.own[ofRooms].AllowN(now, 1) {
		return toGroup
	}
	return toSender
}

// mayTell reports whether the records that begin with rr may be sent to the group on an interface now, and notes that they are.
func (s *spoken) mayTell(iface int, rr dns.RR, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := telling{iface, strings.ToLower(rr.Header().Name)}
	if last, ok := s.told[t]; ok && now.Sub(last) < tellAgain {
		return false
	}
	if len(s.told) >= maxTold {
		clear(s.told) // most of it is about interfaces that have gone
	}
	s.told[t] = now
	return true
}

// mayAnswer reports whether an address may get one more answer now, and counts the answer.
func (s *spoken) mayAnswer(ip netip.Addr, now time.Time) bool { return s.sources.allow(ip, now) }

// sources bounds how much is done for each address in a second: for maxSources addresses one by one, and for all others together.
type sources struct {
	mu    sync.Mutex // the responders of all interfaces meet here
	each  rate.Limit
	burst int
	of    map[netip.Addr]*rate.Limiter
	crowd *rate.Limiter
}

func newSources(each rate.Limit, burst, crowd int) *sources {
	return &sources{each: each, burst: burst, of: make(map[netip.Addr]*rate.Limiter), crowd: rate.NewLimiter(rate.Limit(crowd), crowd)}
}

// allow reports whether one more thing may be done for an address now, and counts it.
func (s *sources) allow(ip netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of[ip]
	if l == nil && len(s.of) >= maxSources {
		for other, l := range s.of {
			if l.TokensAt(now) >= float64(s.burst) {
				delete(s.of, other)
			}
		}
	}
	switch {
	case l != nil:
	case len(s.of) < maxSources:
		l = rate.NewLimiter(s.each, s.burst)
		s.of[ip] = l
	default:
		l = s.crowd
	}
	return l.AllowN(now, 1)
}
