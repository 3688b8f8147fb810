package onlink

import (
	"net"
	"net/netip"
	"testing"
)

func networks(prefixes ...string) (ns Networks) {
	for _, p := range prefixes {
		ns = append(ns, netip.MustParsePrefix(p))
	}
	return ns
}

func TestHold(t *testing.T) {
	ns := networks("192.168.1.5/24", "203.0.113.5/25", "10.9.0.2/32", "10.8.0.2/31", "fe80::5/64", "fd00:1::5/64", "2001:db8:1:2::5/64", "0.0.0.0/0", "::/0", "127.0.0.1/8", "::1/128")
	for ip, want := range map[string]bool{
		"192.168.1.5": true, "192.168.1.77": true, "192.168.1.254": true, "203.0.113.100": true, "10.9.0.2": true, "10.8.0.2": true, "10.8.0.3": true,
		"fe80::77": true, "fe80::77%eth0": true, "fd00:1::77": true, "2001:db8:1:2::77": true,
		// Private addresses of other networks.
		"192.168.2.5": false, "10.9.0.3": false, "172.31.5.5": false, "169.254.1.1": false, "100.64.0.1": false, "fd00:2::77": false, "fe80:1::77": false,
		// Addresses of the internet.
		"203.0.113.200": false, "8.8.8.8": false, "2001:db8:1:3::77": false, "64:ff9b::808:808": false, "2002:c0a8:105::1": false,
		// IPv4 addresses mapped into IPv6.
		"::ffff:192.168.1.77": false, "::ffff:8.8.8.8": false,
		// Addresses that no single machine has.
		"192.168.1.0": false, "192.168.1.255": false, "203.0.113.127": false, "255.255.255.255": false, "224.0.0.251": false, "ff02::fb": false, "0.0.0.0": false, "::": false,
		// This machine.
		"127.0.0.1": false, "127.1.2.3": false, "::1": false,
	} {
		if got := ns.Hold(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
	if ns.Hold(netip.Addr{}) || Networks(nil).Hold(netip.MustParseAddr("192.168.1.5")) {
		t.Error("the zero address, or an address without any network, is on a network")
	}
}

func TestOf(t *testing.T) {
	ns := Of([]net.Addr{
		&net.IPNet{IP: net.ParseIP("192.168.1.5"), Mask: net.CIDRMask(24, 32)},
		&net.IPNet{IP: net.ParseIP("fe80::5"), Mask: net.CIDRMask(64, 128)},
		&net.UDPAddr{IP: net.ParseIP("10.0.0.1")}, &net.IPNet{},
	})
	if len(ns) != 2 || !ns.Hold(netip.MustParseAddr("192.168.1.6")) || !ns.Hold(netip.MustParseAddr("fe80::6")) || ns.Hold(netip.MustParseAddr("10.0.0.1")) {
		t.Error(ns)
	}
	here, err := Here()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range here {
		if !n.Contains(n.Addr()) {
			t.Errorf("%s is not within its own prefix", n)
		}
	}
}
