package lan

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/internal/onlink"
)

// testGate is a gate on 192.168.1.0/24 and 2001:db8:1::/64.
func testGate() *Gate {
	return NewGate(func() (onlink.Networks, error) {
		return onlink.Networks{netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("2001:db8:1::5/64"), netip.MustParsePrefix("fe80::5/64")}, nil
	}, false)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keyOf is the key of name, the same every time.
func keyOf(name string) crypto.PrivKey {
	seed := sha256.Sum256([]byte(name))
	return must(crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed[:])))
}

func peerOf(name string) peer.ID { return must(peer.IDFromPrivateKey(keyOf(name))) }

// texts is what addresses look like.
func texts(as []multiaddr.Multiaddr) (ts []string) {
	for _, a := range as {
		ts = append(ts, a.String())
	}
	return ts
}

func multiaddrs(texts ...string) (as []multiaddr.Multiaddr) {
	for _, s := range texts {
		as = append(as, multiaddr.StringCast(s))
	}
	return as
}

// TestGate: addresses on our networks are dialled. No other address that a peer has named is.
func TestGate(t *testing.T) {
	g := testGate()
	relay := "/p2p/" + peerOf("carol").String() + "/p2p-circuit"
	for s, want := range map[string]bool{
		"/ip4/192.168.1.77/tcp/4001": true, "/ip4/192.168.1.77/udp/4001/quic-v1": true, "/ip4/192.168.1.5/tcp/1": true,
		"/ip6/2001:db8:1::77/tcp/4001": true, "/ip6zone/eth0/ip6/fe80::77/tcp/1": true,

		"/ip4/8.8.8.8/tcp/53": false, "/ip4/192.168.2.77/tcp/22": false, "/ip4/10.0.0.1/udp/53/quic-v1": false, "/ip4/172.31.5.5/tcp/22": false,
		"/ip4/169.254.169.254/tcp/80": false, "/ip4/127.0.0.1/tcp/631": false, "/ip4/127.0.0.53/udp/53/quic-v1": false, "/ip6/::1/tcp/631": false,
		"/ip4/0.0.0.0/tcp/1": false, "/ip6/::/tcp/1": false, "/ip4/192.168.1.255/udp/9/quic-v1": false, "/ip4/255.255.255.255/udp/9/quic-v1": false,
		"/ip4/224.0.0.251/udp/5353/quic-v1": false, "/ip6/ff02::fb/udp/5353/quic-v1": false, "/ip6/2001:db8:2::77/tcp/4001": false,
		"/ip6/::ffff:8.8.8.8/tcp/53": false, "/ip6/::ffff:192.168.1.77/tcp/1": false, "/ip6/64:ff9b::808:808/tcp/53": false, "/ip6/fd00::1/tcp/1": false,
		"/dns4/evil.example/tcp/80": false, "/dnsaddr/evil.example": false, "/dns/192.168.1.77/tcp/80": false, "/unix/tmp/x": false,
		"/ip4/8.8.8.8/tcp/53" + relay: false,
	} {
		a := multiaddr.StringCast(s)
		if got := g.Passes("bob", a); got != want {
			t.Errorf("%s passes: %v", s, got)
		}
		if got := g.InterceptAddrDial("bob", a); got != want {
			t.Errorf("%s is dialled: %v", s, got)
		}
	}
}

// TestGateKnowsWhereAnAddressComesFrom: a typed address passes for every peer, an address where a peer was reached for that peer, and
// a loopback address that a node of this machine gave for the peer that it named.
func TestGateKnowsWhereAnAddressComesFrom(t *testing.T) {
	g := testGate()
	typed, named := multiaddrs("/ip4/10.9.0.7/tcp/4001"), multiaddrs("/ip4/127.0.0.1/tcp/4001", "/ip4/10.9.0.8/tcp/4001")
	g.TypeIn(append(typed, multiaddr.StringCast("/ip4/10.9.0.9/tcp/1/p2p/"+peerOf("bob").String()))...)
	g.HereToo("bob", named)
	for _, c := range []struct {
		peer peer.ID
		addr string
		want bool
	}{
		{"bob", "/ip4/10.9.0.7/tcp/4001", true},
		{"carol", "/ip4/10.9.0.7/tcp/4001", true},
		{"bob", "/ip4/10.9.0.7/tcp/4002", false},
		{"bob", "/ip4/10.9.0.7/udp/4001/quic-v1", false},
		{"bob", "/ip4/10.9.0.9/tcp/1", true},
		{"bob", "/ip4/127.0.0.1/tcp/4001", true},
		{"carol", "/ip4/127.0.0.1/tcp/4001", false},
		{"bob", "/ip4/127.0.0.1/tcp/631", false},
		{"bob", "/ip4/10.9.0.8/tcp/4001", false},
	} {
		if got := g.InterceptAddrDial(c.peer, multiaddr.StringCast(c.addr)); got != c.want {
			t.Errorf("%s at %s passes: %v", c.peer, c.addr, got)
		}
	}
	both := multiaddrs("/ip4/10.9.0.7/tcp/4001", "/ip4/192.168.1.77/tcp/4001", "/ip4/10.9.0.8/tcp/1", "/ip4/127.0.0.1/tcp/4001")
	if got := texts(g.Passing("bob", both)); !slices.Equal(got, []string{"/ip4/10.9.0.7/tcp/4001", "/ip4/192.168.1.77/tcp/4001", "/ip4/127.0.0.1/tcp/4001"}) {
		t.Errorf("handed on: %v", got)
	}
	// Only addresses on none of this machine's networks are kept for the next start.
	g.TypeIn(both[1])
	if got := texts(g.Lasting(both)); !slices.Equal(got, []string{"/ip4/10.9.0.7/tcp/4001", "/ip4/127.0.0.1/tcp/4001"}) {
		t.Errorf("kept: %v", got)
	}
}

func TestAddressesThatMayConnect(t *testing.T) {
	g, anywhere := testGate(), testGate()
	anywhere.anywhere = true
	g.TypeIn(multiaddrs("/ip4/10.9.0.7/tcp/4001")...)
	for s, want := range map[string]bool{
		"/ip4/192.168.1.77/tcp/50000": true, "/ip6/2001:db8:1::77/udp/50000/quic-v1": true, "/ip6zone/eth0/ip6/fe80::77/tcp/1": true,
		"/ip4/127.0.0.1/tcp/50000": true, "/ip6/::1/tcp/50000": true, "/ip4/10.9.0.7/tcp/50000": true,
		"/ip4/198.51.100.7/tcp/50000": false, "/ip4/192.168.2.77/udp/50000/quic-v1": false, "/ip6/2001:db8:2::77/tcp/50000": false, "/ip4/10.9.0.8/tcp/1": false,
	} {
		a := multiaddr.StringCast(s)
		if got := g.mayConnect(a); got != want {
			t.Errorf("%s may connect: %v", s, got)
		}
		_, err := doorman{&network.NullResourceManager{}, g}.OpenConnection(network.DirInbound, false, a)
		if (err == nil) != want {
			t.Errorf("%s at the door: %v", s, err)
		}
		if _, err := (doorman{&network.NullResourceManager{}, anywhere}).OpenConnection(network.DirInbound, false, a); err != nil {
			t.Errorf("%s at the open door: %v", s, err)
		}
		if _, err := (doorman{&network.NullResourceManager{}, g}).OpenConnection(network.DirOutbound, false, a); err != nil {
			t.Errorf("out to %s: %v", s, err)
		}
	}
}

// TestGateFollowsTheNetworks: a new network counts at once, and one that has gone stops counting within a second. A flood of foreign
// addresses makes the gate look at the interfaces no more often than that needs.
func TestGateFollowsTheNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		now, lookErr := onlink.Networks{}, error(nil)
		g := NewGate(func() (onlink.Networks, error) { looks++; return now, lookErr }, false)
		at := multiaddr.StringCast("/ip4/192.168.1.77/tcp/4001")
		for range 10_000 {
			if g.InterceptAddrDial("bob", at) || g.mayConnect(at) {
				t.Fatal("an address passes, and there is no network")
			}
		}
		if looks != 1 {
			t.Errorf("%d looks at the interfaces", looks)
		}
		now = onlink.Networks{netip.MustParsePrefix("192.168.1.5/24")}
		time.Sleep(NetworksFresh)
		if g.Passes("bob", at) || !g.InterceptAddrDial("bob", at) || !g.mayConnect(at) || !g.Passes("bob", at) {
			t.Error("a network that has come up does not count")
		}
		lookErr = errors.New("out of descriptors")
		time.Sleep(NetworksFresh)
		g.Refresh()
		if !g.Passes("bob", at) {
			t.Error("a failed look at the interfaces is taken for a network that has gone")
		}
		now, lookErr = nil, nil
		time.Sleep(NetworksFresh)
		g.Refresh()
		if g.Passes("bob", at) || g.InterceptAddrDial("bob", at) {
			t.Error("a network that has gone counts still")
		}
	})
}

// TestGatePlacesAreBounded: however many addresses are typed, or named by one peer or by many, the gate keeps a bounded number.
// Addresses in use stay.
func TestGatePlacesAreBounded(t *testing.T) {
	g := testGate()
	used := multiaddr.StringCast("/ip4/10.8.0.1/tcp/1")
	g.TypeIn(used)
	for i := range 2 * maxPlaces {
		a := multiaddr.StringCast(fmt.Sprintf("/ip4/10.9.%d.%d/tcp/1", i/256, i%256))
		here := multiaddr.StringCast(fmt.Sprintf("/ip4/127.9.%d.%d/tcp/1", i/256, i%256))
		g.TypeIn(a)
		g.HereToo("one", []multiaddr.Multiaddr{here})
		g.HereToo(peer.ID(fmt.Sprint("peer", i)), []multiaddr.Multiaddr{here})
		if !g.Passes("bob", used) || !g.Passes("bob", a) || !g.Passes("one", here) {
			t.Fatal("after", i, "addresses, one in use does not pass")
		}
	}
	if g.typed.Len() != maxPlaces || g.reached.Len() != maxPlaces || g.callers.Len() != maxPlaces {
		t.Errorf("%d typed, %d reached, %d callers", g.typed.Len(), g.reached.Len(), g.callers.Len())
	}
}

// askedNames is a resolver that counts its requests.
type askedNames struct{ asked []string }

func (r *askedNames) ResolveDNSAddr(_ context.Context, _ peer.ID, a multiaddr.Multiaddr, _, _ int) ([]multiaddr.Multiaddr, error) {
	return r.ResolveDNSComponent(context.Background(), a, 1)
}

func (r *askedNames) ResolveDNSComponent(_ context.Context, a multiaddr.Multiaddr, _ int) ([]multiaddr.Multiaddr, error) {
	r.asked = append(r.asked, a.String())
	return multiaddrs("/ip4/10.9.0.7/tcp/4001"), nil
}

// TestOnlyTypedNamesAreResolved: a name that a peer gives is not even looked up. A typed name is, and its addresses pass.
func TestOnlyTypedNamesAreResolved(t *testing.T) {
	g, dns := testGate(), &askedNames{}
	r := nameGate{g, dns}
	evil, home := multiaddr.StringCast("/dns4/secret.evil.example/tcp/4001"), multiaddr.StringCast("/dns4/home.example/tcp/4001")
	at := multiaddr.StringCast("/ip4/10.9.0.7/tcp/4001")
	g.TypeIn(home)
	for _, a := range multiaddrs("/dns4/secret.evil.example/tcp/4001", "/dns6/evil.example/tcp/1", "/dnsaddr/evil.example", "/dns4/home.example/tcp/22") {
		if _, err := r.ResolveDNSComponent(t.Context(), a, 10); err == nil {
			t.Errorf("%s is resolved", a)
		}
	}
	if _, err := r.ResolveDNSAddr(t.Context(), "bob", evil, 10, 10); err == nil || len(dns.asked) > 0 || g.Passes("bob", at) {
		t.Error("asked for", dns.asked, err)
	}
	if as, err := r.ResolveDNSComponent(t.Context(), home, 10); err != nil || len(as) != 1 || len(dns.asked) != 1 || !g.Passes("bob", at) {
		t.Error(as, err, dns.asked)
	}
}
