// Package lan connects this machine with others of its networks: the libp2p host and its limits, the gate that says which
// addresses are dialled and from where others may connect, streams on the connection that is alive, and signs of life. It knows
// nothing of rooms but how large one can be.
package lan

import (
	"fmt"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
)

// EveryInterface is every interface at port, both transports: QUIC loses little to a lossy Wi-Fi and survives a new address,
// TCP passes a small MTU and notices a killed process at once. With port 0 the system chooses a port for each.
func EveryInterface(port uint16) []string {
	return []string{
		fmt.Sprintf("/ip4/0.0.0.0/udp/%d/quic-v1", port), fmt.Sprintf("/ip6/::/udp/%d/quic-v1", port),
		fmt.Sprintf("/ip4/0.0.0.0/tcp/%d", port), fmt.Sprintf("/ip6/::/tcp/%d", port),
	}
}

// NewHost makes the libp2p host of a LAN: QUIC and TCP with Noise, and none of what the internet needs (no relay, hole
// punching, autonat, port mapping). What it dials and lets in is for more to say; see
// [Gate.Options] and [Gate.Guard].
func NewHost(key crypto.PrivKey, listen []string, more ...libp2p.Option) (host.Host, error) {
	if len(listen) == 0 {
		listen = EveryInterface(0)
	}
	cm, err := NewConnManager()
	if err != nil {
		return nil, err
	}
	return libp2p.New(append(more,
		libp2p.Identity(key),
		libp2p.ListenAddrStrings(listen...),
		libp2p.Transport(quic.NewTransport),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(newLinkLocal),
		libp2p.SwarmOpts(swarm.WithDialRanker(rankDials)),
		// A link-local address is of no use to others: it names a card of this machine.
		libp2p.AddrsFactory(WithoutLinkLocal),
		libp2p.Security(noise.ID, noise.New),
		libp2p.ConnectionManager(cm),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.ForceReachabilityPrivate(),
		libp2p.DisableIdentifyAddressDiscovery(),
		// They stop dialling over UDP, or IPv6, when many public addresses have not answered: a LAN with public addresses
		// and a liar on it would have nobody dialled.
		libp2p.UDPBlackHoleSuccessCounter(nil), libp2p.IPv6BlackHoleSuccessCounter(nil),
		libp2p.WithDialTimeout(DialTimeout),
	)...)
}

// NewCaller makes a host that listens nowhere and has a key of its own. It dials what passes the gate, as a stranger.
func NewCaller(g *Gate) (host.Host, error) {
	return libp2p.New(append(g.Options(),
		libp2p.NoListenAddrs,
		libp2p.Transport(quic.NewTransport),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(newLinkLocal),
		libp2p.Security(noise.ID, noise.New),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.ForceReachabilityPrivate(),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.UDPBlackHoleSuccessCounter(nil), libp2p.IPv6BlackHoleSuccessCounter(nil),
		libp2p.WithDialTimeout(DialTimeout),
	)...)
}

// NewResourceManager bounds what all peers together may use of us, and each of them.
func NewResourceManager() (network.ResourceManager, error) {
	limits := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&limits)
	rm, err := rcmgr.NewResourceManager(
		// The defaults scale with memory down to 64 connections, and count handshakes tightly: silent connections
		// from one laptop then keep everybody else out.
		rcmgr.NewFixedLimiter(lanLimits(limits)),
		// The defaults admit 8 connections from a whole IPv6 LAN and 8 from one IPv4 address.
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: ConnsPerHost}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 128, ConnCount: ConnsPerHost}, {PrefixLength: 64, ConnCount: connsPerLAN6}},
		),
		// The default limiter throttles our own redials. It must not be nil: that panics at the first connection.
		rcmgr.WithConnRateLimiters(&rate.Limiter{}),
		// Nobody reads them, and they are a fifth of what opening a stream allocates.
		rcmgr.WithMetricsDisabled(),
	)
	if err != nil {
		return nil, fmt.Errorf("resource manager: %w", err)
	}
	return rm, nil
}

// NewConnManager keeps connections to a whole room.
func NewConnManager() (*connmgr.BasicConnMgr, error) {
	cm, err := connmgr.NewConnManager(connLow, connHigh, connmgr.WithGracePeriod(connGrace))
	if err != nil {
		return nil, fmt.Errorf("connection manager: %w", err)
	}
	return cm, nil
}

// lanLimits are the library's limits with room for a LAN's worth of peers that connect in the same second.
func lanLimits(scaling rcmgr.ScalingLimitConfig) rcmgr.ConcreteLimitConfig {
	const conns = 2 * connHigh
	ofEach := rcmgr.ResourceLimits{Streams: 2 * conns, StreamsInbound: conns, StreamsOutbound: conns}
	partial := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{
			Conns: conns, ConnsInbound: conns, ConnsOutbound: conns, FD: conns,
			Streams: 16 * conns, StreamsInbound: 16 * conns, StreamsOutbound: 16 * conns,
		},
		Transient: rcmgr.ResourceLimits{
			Conns: conns, ConnsInbound: conns, ConnsOutbound: conns, FD: conns,
			Streams: 6 * conns, StreamsInbound: 4 * conns, StreamsOutbound: 2 * conns,
		},
		// The default is 8, dials under way among them: while we try what a laptop that moved or started again has left
		// of addresses, it could not connect to us.
		PeerDefault: rcmgr.ResourceLimits{Conns: ConnsPerHost, ConnsInbound: ConnsPerHost, ConnsOutbound: ConnsPerHost, FD: ConnsPerHost},
		// The poll is one protocol, and an owner holds one of everybody. Here and above it is more than node serves at
		// once: what is scarce is shared out before libp2p counts.
		ProtocolDefault: rcmgr.ResourceLimits{Streams: 6 * conns, StreamsInbound: 4 * conns, StreamsOutbound: 2 * conns},
		// Every connected peer is pinged and identified. The defaults are 64 streams in all, and 64 for each 8 GiB of memory: in a
		// room of a hundred half of the pings were refused, and opened again at the next beat.
		Service: map[string]rcmgr.ResourceLimits{ping.ServiceName: ofEach, identify.ServiceName: ofEach},
		Protocol: map[protocol.ID]rcmgr.ResourceLimits{
			ping.ID: ofEach, identify.ID: ofEach, identify.IDPush: ofEach,
		},
	}
	return partial.Build(scaling.AutoScale())
}
