package discovery

import (
	"fmt"
	"math/rand"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(helperEnv); name != "" {
		if err := helper(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// testPeer returns a peer ID that depends on seed only.
func testPeer(seed int64) peer.ID {
	_, pub, err := crypto.GenerateEd25519Key(rand.New(rand.NewSource(seed)))
	if err != nil {
		panic(err)
	}
	id, err := peer.IDFromPublicKey(pub)
	if err != nil {
		panic(err)
	}
	return id
}

func addrs(texts ...string) []ma.Multiaddr {
	var ms []ma.Multiaddr
	for _, s := range texts {
		ms = append(ms, ma.StringCast(s))
	}
	return ms
}

func texts(ms []ma.Multiaddr) []string {
	var ts []string
	for _, m := range ms {
		ts = append(ts, m.String())
	}
	return ts
}

func endpointTexts(es []endpoint) []string {
	var ts []string
	for _, e := range es {
		ts = append(ts, e.String())
	}
	return ts
}

func testNIC(index int, name string, prefixes ...string) nic {
	n := nic{iface: net.Interface{Index: index, Name: name, Flags: net.FlagUp | net.FlagRunning | net.FlagMulticast}}
	for _, p := range prefixes {
		n.prefixes = append(n.prefixes, netip.MustParsePrefix(p))
	}
	return n
}

// listenAll is what a host listens on by default.
var listenAll = []string{
	"/ip4/0.0.0.0/udp/40001/quic-v1", "/ip4/0.0.0.0/tcp/40002",
	"/ip6/::/udp/40003/quic-v1", "/ip6/::/tcp/40004",
}
