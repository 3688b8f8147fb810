package discovery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/miekg/dns"
	ma "github.com/multiformats/go-multiaddr"
)

func testZone(nics []nic, listen ...string) *zone {
	ms := addrs(listen...)
	z := newZone("label", func() peer.AddrInfo { return peer.AddrInfo{ID: testPeer(1), Addrs: ms} }, ignore)
	z.set(nics)
	return z
}

func lines(rrs []dns.RR) []string {
	var ls []string
	for _, rr := range rrs {
		ls = append(ls, strings.ReplaceAll(rr.String(), "\t", " "))
	}
	return ls
}

func TestZoneAnswers(t *testing.T) {
	const (
		ptr  = "_localchat._udp.local. 120 IN PTR label._localchat._udp.local."
		srv  = "label._localchat._udp.local. 120 IN SRV 0 0 40001 label.local."
		a    = "label.local. 120 IN A 192.168.1.5"
		aaaa = "label.local. 120 IN AAAA fe80::5"
	)
	id := testPeer(1).String()
	txt := "label._localchat._udp.local. 120 IN TXT" +
		` "dnsaddr=/ip4/192.168.1.5/udp/40001/quic-v1/p2p/` + id + `" "dnsaddr=/ip4/192.168.1.5/tcp/40002/p2p/` + id + `"` +
		` "dnsaddr=/ip6/fe80::5/udp/40003/quic-v1/p2p/` + id + `" "dnsaddr=/ip6/fe80::5/tcp/40004/p2p/` + id + `"`
	z := testZone([]nic{testNIC(2, "eth0", "192.168.1.5/24", "fe80::5/64")}, listenAll...)
	all := []string{ptr, srv, txt, a, aaaa}
	for _, tt := range []struct {
		name  string
		qtype uint16
		want  []string
	}{
		{"_localchat._udp.local.", dns.TypePTR, all},
		{"_LocalChat._UDP.local.", dns.TypePTR, all},
		{"_localchat._udp.local.", dns.TypeANY, all},
		{"_localchat._udp.local.", dns.TypeA, nil},
		{"label._localchat._udp.local.", dns.TypeSRV, all[1:]},
		{"label._localchat._udp.local.", dns.TypeTXT, all[1:]},
		{"LABEL._localchat._udp.local.", dns.TypeANY, all[1:]},
		{"label._localchat._udp.local.", dns.TypePTR, nil},
		{"label._localchat._udp.local.", dns.TypeA, nil},
		{"label.local.", dns.TypeA, all[3:]},
		{"label.local.", dns.TypeAAAA, all[3:]},
		{"_services._dns-sd._udp.local.", dns.TypePTR, []string{"_services._dns-sd._udp.local. 120 IN PTR _localchat._udp.local."}},
		{"other._localchat._udp.local.", dns.TypeANY, nil},
		{"_p2p._udp.local.", dns.TypePTR, nil},
		{".", dns.TypeANY, nil},
		{"", dns.TypeANY, nil},
	} {
		t.Run(fmt.Sprint(tt.name, dns.TypeToString[tt.qtype]), func(t *testing.T) {
			got := lines(z.Records(dns.Question{Name: tt.name, Qtype: tt.qtype, Qclass: dns.ClassINET}))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestZoneAnswerFits: however many addresses a node has, its answer fits into one packet, with the best addresses.
func TestZoneAnswerFits(t *testing.T) {
	v6 := testNIC(2, "eth0")
	for i := range 30 {
		v6.prefixes = append(v6.prefixes, testNIC(0, "", fmt.Sprintf("2001:db8:ffff:ffff:ffff:ffff:ffff:ff%02x/64", i+16)).prefixes...)
	}
	v4 := testNIC(3, "eth1", "192.168.100.100/24")
	for _, tt := range []struct {
		nics  []nic
		first string
	}{
		{[]nic{v6}, "dnsaddr=/ip6/2001:db8:ffff:ffff:ffff:ffff:ffff:ff10/udp/"},
		{[]nic{v6, v4}, "dnsaddr=/ip4/192.168.100.100/udp/"},
	} {
		z := testZone(tt.nics, listenAll...)
		label := newLabel() // as long as in real life
		z.instance, z.host = label+"."+serviceName, label+".local."
		msg := dns.Msg{Compress: true, Answer: z.Records(dns.Question{Name: serviceName, Qtype: dns.TypePTR})}
		b, err := msg.Pack()
		if err != nil {
			t.Fatal(err)
		}
		txt := msg.Answer[2].(*dns.TXT).Txt
		if len(b) > maxAnswer || len(txt) < 6 {
			t.Errorf("%d addresses in %d bytes", len(txt), len(b))
		}
		if !strings.HasPrefix(txt[0], tt.first) {
			t.Errorf("first is %s, want %s...", txt[0], tt.first)
		}
		for _, s := range txt {
			if len(s) > maxTXTString {
				t.Errorf("a string of %d bytes", len(s))
			}
		}
	}
}

func TestZoneWithoutAddressesSaysNothing(t *testing.T) {
	for _, z := range []*zone{testZone(nil, listenAll...), testZone([]nic{testNIC(2, "eth0", "10.0.0.1/8")})} {
		if rrs := z.Records(dns.Question{Name: serviceName, Qtype: dns.TypePTR}); rrs != nil {
			t.Errorf("got %q", lines(rrs))
		}
	}
}

// TestZoneFollowsSelf: the answer has the present addresses of the node. A flood of questions does not make a new answer for each.
func TestZoneFollowsSelf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, port := 0, "1"
		z := newZone("label", func() peer.AddrInfo {
			calls++
			return peer.AddrInfo{ID: testPeer(1), Addrs: []ma.Multiaddr{ma.StringCast("/ip4/0.0.0.0/tcp/" + port)}}
		}, ignore)
		z.set([]nic{testNIC(2, "eth0", "10.0.0.1/8")})
		srv := func() string {
			rrs := z.Records(dns.Question{Name: z.instance, Qtype: dns.TypeSRV})
			if len(rrs) == 0 {
				return ""
			}
			return rrs[0].(*dns.SRV).String()
		}
		for range 1000 {
			srv()
		}
		if calls != 1 {
			t.Errorf("%d calls of self for 1000 questions", calls)
		}
		port = "2"
		time.Sleep(answerFresh) // simulated
		if got := srv(); !strings.HasSuffix(got, " 2 label.local.") {
			t.Errorf("after a new port: %q", got)
		}
		z.set([]nic{testNIC(2, "eth0", "10.0.0.2/8")})
		if got := lines(z.Records(dns.Question{Name: z.host, Qtype: dns.TypeA})); len(got) != 1 || !strings.HasSuffix(got[0], "10.0.0.2") {
			t.Errorf("after renumbering: %q", got)
		}
	})
}
