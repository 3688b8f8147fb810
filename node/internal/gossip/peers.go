package gossip

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// Bar ends all gossip with p, in this room only. p was kicked or banned, or has left.
func (g *Room) Bar(p peer.ID) {
	g.blacklist.bar(p)
	g.ps.BlacklistPeer(p)
}

// Admit lets p in, again if it was barred. Taking p from the blacklist alone restores nothing (measured): pubsub has to look at
// the peer anew. Admit makes it do so if p was here before its admission; a peer that comes later is seen by streamOpened. For a
// peer that has not opened its stream yet, pubsub's own would fail; pubsub takes that for a disconnect and backs off.
func (g *Room) Admit(p peer.ID) {
	out := g.blacklist.unbar(p)
	here := false
	for _, s := range g.streamsOf(p) {
		if s.Stat().Opened.Before(out) {
			// The stream is of an earlier membership, or p was back before we heard of its removal. Then pubsub has forgotten
			// the subscriptions of p, and p sends them again on its next stream.
			_ = s.Reset()
			continue
		}
		here = true
	}
	if here {
		g.announce(p)
	}
}

// Reopen has pubsub open a stream to p again, if p has one to us.
func (g *Room) Reopen(p peer.ID) {
	if len(g.streamsOf(p)) > 0 {
		g.announce(p)
	}
}

// streamsOf returns the streams that p has opened to us.
func (g *Room) streamsOf(p peer.ID) (open []network.Stream) {
	proto := protocol.GossipID(g.room)
	for _, c := range g.host.Network().ConnsToPeer(p) {
		for _, s := range c.GetStreams() {
			if s.Protocol() == proto && s.Stat().Direction == network.DirInbound {
				open = append(open, s)
			}
		}
	}
	return open
}

// streamOpened is called when p has opened a stream to us. A stranger is not announced: pubsub would send to it until it has its
// score.
func (g *Room) streamOpened(p peer.ID) {
	if g.snap.Load().member(p) {
		g.announce(p)
	}
}

// announce has pubsub open a stream to p, if it has none.
func (g *Room) announce(p peer.ID) {
	err := g.announcer.Emit(event.EvtPeerProtocolsUpdated{Peer: p, Added: []libprotocol.ID{protocol.GossipID(g.room)}})
	if err != nil {
		g.log.Debug("cannot tell pubsub of a peer", "peer", p, "err", err)
	}
}

// A watchedHost reports the peers that open a stream to this node. Pubsub needs a stream each way, and learns only by an identify
// push that a connected peer has entered the room. libp2p accepts ten pushes from a whole /24, and then one in five seconds. So
// after a few new members, or if one stranger pushes, the next member would get no lines live.
type watchedHost struct {
	host.Host
	guard  *guard
	opened func(peer.ID)
}

// SetStreamHandler is called by pubsub to get the streams that others open.
func (h watchedHost) SetStreamHandler(id libprotocol.ID, handle network.StreamHandler) {
	h.Host.SetStreamHandler(id, func(s network.Stream) {
		if h.guard.isShut(s.Conn().RemotePeer(), time.Now()) {
			_ = s.Reset()
			return
		}
		h.opened(s.Conn().RemotePeer())
		handle(s)
	})
}

// NewStream is called by pubsub to open its own streams.
func (h watchedHost) NewStream(ctx context.Context, p peer.ID, ids ...libprotocol.ID) (network.Stream, error) {
	return lan.OpenStream(ctx, h.Host, p, ids...)
}

// Leave ends the instance of a room that we have left. It does not end the streams of the others; they do when they hear of it.
// If we ended them before, the others would try to open new ones, fail, and wait before the next attempt. If we were admitted
// again meanwhile, the end of such a failed stream would end the one that they have opened since (go-libp2p-pubsub takes any end
// for that of the peer).
func (g *Room) Leave() {
	theirs := g.end()
	time.AfterFunc(hangUpAfter, func() { resetAll(theirs) })
}

// end ends the instance and our streams, and returns those of the others: pubsub alone would leave them open.
func (g *Room) end() (theirs []network.Stream) {
	g.cancel()
	proto := protocol.GossipID(g.room)
	g.host.RemoveStreamHandler(proto)
	for _, c := range g.host.Network().Conns() {
		for _, s := range c.GetStreams() {
			switch {
			case s.Protocol() != proto:
			case s.Stat().Direction == network.DirOutbound:
				_ = s.Reset()
			default:
				theirs = append(theirs, s)
			}
		}
	}
	if err := g.announcer.Close(); err != nil {
		g.log.Debug("close emitter", "err", err)
	}
	return theirs
}

func resetAll(streams []network.Stream) {
	for _, s := range streams {
		_ = s.Reset()
	}
}
