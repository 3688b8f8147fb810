package node

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/internal/onlink"
)

// TestLinkLocalAddressesAreNotHandedOn: a link-local address is used but not handed on: its zone is a card of this machine.
func TestLinkLocalAddressesAreNotHandedOn(t *testing.T) {
	link := multiaddr.StringCast("/ip6zone/eth0/ip6/fe80::77/udp/4001/quic-v1")
	onTheOutskirts(t, near, func(o *outskirt) {
		lab := o.lab()
		o.networks["alice"].Store(&onlink.Networks{netip.MustParsePrefix("1.0.0.9/16"), netip.MustParsePrefix("1.77.0.5/24"), netip.MustParsePrefix("fe80::5/64")})
		time.Sleep(2 * netCheckEvery) // simulated
		m := o.enter(lab)
		go m.Poll()
		time.Sleep(5 * time.Second) // simulated: mallory is present
		o.inLoop(o.nodes["alice"], func(l *loop) {
			peerFound{peer.AddrInfo{ID: o.mallory.ID(), Addrs: []multiaddr.Multiaddr{link}}}.handle(l)
			if known := formatAddrs(l.addrsOf(o.mallory.ID())); !slices.Contains(known, link.String()) {
				t.Errorf("alice knows mallory at %v: this shows nothing", known)
			}
			for _, p := range l.rooms[lab.ID].desk.presence.withAddrs() {
				if told := formatAddrs(p.Addrs); p.Peer == o.mallory.ID() && !slices.Equal(told, []string{near[0].String()}) {
					t.Errorf("alice hands on that mallory is at %v", told)
				}
			}
		})
	})
}

// TestMissingCardIsReported: a missing card is reported, and nothing is dialled.
func TestMissingCardIsReported(t *testing.T) {
	cards := must(net.Interfaces())
	for card, want := range map[string]bool{cards[0].Name: true, strconv.Itoa(cards[0].Index): true, "nocard": false, "987654": false} {
		err := checkCard(multiaddr.StringCast("/ip6zone/" + card + "/ip6/fe80::7/tcp/1"))
		if (err == nil) != want || err != nil && AsError(err).Code != CodeInvalid {
			t.Errorf("%s: %v", card, err)
		}
	}
	if err := checkCard(multiaddr.StringCast("/ip4/10.0.0.1/tcp/1")); err != nil {
		t.Error(err)
	}
}
