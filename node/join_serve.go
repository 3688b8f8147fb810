package node

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/ratelimit"
	"localchat/protocol"
)

// serveJoin is the authority's end of a join stream. It reads one request, and sends answers until one is final. A knock waits here for
// the owner to decide.
func (n *Node) serveJoin(s network.Stream) {
	defer s.Close()
	if err := s.SetDeadline(time.Now().Add(streamTimeout)); err != nil {
		return
	}
	var req protocol.JoinRequest
	if err := protocol.ReadFrame(s, &req); err != nil {
		n.badFrame(s, err)
		return
	}
	replies := make(chan protocol.JoinReply, 2)
	caller := s.Conn().RemotePeer()
	who := n.admission.visitor(s.Conn())
	if wait, ok := ratelimit.Take(n.admission.own(protocol.JoinID, who), time.Now()); ok {
		n.words.of(caller)
		n.post(joinAsked{who, req, replies})
		defer n.post(joinOver{caller, req.Room, replies})
	} else {
		n.admission.refuse(who, aRequest)
		replies <- tooSoon(wait)
	}
	// The joiner sends nothing more. If its stream breaks, it has given up.
	gone := make(chan struct{})
	if err := s.SetReadDeadline(time.Now().Add(joinHold)); err != nil {
		return
	}
	var reader sync.WaitGroup
	reader.Go(func() {
		var b [1]byte
		// EOF only says that the joiner has sent its whole request.
		if _, err := s.Read(b[:]); !errors.Is(err, io.EOF) {
			close(gone)
		}
	})
	defer func() {
		_ = s.CloseRead()
		reader.Wait()
	}()
	for {
		select {
		case reply, ok := <-replies:
			if !ok {
				_ = s.Reset()
				return
			}
			if err := s.SetWriteDeadline(time.Now().Add(streamTimeout)); err != nil {
				return
			}
			if err := protocol.WriteFrame(s, &reply); err != nil {
				return
			}
			if reply.Code != protocol.JoinWaiting {
				// The joiner closes its stream when it has read this. A node that ends waits for that; see checkFarewell.
				_ = s.SetReadDeadline(time.Now().Add(streamTimeout))
				reader.Wait()
				return
			}
		case <-gone:
			return
		case <-n.ctx.Done():
			_ = s.Reset()
			return
		}
	}
}

type (
	// joinAsked: a peer asks to be admitted. replies takes at most two answers. The loop closes it when a newer request of the same peer
	// takes its place.
	joinAsked struct {
		visitor
		req     protocol.JoinRequest
		replies chan protocol.JoinReply
	}
	// joinOver: the stream of a request has ended. The peer has its last answer, or has given up.
	joinOver struct {
		peer    peer.ID
		room    protocol.RoomID
		replies chan protocol.JoinReply
	}
)

func (e joinAsked) handle(l *loop) {
	r := l.rooms[e.req.Room]
	// The holder of a good invite does not need the common budget, which others may have used up.
	if r == nil || !r.owner() || !r.desk.ledger.Invited(e.req, l.judgedAt()) && !r.desk.ledger.MayReturn(e.peer, l.judgedAt()) {
		if wait, ok := l.n.admission.common(protocol.JoinID, e.visitor); !ok {
			e.replies <- tooSoon(wait)
			return
		}
	}
	if l.dormant.holds(e.req.Room) {
		close(e.replies)
		return
	}
	if r == nil || !r.owner() {
		if l.twin.met() { // the room may be our twin's
			close(e.replies)
			return
		}
		if moved := l.movedFrom(e.req.Room); moved != nil {
			e.replies <- protocol.JoinReply{Code: protocol.JoinMoved, Moved: moved}
			return
		}
		e.replies <- protocol.JoinReply{Code: protocol.JoinNoRoom}
		return
	}
	if r.desk.recovering != nil {
		if !r.desk.recovering.park(e.peer, e) {
			close(e.replies)
		}
		return
	}
	r.desk.door.knock(e.peer, knocking{e.replies, e.req.Nick})
	if reply, away := r.desk.door.turnsAway(e); away {
		r.desk.door.answer(authority.AnswerJoin{Peer: e.peer, Reply: reply})
		return
	}
	r.desk.presence.noteEphemeral()
	if err := r.desk.step(authority.Knock{Peer: e.peer, Request: e.req, From: e.from.String()}); err != nil {
		l.n.log.Warn("join request", "room", r.id, "peer", e.peer, "err", err)
		close(e.replies)
		delete(r.desk.door.knocks, e.peer)
	}
}

func (e joinOver) handle(l *loop) {
	delete(l.farewell.unansweredJoins, e.replies)
	l.checkFarewell()
	r := l.rooms[e.room]
	if r == nil || r.desk.door.knocks[e.peer].replies != e.replies {
		return
	}
	delete(r.desk.door.knocks, e.peer)
	if err := r.desk.step(authority.KnockGone{Peer: e.peer}); err != nil {
		l.n.log.Debug("knock gone", "room", r.id, "err", err)
	}
}

// tooSoon is the answer to a join request beyond a budget. It is given before this node looks up the room.
func tooSoon(wait time.Duration) protocol.JoinReply {
	return protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: max(wait, time.Second)}
}
