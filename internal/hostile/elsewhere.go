package hostile

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// pointsElsewhere is ever new strangers that say, by identify, that they are at the addresses of the order, and hang up: for
// each node of the order some of them.
func (a *agent) pointsElsewhere(do order) {
	const strangers = 10
	var says []multiaddr.Multiaddr
	for _, s := range do.From {
		says = append(says, must(multiaddr.NewMultiaddr(s)))
	}
	for _, node := range infos(do.Nodes) {
		for range strangers {
			key, _, err := crypto.GenerateEd25519Key(rand.Reader)
			if err != nil {
				panic(err)
			}
			h := must(libp2p.New(
				libp2p.Identity(key), libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.ResourceManager(&network.NullResourceManager{}),
				libp2p.ListenAddrStrings("/ip4/0.0.0.0/tcp/0"),
				libp2p.AddrsFactory(func([]multiaddr.Multiaddr) []multiaddr.Multiaddr { return says }),
			))
			must(struct{}{}, h.Connect(a.ctx, node))
			a.listed(h.Network().ConnsToPeer(node.ID))
			must(struct{}{}, h.Close())
		}
	}
}

// listed waits until the node has asked for the rooms of who has connected, which it does once it has identified it.
func (a *agent) listed(conns []network.Conn) {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		for _, c := range conns {
			for _, s := range c.GetStreams() {
				if s.Stat().Direction == network.DirInbound {
					return
				}
			}
		}
		if time.Now().After(deadline) {
			panic("the node never asked")
		}
	}
}

// callsFrom tries to connect to the node of the order from one address of this machine, and says whether it is let in.
func (a *agent) callsFrom(do order) (in bool) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	h := must(NewHost(key, do.From[0]))
	defer h.Close()
	node := infos(do.Nodes)[0]
	tcp := multiaddr.FilterAddrs(node.Addrs, func(m multiaddr.Multiaddr) bool {
		_, err := m.ValueForProtocol(multiaddr.P_TCP)
		return err == nil
	})
	if len(tcp) == 0 {
		panic(fmt.Sprint("no TCP address in ", node))
	}
	return h.Connect(a.ctx, peer.AddrInfo{ID: node.ID, Addrs: tcp}) == nil
}
