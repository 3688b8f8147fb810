package hostile

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	idpb "github.com/libp2p/go-libp2p/p2p/protocol/identify/pb"
	"github.com/miekg/dns"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/net/ipv4"

	"localchat/authority"
	"localchat/protocol"
)

// pushes sends an identify message after each pause.
func (m *Peer) pushes(t *Tally, pause time.Duration, what func() *idpb.Identify) {
	m.againstAll(t, func(p peer.ID) error {
		s, err := m.unhurried(p, identify.IDPush)
		if err != nil {
			return err
		}
		defer s.Close()
		if _, err := s.Write(delimited(what())); err != nil {
			return err
		}
		t.Add("pushes", 1)
		m.Pause(pause)
		return nil
	})
}

// identifies claims new addresses and protocols each time, as many as one message holds.
func (m *Peer) identifies(t *Tally) {
	m.pushes(t, 0, func() *idpb.Identify {
		id := &idpb.Identify{}
		for _, a := range elsewhere(100) {
			id.ListenAddrs = append(id.ListenAddrs, a.Bytes())
		}
		for range 100 {
			id.Protocols = append(id.Protocols, fmt.Sprintf("/%x", randomBytes(16)))
		}
		return id
	})
}

// presenceChanges makes a member claim another address all the time.
func (m *Peer) presenceChanges(t *Tally) {
	m.pushes(t, 10*time.Millisecond, func() *idpb.Identify {
		id := &idpb.Identify{}
		for _, a := range elsewhere(protocol.MaxAddrs) {
			id.ListenAddrs = append(id.ListenAddrs, a.Bytes())
		}
		return id
	})
}

// halfOpen is how many TCP connections one flood keeps to each node.
const halfOpen = 1000

// dials keeps TCP connections open on which it sends nothing but begin.
func dials(begin []byte) func(*Peer, *Tally) {
	return func(m *Peer, t *Tally) {
		m.againstAll(t, func(p peer.ID) error {
			var to net.Addr
			for _, a := range m.Host.Peerstore().Addrs(p) {
				if na, err := manet.ToNetAddr(a); err == nil && na.Network() == "tcp" && na.(*net.TCPAddr).IP.To4() != nil {
					to = na
				}
			}
			if to == nil {
				return fmt.Errorf("%s is at no TCP address", p)
			}
			room := make(chan struct{}, halfOpen)
			for m.Ctx.Err() == nil {
				select {
				case room <- struct{}{}:
				case <-m.Ctx.Done():
					return nil
				}
				d := net.Dialer{Timeout: 2 * time.Second}
				if m.From != "" {
					d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(m.From)}
				}
				c, err := d.DialContext(m.Ctx, "tcp", to.String())
				if err != nil {
					<-room
					t.failed(fmt.Errorf("dial: %T", err))
					m.Pause(breath)
					continue
				}
				t.Add("connections", 1)
				t.hold(1)
				go func() {
					defer func() { <-room }()
					defer t.hold(-1)
					defer c.Close()
					stop := context.AfterFunc(m.Ctx, func() { c.Close() })
					defer stop()
					_, _ = c.Write(begin)
					b := make([]byte, 1<<10)
					for {
						if _, err := c.Read(b); err != nil {
							t.Add("connections ended", 1)
							return
						}
					}
				}()
			}
			return nil
		})
	}
}

// showsRooms answers each request for rooms with as many as fit, each of another unknown owner.
func (m *Peer) showsRooms(t *Tally) {
	m.Host.SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
		defer s.Close()
		defer t.recovered()
		var q protocol.RoomsRequest
		if protocol.ReadFrame(s, &q) != nil {
			return
		}
		reply := &protocol.RoomsReply{}
		for i := range protocol.MaxRooms {
			reply.Rooms = append(reply.Rooms, protocol.RoomAd{Create: foundation(fmt.Sprint("room ", i)), Access: protocol.Open})
		}
		if protocol.WriteFrame(s, reply) == nil {
			t.Add("rooms shown", len(reply.Rooms))
		}
	})
	m.pushes(t, time.Second, func() *idpb.Identify { return &idpb.Identify{Protocols: []string{string(protocol.RoomsID)}} })
}

// foundation returns the first record of a room with a new owner.
func foundation(name string) []byte {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	return Foundation(protocol.KeySigner{PrivKey: key}, rand.Reader, name)
}

// Foundation returns the first record of a room with that name, whose owner has the key.
func Foundation(key protocol.KeySigner, random io.Reader, name string) []byte {
	env := authority.Env{Now: time.Now(), Rand: random, Signer: key, Self: key.Peer()}
	_, effects, err := authority.Ledger{}.Step(env, authority.CreateRoom{Name: name, Nick: "alice", Policy: protocol.DefaultPolicy()})
	if err != nil {
		panic(err)
	}
	for _, e := range effects {
		if c, ok := e.(authority.Commit); ok {
			return c.Record.Bytes()
		}
	}
	panic("no record")
}

// The group and the service of mDNS.
const (
	mdnsService = "_localchat._udp.local."
	mdnsPort    = 5353
)

var mdnsGroup = net.IPv4(224, 0, 0, 251)

// multicast returns a socket at the port of mDNS, on the interface that has the address m.From.
func (m *Peer) multicast() (*net.UDPConn, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return c.Control(sharePort) }}
	pc, err := lc.ListenPacket(m.Ctx, "udp4", fmt.Sprintf("%s:%d", m.From, mdnsPort))
	if err != nil {
		return nil, err
	}
	p := ipv4.NewPacketConn(pc)
	_ = p.SetMulticastTTL(255)
	_ = p.SetTTL(255)
	return pc.(*net.UDPConn), nil
}

// mdns sends perSecond packets a second to the group and to the address of every node.
func (m *Peer) mdns(t *Tally, perSecond int, packet func(i int) []byte) {
	defer t.recovered()
	c := must(m.multicast())
	defer c.Close()
	stop := context.AfterFunc(m.Ctx, func() { c.Close() })
	defer stop()
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			t.Add("bytes answered", n)
		}
	}()
	to := []*net.UDPAddr{{IP: mdnsGroup, Port: mdnsPort}}
	for _, ip := range m.nodeIPs() {
		to = append(to, &net.UDPAddr{IP: ip, Port: mdnsPort})
	}
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for i := 0; m.Ctx.Err() == nil; i++ {
		b := packet(i)
		for _, addr := range to {
			if n, err := c.WriteToUDP(b, addr); err == nil {
				t.Add("bytes sent", n)
			}
		}
		t.Add("packets", 1)
		select {
		case <-tick.C:
		case <-m.Ctx.Done():
		}
	}
}

// nodeIPs returns the IPv4 addresses of the nodes.
func (m *Peer) nodeIPs() (ips []net.IP) {
	for _, p := range m.Nodes {
		for _, a := range m.Host.Peerstore().Addrs(p) {
			if ip, err := manet.ToIP(a); err == nil && ip.To4() != nil {
				ips = append(ips, ip)
				break
			}
		}
	}
	return ips
}

// announcedAtOnce is how many peers answer one question: more than a node takes in.
const announcedAtOnce = 400

// announces announces new peers that do not exist, to all, and to each node that asks: a node listens for a moment after a
// question.
func (m *Peer) announces(t *Tally) {
	stranger := func(i int) []byte {
		id, _ := invented()
		return announcement(fmt.Sprint("stranger", i), id, elsewhere(1))
	}
	go m.answersQuestions(t, stranger)
	m.mdns(t, 20, stranger)
}

// answersQuestions gives announcedAtOnce answers to each question that comes by multicast.
func (m *Peer) answersQuestions(t *Tally, answer func(i int) []byte) {
	defer t.recovered()
	hears := must(net.ListenMulticastUDP("udp4", must(interfaceAt(m.From)), &net.UDPAddr{IP: mdnsGroup, Port: mdnsPort}))
	defer hears.Close()
	answers := must(net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(m.From)}))
	defer answers.Close()
	must(struct{}{}, ipv4.NewPacketConn(answers).SetTTL(255))
	stop := context.AfterFunc(m.Ctx, func() { hears.Close() })
	defer stop()
	var packets [][]byte // made in advance, because a node listens only for a tenth of a second
	for i := range announcedAtOnce {
		packets = append(packets, answer(i))
	}
	b := make([]byte, 1<<16)
	for {
		n, from, err := hears.ReadFromUDP(b)
		if err != nil {
			return
		}
		var q dns.Msg
		if q.Unpack(b[:n]) != nil || q.Response || from.Port == mdnsPort {
			continue
		}
		for _, p := range packets {
			if _, err := answers.WriteToUDP(p, from); err == nil {
				t.Add("announced to askers", 1)
			}
		}
	}
}

// interfaceAt returns the interface that has an address.
func interfaceAt(ip string) (*net.Interface, error) {
	ifaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range ifaces {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.String() == ip {
				return &i, nil
			}
		}
	}
	return nil, fmt.Errorf("no interface has %s", ip)
}

// announcement returns the answer of an honest node.
func announcement(name string, id peer.ID, addrs []multiaddr.Multiaddr) []byte {
	header := func(name string, rrtype uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: 120}
	}
	var txt []string
	for _, a := range addrs {
		txt = append(txt, fmt.Sprintf("dnsaddr=%s/p2p/%s", a, id))
	}
	instance, host := name+"."+mdnsService, name+".local."
	msg := dns.Msg{Compress: true}
	msg.Response, msg.Authoritative = true, true
	msg.Answer = []dns.RR{
		&dns.PTR{Hdr: header(mdnsService, dns.TypePTR), Ptr: instance},
		&dns.SRV{Hdr: header(instance, dns.TypeSRV), Port: 4001, Target: host},
		&dns.TXT{Hdr: header(instance, dns.TypeTXT), Txt: txt},
		&dns.A{Hdr: header(host, dns.TypeA), A: net.IPv4(10, 77, 0, 99)},
	}
	return must(msg.Pack())
}

// queries sends packets with one question, with a hundred, and with as many as fit.
func (m *Peer) queries(t *Tally) {
	var packets [][]byte
	for _, n := range []int{1, 100, 1000} {
		msg := dns.Msg{Compress: true}
		for range n {
			msg.Question = append(msg.Question, dns.Question{Name: mdnsService, Qtype: dns.TypePTR, Qclass: dns.ClassINET})
		}
		packets = append(packets, must(msg.Pack()))
	}
	m.mdns(t, 200, func(i int) []byte { return packets[i%len(packets)] })
}
