package node

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
)

// watchHost reports connections. It ends with the host.
func (n *Node) watchHost() error {
	sub, err := n.host.EventBus().Subscribe(new(event.EvtPeerConnectednessChanged))
	if err != nil {
		return err
	}
	n.spawn(func(ctx context.Context) {
		defer sub.Close()
		for {
			select {
			case ev, ok := <-sub.Out():
				if !ok {
					return
				}
				if c, ok := ev.(event.EvtPeerConnectednessChanged); ok {
					n.post(connectedness{c.Peer, c.Connectedness == network.Connected})
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return nil
}

// watchNetwork compares our addresses and pings our neighbours.
func (n *Node) watchNetwork(ctx context.Context) {
	addrs := ownAddrs()
	check := time.NewTicker(netCheckEvery)
	defer check.Stop()
	beat := time.NewTicker(pingEvery)
	defer beat.Stop()
	for {
		select {
		case <-check.C:
			if now := ownAddrs(); now != addrs {
				addrs = now
				n.post(addrsChanged{})
			}
		case <-beat.C:
			n.post(pingDue{})
		case <-ctx.Done():
			return
		}
	}
}

func ownAddrs() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	s := make([]string, len(addrs))
	for i, a := range addrs {
		s[i] = a.String()
	}
	slices.Sort(s)
	return strings.Join(s, " ")
}

// pingDue: it is time to see who is still there.
type pingDue struct{}

func (pingDue) handle(l *loop) {
	for _, e := range l.book.entries {
		if !e.wanted && !e.pinging && e.pings != nil {
			_ = e.pings.Reset()
			e.pings = nil
		}
		if !e.wanted || e.pinging || !l.n.connected(e.peer) {
			continue
		}
		e.pinging = true
		p, s := e.peer, e.pings
		l.n.spawn(func(ctx context.Context) { l.n.post(l.n.ping(ctx, p, s)) })
	}
}

// ping asks p for a sign of life, over s while that lasts: the other end closes each stream after half a minute, and nil
// is none. A peer that gives none is cut off, so that everything that waits for it notices now.
func (n *Node) ping(ctx context.Context, p peer.ID, s network.Stream) pinged {
	deadline := time.Now().Add(pingTimeout)
	if s != nil {
		if rtt, err := echo(s, deadline); err == nil {
			return pinged{p, s, rtt}
		}
		_ = s.Reset()
	}
	if time.Now().Before(deadline) {
		open, cancel := context.WithDeadline(network.WithNoDial(ctx, "ping"), deadline)
		defer cancel()
		if s, err := n.host.NewStream(open, p, ping.ID); err == nil {
			rtt, err := echo(s, deadline)
			if err == nil {
				return pinged{p, s, rtt}
			}
			_ = s.Reset()
		}
	}
	if ctx.Err() == nil && !time.Now().Before(deadline) {
		n.log.Info("no answer to ping", "peer", p)
		if err := n.host.Network().ClosePeer(p); err != nil {
			n.log.Debug("close", "peer", p, "err", err)
		}
	}
	return pinged{p, nil, 0}
}

// echo is one exchange of libp2p's ping protocol. libp2p's own client makes a stream and a generator of random numbers
// for each: with 31 neighbours that was two thirds of what an idle node did.
func echo(s network.Stream, deadline time.Time) (time.Duration, error) {
	if err := s.SetDeadline(deadline); err != nil {
		return 0, err
	}
	var sent, back [ping.PingSize]byte
	if _, err := random.Read(sent[:]); err != nil {
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

func (e pinged) handle(l *loop) {
	b := l.book.entry(e.peer)
	switch {
	case b != nil:
		b.pinging, b.pings, b.rtt = false, e.stream, e.rtt
	case e.stream != nil:
		_ = e.stream.Reset()
	}
}
