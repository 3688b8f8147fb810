package lan

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/pnet"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"localchat/internal/onlink"
)

// A linkLocal transport dials IPv6 link-local addresses, /ip6zone/eth0/ip6/fe80::7/tcp/4001 for one: on a cable or a switch
// without a router there may be no others. libp2p's TCP and QUIC can dial them, and listen at them as at all others, but
// its swarm drops each address that begins with a link-local one before it asks any transport. So in the swarm such an address
// begins with a mark: Resolve puts it there, and Dial takes it away. Nothing else sees a marked address but
// [Gate.InterceptAddrDial] and the peerstore.
type linkLocal struct{ tcp, quic transport.Transport }

// linkMark is the first component of a marked address. Its code is in the range that multiformats leave to private use.
var linkMark = multiaddr.Protocol{Name: "localchat-link", Code: 0x300001, VCode: multiaddr.CodeToVarint(0x300001)}

func init() {
	if err := multiaddr.AddProtocol(linkMark); err != nil {
		panic(err) // no other protocol has the name or the code
	}
}

// newLinkLocal is a constructor for [libp2p.Transport]. Its QUIC shares the sockets of the host's own.
func newLinkLocal(key crypto.PrivKey, sockets *quicreuse.ConnManager, psk pnet.PSK, up transport.Upgrader, g connmgr.ConnectionGater, rm network.ResourceManager) (*linkLocal, error) {
	q, err := quic.NewTransport(key, sockets, psk, g, rm)
	if err != nil {
		return nil, err
	}
	t, err := tcp.NewTCPTransport(up, rm, nil)
	if err != nil {
		return nil, err
	}
	return &linkLocal{tcp: t, quic: q}, nil
}

// LinkLocalAt returns the link-local addresses of an interface with the addresses on, for a host that listens at listen.
func LinkLocalAt(card string, on []net.Addr, listen []multiaddr.Multiaddr) (addrs []multiaddr.Multiaddr) {
	for _, network := range onlink.Of(on) {
		if ip := network.Addr(); ip.Is6() && ip.IsLinkLocalUnicast() {
			for _, l := range listen {
				if at, ok := IP(l); !ok || at != ip && at != netip.IPv6Unspecified() {
					continue
				}
				_, port := multiaddr.SplitFunc(l, func(c multiaddr.Component) bool {
					return c.Code() != multiaddr.P_IP6ZONE && c.Code() != multiaddr.P_IP6
				})
				if host, err := manet.FromIPAndZone(ip.AsSlice(), card); err == nil {
					addrs = append(addrs, host.Encapsulate(port))
				}
			}
		}
	}
	return addrs
}

func isMarked(a multiaddr.Multiaddr) bool { return len(a) > 0 && a[0].Code() == linkMark.Code }

func marked(a multiaddr.Multiaddr) multiaddr.Multiaddr {
	if isMarked(a) {
		return a
	}
	return multiaddr.StringCast("/" + linkMark.Name).Encapsulate(a)
}

func unmarked(a multiaddr.Multiaddr) multiaddr.Multiaddr {
	if isMarked(a) {
		return a[1:]
	}
	return a
}

// dialer returns the transport that can dial a, or nil.
func (t *linkLocal) dialer(a multiaddr.Multiaddr) transport.Transport {
	if a = unmarked(a); !IsZoned(a) {
		return nil
	}
	for _, inner := range []transport.Transport{t.quic, t.tcp} {
		if inner.CanDial(a[1:]) {
			return inner
		}
	}
	return nil
}

func (t *linkLocal) CanDial(a multiaddr.Multiaddr) bool { return t.dialer(a) != nil }

func (t *linkLocal) Resolve(_ context.Context, a multiaddr.Multiaddr) ([]multiaddr.Multiaddr, error) {
	return []multiaddr.Multiaddr{marked(a)}, nil
}

func (t *linkLocal) Dial(ctx context.Context, a multiaddr.Multiaddr, p peer.ID) (transport.CapableConn, error) {
	inner := t.dialer(a)
	if inner == nil {
		return nil, errNotZoned
	}
	return inner.Dial(ctx, unmarked(a), p)
}

var errNotZoned = errors.New("not a link-local address with its network card")

func (t *linkLocal) Listen(multiaddr.Multiaddr) (transport.Listener, error) { return nil, errNotZoned }

func (t *linkLocal) Protocols() []int { return []int{linkMark.Code} }

func (t *linkLocal) Proxy() bool { return false }

// rankDials orders dials as libp2p does, with link-local addresses after the others: mostly they lead to the same peer.
func rankDials(addrs []multiaddr.Multiaddr) []network.AddrDelay {
	var links, others []multiaddr.Multiaddr
	for _, a := range addrs {
		if isMarked(a) {
			links = append(links, unmarked(a)) // libp2p takes an address for private by its first component
		} else {
			others = append(others, a)
		}
	}
	ranked := swarm.DefaultDialRanker(others)
	var after time.Duration
	for _, r := range ranked {
		after = max(after, r.Delay+linkDelay)
	}
	for _, r := range swarm.DefaultDialRanker(links) {
		ranked = append(ranked, network.AddrDelay{Addr: marked(r.Addr), Delay: after + r.Delay})
	}
	return ranked
}
