package node

import (
	"slices"
	"testing"
)

// TestHostPorts: the addresses to type are one HOST:PORT for each address that others can use, in the form that join takes.
func TestHostPorts(t *testing.T) {
	const peer = "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
	for name, c := range map[string]struct{ addrs, want []string }{
		"TCP before QUIC":  {[]string{"/ip4/192.168.1.7/udp/5/quic-v1" + peer, "/ip4/192.168.1.7/tcp/4001" + peer}, []string{"192.168.1.7:4001"}},
		"QUIC alone":       {[]string{"/ip4/192.168.1.7/udp/5/quic-v1" + peer}, []string{"192.168.1.7:5"}},
		"no loopback":      {[]string{"/ip4/127.0.0.1/tcp/4001", "/ip6/::1/tcp/4002", "/ip4/10.0.0.1/tcp/4001"}, []string{"10.0.0.1:4001"}},
		"loopback alone":   {[]string{"/ip4/127.0.0.1/tcp/4001" + peer}, []string{"127.0.0.1:4001"}},
		"IPv6":             {[]string{"/ip6/fd00::7/tcp/4001", "/ip6/fe80::7/tcp/4001"}, []string{"[fd00::7]:4001"}},
		"of this link":     {[]string{"/ip6zone/eth0/ip6/fe80::7/tcp/4001"}, []string{"[fe80::7%eth0]:4001"}},
		"link, and here":   {[]string{"/ip6/::1/tcp/4002", "/ip6zone/eth0/ip6/fe80::7/udp/5/quic-v1", "/ip6zone/eth0/ip6/fe80::7/tcp/4001"}, []string{"[fe80::7%eth0]:4001"}},
		"two hosts":        {[]string{"/ip4/192.168.1.7/tcp/1", "/ip4/10.0.0.1/tcp/2"}, []string{"10.0.0.1:2", "192.168.1.7:1"}},
		"a name":           {[]string{"/dns4/box/tcp/4001"}, []string{}},
		"no such address":  {[]string{"", "x", "/ip4/10.0.0.1", "/unix/a", "\x1b[2J"}, []string{}},
		"nothing":          {nil, []string{}},
		"the same twice":   {[]string{"/ip4/10.0.0.1/tcp/2", "/ip4/10.0.0.1/tcp/2"}, []string{"10.0.0.1:2"}},
		"relayed, no host": {[]string{peer + "/p2p-circuit"}, []string{}},
	} {
		got := HostPorts(c.addrs)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		for _, typed := range got {
			if _, ok := parseRoomAddr(typed); !ok {
				t.Errorf("%s: join does not take %q", name, typed)
			}
		}
	}
}

// TestPorts: Ports lists each port that a firewall has to let in, once.
func TestPorts(t *testing.T) {
	tcp, udp := Ports([]string{
		"/ip4/192.168.1.7/tcp/4001", "/ip6/fd00::7/tcp/4001", "/ip4/192.168.1.7/udp/6/quic-v1", "/ip6zone/eth0/ip6/fe80::7/udp/5/quic-v1", "/dns4/box/tcp/7", "\x1b[2J",
	})
	if !slices.Equal(tcp, []uint16{4001}) || !slices.Equal(udp, []uint16{5, 6}) {
		t.Errorf("TCP %d, UDP %d", tcp, udp)
	}
}
