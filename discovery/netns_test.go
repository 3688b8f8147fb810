package discovery

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/miekg/dns"

	"localchat/test/netns"
)

// helperEnv makes the test binary a helper in a network namespace: "node SEED" runs discovery as that peer and prints what it finds, and
// "noise" sends packets that are not of a node.
const helperEnv = "LOCALCHAT_DISCOVERY_HELPER"

// sighting is a line that a helper prints.
type sighting struct {
	Peer  string
	Addrs []string
	After time.Duration // since Run was called
}

func helper(role string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if role == "noise" {
		return makeNoise(ctx)
	}
	if source, ok := strings.CutPrefix(role, "ask "); ok {
		return askFrom(ctx, source)
	}
	var seed int64
	if _, err := fmt.Sscanf(role, "node %d", &seed); err != nil {
		return err
	}
	// A folder of its own: here only the network counts.
	dir, err := os.MkdirTemp("", "lcd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	me := peer.AddrInfo{ID: testPeer(seed), Addrs: addrs(listenAll...)}
	out, start := json.NewEncoder(os.Stdout), time.Now()
	return New(Config{RuntimeDir: dir}).Run(ctx, func() peer.AddrInfo { return me }, func(p peer.AddrInfo) {
		_ = out.Encode(sighting{Peer: p.ID.String(), Addrs: texts(p.Addrs), After: time.Since(start)})
	}, ignore)
}

// makeNoise answers every packet to the group as a printer, and as instances of our service with invalid records, and sends packets that
// are no DNS.
func makeNoise(ctx context.Context) error {
	iface, err := net.InterfaceByName("eth0")
	if err != nil {
		return err
	}
	var lies [][]byte
	for i, txt := range [][]string{
		{"rp=ipp/print"},
		{""},
		{"dnsaddr=/ip4/8.8.8.8/tcp/1/p2p/" + testPeer(66).String()},
		{"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/" + testPeer(66).String(), "dnsaddr=/dns4/evil.example/tcp/1/p2p/" + testPeer(66).String()},
		{"dnsaddr=/ip4/10.77.0.1/tcp/1/p2p/" + testPeer(66).String(), "dnsaddr=/ip4/10.77.0.1/tcp/1/p2p/" + testPeer(67).String()},
	} {
		service := serviceName
		if i == 0 {
			service = "_ipp._tcp.local."
		}
		name := fmt.Sprintf("noise%d.%s", i, service)
		m := dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Answer: []dns.RR{
			&dns.PTR{Hdr: header(service, dns.TypePTR), Ptr: name}, &dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: txt},
		}}
		b, err := m.Pack()
		if err != nil {
			return err
		}
		lies = append(lies, b)
	}
	prefixes, err := listNICs(nil)
	if err != nil {
		return err
	}
	n := nic{iface: *iface, prefixes: networksOf(prefixes)}
	for _, v6 := range []bool{false, true} {
		s, err := groupSocket(n, v6)
		if err != nil {
			return err
		}
		defer s.Close()
		go s.each(func(_ []byte, a arrival) {
			for _, lie := range lies {
				_, _ = s.WriteToUDPAddrPort(lie, a.from)
			}
		})
	}
	conn, err := net.Dial("udp4", "224.0.0.251:5353")
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Println(`{"Peer":"noise"}`)
	header := []byte{0, 0, 0x84, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			junk := [][]byte{{}, {0}, header, append(header[:12:12], 0xc0, 12, 0, 12, 0, 1), bytes.Repeat([]byte{0xff}, 1400)}
			_, _ = conn.Write(junk[i%len(junk)]) // a full socket buffer is no matter
		}
	}
}

// askFrom sends short and long questions to the node at 10.77.0.1, from one address of this machine, until ctx ends. It prints how many
// bytes it has sent and received.
func askFrom(ctx context.Context, source string) error {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(source+":0")))
	if err != nil {
		return err
	}
	defer conn.Close()
	var in, out atomic.Int64
	go func() {
		buf := make([]byte, maxPacket)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			in.Add(int64(n))
		}
	}()
	hundred := dns.Msg{Compress: true}
	for range 100 {
		hundred.Question = append(hundred.Question, dns.Question{Name: serviceName, Qtype: dns.TypePTR, Qclass: dns.ClassINET | unicastWish})
	}
	short := dns.Msg{Question: hundred.Question[:1]}
	var packets [][]byte
	for _, m := range []dns.Msg{hundred, short} {
		b, err := m.Pack()
		if err != nil {
			return err
		}
		packets = append(packets, b)
	}
	packets = append(packets, ask)
	to := net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.77.0.1:5353"))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		n, err := conn.WriteToUDP(packets[i%len(packets)], to)
		if err != nil {
			return err
		}
		out.Add(int64(n))
		if i%len(packets) == 0 {
			fmt.Printf(`{"Peer":"asked","Addrs":["%d","%d"]}`+"\n", out.Load(), in.Load())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// newLab returns a network of two hosts. Their interfaces have only an IPv6 link-local address.
func newLab(t *testing.T) (a, b *netns.Host) {
	t.Helper()
	t.Parallel() // mostly waiting
	l := netns.New(t)
	a, b = l.Host("a"), l.Host("b")
	plug(a)
	plug(b)
	return a, b
}

// plug gives a host its network interface.
func plug(h *netns.Host) {
	h.Wire()
	h.IP("link set eth0 up")
}

// play runs a helper on a host until the test ends, and returns the lines that it prints.
func play(t *testing.T, h *netns.Host, role string) <-chan sighting {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.Command(exe)
	cmd.Env = append(os.Environ(), helperEnv+"="+role)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen, read := make(chan sighting, 1024), make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s sighting
			if json.Unmarshal(lines.Bytes(), &s) == nil {
				seen <- s
			}
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		<-read
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("%s in %s: %v\n%s", role, h.NS, err, stderr.String())
		}
	})
	return seen
}

// expect waits for a sighting of the peer with all the addresses. It fails on a sighting of another peer.
func expect(t *testing.T, seen <-chan sighting, seed int64, want ...string) sighting {
	t.Helper()
	deadline := time.After(15 * time.Second)
	var last sighting
	for {
		select {
		case s := <-seen:
			if s.Peer != testPeer(seed).String() {
				t.Fatalf("found %v, want peer %d only", s, seed)
			}
			last = s
			if !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(s.Addrs, w) }) {
				return s
			}
		case <-deadline:
			t.Fatalf("peer %d was never found with %q; last seen: %v", seed, want, last)
		}
	}
}

// both waits until each has found the other, and returns what a has found.
func both(t *testing.T, a, b <-chan sighting) sighting {
	t.Helper()
	sa := expect(t, a, 2)
	sb := expect(t, b, 1)
	t.Logf("found after %v and %v: %q", sa.After.Round(time.Millisecond), sb.After.Round(time.Millisecond), sa.Addrs)
	return sa
}

func checkAddrs(t *testing.T, s sighting, want ...string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(s.Addrs, w) {
			t.Errorf("found %q without %s", s.Addrs, w)
		}
	}
}

func TestNetworkBothFamilies(t *testing.T) {
	hostA, hostB := newLab(t)
	hostA.IP("addr add 10.77.0.1/24 dev eth0")
	hostB.IP("addr add 10.77.0.2/24 dev eth0")
	hostA.IP("route add default via 10.77.0.2")
	hostB.IP("route add default via 10.77.0.1")
	a, b := play(t, hostA, "node 1"), play(t, hostB, "node 2")
	checkAddrs(t, both(t, a, b), "/ip4/10.77.0.2/udp/40001/quic-v1", "/ip4/10.77.0.2/tcp/40002")
}

func TestNetworkIPv4Only(t *testing.T) {
	hostA, hostB := newLab(t)
	for h, ip := range map[*netns.Host]string{hostA: "10.77.0.1", hostB: "10.77.0.2"} {
		h.SetIPv6("all/disable_ipv6", "1")
		h.IP("addr add %s/24 dev eth0", ip)
		h.IP("route add 224.0.0.0/4 dev eth0")
	}
	both(t, play(t, hostA, "node 1"), play(t, hostB, "node 2"))
}

// TestNetworkWithoutRoute has two laptops on one cable, with IPv4 addresses set by hand, and so no router and no route for multicast. They
// find each other over IPv6 link-local, with their IPv4 addresses.
func TestNetworkWithoutRoute(t *testing.T) {
	hostA, hostB := newLab(t)
	hostA.IP("addr add 10.77.0.1/24 dev eth0")
	hostB.IP("addr add 10.77.0.2/24 dev eth0")
	a, b := play(t, hostA, "node 1"), play(t, hostB, "node 2")
	checkAddrs(t, both(t, a, b), "/ip4/10.77.0.2/tcp/40002")
}

func TestNetworkLinkLocalOnly(t *testing.T) {
	hostA, hostB := newLab(t)
	a, b := play(t, hostA, "node 1"), play(t, hostB, "node 2")
	for _, addr := range both(t, a, b).Addrs {
		if !strings.HasPrefix(addr, "/ip6zone/eth0/ip6/fe80::") {
			t.Errorf("found %s", addr)
		}
	}
}

func TestNetworkRenumberedAndMadeAnew(t *testing.T) {
	hostA, hostB := newLab(t)
	hostA.IP("addr add 10.77.0.1/24 dev eth0")
	hostB.IP("addr add 10.77.0.2/24 dev eth0")
	a := play(t, hostA, "node 1")
	startB := time.Now()
	b := play(t, hostB, "node 2")
	expect(t, a, 2, "/ip4/10.77.0.2/tcp/40002")
	expect(t, b, 1, "/ip4/10.77.0.1/tcp/40002")

	start := time.Now()
	hostB.IP("addr del 10.77.0.2/24 dev eth0")
	hostB.IP("addr add 10.77.0.3/24 dev eth0")
	expect(t, a, 2, "/ip4/10.77.0.3/tcp/40002")
	t.Logf("renumbered: found after %v", time.Since(start).Round(time.Millisecond))

	start = time.Now()
	hostB.IP("link del eth0")
	plug(hostB)
	hostB.IP("addr add 10.77.0.4/24 dev eth0")
	expect(t, a, 2, "/ip4/10.77.0.4/tcp/40002")
	t.Logf("made anew: found after %v", time.Since(start).Round(time.Millisecond))
	// The host with the new interface hears too: this sighting was made after the change.
	for expect(t, b, 1, "/ip4/10.77.0.1/tcp/40002").After < start.Sub(startB) {
	}
}

func TestNetworkNoiseDoesNoHarm(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves it out: the noise takes seconds of a processor")
	}
	hostA, hostB := newLab(t)
	hostA.IP("addr add 10.77.0.1/24 dev eth0")
	hostB.IP("addr add 10.77.0.2/24 dev eth0")
	hostA.IP("route add default via 10.77.0.2")
	hostB.IP("route add default via 10.77.0.1")
	noise := play(t, hostB, "noise")
	if s := <-noise; s.Peer != "noise" {
		t.Fatalf("got %v", s)
	}
	a, b := play(t, hostA, "node 1"), play(t, hostB, "node 2")
	both(t, a, b) // fails on the sight of anybody else
	expect(t, a, 2)
}

// TestNetworkOffLinkIsNotAnswered: a machine that is on none of the node's networks gets no byte for its questions. One that is on such a
// network gets at most a few times as many bytes as it sends.
func TestNetworkOffLinkIsNotAnswered(t *testing.T) {
	hostA, hostB := newLab(t)
	hostA.IP("addr add 10.77.0.1/24 dev eth0")
	hostB.IP("addr add 10.77.0.2/24 dev eth0")
	hostB.IP("addr add 198.51.100.7/32 dev lo")
	hostA.IP("route add default via 10.77.0.2")
	play(t, hostA, "node 1")
	far, here := play(t, hostB, "ask 198.51.100.7"), play(t, hostB, "ask 10.77.0.2")
	asked := func(seen <-chan sighting) (out, in int) {
		t.Helper()
		select {
		case s := <-seen:
			if _, err := fmt.Sscan(strings.Join(s.Addrs, " "), &out, &in); err != nil || s.Peer != "asked" {
				t.Fatal(s, err)
			}
		case <-time.After(15 * time.Second):
			t.Fatal("nobody asks")
		}
		return out, in
	}
	deadline := time.Now().Add(15 * time.Second)
	out, in := 0, 0
	for in < 20*maxAnswer/2 {
		if time.Now().After(deadline) {
			t.Fatalf("on the link %d bytes have brought %d", out, in)
		}
		out, in = asked(here)
	}
	if in > answerFactor*out {
		t.Errorf("on the link %d bytes have brought %d", out, in)
	}
	// The other machine has asked as often, and for longer: an answer would have come by now.
	for range 5 {
		asked(here)
	}
	farOut, farIn := 0, 0
	for len(far) > 0 || farOut == 0 {
		farOut, farIn = asked(far)
	}
	if farIn > 0 {
		t.Errorf("off the link %d bytes have brought %d", farOut, farIn)
	}
	t.Logf("on the link %d bytes for %d, off it %d for %d", in, out, farIn, farOut)
}

// TestNetworkOneMachine: two nodes on one machine with a network interface find each other by mDNS too.
func TestNetworkOneMachine(t *testing.T) {
	host, _ := newLab(t)
	host.IP("addr add 10.77.0.1/24 dev eth0")
	both(t, play(t, host, "node 1"), play(t, host, "node 2"))
}
