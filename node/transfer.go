package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// This file has the owner's half of a transfer: it offers the room to a member, hands out its books, and gives the room away when that
// member has accepted. From then on this node is a member like others. take.go has the other half.

// TransferInfo says to which member a room is offered, and until when.
type TransferInfo struct {
	Peer  peer.ID   `json:"peer"`
	Nick  string    `json:"nick"`
	Until time.Time `json:"until"`
}

// Transfer offers a room of this node to a member, which becomes the owner if its user says so by [Node.Take] within ten minutes. A later
// offer takes the place of an earlier one. It fails with not_owner, not_found, ambiguous, invalid (this node itself, a member that is
// muted, or one whose identity ends with its node), unavailable (the member is not present).
func (n *Node) Transfer(ctx context.Context, room, who string) (TransferInfo, error) {
	return ask(ctx, n, transfer{room, who})
}

// StopTransfer takes the offer of a room back. It fails with not_owner, not_found (nothing is offered).
func (n *Node) StopTransfer(ctx context.Context, room string) (TransferInfo, error) {
	return ask(ctx, n, stopTransfer{room})
}

type (
	transfer     struct{ room, who string }
	stopTransfer struct{ room string }
)

func (q transfer) run(l *loop) (TransferInfo, error) {
	r, err := l.ownRoom(q.room)
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return TransferInfo{}, err
	}
	m, err := r.findMember(q.who)
	switch {
	case err != nil:
		return TransferInfo{}, err
	case m.Peer == l.n.self:
		return TransferInfo{}, &Error{Code: CodeInvalid, Text: r.label() + " is yours already", Reason: fault.OwnRoom}
	case m.Muted:
		return TransferInfo{}, &Error{Code: CodeInvalid, Text: m.Nick + " is muted", Reason: fault.MemberMuted}
	case l.n.isEphemeral(m.Peer):
		return TransferInfo{}, &Error{Code: CodeInvalid, Text: "the identity of " + m.Nick + " ends with its node, and " + r.label() + " would end with it", Reason: fault.MemberGuest}
	case !r.desk.presence.present()[m.Peer]:
		return TransferInfo{}, &Error{Code: CodeUnavailable, Text: m.Nick + " is not here", Reason: fault.MemberAbsent}
	}
	if err := r.desk.offer(m.Peer); err != nil {
		return TransferInfo{}, err
	}
	to, until, _ := r.desk.ledger.Offer(l.clock.Wall())
	return TransferInfo{to, m.Nick, until}, nil
}

func (q stopTransfer) run(l *loop) (TransferInfo, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return TransferInfo{}, err
	}
	to, until, ok := r.desk.ledger.Offer(l.clock.Wall())
	if !ok {
		return TransferInfo{}, &Error{Code: CodeNotFound, Text: r.label() + " is offered to nobody", Reason: fault.NothingOffered}
	}
	return TransferInfo{to, r.nickOf(to), until}, r.desk.offer("")
}

// handedBooks are the books that the member was given last to which the room is offered, in memory as long as the offer holds: at most
// protocol.MaxBooks bytes.
type handedBooks struct {
	told  peer.ID // the member that was told of an offer
	books []byte
	hash  protocol.Hash
	until time.Time
}

// offer offers the room to a member, or with "" to nobody any more.
func (d *authorityDesk) offer(p peer.ID) error {
	if err := d.step(authority.Offer{Peer: p}); err != nil {
		return err
	}
	before := d.handed.told
	d.handed = handedBooks{told: p}
	for _, p := range []peer.ID{before, p} {
		if h, held := d.polls.held[p]; held {
			d.answerPoll(p, h)
		}
	}
	return nil
}

// tickOffer tells the member, and forgets the books, when an offer is over.
func (d *authorityDesk) tickOffer() {
	p := d.handed.told
	if to, _, ok := d.ledger.Offer(d.r.l.clock.Wall()); p == "" || ok && to == p {
		return
	}
	d.handed = handedBooks{}
	if h, held := d.polls.held[p]; held {
		d.answerPoll(p, h)
	}
}

// offerTo is what p has to know of an offer.
func (d *authorityDesk) offerTo(p peer.ID) *protocol.Offer {
	now := d.r.l.clock.Wall()
	if to, until, ok := d.ledger.Offer(now); ok && to == p {
		return &protocol.Offer{Until: until, Left: min(until.Sub(now), protocol.OfferLife)}
	}
	return &protocol.Offer{}
}

// offerDue reports whether p has to be told of an offer, or of its end.
func (d *authorityDesk) offerDue(p peer.ID, req protocol.PollRequest) bool {
	return req.HaveOffer != offerNumber(d.offerTo(p).Until)
}

// offerNumber is the number by which a member says that it knows an offer.
func offerNumber(until time.Time) uint64 {
	if until.IsZero() {
		return 0
	}
	return uint64(until.UnixMilli())
}

// serveTake serves the member to which a room is offered.
func (n *Node) serveTake(s network.Stream) {
	var req protocol.TakeRequest
	serve(n, s, &req, func(caller peer.ID) (*protocol.TakeReply, error) {
		var accepted protocol.SignedAcceptance
		if req.Accepted != nil {
			var err error
			if accepted, err = protocol.OpenAcceptance(req.Accepted); err != nil {
				return nil, err
			}
		}
		return ask(n.ctx, n, takeAsked{caller, req, accepted})
	})
}

type takeAsked struct {
	peer     peer.ID
	req      protocol.TakeRequest
	accepted protocol.SignedAcceptance
}

func (q takeAsked) run(l *loop) (*protocol.TakeReply, error) {
	no := func(code protocol.TakeCode) (*protocol.TakeReply, error) { return &protocol.TakeReply{Code: code}, nil }
	if l.dormant.holds(q.req.Room) {
		return nil, errDormant
	}
	r := l.rooms[q.req.Room]
	switch {
	case r == nil:
		return no(protocol.TakeNoOffer)
	case !r.owner():
		return r.takenBefore(q), nil
	case r.desk.recovering != nil || l.twin.live():
		return no(protocol.TakeNotNow)
	}
	if to, _, ok := r.desk.ledger.Offer(l.clock.Wall()); !ok || to != q.peer {
		if _, member := r.state().Member(q.peer); member {
			r.desk.noteAttempt(q.peer, "take the room")
		}
		return no(protocol.TakeNoOffer)
	}
	switch {
	case q.req.Accepted != nil:
		return r.desk.handOver(q)
	case q.req.Offset == 0:
		return r.desk.handBooks(q)
	case q.req.Books != r.desk.handed.hash || q.req.Offset >= uint64(len(r.desk.handed.books)) || q.req.Head != r.state().Head():
		return no(protocol.TakeChanged)
	}
	return r.desk.handed.part(q.req.Offset), nil
}

func (h handedBooks) part(from uint64) *protocol.TakeReply {
	rest := h.books[from:]
	return &protocol.TakeReply{
		Code: protocol.TakePart, Books: h.hash, Size: uint64(len(h.books)), Part: rest[:min(len(rest), protocol.MaxBooksPart)], Until: h.until,
	}
}

func (d *authorityDesk) handBooks(q takeAsked) (*protocol.TakeReply, error) {
	effects, err := d.stepEffects(authority.AskBooks{Peer: q.peer, Head: q.req.Head})
	if err != nil {
		return takeRefused(err), nil
	}
	for _, e := range effects {
		if e, ok := e.(authority.HandBooks); ok {
			d.handed = handedBooks{told: q.peer, books: e.Books, hash: protocol.BooksHash(e.Books), until: e.Until}
		}
	}
	return d.handed.part(0), nil
}

func (d *authorityDesk) handOver(q takeAsked) (*protocol.TakeReply, error) {
	if q.accepted.To != q.peer { // an acceptance that another member has signed
		return &protocol.TakeReply{Code: protocol.TakeNoOffer}, nil
	}
	r := d.r
	if err := d.step(authority.HandOver{Accepted: q.accepted, Cut: r.talk.Cut(r.l.n.self)}); err != nil {
		return takeRefused(err), nil
	}
	return r.takenBefore(q), nil
}

func takeRefused(err error) *protocol.TakeReply {
	switch AsError(err).Reason {
	case fault.RoomChanged:
		return &protocol.TakeReply{Code: protocol.TakeChanged}
	case fault.NotOffered:
		return &protocol.TakeReply{Code: protocol.TakeNoOffer}
	}
	return &protocol.TakeReply{Code: protocol.TakeNotNow}
}

// takenBefore answers a member that has taken the room, also if the first answer was lost.
func (r *room) takenBefore(q takeAsked) *protocol.TakeReply {
	for _, rec := range r.state().Transfers() {
		if t, ok := rec.Body.(protocol.Transfer); ok && q.req.Accepted != nil && slices.Equal(t.Accepted.Bytes(), q.req.Accepted) {
			return &protocol.TakeReply{Code: protocol.TakeDone, Transfer: rec.Bytes()}
		}
	}
	return &protocol.TakeReply{Code: protocol.TakeNoOffer}
}

// saveBatch writes a step of a ledger.
func (l *loop) saveBatch(after authority.State, b authority.Batch) error {
	if b.Seat == nil {
		return l.store.SaveBatch(after.Room(), b)
	}
	me, _ := after.Member(l.n.self)
	addrs := l.addrsOf(b.Seat.Authority)
	seat := store.Seat{Seat: *b.Seat, Name: after.Name(), Nick: me.Nick, Addrs: formatAddrs(addrs), Lasting: formatAddrs(l.n.gate.Lasting(addrs))}
	moved := store.Moved{At: l.clock.Wall(), Transfers: after.MovedFrom(l.n.self)}
	if err := l.store.GiveAway(after.Room(), b, seat, moved); err != nil {
		return err
	}
	l.moved[after.Room()] = moved
	return nil
}

// gaveAway makes this node a member like others, which it is by the last record. Its ledger decides nothing any more.
func (r *room) gaveAway(seat authority.Seat) {
	rec := r.desk.recovering
	r.memberState = r.desk.ledger.State()
	r.desk.stop()
	r.desk = newAuthorityDesk(r)
	me, _ := r.me()
	r.membership = membership{r: r, seat: &seat, nick: me.Nick, absence: absence{r: r}, heir: heir{logKept: true}}
	r.l.guestsChanged = true
	r.l.keepConnected(seat.Authority, nil)
	r.l.n.spawn(func(context.Context) { r.l.n.pollRoom(r.ctx, r.id) })
	if rec != nil {
		rec.unpark(r.l)
	}
	r.l.sayRooms()
	r.l.saveKnown()
}

// movedFrom answers a peer that takes this node for the owner of a room that it has given away: it is nil for any other room.
func (l *loop) movedFrom(id protocol.RoomID) *protocol.Moved {
	transfers := l.moved[id].Transfers
	if r := l.rooms[id]; r != nil {
		if later := r.state().MovedFrom(l.n.self); later != nil {
			transfers = later
		} else if r.state().Owner() == l.n.self {
			return nil // it is ours again
		}
	}
	if len(transfers) == 0 {
		return nil
	}
	moved := &protocol.Moved{Transfers: transfers}
	if all := authority.OpenTransfers(transfers[len(transfers)-1:]); len(all) > 0 {
		if t, ok := all[0].Body.(protocol.Transfer); ok {
			moved.Addrs = l.toldAddrsOf(t.To())
		}
	}
	return moved
}

// recordsForOwnerBefore gives a peer that was the owner, and is no member now, the records up to the one by which it gave the room away: if
// its disk is an old copy, it learns so that it is no owner. It has signed all of them, or those before it have.
func (r *room) recordsForOwnerBefore(p peer.ID, haveSeq uint64, reply *protocol.SyncReply) {
	var last uint64
	for _, rec := range r.state().Transfers() {
		if rec.Author == p {
			last = rec.Seq
		}
	}
	if last > haveSeq && last <= uint64(len(r.records)) {
		var more bool
		reply.Records, more = recordsAfter(r.records[:last], haveSeq)
		reply.HaveSeq, reply.Head, reply.More = last, r.records[last-1].Hash(), more
	}
}

var errChanged = errors.New("the room has changed meanwhile")
