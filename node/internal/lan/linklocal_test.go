package lan

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"

	"localchat/internal/onlink"
)

// TestLinkLocalAddressesAreDialled: a link-local address with its network card is dialled, by TCP and by QUIC, if the gate lets it
// pass. No other address that the swarm has always dropped is dialled.
func TestLinkLocalAddressesAreDialled(t *testing.T) {
	for network, g := range map[string]*Gate{
		"on it":     testGate(),
		"not on it": NewGate(func() (onlink.Networks, error) { return nil, nil }, false),
	} {
		h := must(NewHost(keyOf("alice"), []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}, append(g.Options(), libp2p.ResourceManager(g.Guard(must(NewResourceManager()))))...))
		t.Cleanup(func() { h.Close() })
		for addr, zoned := range map[string]bool{
			"/ip6zone/nocard/ip6/fe80::77/tcp/4001":         true,
			"/ip6zone/nocard/ip6/fe80::77/udp/4001/quic-v1": true,
			"/ip6/fe80::77/tcp/4001":                        false,
			"/ip6zone/nocard/ip6/fe80::77/udp/4001":         false,
			"/ip6zone/nocard/ip6/2001:db8:1::77/tcp/4001":   false,
			"/ip6zone/nocard/ip6/ff02::fb/tcp/4001":         false,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			err := h.Connect(ctx, peer.AddrInfo{ID: peerOf("bob"), Addrs: multiaddrs(addr)})
			cancel()
			if err == nil {
				t.Fatalf("%s answers", addr)
			}
			// There is no such card: TCP reports it, and QUIC waits.
			var dial *swarm.DialError
			dialled, refused := true, false
			if errors.As(err, &dial) {
				dialled = !errors.Is(dial.Cause, swarm.ErrNoGoodAddresses)
				refused = slices.ContainsFunc(dial.DialErrors, func(e swarm.TransportError) bool { return errors.Is(e.Cause, swarm.ErrGaterDisallowedConnection) })
			}
			if dialled != (zoned && network == "on it") {
				t.Errorf("%s, %s: dialled: %v: %v", network, addr, dialled, err)
			}
			if refused != (zoned && network == "not on it") {
				t.Errorf("%s, %s: refused by the gate: %v: %v", network, addr, refused, err)
			}
			h.Peerstore().ClearAddrs(peerOf("bob"))
			h.Network().(*swarm.Swarm).Backoff().Clear(peerOf("bob"))
		}
	}
}

// aHint is the shortest time that node gives a dial.
const aHint = time.Second

// TestLinkLocalAddressesComeLast: if a peer has other addresses, its link-local addresses wait until those have had time to answer.
// Otherwise they are dialled at once.
func TestLinkLocalAddressesComeLast(t *testing.T) {
	links := multiaddrs("/localchat-link/ip6zone/eth0/ip6/fe80::7/tcp/1", "/localchat-link/ip6zone/eth0/ip6/fe80::7/udp/2/quic-v1")
	others := multiaddrs("/ip4/192.168.1.7/tcp/1", "/ip6/2001:db8::7/udp/2/quic-v1", "/ip4/192.168.1.7/udp/2/quic-v1")
	var last time.Duration
	for _, d := range swarm.DefaultDialRanker(slices.Clone(others)) {
		last = max(last, d.Delay)
	}
	seen := 0
	for _, d := range rankDials(slices.Concat(links, others)) {
		switch {
		case !isMarked(d.Addr) && d.Delay > last:
			t.Errorf("%s waits for %s", d.Addr, d.Delay)
		case isMarked(d.Addr) && d.Delay < last+linkDelay:
			t.Errorf("%s is dialled after %s, another address after %s", d.Addr, d.Delay, last)
		case isMarked(d.Addr) && d.Delay > aHint/2:
			t.Errorf("%s is dialled after %s, when hardly any time is left", d.Addr, d.Delay)
		}
		seen++
	}
	if seen != len(links)+len(others) {
		t.Errorf("%d addresses of %d", seen, len(links)+len(others))
	}
	if alone := rankDials(links); len(alone) != len(links) || alone[0].Delay != 0 {
		t.Errorf("alone: %v", alone)
	}
}

// TestOwnLinkLocalAddresses: a node shows its user its own link-local addresses with the card and the port on which it listens.
func TestOwnLinkLocalAddresses(t *testing.T) {
	on := []net.Addr{
		&net.IPNet{IP: net.ParseIP("192.168.1.7"), Mask: net.CIDRMask(24, 32)},
		&net.IPNet{IP: net.ParseIP("2001:db8::7"), Mask: net.CIDRMask(64, 128)},
		&net.IPNet{IP: net.ParseIP("fe80::7"), Mask: net.CIDRMask(64, 128)},
	}
	for _, c := range []struct{ listen, want []string }{
		{[]string{"/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/2", "/ip6/::/udp/3/quic-v1"}, []string{"/ip6zone/eth0/ip6/fe80::7/tcp/2", "/ip6zone/eth0/ip6/fe80::7/udp/3/quic-v1"}},
		{[]string{"/ip6zone/eth0/ip6/fe80::7/tcp/4"}, []string{"/ip6zone/eth0/ip6/fe80::7/tcp/4"}},
		{[]string{"/ip6/::1/tcp/5", "/ip6/2001:db8::7/tcp/6", "/ip6zone/eth1/ip6/fe80::8/tcp/7", "/ip4/192.168.1.7/tcp/8"}, []string{}},
	} {
		if got := texts(LinkLocalAt("eth0", on, multiaddrs(c.listen...))); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.listen, got, c.want)
		}
	}
}
