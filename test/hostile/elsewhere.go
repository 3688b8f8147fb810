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

	"localchat/protocol"
)

// pointsElsewhere makes new strangers that claim, by identify, to be at the addresses of the order, and hang up: several for each
// node of the order.
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
			// A node that has identified a newcomer asks it for its rooms.
			asked := make(chan struct{}, 1)
			h.SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
				_ = s.Reset()
				select {
				case asked <- struct{}{}:
				default:
				}
			})
			must(struct{}{}, h.Connect(a.ctx, node))
			select {
			case <-asked:
			case <-time.After(patience):
				panic("the node never asked")
			}
			must(struct{}{}, h.Close())
		}
	}
}

// callsFrom tries to connect to the node of the order from one address of this machine, and reports whether that works.
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
