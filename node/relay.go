package node

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// On one LAN every member usually reaches every other, so a line goes straight to each member and nobody passes it on. A member
// that the author does not reach (a newcomer whose connection is being made, a client that the Wi-Fi isolates) gets it by way
// of another one: the author asks a member, names the recipients, and hears which of them were not reached.

// A relays has the relaying of this node in one room.
type relays struct {
	r         *room
	underWay  int
	last      peer.ID               // the peer that has last relayed for this node
	unreached map[peer.ID]time.Time // members that no peer reached, and until when that is assumed
}

// relay passes a line or record that this node has just published to the members that it is not connected to.
func (rl *relays) relay(req protocol.PassRequest) {
	if rl.r.gossip == nil || rl.underWay >= maxRelays {
		return // the rest is fetched
	}
	now, linked := rl.r.l.now(), rl.r.gossip.Linked()
	var by, near []peer.ID
	for _, m := range rl.r.state().Members() {
		switch {
		case m.Peer == rl.r.l.n.self:
		case linked[m.Peer]:
			by = append(by, m.Peer)
		case !now.Before(rl.unreached[m.Peer]):
			req.To = append(req.To, m.Peer)
			if rl.r.l.n.connected(m.Peer) {
				near = append(near, m.Peer)
			}
		}
	}
	if len(near) > 0 && req.Line != nil {
		// Pubsub does not try again when a stream could not be opened. One a line, since it is told by way of a bus.
		rl.r.gossip.Reopen(near[rand.IntN(len(near))])
	}
	if len(by) == 0 {
		by = near // this node is new, and pubsub has no stream yet
	}
	if len(req.To) == 0 || len(by) == 0 {
		return
	}
	by = rl.relayers(by)
	req.Room = rl.r.id
	rl.underWay++
	rl.r.l.n.spawn(func(context.Context) {
		last, missed := rl.r.l.n.relayVia(rl.r.ctx, by, req)
		rl.r.l.n.post(relayed{rl.r.id, last, missed})
	})
}

// relayers returns the peers of by to ask, in this order: the one that passed on the last line, the authority, and any others.
func (rl *relays) relayers(by []peer.ID) []peer.ID {
	rand.Shuffle(len(by), func(i, j int) { by[i], by[j] = by[j], by[i] })
	first := func(p peer.ID) int {
		switch p {
		case rl.last:
			return 0
		case rl.r.authority():
			return 1
		}
		return 2
	}
	slices.SortStableFunc(by, func(a, b peer.ID) int { return first(a) - first(b) })
	return by[:min(len(by), relayTries)]
}

// relayVia asks one after the other until no recipient is missed. It returns the last peer that reached a recipient, and the
// recipients that are still missed.
func (n *Node) relayVia(ctx context.Context, by []peer.ID, req protocol.PassRequest) (last peer.ID, missed []peer.ID) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "pass"), streamTimeout)
	defer cancel()
	missed = req.To
	for _, p := range by {
		req.To = slices.DeleteFunc(slices.Clone(missed), func(q peer.ID) bool { return q == p }) // p gets it by the request
		var reply protocol.PassReply
		if err := n.request(ctx, p, protocol.PassID, &req, &reply); err != nil {
			n.log.Debug("pass", "by", p, "err", err)
			continue
		}
		left := slices.DeleteFunc(slices.Clone(missed), func(q peer.ID) bool { return reply.OK && !slices.Contains(reply.Missed, q) })
		if len(left) < len(missed) {
			last, missed = p, left
		}
		if len(missed) == 0 {
			break
		}
	}
	return last, missed
}

type (
	// relayed: a line or record of this node has been passed on, as far as possible.
	relayed struct {
		room   protocol.RoomID
		by     peer.ID // "": nobody has reached anybody
		missed []peer.ID
	}
	// relayShares: we have passed on another's, or could not.
	relayedForMember struct{ room protocol.RoomID }
)

func (e relayedForMember) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.relays.underWay--
	}
}

func (e relayed) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil {
		return
	}
	r.relays.underWay--
	r.relays.last = e.by
	for _, p := range e.missed {
		if _, member := r.state().Member(p); member {
			r.relays.unreached[p] = l.now().Add(relayAgain)
		}
	}
}

// servePass takes a line or record that another member passes on. It is judged like one that comes by gossip. A caller
// that is no member is answered before what it hands over is looked at; passQuota bounds what is read of it.
func (n *Node) servePass(s network.Stream) {
	var req protocol.PassRequest
	who := n.admission.visitor(s.Conn())
	serve(n, s, &req, func(peer.ID) (*protocol.PassReply, error) {
		if ok, err := ask(n.ctx, n, mayPass{who.peer, req.Room}); err != nil || !ok {
			return &protocol.PassReply{}, err
		}
		if req.Line != nil && !n.admission.mayPass(who, len(req.Line)) {
			return &protocol.PassReply{}, nil // it is fetched
		}
		take := takePassed{visitor: who, room: req.Room, to: req.To}
		var err error
		if req.Line != nil {
			take.line, err = protocol.OpenMessage(req.Room, req.Line)
		} else {
			take.record, err = protocol.OpenRecord(req.Record)
		}
		if err != nil {
			n.admission.refuse(who, aPass)
			return nil, err
		}
		return ask(n.ctx, n, take)
	})
}

type (
	// mayPass asks whether peer is a member of one of our rooms.
	mayPass struct {
		peer peer.ID
		room protocol.RoomID
	}
	// takePassed: a fellow member hands over a line or a record, which is for others too if it is its own.
	takePassed struct {
		visitor
		room   protocol.RoomID
		line   protocol.Message // one of the two
		record protocol.SignedRecord
		to     []peer.ID
	}
)

func (q mayPass) run(l *loop) (bool, error) {
	r, _ := l.roomWith(q.room, q.peer)
	return r != nil, nil
}

func (q takePassed) run(l *loop) (*protocol.PassReply, error) {
	r, _ := l.roomWith(q.room, q.peer)
	if r == nil {
		return &protocol.PassReply{}, nil // removed since
	}
	req, mine := protocol.PassRequest{Room: r.id}, q.record.Author == q.peer
	if q.record.Seq == 0 {
		req.Line = q.line.Raw()
		r.talk.carry(r.talk.Relay(r.talk.world(), q.line))
		// A line that this node does not take itself, since its author says too much, is not for others either.
		mine = q.line.Author == q.peer && r.talk.Has(q.line)
	} else {
		req.Record = q.record.Bytes()
		r.takeRecord(q.record)
	}
	size := len(req.Line) + len(req.Record)
	reply := &protocol.PassReply{OK: true}
	for _, p := range q.to {
		_, member := r.state().Member(p)
		if !mine || !member || !l.n.connected(p) || r.relays.underWay >= maxRelays || !l.relayShares.allow(q.visitor, size, l.now()) {
			reply.Missed = append(reply.Missed, p)
		} else {
			r.relays.underWay++
			l.n.spawn(func(context.Context) {
				l.n.relayVia(r.ctx, []peer.ID{p}, req)
				l.n.post(relayedForMember{r.id})
			})
		}
	}
	return reply, nil
}

// newRelayShares bounds what is passed on for members, in bytes.
func newRelayShares() shares {
	return newShares(budget{passOnRate, passOnBurst}, budget{addressPassOnRate, addressPassOnBurst}, budget{allPassOnRate, allPassOnBurst})
}

// sweep forgets the members that were not reached a while ago.
func (rl *relays) sweep(now time.Time) {
	maps.DeleteFunc(rl.unreached, func(_ peer.ID, until time.Time) bool { return !now.Before(until) })
}
