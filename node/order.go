package node

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// An order of moderation is the same for the owner and for a deputy. The owner's node carries it out; that of a deputy sends it there,
// where it is checked again.

// orders are what a query of a face comes to: done here already, or to be sent to the authority.
type orders struct {
	done Committed
	send []protocol.OrderRequest
	to   peer.ID // the authority
	room string  // its name
	seq  uint64  // of the last record before them
}

// order asks the loop for orders, and sends them if they are not done here.
func (n *Node) order(ctx context.Context, q query[orders]) (Committed, error) {
	o, err := ask(ctx, n, q)
	if err != nil {
		return Committed{}, err
	}
	return n.sendOrders(ctx, o)
}

func (n *Node) sendOrders(ctx context.Context, o orders) (Committed, error) {
	for _, req := range o.send {
		var reply protocol.OrderReply
		if err := n.request(ctx, o.to, protocol.OrderID, &req, &reply); err != nil {
			n.post(orderUnanswered{req, o.seq})
			return Committed{}, &Error{
				Code: CodeUnavailable, Text: "the owner of " + o.room + " does not answer: " + fault.Text(err) + "; it may have been done all the same",
				Reason: fault.OrderUnanswered,
			}
		}
		if reply.Code != protocol.OrderDone {
			return Committed{}, orderRefused(o.room, reply)
		}
		o.done = Committed{Seq: reply.Seq, Epoch: reply.Epoch}
		n.awaitRecord(ctx, req.Room, reply.Seq)
	}
	return o.done, nil
}

// awaitRecord waits for the record of an order, so that the next order of the same person is about a room that has it. If the record does
// not come, the order is done all the same.
func (n *Node) awaitRecord(ctx context.Context, room protocol.RoomID, seq uint64) {
	here, err := ask(ctx, n, recordHere{room, seq})
	if err != nil {
		return
	}
	select {
	case <-here:
	case <-time.After(streamTimeout):
	case <-ctx.Done():
	case <-n.ctx.Done():
	}
}

type (
	// recordHere asks for a channel that is closed when the record is here, or the room is left.
	recordHere struct {
		room protocol.RoomID
		seq  uint64
	}
	awaitedRecord struct {
		seq  uint64
		here chan struct{} // closed by the loop
	}
)

func (q recordHere) run(l *loop) (<-chan struct{}, error) {
	here := make(chan struct{})
	r := l.rooms[q.room]
	if r == nil || r.state().Seq() >= q.seq {
		close(here)
	} else {
		r.membership.ordered = append(r.membership.ordered, awaitedRecord{q.seq, here})
	}
	return here, nil
}

// orderedUpTo lets go of those that wait for a record up to seq.
func (ms *membership) orderedUpTo(seq uint64) {
	ms.ordered = slices.DeleteFunc(ms.ordered, func(a awaitedRecord) bool {
		if a.seq <= seq {
			close(a.here)
		}
		return a.seq <= seq
	})
}

// orderRefused says to a deputy why the authority has not carried out its order.
func orderRefused(room string, reply protocol.OrderReply) error {
	e := &Error{Code: CodeInvalid, Text: cmp.Or(reply.Text, "you are no longer a deputy of "+room), Reason: fault.BadOrder}
	switch reply.Code {
	case protocol.OrderNotEntitled:
		e.Code, e.Reason = CodeNotOwner, fault.DeputyMayNot
	case protocol.OrderNotFound:
		e.Code, e.Reason = CodeNotFound, fault.NoSuchPerson
	case protocol.OrderNotNow:
		e.Code, e.Reason = CodeUnavailable, fault.OwnerBusy
	}
	return e
}

// moderated is a room that this node's user may give orders in: one that we are the authority of, or a deputy in.
func (l *loop) moderated(s string) (*room, error) {
	r, err := l.room(s)
	if err != nil {
		return nil, err
	}
	if r.owner() {
		return l.ownRoom(s)
	}
	if !r.state().IsDeputy(l.n.self) {
		return nil, &Error{Code: CodeNotOwner, Text: "only the owner of " + r.label() + " and its deputies may do that", Reason: fault.OwnerOnly}
	}
	return r, r.open()
}

// moderatedFor is such a room, for an order with a reason, and the reason in its normal form.
func (l *loop) moderatedFor(name, reason string) (*room, string, error) {
	r, err := l.moderated(name)
	if err != nil {
		return nil, "", err
	}
	reason, err = cleanReason(reason)
	return r, reason, err
}

// decide carries the orders out, if we are the authority. Otherwise it looks whether a deputy may give them, and has them sent.
func (r *room) decide(all ...protocol.OrderRequest) (orders, error) {
	o := orders{to: r.authority(), room: r.label(), seq: r.state().Seq()}
	for _, req := range all {
		req.Room = r.id
		if r.owner() {
			var err error
			if o.done, err = r.desk.obey("", req); err != nil {
				return orders{}, err
			}
			continue
		}
		ev, err := r.eventOf(req)
		if err == nil {
			err = r.state().MayOrder(r.l.n.self, ev, r.l.now())
		}
		if err != nil {
			return orders{}, ruleError(r.label(), err)
		}
		o.send = append(o.send, req)
	}
	return o, nil
}

// obey carries out an order of a deputy or, with "", of this node's user.
func (d *authorityDesk) obey(by peer.ID, req protocol.OrderRequest) (Committed, error) {
	ev, err := d.r.eventOf(req)
	if err != nil {
		return Committed{}, err
	}
	if req.Kind == protocol.OrderAccept {
		d.presence.noteEphemeral()
	}
	if by != "" {
		ev = authority.Ordered{By: by, Order: ev}
	}
	return d.order(ev)
}

// eventOf is the order for the ledger. The authority alone knows the last line of a member that counts.
func (r *room) eventOf(req protocol.OrderRequest) (authority.Event, error) {
	var cut protocol.Cut
	switch req.Kind {
	case protocol.OrderKick, protocol.OrderBan, protocol.OrderMute, protocol.OrderUnvoice:
		var err error
		if cut, err = r.desk.cutOf(req.Peer); err != nil {
			return nil, err
		}
	}
	policy := r.state().Policy()
	switch req.Kind {
	case protocol.OrderAccept:
		return authority.Accept{Peer: req.Peer}, nil
	case protocol.OrderDeny:
		return authority.Deny{Peer: req.Peer, Reason: req.Text}, nil
	case protocol.OrderKick:
		return authority.Kick{Peer: req.Peer, Reason: req.Text, Cut: cut}, nil
	case protocol.OrderBan:
		return authority.Ban{Peer: req.Peer, Reason: req.Text, For: req.For, Cut: cut}, nil
	case protocol.OrderUnban:
		return authority.Unban{Peer: req.Peer}, nil
	case protocol.OrderPardon:
		return authority.Pardon{Peer: req.Peer}, nil
	case protocol.OrderMute:
		return authority.Mute{Peer: req.Peer, Reason: req.Text, For: req.For, Cut: cut}, nil
	case protocol.OrderUnmute:
		return authority.Unmute{Peer: req.Peer}, nil
	case protocol.OrderWarn:
		return authority.Warn{Peer: req.Peer, Text: req.Text}, nil
	case protocol.OrderVoice:
		return authority.Voice{Peer: req.Peer, For: req.For}, nil
	case protocol.OrderUnvoice:
		return authority.Unvoice{Peer: req.Peer, Cut: cut}, nil
	case protocol.OrderUninvite:
		return authority.RevokeInvite{ID: req.Invite}, nil
	case protocol.OrderSubject:
		subject, err := protocol.NormalizeSubject(req.Text)
		if err != nil {
			return nil, &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadSubject, Limit: protocol.MaxSubject}
		}
		policy.Subject = subject
	case protocol.OrderAccess:
		policy.Access = req.Access
	}
	return authority.SetPolicy{Policy: policy}, nil
}

// order steps the ledger and returns the place of the new record in the log; of the last one, if there are several.
func (d *authorityDesk) order(ev authority.Event) (Committed, error) {
	effects, err := d.stepEffects(ev)
	if err != nil {
		return Committed{}, err
	}
	at := Committed{Seq: d.ledger.State().Seq(), Epoch: d.ledger.State().Epoch()}
	for _, e := range effects {
		switch e := e.(type) {
		case authority.Commit:
			at = Committed{Seq: e.Record.Seq, Epoch: e.Change.Epoch}
		case authority.Already:
			at = Committed{Seq: e.Seq, Epoch: e.Epoch}
		}
	}
	return at, nil
}

// serveOrder serves the orders of deputies.
func (n *Node) serveOrder(s network.Stream) {
	var req protocol.OrderRequest
	serve(n, s, &req, func(caller peer.ID) (*protocol.OrderReply, error) {
		return ask(n.ctx, n, orderAsked{caller, req})
	})
}

type orderAsked struct {
	peer peer.ID
	req  protocol.OrderRequest
}

// notDeputy answers everybody who may order nothing, whether the room is here or not.
var notDeputy = protocol.OrderReply{Code: protocol.OrderNotEntitled}

func (q orderAsked) run(l *loop) (*protocol.OrderReply, error) {
	if l.dormant.holds(q.req.Room) {
		return nil, errDormant
	}
	r := l.rooms[q.req.Room]
	if r == nil || !r.owner() {
		return &notDeputy, nil
	}
	if r.desk.recovering != nil {
		return nil, r.desk.notReady()
	}
	if _, member := r.state().Member(q.peer); !member {
		return &notDeputy, nil
	}
	if !r.state().IsDeputy(q.peer) {
		r.desk.noteAttempt(q.peer, "give an order as a deputy")
		return &notDeputy, nil
	}
	at, err := r.desk.obey(q.peer, q.req)
	if errors.Is(err, errGathering) {
		return nil, err // it waits, as the owner's own orders do
	}
	if err != nil {
		return refusedOrder(AsError(err)), nil
	}
	return &protocol.OrderReply{Code: protocol.OrderDone, Seq: at.Seq, Epoch: at.Epoch}, nil
}

func refusedOrder(e *Error) *protocol.OrderReply {
	reply := &protocol.OrderReply{Code: protocol.OrderRefused}
	switch e.Code {
	case CodeNotOwner:
		reply.Code = protocol.OrderNotEntitled
	case CodeNotFound:
		reply.Code = protocol.OrderNotFound
	case CodeUnavailable:
		reply.Code = protocol.OrderNotNow
	}
	var err error
	if reply.Text, err = protocol.NormalizeReason(e.Text); err != nil || reply.Text == "" {
		reply.Text = "it was not done"
	}
	return reply
}

// lengthOf looks whether a ban or a mute has a length, in time or without end.
func lengthOf(d time.Duration, text string, why fault.Reason) error {
	if d < 0 || d != 0 && d < time.Second {
		return &Error{Code: CodeInvalid, Text: text, Reason: why}
	}
	return nil
}
