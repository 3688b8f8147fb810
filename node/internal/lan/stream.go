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

// OpenStream opens a stream to a peer that we are connected to. Where there are several connections it takes the newest:
// libp2p takes the one with the most streams, which is what is left of a peer that has been started again, until that has
// been tried and closed.
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

// Alive waits until the other end of a connection agrees to a protocol.
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

// Ping is one exchange of libp2p's ping protocol. libp2p's own client makes a stream and a generator of random numbers
// for each: with 31 neighbours that was two thirds of what an idle node did.
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
