package node

import (
	"context"
	"errors"
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
		if !e.wanted || e.pinging || !l.n.connected(e.peer) {
			continue
		}
		e.pinging = true
		p := e.peer
		l.n.spawn(func(ctx context.Context) { l.n.post(l.n.ping(ctx, p)) })
	}
}

// ping asks p for a sign of life. A peer that gives none is cut off, so that everything that waits for it notices now.
func (n *Node) ping(ctx context.Context, p peer.ID) pinged {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	select {
	case r := <-ping.Ping(ctx, n.host, p):
		if r.Error == nil || ctx.Err() == nil {
			return pinged{p, r.RTT, r.Error}
		}
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		n.log.Info("no answer to ping", "peer", p)
		if err := n.host.Network().ClosePeer(p); err != nil {
			n.log.Debug("close", "peer", p, "err", err)
		}
	}
	return pinged{p, 0, ctx.Err()}
}

func (e pinged) handle(l *loop) {
	if b := l.book.entry(e.peer); b != nil {
		b.pinging, b.rtt = false, e.rtt
	}
}
