package discovery

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

func TestParseAddress(t *testing.T) {
	id := testPeer(1)
	for text, want := range map[string]struct {
		addr  string
		named bool
	}{
		"10.0.0.1:4001":       {"/ip4/10.0.0.1/tcp/4001", false},
		"[fe80::1%eth0]:4001": {"/ip6zone/eth0/ip6/fe80::1/tcp/4001", false},
		"/ip6zone/eth0/ip6/fe80::1/tcp/4001/p2p/" + id.String(): {"/ip6zone/eth0/ip6/fe80::1/tcp/4001", true},
		"/ip6zone/eth0/ip6/2001:db8::1/tcp/4001":                {}, "/ip6zone/eth0/ip4/10.0.0.1/tcp/4001": {}, "/ip6zone/eth0": {},
		"[fe80::1]:4001":         {"/ip6/fe80::1/tcp/4001", false},
		"/ip4/10.0.0.1/tcp/4001": {"/ip4/10.0.0.1/tcp/4001", false},
		"/ip4/10.0.0.1/udp/4001/quic-v1/p2p/" + id.String(): {"/ip4/10.0.0.1/udp/4001/quic-v1", true},
		"": {}, "lab": {}, "/dns4/x.example/tcp/1": {}, "/ip4/10.0.0.1/tcp/0": {}, "/ip4/10.0.0.1": {}, "/p2p/" + id.String(): {},
	} {
		a, p, ok := ParseAddress(text)
		if ok != (want.addr != "") || ok && (a.String() != want.addr || (p == id) != want.named) {
			t.Errorf("%q: got %v, %v, %v; want %+v", text, a, p, ok, want)
		}
	}
}

func TestNeighbours(t *testing.T) {
	for name, c := range map[string]struct {
		nics  []nic
		asked []string
		n     int
		first string
	}{
		"small":      {[]nic{testNIC(1, "eth0", "10.0.0.5/29")}, []string{"10.0.0.0/29"}, 5, "10.0.0.1"},
		"own first":  {[]nic{testNIC(1, "eth0", "10.0.0.1/30")}, []string{"10.0.0.0/30"}, 1, "10.0.0.2"},
		"large":      {[]nic{testNIC(1, "eth0", "10.3.4.5/16")}, []string{"10.3.4.0/24"}, 253, "10.3.4.1"},
		"no network": {[]nic{testNIC(1, "eth0", "10.0.0.1/32", "fe80::1/64", "169.254.3.4/16")}, nil, 0, ""},
		"tunnel":     {[]nic{testNIC(1, "tun0", "10.0.0.1/24"), testNIC(2, "eth0", "10.1.0.1/30")}, []string{"10.1.0.0/30"}, 1, "10.1.0.2"},
		"three": {
			[]nic{testNIC(1, "a", "10.0.0.1/30"), testNIC(2, "b", "10.1.0.1/30"), testNIC(3, "c", "10.2.0.1/30")},
			[]string{"10.0.0.0/30", "10.1.0.0/30"},
			2, "10.0.0.2",
		},
	} {
		var checkup Checkup
		ips := neighbours(c.nics, &checkup)
		var asked []string
		for _, p := range checkup.Asked {
			asked = append(asked, p.String())
		}
		if len(ips) != c.n || !slices.Equal(asked, c.asked) || c.n > 0 && ips[0].String() != c.first {
			t.Errorf("%s: %d machines of %v from %v, want %+v", name, len(ips), asked, ips[:min(1, len(ips))], c)
		}
	}
}

func TestWhyNot(t *testing.T) {
	const up = net.FlagUp | net.FlagRunning | net.FlagMulticast
	for _, c := range []struct {
		name  string
		flags net.Flags
		addrs int
		named []string
		want  WhyNot
	}{
		{"lo", up | net.FlagLoopback, 2, nil, Loopback},
		{"eth0", up, 1, []string{"eth1"}, NotNamed},
		{"docker0", up, 1, nil, Containers},
		{"eth0", net.FlagMulticast, 1, nil, SwitchedOff},
		{"eth0", net.FlagUp | net.FlagMulticast, 1, nil, NoLink},
		{"eth0", net.FlagUp | net.FlagRunning, 1, nil, NoMulticast},
		{"eth0", up, 0, nil, NoAddress},
		{"eth0", up, 1, nil, TooMany},
	} {
		if got := whyNot(net.Interface{Name: c.name, Flags: c.flags}, c.addrs, c.named); got != c.want {
			t.Errorf("%s, %v, %d addresses, named %v: %q, want %q", c.name, c.flags, c.addrs, c.named, got, c.want)
		}
	}
}

// TestWhyNotCovers: each interface of this machine is used, or whyNot gives the reason for which listNICs leaves it out.
func TestWhyNotCovers(t *testing.T) {
	ifaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	used, err := listNICs(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checkInterfaces(ifaces, used, nil) {
		if c.Used != (c.Why == Fine) || c.Why == TooMany {
			t.Errorf("%+v", c)
		}
	}
}

// checked returns an exam of the machine 10.0.0.1 with the interface eth0.
func checked() *exam {
	n := testNIC(1, "eth0", "10.0.0.1/24", "fe80::1/64")
	return newExam([]nic{n}, n.prefixes)
}

func packet(t *testing.T, m dns.Msg) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// announcement returns a packet in which peer seed announces itself at ip.
func announcement(t *testing.T, seed int64, ip string) []byte {
	t.Helper()
	h := answerOf(seed, ip)
	return packet(t, dns.Msg{
		MsgHdr: dns.MsgHdr{Response: true},
		Answer: []dns.RR{&dns.TXT{Hdr: header(h.name, dns.TypeTXT), Txt: h.txt}},
	})
}

func TestExamKnowsItsOwn(t *testing.T) {
	own, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	e := checked()
	for _, k := range []kind{returns, fromPort, comesIn} {
		e.heard(e.question(0, k), other, true) // sent back by somebody: it has not come back by itself
	}
	if c := e.links[0].check; c.Returned || c.FromPort || c.Open {
		t.Errorf("after an echo: %+v", c)
	}
	e.heard(checked().question(0, returns), own, true) // of another exam on this machine
	if e.links[0].check.Returned {
		t.Error("took another's question for its own")
	}
	e.heard(e.question(0, returns), own, true)
	if c := e.links[0].check; !c.Returned || c.FromPort || c.Open || e.links[1].check.Returned {
		t.Errorf("after its own question: %+v", c)
	}
	e.heard(e.question(1, fromPort), netip.MustParseAddr("fe80::1%eth0"), false)
	e.heard(e.question(1, comesIn), netip.MustParseAddr("fe80::1%eth0"), false)
	if c := e.links[1].check; !c.FromPort || !c.Open || c.Returned {
		t.Errorf("after its own by IPv6: %+v", c)
	}
	for _, name := range []string{e.token + "-9-returns.local.", e.token + "--1-returns.local.", e.token + "-x.local.", e.token + "-0-else.local."} {
		e.cameBack(name)
	}
}

func TestExamHears(t *testing.T) {
	e := checked()
	e.heard(announcement(t, 2, "10.0.0.2"), netip.MustParseAddr("10.0.0.2"), true)
	e.heard(announcement(t, 2, "10.0.0.2"), netip.MustParseAddr("fe80::2%eth0"), false)
	e.heard(announcement(t, 3, "10.0.0.1"), netip.MustParseAddr("10.0.0.1"), true)
	e.direct(announcement(t, 4, "10.0.0.4"), netip.MustParseAddr("10.0.0.4"))
	e.direct(announcement(t, 5, "10.0.0.5"), netip.MustParseAddr("10.0.0.1"))       // by ourselves
	e.heard(announcement(t, 6, "10.0.0.6"), netip.MustParseAddr("10.0.0.6"), false) // not to the port
	e.heard(announcement(t, 7, "8.8.8.8"), netip.MustParseAddr("10.0.0.7"), true)   // of no network here
	e.heard([]byte("no DNS"), netip.MustParseAddr("10.0.0.8"), true)
	links, nodes := e.results()
	want := []NodeCheck{{Peer: testPeer(2), ToPort: true}, {Peer: testPeer(3), ToPort: true, Here: true}, {Peer: testPeer(4), Direct: true}}
	if !slices.EqualFunc(nodes, want, func(a, b NodeCheck) bool {
		return a.Peer == b.Peer && a.ToPort == b.ToPort && a.Direct == b.Direct && a.Here == b.Here && len(a.Addrs) == 1
	}) {
		t.Errorf("nodes %+v", nodes)
	}
	if got := links[0].Heard; len(got) != 3 || got[0].String() != "10.0.0.2" {
		t.Errorf("heard by IPv4: %v", got)
	}
	if got := links[1].Heard; len(got) != 1 || got[0].String() != "fe80::2" {
		t.Errorf("heard by IPv6: %v", got)
	}
	if !e.heardByMulticast() {
		t.Error("another node was heard")
	}
	// A peer of this machine's identity elsewhere is not the one here.
	e.heard(announcement(t, 3, "10.0.0.9"), netip.MustParseAddr("10.0.0.9"), true)
	if _, nodes := e.results(); len(nodes) != 4 || nodes[3].Here {
		t.Errorf("a twin: %+v", nodes)
	}
}

func TestExamIsBounded(t *testing.T) {
	e := checked()
	for i := range int64(2 * maxPeers) {
		ip := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		e.links[0].nic.prefixes[0] = netip.PrefixFrom(netip.MustParseAddr("10.0.0.1"), 16)
		e.heard(announcement(t, i, "10.0.9.9"), ip, true)
	}
	if links, nodes := e.results(); len(nodes) > maxPeers || len(links[0].Heard) > maxPeers {
		t.Errorf("%d nodes, %d machines", len(nodes), len(links[0].Heard))
	}
	for i := range 2 * maxPeerAddrs {
		e.heard(announcement(t, 1, netip.AddrFrom4([4]byte{10, 0, 9, byte(i)}).String()), netip.MustParseAddr("10.0.0.9"), true)
	}
	for _, n := range e.nodes {
		if len(n.Addrs) > maxPeerAddrs {
			t.Errorf("%d addresses of one node", len(n.Addrs))
		}
	}
}
