package discovery_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"os"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/discovery"
)

// Two nodes on one machine find each other by a folder, without a network interface. With the zero Config they also look on every network
// of the machine.
func Example() {
	dir, err := os.MkdirTemp("", "discovery-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	config := discovery.Config{RuntimeDir: dir, Interfaces: []string{"none"}}

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	found := make(chan peer.AddrInfo)
	run := func(self peer.AddrInfo, found func(peer.AddrInfo)) {
		me := func() peer.AddrInfo { return self }
		ended <- discovery.New(config).Run(ctx, me, found, func(netip.Addr) {})
	}
	alice, bob := node("/ip4/127.0.0.1/tcp/4001"), node("/ip4/127.0.0.1/tcp/4002")
	go run(alice, func(p peer.AddrInfo) {
		select {
		case found <- p:
		case <-ctx.Done():
		}
	})
	go run(bob, func(peer.AddrInfo) {})

	p := <-found
	fmt.Println("alice has found bob:", p.ID == bob.ID)
	fmt.Println(p.Addrs)

	cancel()
	fmt.Println(<-ended, <-ended)
	// Output:
	// alice has found bob: true
	// [/ip4/127.0.0.1/tcp/4002]
	// <nil> <nil>
}

// node returns a node that listens at addr.
func node(addr string) peer.AddrInfo {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		panic(err)
	}
	return peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{multiaddr.StringCast(addr)}}
}
