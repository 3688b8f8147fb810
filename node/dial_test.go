package node

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multiaddr"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

func TestParseAddr(t *testing.T) {
	id := personaID("bob").String()
	good := map[string]string{
		"192.168.1.20:4001":             "/ip4/192.168.1.20/tcp/4001",
		"[fe80::1%eth0]:4001":           "/ip6zone/eth0/ip6/fe80::1/tcp/4001",
		"[fd00::1]:4001":                "/ip6/fd00::1/tcp/4001",
		"[::1]:1":                       "/ip6/::1/tcp/1",
		"127.0.0.1:65535":               "/ip4/127.0.0.1/tcp/65535",
		"/ip4/10.0.0.1/udp/7/quic-v1":   "/ip4/10.0.0.1/udp/7/quic-v1",
		"/ip4/10.0.0.1/tcp/7/p2p/" + id: "/ip4/10.0.0.1/tcp/7/p2p/" + id,
	}
	for s, want := range good {
		if a, err := parseAddr(s); err != nil || a.String() != want {
			t.Errorf("%s is read as %v, %v", s, a, err)
		}
	}
	for _, s := range []string{
		"", ":", "4001", ":4001", "bob", "bob:4001", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:-1", "10.0.0.1:http", "10.0.0.1:4001:1",
		"fe80::1:4001", "[fe80::1]:4001", "10.0.0.256:1", "/", "/ip4", "/ip4/10.0.0.1/tcp/99999", "/ip4/x/tcp/1", "/nothing/1", "/ip4/10.0.0.1/tcp/7/p2p/bob",
		"http://10.0.0.1:80", "10.0.0.1:1/tcp/2", " 10.0.0.1:1", "\x1b[2J10.0.0.1:1", strings.Repeat("9", 1<<16),
	} {
		a, err := parseAddr(s)
		if e := AsError(fmt.Errorf("%w", err)); err == nil || e.Code != CodeInvalid || e.Reason == "" || strings.ContainsRune(e.Text, '\x1b') {
			t.Errorf("%.40q is read as %v, %v", s, a, err)
		}
	}
}

// TestPeersOfTheCommandLine: a --peer that is no address stops the start. A --peer with a peer ID is dialled as that peer, one without
// as an address.
func TestPeersOfTheCommandLine(t *testing.T) {
	self, bob := personaID("alice"), personaID("bob")
	b, err := newBook(self, []string{"10.0.0.1:4001", "/ip4/10.0.0.2/tcp/1/p2p/" + bob.String(), "/ip4/10.0.0.3/tcp/1/p2p/" + self.String()}, testGate())
	if err != nil || len(b.typed) != 1 || len(b.entries) != 1 || !b.entry(bob).fixed || !b.entry(bob).wanted || len(b.entry(bob).addrs) != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := newBook(self, []string{"10.0.0.1:4001", "bob"}, testGate()); codeOf(err) != CodeInvalid {
		t.Error(err)
	}
}

// TestBookIsBounded: however many strangers mDNS shows, the book keeps to its bound: the oldest hint goes, and no peer that we want.
func TestBookIsBounded(t *testing.T) {
	b, err := newBook(personaID("alice"), nil, testGate())
	if err != nil {
		t.Fatal(err)
	}
	addr := []multiaddr.Multiaddr{must(multiaddr.NewMultiaddr("/ip4/10.0.0.1/tcp/1"))}
	b.want("wanted", addr)
	b.add("busy", addr, lawStart)
	b.entry("busy").dialing = true
	for i := range 3 * MaxPeers {
		if b.add(peer.ID(fmt.Sprint("hint", i)), addr, lawStart.Add(time.Duration(i)*time.Second)) == nil {
			t.Fatal("no place for hint", i)
		}
		if len(b.entries) > MaxPeers {
			t.Fatalf("%d peers in the book", len(b.entries))
		}
	}
	if b.entry("wanted") == nil || b.entry("busy") == nil {
		t.Error("a hint has displaced a peer that we need")
	}
	if b.entry(peer.ID(fmt.Sprint("hint", 3*MaxPeers-1))) == nil || b.entry("hint0") != nil {
		t.Error("the hint that went was not the oldest")
	}
	if b.add(personaID("alice"), addr, lawStart) != nil {
		t.Error("we are in our own book")
	}
	for _, e := range b.entries {
		e.wanted = true
	}
	if b.add("one more", addr, lawStart) != nil {
		t.Error("a hint is taken though none can go")
	}
	b.want("a member", addr)
	if b.entry("a member") == nil {
		t.Error("there was no place for a member")
	}
	b.release("a member")
	b.release("nobody")
	if b.entry("a member").wanted || b.add("one more", addr, lawStart) == nil {
		t.Error("a released peer is no hint")
	}
}

// TestAddressesAreBounded: we keep a bounded number of addresses of one peer, the latest first, each once.
func TestAddressesAreBounded(t *testing.T) {
	b, err := newBook(personaID("alice"), nil, testGate())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * protocol.MaxAddrs {
		a := must(multiaddr.NewMultiaddr(fmt.Sprintf("/ip4/10.0.0.%d/tcp/1", i)))
		b.add("bob", []multiaddr.Multiaddr{a, a}, lawStart)
		if e := b.entry("bob"); len(e.addrs) != min(i+1, protocol.MaxAddrs) || !e.addrs[0].Equal(a) {
			t.Fatalf("after %d there are %v", i+1, e.addrs)
		}
	}
}

// TestDialable: addresses that nobody can dial are not kept.
func TestDialable(t *testing.T) {
	for s, want := range map[string]bool{
		"/ip4/10.0.0.1/tcp/1": true, "/ip4/127.0.0.1/tcp/1": true, "/ip4/0.0.0.0/tcp/1": false, "/ip6/::/udp/1/quic-v1": false,
		"/ip4/10.0.0.1/tcp/1/p2p/" + personaID("bob").String(): false,
		"/ip6zone/eth0/ip6/fe80::7/tcp/1":                      true, "/ip6/fe80::7/tcp/1": false,
	} {
		if got := lan.Dialable(must(multiaddr.NewMultiaddr(s))); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

// TestOldAddressesKeepNobodyOut: a peer with many old addresses, which we dial in vain, still gets through to us from a new one.
func TestOldAddressesKeepNobodyOut(t *testing.T) {
	s := assail(t)
	h := must(lan.NewHost(persona("bob").PrivKey, loopback, libp2p.ResourceManager(must(newResourceManager()))))
	t.Cleanup(func() { h.Close() })
	var old []multiaddr.Multiaddr
	for range 3 * protocol.MaxAddrs {
		deaf := must(net.ListenPacket("udp4", "127.0.0.1:0"))
		t.Cleanup(func() { deaf.Close() })
		old = append(old, must(multiaddr.NewMultiaddr(fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", deaf.LocalAddr().(*net.UDPAddr).Port))))
	}
	s.alice.gate.TypeIn(old...) // the gate once let us dial these
	dialled := make(chan struct{})
	ctx, cancel := context.WithCancel(s.ctx)
	defer func() {
		cancel()
		<-dialled
	}()
	go func() {
		defer close(dialled)
		_ = s.alice.host.Connect(ctx, peer.AddrInfo{ID: h.ID(), Addrs: old})
	}()
	const atOnce = 8 // the library's limit for one peer
	under := func() (n int) {
		view := func(scope network.PeerScope) error {
			n = scope.Stat().NumConnsOutbound
			return nil
		}
		if err := s.alice.host.Network().ResourceManager().ViewPeer(h.ID(), view); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for under() < atOnce {
		if s.ctx.Err() != nil {
			t.Fatal(under(), "dials under way")
		}
		runtime.Gosched()
	}
	if err := h.Connect(s.ctx, s.alice.addrInfo()); err != nil {
		t.Fatal(err)
	}
	s.join(h, "bob")
	if n := under(); n < atOnce {
		t.Errorf("%d dials under way at the end: this shows nothing", n)
	}
}

// TestCrossingDials: two nodes that dial each other at the same moment end up talking: they may be left with two connections, one each
// way.
func TestCrossingDials(t *testing.T) {
	long(t)
	crossed := 0
	for range 25 {
		func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			nodes := make([]*Node, 2)
			subs := make([]*Subscription, 2)
			for i, nick := range []string{"alice", "bob"} {
				nodes[i] = must(New(Config{Nick: nick, Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"}}))
				defer nodes[i].Close()
				subs[i] = nodes[i].Subscribe(SubscribeOptions{})
			}
			for i, n := range nodes {
				n.gate.TypeIn(nodes[1-i].addrInfo().Addrs...)
			}
			lab := must(nodes[0].Create(ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID.String()
			var dials sync.WaitGroup
			defer dials.Wait()
			now := make(chan struct{})
			for i, n := range nodes {
				dials.Go(func() {
					<-now
					_ = n.connect(ctx, nodes[1-i].self, nodes[1-i].addrInfo().Addrs)
				})
			}
			close(now)
			must(nodes[1].Join(ctx, JoinOptions{Room: lab}))
			for i, n := range nodes {
				text := "line of " + n.cfg.Nick
				must(n.Say(ctx, lab, text, false))
				for heard := false; !heard; {
					select {
					case ev := <-subs[1-i].Events():
						m, ok := ev.Body.(Message)
						heard = ok && m.Text == text
					case <-ctx.Done():
						t.Fatal(text, "is never heard")
					}
				}
			}
			if len(nodes[0].host.Network().ConnsToPeer(nodes[1].self)) > 1 {
				crossed++
			}
		}()
	}
	if crossed == 0 {
		t.Error("no dials have crossed: this shows nothing")
	}
	t.Log(crossed, "of 25 crossed")
}

// TestEveryMemberCanBePinged: a ping stream is kept open with each member. Libp2p's limit, 64 and as many more for each 8 GiB of
// memory, would not do.
func TestEveryMemberCanBePinged(t *testing.T) {
	rm := must(newResourceManager())
	defer rm.Close()
	for i := range protocol.MaxMembers {
		for _, dir := range []network.Direction{network.DirInbound, network.DirOutbound} {
			s, err := rm.OpenStream(peer.ID(fmt.Sprint("peer ", i)), dir)
			if err == nil {
				err = s.SetProtocol(ping.ID)
			}
			if err == nil {
				err = s.SetService(ping.ServiceName)
			}
			if err != nil {
				t.Fatalf("with %d peers: %s: %v", i, dir, err)
			}
			defer s.Done()
		}
	}
}
