package node

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// An order of a deputy whose answer is lost may have been carried out. The record says so, if there is one: when the owner's node answers
// the next poll, this node has all records, and tells its user.

// An unansweredOrder is an order that this node's user has given as a deputy. What a poll that was asked before it can say of it is
// nothing.
type unansweredOrder struct {
	req   protocol.OrderRequest
	after uint64 // the number of the last record before the order
	asked bool   // the authority has been polled since
}

// orderUnanswered: an order got no answer.
type orderUnanswered struct {
	req   protocol.OrderRequest
	after uint64
}

func (e orderUnanswered) handle(l *loop) {
	r := l.rooms[e.req.Room]
	if r == nil || r.owner() || orderWord(e.req.Kind) == "" {
		return
	}
	r.membership.unanswered = append(r.membership.unanswered, unansweredOrder{req: e.req, after: e.after})
	r.membership.unanswered = r.membership.unanswered[max(len(r.membership.unanswered)-maxUnanswered, 0):]
}

// polls notes that the authority is polled now.
func (ms *membership) polls() {
	for i := range ms.unanswered {
		ms.unanswered[i].asked = true
	}
}

// settle says of the orders without an answer whether their records are here. It is called when this node has all records of the authority.
func (ms *membership) settle() {
	ms.unanswered = slices.DeleteFunc(ms.unanswered, func(o unansweredOrder) bool {
		if o.asked {
			ms.r.l.emit(ms.r, OrderSettled{Order: orderWord(o.req.Kind), Peer: o.req.Peer, Nick: ms.r.nickOf(o.req.Peer), Done: ms.r.carriedOut(o)})
		}
		return o.asked
	})
}

// carriedOut reports whether a record after the order is that of the order.
func (r *room) carriedOut(o unansweredOrder) bool {
	return slices.ContainsFunc(r.records[min(o.after, uint64(len(r.records))):], func(rec protocol.SignedRecord) bool {
		return rec.By == r.l.n.self && isOrder(o.req, rec.Body)
	})
}

// orderWord names an order that makes a record; "" for one that makes none.
func orderWord(k protocol.OrderKind) string {
	switch k {
	case protocol.OrderAccept:
		return "accept"
	case protocol.OrderKick:
		return "kick"
	case protocol.OrderBan:
		return "ban"
	case protocol.OrderUnban:
		return "unban"
	case protocol.OrderPardon:
		return "pardon"
	case protocol.OrderMute:
		return "mute"
	case protocol.OrderUnmute:
		return "unmute"
	case protocol.OrderSubject:
		return "subject"
	case protocol.OrderAccess:
		return "access"
	case protocol.OrderWarn:
		return "warn"
	case protocol.OrderVoice:
		return "voice"
	case protocol.OrderUnvoice:
		return "unvoice"
	}
	return ""
}

// isOrder reports whether a record with body b is what the order asks for.
func isOrder(o protocol.OrderRequest, b protocol.Body) bool {
	is := func(k protocol.OrderKind, p peer.ID) bool { return o.Kind == k && o.Peer == p }
	switch b := b.(type) {
	case protocol.Admit:
		return is(protocol.OrderAccept, b.Peer)
	case protocol.Remove:
		return is(protocol.OrderKick, b.Peer) && b.Kind == protocol.Kicked || is(protocol.OrderBan, b.Peer) && b.Kind == protocol.Banned
	case protocol.Unban:
		return is(protocol.OrderUnban, b.Peer)
	case protocol.Pardon:
		return is(protocol.OrderPardon, b.Peer)
	case protocol.Mute:
		return is(protocol.OrderMute, b.Peer)
	case protocol.Unmute:
		return is(protocol.OrderUnmute, b.Peer)
	case protocol.Warn:
		return is(protocol.OrderWarn, b.Peer)
	case protocol.Voice:
		return is(protocol.OrderVoice, b.Peer)
	case protocol.Unvoice:
		return is(protocol.OrderUnvoice, b.Peer)
	case protocol.SetPolicy:
		return o.Kind == protocol.OrderSubject || o.Kind == protocol.OrderAccess && b.Policy.Access == o.Access
	}
	return false
}
