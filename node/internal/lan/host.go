// Package lan connects this machine with others of its networks: the libp2p host and its limits, the gate that decides which
// addresses are dialled and from which ones others may connect, streams on the connection that is alive, and pings. All that it
// knows of rooms is how large one can be.
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

// EveryInterface returns addresses to listen at on every interface at port, with both transports. QUIC is faster on a lossy Wi-Fi
// and survives a new address. TCP passes a small MTU and notices a killed process at once. If port is 0, the system chooses a
// port for each.
func EveryInterface(port uint16) []string {
	return []string{
		fmt.Sprintf("/ip4/0.0.0.0/udp/%d/quic-v1", port), fmt.Sprintf("/ip6/::/udp/%d/quic-v1", port),
		fmt.Sprintf("/ip4/0.0.0.0/tcp/%d", port), fmt.Sprintf("/ip6/::/tcp/%d", port),
	}
}

// NewHost makes the libp2p host of a LAN: QUIC and TCP with Noise, and none of what the internet needs (no relay, hole
// punching, autonat, port mapping). more are the options that say which addresses it dials and lets in; see
// [Gate.Options] and [Gate.Guard].
func NewHost(key crypto.PrivKey, listen []string, more ...libp2p.Option) (host.Host, error) {
	if len(listen) == 0 {
		listen = EveryInterface(0)
	}
	cm, err := NewConnManager()
	if err != nil {
		return nil, err
	}
	return libp2p.New(append(forLAN(more),
		libp2p.Identity(key),
		libp2p.ListenAddrStrings(listen...),
		libp2p.SwarmOpts(swarm.WithDialRanker(rankDials)),
		// A link-local address is of no use to others: it names an interface of this machine.
		libp2p.AddrsFactory(WithoutLinkLocal),
		libp2p.ConnectionManager(cm),
	)...)
}

// forLAN adds to options those of every host on a LAN.
func forLAN(options []libp2p.Option) []libp2p.Option {
	return append(options,
		libp2p.Transport(quic.NewTransport),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(newLinkLocal),
		libp2p.Security(noise.ID, noise.New),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.ForceReachabilityPrivate(),
		libp2p.DisableIdentifyAddressDiscovery(),
		// The detectors stop dials over UDP, or IPv6, when many public addresses have not answered. On a LAN with public addresses,
		// one lying peer could so stop all dials.
		libp2p.UDPBlackHoleSuccessCounter(nil), libp2p.IPv6BlackHoleSuccessCounter(nil),
		libp2p.WithDialTimeout(DialTimeout),
	)
}

// NewCaller makes a host that listens at no address and has a new key. It dials addresses that pass the gate, as a peer that no
// node knows.
func NewCaller(g *Gate) (host.Host, error) {
	return libp2p.New(append(forLAN(g.Options()),
		libp2p.NoListenAddrs,
		libp2p.ResourceManager(&network.NullResourceManager{}),
	)...)
}

// NewResourceManager bounds the resources that all peers together may use, and each of them.
func NewResourceManager() (network.ResourceManager, error) {
	limits := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&limits)
	rm, err := rcmgr.NewResourceManager(
		// The defaults scale with memory down to 64 connections, and allow few handshakes at once: silent connections from one
		// laptop would keep all others out.
		rcmgr.NewFixedLimiter(lanLimits(limits)),
		// The defaults admit 8 connections from a whole IPv6 LAN and 8 from one IPv4 address.
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: ConnsPerHost}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 128, ConnCount: ConnsPerHost}, {PrefixLength: 64, ConnCount: connsPerLAN6}},
		),
		// The default limiter would slow our own redials. A nil one panics at the first connection.
		rcmgr.WithConnRateLimiters(&rate.Limiter{}),
		// The metrics are not read, and they are a fifth of what opening a stream allocates.
		rcmgr.WithMetricsDisabled(),
	)
	if err != nil {
		return nil, fmt.Errorf("resource manager: %w", err)
	}
	return rm, nil
}

// NewConnManager makes a connection manager that keeps the connections to the largest room.
func NewConnManager() (*connmgr.BasicConnMgr, error) {
	cm, err := connmgr.NewConnManager(connLow, connHigh, connmgr.WithGracePeriod(connGrace), connmgr.WithSilencePeriod(connCheck))
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
		// The default is 8, and dials under way count: while we dial the old addresses of a laptop that moved or was started again,
		// it could not connect to us.
		PeerDefault: rcmgr.ResourceLimits{Conns: ConnsPerHost, ConnsInbound: ConnsPerHost, ConnsOutbound: ConnsPerHost, FD: ConnsPerHost},
		// An owner has a poll of every member, all of one protocol. These limits and those above are larger than what node serves at
		// once: node bounds its handlers before libp2p counts.
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
