package node

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"localchat/internal/onlink"
	"localchat/node/internal/lan"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	manet "github.com/multiformats/go-multiaddr/net"
)

// watchHost reports new and lost connections to the loop. It ends with the host.
func (n *Node) watchHost() error {
	sub, err := n.host.EventBus().Subscribe([]any{new(event.EvtPeerConnectednessChanged), new(event.EvtPeerIdentificationCompleted)})
	if err != nil {
		return err
	}
	n.host.Network().Notify(&network.NotifyBundle{ConnectedF: func(_ network.Network, c network.Conn) {
		n.gate.Meets(c)
		if len(n.host.Network().ConnsToPeer(c.RemotePeer())) > 1 {
			n.offer(connectedAgain{c})
		}
	}})
	n.spawn(func(ctx context.Context) {
		defer sub.Close()
		for {
			select {
			case ev, ok := <-sub.Out():
				if !ok {
					return
				}
				switch e := ev.(type) {
				case event.EvtPeerConnectednessChanged:
					if e.Connectedness == network.Connected {
						n.waiters.Connected(e.Peer)
					}
					n.post(connectedness{e.Peer, e.Connectedness == network.Connected})
				case event.EvtPeerIdentificationCompleted:
					if manet.IsIPLoopback(e.Conn.RemoteMultiaddr()) {
						n.gate.HereToo(e.Peer, e.ListenAddrs)
					}
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return nil
}

// watchNetwork compares our addresses whenever the system says that they may have changed, or every netCheckEvery where it does not
// say so: a simulated network does not.
func (n *Node) watchNetwork(ctx context.Context) {
	networks := n.gate.Refresh()
	look := func() {
		if now := n.gate.Refresh(); !slices.Equal(now, networks) {
			networks = now
			n.post(addrsChanged{})
		}
	}
	if n.cfg.Host == nil && n.cfg.gate == nil && n.watchSystem(ctx, look) {
		return
	}
	check := time.NewTicker(netCheckEvery)
	defer check.Stop()
	for {
		select {
		case <-check.C:
			look()
		case <-ctx.Done():
			return
		}
	}
}

// watchSystem calls look after each change of the network, as long as the system tells of them. One change is many messages, and the
// gate looks no more often than lan.NetworksFresh, so it waits that long first.
func (n *Node) watchSystem(ctx context.Context, look func()) bool {
	changed := make(chan struct{}, 1)
	ended := make(chan bool, 1)
	n.spawn(func(ctx context.Context) {
		ended <- onlink.Watch(ctx, func() {
			select {
			case changed <- struct{}{}:
			default: // it is looked at already
			}
		})
	})
	for {
		select {
		case <-changed:
			select {
			case <-time.After(lan.NetworksFresh):
			case <-ctx.Done():
				return true
			}
			look()
		case told := <-ended:
			return told
		case <-ctx.Done():
			return true
		}
	}
}

// connectedAgain: a peer to which there is a connection has connected once more.
type connectedAgain struct{ conn network.Conn }

// handle checks the older connections of the peer. Often the peer was restarted or has moved, and they are dead. Until that is noticed,
// libp2p would go on to open streams on them.
func (e connectedAgain) handle(l *loop) {
	l.tryConns(e.conn.RemotePeer(), e.conn.Stat().Opened)
}

// tryConns closes the connections to p from before that time that are dead.
func (l *loop) tryConns(p peer.ID, before time.Time) {
	for _, c := range l.n.host.Network().ConnsToPeer(p) {
		if c.Stat().Opened.Before(before) {
			l.n.spawn(func(ctx context.Context) { l.n.closeIfDead(ctx, c) })
		}
	}
}

// closeIfDead closes a connection that gives no sign of life within tryTimeout.
func (n *Node) closeIfDead(ctx context.Context, c network.Conn) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	err := lan.Alive(ctx, c)
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return
	}
	n.log.Info("dead connection", "peer", c.RemotePeer(), "addr", c.RemoteMultiaddr(), "err", err)
	if err := c.Close(); err != nil {
		n.log.Debug("close", "peer", c.RemotePeer(), "err", err)
	}
}

func (l *loop) ping(e *bookEntry, now time.Time) {
	e.pinging, e.pinged = true, now
	p, s, timeout := e.peer, e.pings, pingTimeout
	if l.follows(p) {
		timeout = ownerTimeout
	}
	l.n.spawn(func(ctx context.Context) { l.n.post(l.n.ping(ctx, p, s, timeout)) })
}

// markAlive records that something has come from p itself, which is as good as the answer to a ping.
func (l *loop) markAlive(p peer.ID) {
	if e := l.book.entry(p); e != nil {
		e.alive = l.now()
	}
}

// pingNow pings all neighbours now, so that connections that no longer work are closed within moments.
func (l *loop) pingNow() {
	for _, e := range l.book.entries {
		if e.wanted && l.n.connected(e.peer) {
			p := e.peer
			l.n.spawn(func(ctx context.Context) { l.n.pingOnce(ctx, p, pingNowTimeout) })
		}
	}
}

// ping asks p for a sign of life. It uses the stream s if that is open (nil: none is); the other end closes each stream after half a
// minute. It disconnects a peer that does not answer, so that everything that waits for the peer notices now.
func (n *Node) ping(ctx context.Context, p peer.ID, s network.Stream, timeout time.Duration) pinged {
	deadline := time.Now().Add(timeout)
	if s != nil {
		if rtt, err := lan.Ping(s, deadline); err == nil {
			return pinged{p, s, rtt}
		}
		_ = s.Reset()
	}
	if time.Now().Before(deadline) {
		open, cancel := context.WithDeadline(network.WithNoDial(ctx, "ping"), deadline)
		defer cancel()
		if s, err := n.host.NewStream(open, p, ping.ID); err == nil {
			rtt, err := lan.Ping(s, deadline)
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

// pingOnce is ping for a caller that pings only once: it closes the stream.
func (n *Node) pingOnce(ctx context.Context, p peer.ID, timeout time.Duration) {
	if sign := n.ping(ctx, p, nil, timeout); sign.stream != nil {
		_ = sign.stream.Reset()
	}
}

// pingID is libp2p's ping protocol.
const pingID protocolID = ping.ID

// servePing sends back the bytes that come, as libp2p's own service does. That service has no limit on how fast it answers.
func (n *Node) servePing(s network.Stream) {
	defer s.Close()
	who, life := n.admission.visitor(s.Conn()), pingStreamLife
	guest := who.guest
	if guest {
		life = guestPingLife
	}
	if err := s.SetDeadline(time.Now().Add(life)); err != nil {
		return
	}
	var b [ping.PingSize]byte
	for {
		if _, err := io.ReadFull(s, b[:]); err != nil {
			return
		}
		if who = n.admission.visitor(s.Conn()); who.guest != guest || !n.admission.allow(pingID, who) {
			_ = s.Reset()
			return
		}
		if _, err := s.Write(b[:]); err != nil {
			return
		}
		n.offer(pingedUs{who.peer}) // if the loop is busy, it is pinged in vain
	}
}

func (e pinged) handle(l *loop) {
	b := l.book.entry(e.peer)
	switch {
	case b != nil:
		b.pinging, b.pings, b.rtt = false, e.stream, e.rtt
		if e.stream != nil {
			b.alive = l.now()
		}
	case e.stream != nil:
		_ = e.stream.Reset()
	}
}
