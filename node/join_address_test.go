package node

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"localchat/node/internal/lan"

	"github.com/multiformats/go-multiaddr"
)

// stranger is a node that knows no other peer.
func (l *simLAN) stranger(nick string) *Node {
	l.t.Helper()
	n := must(New(Config{Nick: nick, Host: l.hosts[len(l.nodes)], gate: gateOf(l.hosts[len(l.nodes)]), Version: "test"}))
	l.index[nick] = len(l.nodes)
	l.nodes[nick], l.subs[nick] = n, watch(l.t, nick, n)
	return n
}

// at is the HOST:PORT that a user types to reach nick.
func (l *simLAN) at(nick string) string {
	port := must(l.hosts[l.index[nick]].Addrs()[0].ValueForProtocol(multiaddr.P_UDP))
	return l.ip(nick) + ":" + port
}

// TestJoinByAddress: a user that knows only an address joins the one room there, whether the owner answers or another member. If there
// are several, the user is told which, and joins by ID. If there is no room, or nobody answers, the user is told so at once.
func TestJoinByAddress(t *testing.T) {
	simulate(t, 6, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		carol, dave, erin := l.stranger("carol"), l.stranger("dave"), l.stranger("erin")
		if in := must(carol.Join(l.ctx(), JoinOptions{Room: l.at("alice")})); in.ID != lab.ID {
			t.Errorf("carol is in %s", in.Name)
		}
		// Bob does not own it, and knows where the owner is.
		if in := must(dave.Join(l.ctx(), JoinOptions{Room: l.at("bob")})); in.ID != lab.ID {
			t.Errorf("dave is in %s", in.Name)
		}
		if in := must(dave.Join(l.ctx(), JoinOptions{Room: l.at("alice")})); in.ID != lab.ID {
			t.Errorf("dave was in already, and is now in %s", in.Name)
		}
		must(dave.Say(l.ctx(), "lab", "found you", false))
		until(l.subs["carol"], func(m Message) bool { return m.Text == "found you" })

		begun := time.Now()
		_, err := erin.Join(l.ctx(), JoinOptions{Room: l.ip("alice") + ":1"})
		if codeOf(err) != CodeNotFound || AsError(err).Reason == "" || !strings.Contains(err.Error(), "nobody") || time.Since(begun) > 3*lan.DialTimeout {
			t.Errorf("at a port where nobody listens: %v, after %v", err, time.Since(begun))
		}
		if _, err := erin.Join(l.ctx(), JoinOptions{Room: l.at("erin")}); err == nil || AsError(err).Reason == "" {
			t.Errorf("at her own address: %v", err)
		}
		frank := l.stranger("frank")
		if _, err := erin.Join(l.ctx(), JoinOptions{Room: l.at("frank")}); codeOf(err) != CodeNotFound || !strings.Contains(err.Error(), "in no room") {
			t.Errorf("at the address of a node in no room: %v", err)
		}
		kitchen := must(frank.Create(l.ctx(), CreateOptions{Name: "kitchen", PolicyChange: openRoom()}))
		garden := must(frank.Create(l.ctx(), CreateOptions{Name: "garden", PolicyChange: openRoom()}))
		_, err = erin.Join(l.ctx(), JoinOptions{Room: l.at("frank")})
		if codeOf(err) != CodeAmbiguous || !offers(err, kitchen.ID, garden.ID) {
			t.Errorf("at the address of a node in two rooms: %v, %v", err, AsError(err).Rooms)
		}
		if in := must(erin.Join(l.ctx(), JoinOptions{Room: garden.ID.String()})); in.Name != "garden" {
			t.Errorf("by the ID that she was told, erin is in %s", in.Name)
		}
	})
}

// TestJoinByAnyPort: on both transports, since a user reads a port off a screen without its transport.
func TestJoinByAnyPort(t *testing.T) {
	alice := must(New(Config{Nick: "alice", Listen: []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}}))
	defer alice.Close()
	must(alice.Create(t.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	for i, a := range alice.host.Addrs() {
		port, err := a.ValueForProtocol(multiaddr.P_TCP)
		if err != nil {
			port = must(a.ValueForProtocol(multiaddr.P_UDP))
		}
		func() {
			n := must(New(Config{Nick: fmt.Sprint("guest", i), Listen: loopback}))
			defer n.Close()
			if _, err := n.Join(t.Context(), JoinOptions{Room: "127.0.0.1:" + port}); err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}()
	}
}
