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

// Bar ends all gossip with p in this room and no other, whether p was kicked, was banned or has left.
func (g *Room) Bar(p peer.ID) {
	g.blacklist.bar(p)
	g.ps.BlacklistPeer(p)
}

// Admit lets p in, again if it was barred. Taking p from the blacklist alone restores nothing (measured): pubsub has to look at the
// peer anew. Admit makes it do so if p was here before its admission; a peer that comes later is seen by streamOpened. For a peer
// that has not opened its stream yet, pubsub's own would fail; pubsub takes that for a disconnect and backs off.
func (g *Room) Admit(p peer.ID) {
	out := g.blacklist.unbar(p)
	here := false
	for _, s := range g.streamsOf(p) {
		if s.Stat().Opened.Before(out) {
			// Of its earlier membership; or of this one, where it was back before we heard that it was out: then pubsub
			// has forgotten what it said, and it says it again on the next.
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

// streamsOf are the streams that p has opened to us.
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

// streamOpened: p speaks to us. A stranger is not announced: pubsub takes a moment to know that it may not hear.
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

// A watchedHost reports the peers that open a stream to this node. Pubsub needs a stream each way, and learns that a
// connected peer has come into the room by an identify push alone. libp2p takes ten of these from a whole /24 and then one in
// five seconds: after a few newcomers, or with one stranger that pushes, the next would hear nothing live.
type watchedHost struct {
	host.Host
	guard  *guard
	opened func(peer.ID)
}

// SetStreamHandler is how pubsub asks for the streams that others open.
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

// NewStream is how pubsub opens its own.
func (h watchedHost) NewStream(ctx context.Context, p peer.ID, ids ...libprotocol.ID) (network.Stream, error) {
	return lan.OpenStream(ctx, h.Host, p, ids...)
}

// Leave ends the instance of a room that we are out of. The others end their streams to us when they hear of it. If we did
// that before, they would open others in vain, and wait before they try again; and where we are let in again meanwhile, what
// they had begun then ends the stream that they have opened since (go-libp2p-pubsub takes any end for that of the peer).
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
