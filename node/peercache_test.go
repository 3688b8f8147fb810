package node

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"localchat/node/internal/store"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// TestRememberedPeers: peers that shared a room with us are looked for at the next start, when nothing announces them. Without that
// setting no peer is remembered, and remembered ones are forgotten.
func TestRememberedPeers(t *testing.T) {
	long(t)
	dir := t.TempDir()
	alice := must(New(Config{Nick: "alice", Listen: loopback}))
	defer alice.Close()
	lab := must(alice.Create(t.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	at := alice.host.Addrs()[0].String()
	start := func(remember bool, peers ...string) *Node {
		// The rooms of last time are left alone: their owners' addresses are kept with them.
		return must(New(Config{Nick: "bob", Listen: loopback, DataDir: dir, Remember: remember, NoResume: true, Peers: peers}))
	}
	finds := func(n *Node) bool {
		for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			rooms := must(n.Rooms(t.Context()))
			if slices.ContainsFunc(rooms, func(r RoomInfo) bool { return r.ID == lab.ID }) {
				return true
			}
		}
		return false
	}
	for i, c := range []struct {
		remember bool
		peers    []string
		want     bool
	}{
		{remember: true, want: false},
		{remember: true, peers: []string{at + "/p2p/" + alice.self.String()}, want: true},
		{remember: true, want: true},
		{remember: true, want: true}, // a start that only hints at it does not lose it
		{remember: false, want: false},
		{remember: true, want: false},
	} {
		n := start(c.remember, c.peers...)
		if got := finds(n); got != c.want {
			t.Errorf("start %d finds the room: %v", i, got)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRememberedPeersAreBounded: however many peers a node meets, it remembers the latest, each with the addresses that worked last.
// Only our own dials add an address.
func TestRememberedPeersAreBounded(t *testing.T) {
	m := &peerMemory{peers: make(map[peer.ID]store.Peer)}
	for i := range 3 * maxRemembered {
		p := personaID(fmt.Sprint("peer", i))
		for j := range 2 * maxRememberedAddrs {
			addr := fmt.Sprintf("/ip4/10.0.0.%d/tcp/1", j)
			if !m.note(p, []string{addr}, lawStart.Add(time.Duration(i)*time.Second)) || m.note(p, []string{addr}, lawStart.Add(time.Duration(i)*time.Second)) {
				t.Fatal("a known address is written again, or a new one is not")
			}
			if r := m.peers[p]; len(r.Addrs) > maxRememberedAddrs || r.Addrs[0] != addr {
				t.Fatalf("%v", r)
			}
		}
		if len(m.peers) > maxRemembered {
			t.Fatalf("%d peers are remembered", len(m.peers))
		}
	}
	if _, ok := m.peers[personaID(fmt.Sprint("peer", 3*maxRemembered-1))]; !ok || m.note("nobody", nil, lawStart) {
		t.Error("the latest peer is not remembered, or one that was not reached is")
	}
	s := must(store.Open(t.TempDir()))
	defer s.Close()
	if err := s.SavePeers(m.peers); err != nil {
		t.Fatal(err)
	}
	again := must(s.Peers())
	for p, r := range m.peers {
		if !slices.Equal(again[p].Addrs, r.Addrs) || !again[p].Seen.Equal(r.Seen) || again[p].Peer != p {
			t.Errorf("%v comes back as %v", r, again[p])
		}
	}
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob") // bob dials alice
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		conns := func(n *Node, p peer.ID) []network.Conn { return n.host.Network().ConnsToPeer(p) }
		if at := dialledAt(conns(bob, alice.self)); len(at) == 0 || at[0] != l.hosts[0].Addrs()[0].String() {
			t.Errorf("bob dialled alice at %v", at)
		}
		if at := dialledAt(conns(alice, bob.self)); len(at) != 0 {
			t.Errorf("alice dialled bob at %v", at)
		}
	})
}
