package node

import (
	"context"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// An inboxEvent is one event for the loop. Its handle is called only by the loop, and does not block.
type inboxEvent interface{ handle(l *loop) }

// post hands ev to the loop and waits until it is taken, or the node ends. The loop itself never posts.
func (n *Node) post(ev inboxEvent) {
	select {
	case n.inbox <- ev:
	case <-n.ctx.Done():
	}
}

// offer hands ev to the loop if there is space. It is for callers that must not block.
func (n *Node) offer(ev inboxEvent) bool {
	select {
	case n.inbox <- ev:
		return true
	default:
		return false
	}
}

// A query is a request of a face with an answer. Its run is called by the loop.
type query[T any] interface {
	run(l *loop) (T, error)
}

type answer[T any] struct {
	value T
	err   error
}

type asked[T any] struct {
	q     query[T]
	reply chan answer[T] // of one; closed by nobody
}

func (a asked[T]) handle(l *loop) {
	v, err := a.q.run(l)
	if l.park(a, err) {
		return
	}
	a.reply <- answer[T]{v, err}
}

// ask has the loop run a query, and returns the answer. Every method of the API uses it.
func ask[T any](ctx context.Context, n *Node, q query[T]) (T, error) {
	a := asked[T]{q, make(chan answer[T], 1)}
	var none T
	select {
	case n.inbox <- a:
	case <-ctx.Done():
		return none, ctx.Err()
	case <-n.ctx.Done():
		return none, errClosed
	}
	select {
	case r := <-a.reply:
		return r.value, r.err
	case <-n.ctx.Done():
		return none, errClosed
	}
}

// none is the answer of a query without a result.
type none = struct{}

var errClosed = &Error{Code: CodeUnavailable, Text: "this node is shutting down", Reason: fault.ShuttingDown}

// A gossipHandler hands the events of a room's gossip to the loop.
type gossipHandler struct {
	n    *Node
	room protocol.RoomID
}

func (h gossipHandler) Line(from peer.ID, line transcript.Opened) {
	h.n.post(&lineArrived{h.room, line, from})
}
func (h gossipHandler) Record(r protocol.SignedRecord) { h.n.post(recordArrived{h.room, r}) }
func (h gossipHandler) Early(m protocol.Message)       { h.n.offer(earlyLine{h.room, m}) }
func (h gossipHandler) Subscribed()                    { h.n.post(subscribed{h.room}) }

func (h gossipHandler) Attempt(by peer.ID, r protocol.SignedRecord) {
	h.n.offer(attempted{h.room, by, r})
}

func (h gossipHandler) Flood(p peer.ID) {
	h.n.admission.count(h.n.admission.visitorAt(p), aGossip, shutOutCounts)
}

// The reports of pubsub's goroutines.
type (
	// subscribed is the event that this node has subscribed to the room: later lines arrive.
	subscribed struct{ room protocol.RoomID }
	// lineArrived is the event that a line has passed validation. It is checked again with the present state.
	lineArrived struct {
		room protocol.RoomID
		line transcript.Opened
		from peer.ID // the peer that sent it: its author, or a member that passed it on
	}
	// recordArrived is the event that a record of the authority came by gossip.
	recordArrived struct {
		room   protocol.RoomID
		record protocol.SignedRecord
	}
	// earlyLine is the event of a line of an epoch whose record or key is not here yet.
	earlyLine struct {
		room protocol.RoomID
		msg  protocol.Message
	}
	// attempted is the event that a member has signed a record that only the authority may sign.
	attempted struct {
		room   protocol.RoomID
		peer   peer.ID
		record protocol.SignedRecord
	}
)

func (e subscribed) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.sayJoined()
		r.talk.carry(r.talk.Subscribed(r.talk.world()))
	}
}

func (e lineArrived) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil {
		return
	}
	l.markAlive(e.from)
	r.talk.carry(r.talk.Hear(r.talk.world(), e.line))
}

func (e recordArrived) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.takeRecord(e.record)
	}
}

func (e earlyLine) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil {
		return
	}
	kept, effects := r.talk.Keep(r.talk.world(), e.msg)
	if r.talk.carry(effects); !kept {
		l.n.admission.refuse(l.n.admission.visitorAt(e.msg.Author), aLine)
	}
}

func (e attempted) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.desk.noteAttempt(e.peer, orderName(e.record.Body))
	}
}
