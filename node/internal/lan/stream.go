package lan

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multistream"
)

// OpenStream opens a stream to a peer that this node is connected to. If there are several connections, it takes the newest.
// libp2p would take the one with the most streams, which is the dead one if the peer has been started again.
func OpenStream(ctx context.Context, h host.Host, p peer.ID, ids ...protocol.ID) (network.Stream, error) {
	conns := h.Network().ConnsToPeer(p)
	if len(conns) < 2 {
		return h.NewStream(ctx, p, ids...)
	}
	newest := slices.MaxFunc(conns, func(a, b network.Conn) int { return a.Stat().Opened.Compare(b.Stat().Opened) })
	s, err := newest.NewStream(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	id, err := multistream.SelectOneOf(ids, s)
	if err == nil {
		err = s.SetProtocol(id)
	}
	if err != nil {
		_ = s.Reset()
		return nil, err
	}
	return s, nil
}

// Alive returns when the other end of a connection has agreed to a protocol, which proves that it is alive.
func Alive(ctx context.Context, c network.Conn) error {
	s, err := c.NewStream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Reset() }()
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	return multistream.SelectProtoOrFail(ping.ID, s)
}

// Ping makes one exchange of libp2p's ping protocol on s. libp2p's client makes a stream and a generator of random numbers for
// each one; with 31 neighbours that was two thirds of the work of an idle node.
func Ping(s network.Stream, deadline time.Time) (time.Duration, error) {
	if err := s.SetDeadline(deadline); err != nil {
		return 0, err
	}
	var sent, back [ping.PingSize]byte
	if _, err := rand.Read(sent[:]); err != nil {
		return 0, err
	}
	before := time.Now()
	if _, err := s.Write(sent[:]); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(s, back[:]); err != nil {
		return 0, err
	}
	if sent != back {
		return 0, errors.New("not the echo of what was sent")
	}
	return time.Since(before), nil
}
