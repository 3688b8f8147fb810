package protocol

import (
	"math"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol/internal/pb"
)

// An OrderKind says what a deputy orders.
type OrderKind uint8

// Append only; values are on the wire.
const (
	OrderAccept  OrderKind = 1 // let a peer in that is at the door
	OrderDeny    OrderKind = 2 // turn it away
	OrderKick    OrderKind = 3
	OrderBan     OrderKind = 4
	OrderUnban   OrderKind = 5
	OrderMute    OrderKind = 6
	OrderUnmute  OrderKind = 7
	OrderSubject OrderKind = 8 // change the policy's subject
	OrderAccess  OrderKind = 9 // change how the room is entered
	OrderPardon  OrderKind = 10
	OrderWarn    OrderKind = 11
	OrderVoice   OrderKind = 12
	OrderUnvoice OrderKind = 13
	// OrderUninvite revokes an open invite.
	OrderUninvite OrderKind = 14
)

// OrderRequest is an order of a deputy, which the authority carries out if the deputy may give it. The deputy is the peer that the
// stream authenticates. Each kind has the fields that it needs, and no other.
type OrderRequest struct {
	Room   RoomID
	Kind   OrderKind
	Peer   peer.ID       // that the order is about; "" if it is about none
	Text   string        // the reason, the warning, or the subject; may be ""
	For    time.Duration // of a ban, a mute or a voice; 0: without end
	Access Access        // of OrderAccess
	Invite InviteID      // of OrderUninvite
}

// An OrderCode says what has become of an order.
type OrderCode uint8

// Append only; values are on the wire.
const (
	OrderDone        OrderCode = 1
	OrderRefused     OrderCode = 2 // a rule of the room forbids it
	OrderNotEntitled OrderCode = 3 // the caller is no deputy, or a deputy may not do this
	OrderNotFound    OrderCode = 4 // the peer that it is about is not there
	OrderNotNow      OrderCode = 5 // the authority cannot decide now
)

// OrderReply is the answer to an OrderRequest. Text says why the order was not carried out. Seq and Epoch are those of the record that
// carried it out, or of the last record if the order made none.
type OrderReply struct {
	Code       OrderCode
	Text       string
	Seq, Epoch uint64
}

func (f *OrderRequest) max() int { return maxRequest }

func (f *OrderRequest) encode() ([]byte, error) {
	m := &pb.OrderRequest{
		Room: f.Room[:], Kind: pb.OrderKind(f.Kind), Peer: []byte(f.Peer), Text: f.Text,
		ForMs: units(f.For, time.Millisecond), Access: pb.Access(f.Access), Invite: orNone(f.Invite[:]),
	}
	return encodeFrame("order", m, func(r *fieldReader) { new(OrderRequest).read(r, m) })
}

func (f *OrderRequest) decode(b []byte) error {
	var m pb.OrderRequest
	return decodeFrame("order", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *OrderRequest) read(r *fieldReader, m *pb.OrderRequest) {
	*f = OrderRequest{
		Room: r.room("room", m.Room), Kind: OrderKind(r.closedEnum("kind", int32(m.Kind), uint8(OrderUninvite))),
		Text: r.reason("text", m.Text), For: r.span("for_ms", m.ForMs, time.Millisecond, math.MaxInt64),
	}
	switch f.Kind {
	case OrderSubject, OrderAccess, OrderUninvite:
		if len(m.Peer) > 0 {
			r.fail("peer", "the order is about no peer")
		}
	default:
		f.Peer = r.peer("peer", m.Peer)
	}
	if r.optional("invite", f.Invite[:], m.Invite); f.Invite.IsZero() == (f.Kind == OrderUninvite) {
		r.fail("invite", "there is one if, and only if, the order revokes it")
	}
	if f.Kind == OrderAccess {
		f.Access = Access(r.closedEnum("access", int32(m.Access), uint8(Invite)))
	} else if m.Access != 0 {
		r.fail("access", "the order is not about it")
	}
	switch f.Kind {
	case OrderBan, OrderMute:
	case OrderVoice:
		if f.Text != "" {
			r.fail("text", "the order has no text")
		}
	case OrderDeny, OrderKick, OrderSubject, OrderWarn:
		if f.For != 0 {
			r.fail("for_ms", "the order has no length")
		}
	default:
		if f.For != 0 || f.Text != "" {
			r.fail("text", "the order has neither text nor length")
		}
	}
}

func (f *OrderReply) max() int { return maxRequest }

func (f *OrderReply) encode() ([]byte, error) {
	m := &pb.OrderReply{Code: pb.OrderCode(f.Code), Text: f.Text, Seq: f.Seq, Epoch: f.Epoch}
	return encodeFrame("answer", m, func(r *fieldReader) { new(OrderReply).read(r, m) })
}

func (f *OrderReply) decode(b []byte) error {
	var m pb.OrderReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *OrderReply) read(r *fieldReader, m *pb.OrderReply) {
	*f = OrderReply{Code: OrderCode(r.closedEnum("code", int32(m.Code), uint8(OrderNotNow))), Text: r.reason("text", m.Text)}
	done := f.Code == OrderDone
	if done != (m.Seq != 0) || done != (m.Epoch != 0) || done && m.Text != "" {
		r.fail("code", "an order has a record if, and only if, it is done, and then no text")
		return
	}
	if done {
		f.Seq, f.Epoch = r.count("seq", m.Seq, 1), r.count("epoch", m.Epoch, 1)
	}
}
