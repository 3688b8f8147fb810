package discovery

import (
	"slices"
	"strings"
	"testing"

	ma "github.com/multiformats/go-multiaddr"

	"localchat/internal/onlink"
)

func TestExpand(t *testing.T) {
	eth := testNIC(2, "eth0", "192.168.1.5/24", "fd00::5/64", "fe80::5/64")
	wlan := testNIC(3, "wlan0", "10.0.0.5/8", "2001:db8::5/64")
	for _, tt := range []struct {
		name   string
		listen []string
		nics   []nic
		want   []string
	}{
		{"nothing", nil, []nic{eth}, nil},
		{"no interface", listenAll, nil, nil},
		{
			"all, best first", listenAll,
			[]nic{eth},
			[]string{
				"/ip4/192.168.1.5/udp/40001/quic-v1", "/ip4/192.168.1.5/tcp/40002",
				"/ip6/fd00::5/udp/40003/quic-v1", "/ip6/fd00::5/tcp/40004",
				"/ip6/fe80::5/udp/40003/quic-v1", "/ip6/fe80::5/tcp/40004",
			},
		},
		{
			"two interfaces",
			[]string{"/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1"},
			[]nic{eth, wlan},
			[]string{
				"/ip4/10.0.0.5/tcp/1", "/ip4/192.168.1.5/tcp/1", "/ip6/fd00::5/tcp/1", "/ip6/2001:db8::5/tcp/1",
				"/ip6/fe80::5/tcp/1",
			},
		},
		{
			"loopback, containers, other networks, relays, duplicates",
			[]string{
				"/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip4/172.17.0.1/tcp/1", "/ip4/8.8.8.8/tcp/1", "/dns4/a.example/tcp/1",
				"/ip4/192.168.1.5/tcp/1/p2p/" + testPeer(1).String() + "/p2p-circuit", "/ip4/192.168.1.5/udp/1/quic-v1/webtransport",
				"/ip4/192.168.1.5/tcp/1/ws", "/ip4/192.168.1.5/tcp/1", "/ip4/192.168.1.5/tcp/1",
			},
			[]nic{eth},
			[]string{"/ip4/192.168.1.5/tcp/1"},
		},
		{"a zone is not for others", []string{"/ip6zone/eth0/ip6/fe80::5/tcp/1"}, []nic{eth}, []string{"/ip6/fe80::5/tcp/1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := endpointTexts(expand(addrs(tt.listen...), tt.nics)); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestParseTXT(t *testing.T) {
	a, b := "/p2p/"+testPeer(1).String(), "/p2p/"+testPeer(2).String()
	l := onlink.Networks{testNIC(2, "eth0", "192.168.1.5/24", "203.0.113.5/24", "2001:db8::5/64").prefixes[0]}
	l = append(l, testNIC(2, "eth0", "203.0.113.5/24", "2001:db8::5/64", "100.64.0.1/32", "fe80::5/64", "169.254.7.7/16", "fd01::5/64", "fdff:ffff:ffff:ffff::5/64").prefixes...)
	long := "/ip6/fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/udp/65535/quic-v1"
	for _, tt := range []struct {
		name string
		txt  []string
		want []string // nil: refused
	}{
		{"nothing", nil, nil},
		{
			"quic and tcp",
			[]string{"dnsaddr=/ip4/192.168.1.9/udp/1/quic-v1" + a, "dnsaddr=/ip4/192.168.1.9/tcp/2" + a},
			[]string{"/ip4/192.168.1.9/udp/1/quic-v1", "/ip4/192.168.1.9/tcp/2"},
		},
		{"private elsewhere", []string{"dnsaddr=/ip4/10.9.9.9/tcp/2" + a, "dnsaddr=/ip4/192.168.2.9/tcp/2" + a, "dnsaddr=/ip6/fd00::9/tcp/2" + a}, nil},
		{"link-local gets our zone", []string{"dnsaddr=/ip6/fe80::9/tcp/2" + a}, []string{"/ip6zone/eth0/ip6/fe80::9/tcp/2"}},
		{"IPv4 link-local", []string{"dnsaddr=/ip4/169.254.1.1/tcp/2" + a}, []string{"/ip4/169.254.1.1/tcp/2"}},
		{"unique local", []string{"dnsaddr=/ip6/fd01::9/tcp/2" + a}, []string{"/ip6/fd01::9/tcp/2"}},
		{
			"public within our prefix",
			[]string{"dnsaddr=/ip4/203.0.113.7/tcp/2" + a, "dnsaddr=/ip6/2001:db8::7/tcp/2" + a},
			[]string{"/ip4/203.0.113.7/tcp/2", "/ip6/2001:db8::7/tcp/2"},
		},
		{"public elsewhere", []string{"dnsaddr=/ip4/8.8.8.8/tcp/2" + a, "dnsaddr=/ip6/2001:db8:1::7/tcp/2" + a}, nil},
		{
			"unknown strings are skipped",
			[]string{"v=1", "", "=", "dnsaddr", "dnsaddr=", "dnsaddr=/ip4/192.168.1.9/tcp/2" + a},
			[]string{"/ip4/192.168.1.9/tcp/2"},
		},
		{
			"the same twice",
			[]string{"dnsaddr=/ip4/192.168.1.9/tcp/2" + a, "dnsaddr=/ip4/192.168.1.9/tcp/2" + a},
			[]string{"/ip4/192.168.1.9/tcp/2"},
		},
		{"two peers", []string{"dnsaddr=/ip4/192.168.1.9/tcp/2" + a, "dnsaddr=/ip4/192.168.1.9/tcp/2" + b}, nil},
		{"no peer", []string{"dnsaddr=/ip4/192.168.1.9/tcp/2"}, nil},
		{"bad peer", []string{"dnsaddr=/ip4/192.168.1.9/tcp/2/p2p/12D3KooWbogus"}, nil},
		{"peer only", []string{"dnsaddr=" + a}, nil},
		{"loopback", []string{"dnsaddr=/ip4/127.0.0.1/tcp/2" + a, "dnsaddr=/ip6/::1/tcp/2" + a}, nil},
		{"IPv4 in IPv6", []string{"dnsaddr=/ip6/::ffff:127.0.0.1/tcp/2" + a, "dnsaddr=/ip6/::ffff:192.168.1.9/tcp/2" + a}, nil},
		{"unspecified", []string{"dnsaddr=/ip4/0.0.0.0/tcp/2" + a, "dnsaddr=/ip6/::/tcp/2" + a}, nil},
		{"multicast and broadcast", []string{
			"dnsaddr=/ip4/224.0.0.251/tcp/2" + a, "dnsaddr=/ip6/ff02::fb/tcp/2" + a,
			"dnsaddr=/ip4/255.255.255.255/tcp/2" + a, "dnsaddr=/ip4/192.168.1.255/udp/2/quic-v1" + a,
		}, nil},
		{"port 0", []string{"dnsaddr=/ip4/192.168.1.9/tcp/0" + a}, nil},
		{"port too big", []string{"dnsaddr=/ip4/192.168.1.9/tcp/65536" + a}, nil},
		{"relay", []string{"dnsaddr=/ip4/192.168.1.9/tcp/2" + b + "/p2p-circuit" + a}, nil},
		{"names", []string{"dnsaddr=/dns4/a.example/tcp/2" + a, "dnsaddr=/dnsaddr/a.example" + a}, nil},
		{"foreign zone", []string{"dnsaddr=/ip6zone/lo/ip6/fe80::9/tcp/2" + a}, nil},
		{"other transports", []string{
			"dnsaddr=/ip4/192.168.1.9/udp/2" + a, "dnsaddr=/ip4/192.168.1.9/tcp/2/ws" + a,
			"dnsaddr=/ip4/192.168.1.9/udp/2/quic-v1/webtransport" + a, "dnsaddr=/unix/tmp/x" + a,
		}, nil},
		{"escaped", []string{`dnsaddr=/ip4/192.168.1.9/tcp/2\"` + a, `dnsaddr=/ip4/192.168.1.9/tcp/2\000` + a}, nil},
		{"too long a string", []string{"dnsaddr=" + strings.Repeat("/", 256)}, nil},
		{"more bytes than a record has", append(slices.Repeat([]string{strings.Repeat("x", 255)}, 5), "dnsaddr=/ip4/192.168.1.9/tcp/2"+a), nil},
		{"as many as fit", slices.Repeat([]string{"dnsaddr=" + long + a}, maxAddrs), []string{long}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, es, ok := parseTXT(tt.txt, l, "eth0")
			if ok != (tt.want != nil) || ok && id != testPeer(1) || !slices.Equal(endpointTexts(es), tt.want) {
				t.Errorf("got %v %q, want %q", ok, endpointTexts(es), tt.want)
			}
		})
	}
}

// TestNeverOfThisLAN: these addresses are not local even if they are within a prefix of this machine.
func TestNeverOfThisLAN(t *testing.T) {
	for _, p := range []string{"127.0.0.1/8", "0.0.0.0/8", "224.0.0.1/4", "8.8.8.8/0", "::1/128", "::/96", "ff02::1/16", "2001:db8::1/0"} {
		n := testNIC(2, "eth0", p)
		if l := networksOf([]nic{n}); l.Hold(n.prefixes[0].Addr()) {
			t.Errorf("%s holds %s", l, n.prefixes[0].Addr())
		}
	}
}

// TestTXTRoundTrip: the longest announcement is parsed to the endpoints that it was made of.
func TestTXTRoundTrip(t *testing.T) {
	var ms []ma.Multiaddr
	n := testNIC(2, "eth0")
	for i := range maxAddrs / 2 {
		ip := "fdff:ffff:ffff:ffff:ffff:ffff:ffff:fff" + string('0'+rune(i))
		n.prefixes = append(n.prefixes, testNIC(0, "", ip+"/64").prefixes...)
		ms = append(ms, addrs("/ip6/"+ip+"/udp/65535/quic-v1", "/ip6/"+ip+"/tcp/65535")...)
	}
	es := expand(ms, []nic{n})
	txt := txtOf(testPeer(1), es, nil)
	if size := len(strings.Join(txt, "")); size > maxTXT {
		t.Errorf("TXT of %d bytes, more than %d", size, maxTXT)
	}
	id, got, ok := parseTXT(txt, n.prefixes, "eth0")
	if !ok || id != testPeer(1) || !slices.Equal(got, es) || len(got) != maxAddrs {
		t.Errorf("got %q\nwant %q", endpointTexts(got), endpointTexts(es))
	}
}

// FuzzEntry: no announcement makes the parser panic, and every address that it returns can be on this network.
func FuzzEntry(f *testing.F) {
	p := "/p2p/" + testPeer(1).String()
	f.Add("x."+serviceName, "dnsaddr=/ip4/192.168.1.9/tcp/2"+p, "dnsaddr=/ip6/fe80::9/udp/2/quic-v1"+p)
	f.Add("printer._ipp._tcp.local.", "rp=ipp/print", "ty=\\195\\182")
	f.Add(`a\.b.`+serviceName, "dnsaddr=/ip4/8.8.8.8/tcp/2"+p, "dnsaddr=/ip6zone/lo/ip6/::1/tcp/2"+p)
	f.Add("", "dnsaddr=/ip6/::ffff:127.0.0.1/tcp/2"+p, "dnsaddr=/ip4/192.168.1.9/tcp/2"+p+"/p2p-circuit"+p)
	l := onlink.Networks(testNIC(2, "eth0", "198.51.100.5/24", "192.168.1.5/24", "fe80::5/64").prefixes)
	f.Fuzz(func(t *testing.T, name, one, two string) {
		h := heard{name: name, txt: []string{one, two}, nic: "eth0"}
		if h.ours() != strings.HasSuffix(strings.ToLower(name), "._localchat._udp.local.") {
			t.Fatalf("ours(%q) = %v", name, h.ours())
		}
		id, es, ok := parseTXT(h.txt, l, h.nic)
		if !ok {
			return
		}
		if id.Validate() != nil || len(es) == 0 || len(es) > maxAddrs {
			t.Fatalf("peer %q with %d addresses", id, len(es))
		}
		for _, m := range addrInfo(id, es).Addrs {
			checkLAN(t, m)
		}
		if len(addrInfo(id, es).Addrs) != len(es) {
			t.Fatalf("an endpoint that is no multiaddr: %q", endpointTexts(es))
		}
		checkFile(t, one, two, l)
	})
}

// checkLAN checks that m is a local address, by its text and without the code under test.
func checkLAN(t *testing.T, m ma.Multiaddr) {
	t.Helper()
	text := m.String()
	for _, bad := range []string{"/p2p-circuit", "/dns", "/ws", "/webt", "/tcp/0", "/udp/0", "/ip4/127.", "/ip4/0.", "/ip6/::1/", "/ip4/255."} {
		if strings.Contains(text, bad) && !strings.HasPrefix(text, "/ip6/f") && !strings.HasPrefix(text, "/ip6zone/eth0/ip6/fe") {
			t.Fatalf("%s passed", text)
		}
	}
	for _, good := range []string{
		"/ip4/10.", "/ip4/192.168.", "/ip4/172.", "/ip4/169.254.", "/ip4/198.51.100.", "/ip6/fc", "/ip6/fd", "/ip6zone/eth0/ip6/fe",
	} {
		if strings.HasPrefix(text, good) {
			return
		}
	}
	t.Fatalf("%s passed", text)
}

func checkFile(t *testing.T, one, two string, l onlink.Networks) {
	t.Helper()
	_, es, _ := parseFile(fileMagic+"\n\n"+one+"\n"+two, "", l)
	for _, e := range es {
		if !e.ip.IsLoopback() && !l.Hold(e.ip) {
			t.Fatalf("%s passed from a file", e)
		}
	}
}
