package hostile

import (
	"fmt"
	"net"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
)

// NewHost returns a stock libp2p host without limits. With from, an IPv4 address of this machine, it listens and dials only at that
// address, and only by TCP: libp2p has no choice of the address that QUIC dials from.
func NewHost(key crypto.PrivKey, from string) (host.Host, error) {
	cm, err := connmgr.NewConnManager(1<<20, 1<<21)
	if err != nil {
		return nil, err
	}
	opts := []libp2p.Option{
		libp2p.Identity(key), libp2p.Security(noise.ID, noise.New), libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.ConnectionManager(cm), libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.ForceReachabilityPrivate(),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.UDPBlackHoleSuccessCounter(nil), libp2p.IPv6BlackHoleSuccessCounter(nil),
	}
	if from == "" {
		return libp2p.New(append(opts,
			libp2p.Transport(quic.NewTransport), libp2p.Transport(tcp.NewTCPTransport),
			libp2p.ListenAddrStrings("/ip4/0.0.0.0/udp/0/quic-v1", "/ip6/::/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/0"),
		)...)
	}
	ip := net.ParseIP(from)
	if ip == nil {
		return nil, fmt.Errorf("%q is not an IP address", from)
	}
	dial := tcp.WithDialerForAddr(func(multiaddr.Multiaddr) (tcp.ContextDialer, error) {
		return &net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}}, nil
	})
	return libp2p.New(append(opts, libp2p.Transport(tcp.NewTCPTransport, dial), libp2p.ListenAddrStrings("/ip4/"+from+"/tcp/0"))...)
}
