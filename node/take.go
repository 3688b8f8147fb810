package node

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// This file has the next owner's half of a transfer. It fetches the books, writes them to disk, signs that it accepts, and is the owner as
// soon as it has the record: from the owner's answer or, if that is lost, from a later poll or from another member.

// Take makes this node the owner of a room that its owner has offered to it; see the event transfer_offered. It fails with not_found
// (nothing is offered, or no longer), unavailable (the owner does not answer, or cannot decide now), invalid (this node keeps nothing on
// disk). If the owner's last answer is lost, Take fails, and this node becomes the owner when it hears of it.
func (n *Node) Take(ctx context.Context, room string) (Committed, error) {
	for try := 0; ; try++ {
		at, err := n.takeOnce(ctx, room)
		if !errors.Is(err, errChanged) || try == takeTries {
			if errors.Is(err, errChanged) {
				err = &Error{Code: CodeUnavailable, Text: "not taken: the room changes all the time", Reason: fault.RoomChanged}
			}
			return at, err
		}
		select {
		case <-time.After(takeAgain):
		case <-ctx.Done():
			return Committed{}, ctx.Err()
		}
	}
}

func (n *Node) takeOnce(ctx context.Context, room string) (Committed, error) {
	t, err := ask(ctx, n, taking{room})
	if err != nil {
		return Committed{}, err
	}
	books, got, err := n.fetchBooks(ctx, t)
	if err != nil {
		return Committed{}, err
	}
	candidate, err := authority.NewCandidate(t.records, books.books, got)
	if err != nil {
		return Committed{}, &Error{Code: CodeInternal, Text: "not taken: the owner of " + t.name + " sent what no owner has: " + fault.Text(err), Reason: fault.BadBooks}
	}
	accepted, err := ask(ctx, n, accepting{t, candidate, books})
	if err != nil {
		return Committed{}, err
	}
	reply, err := n.take(ctx, t, protocol.TakeRequest{Accepted: accepted})
	if err != nil {
		return Committed{}, &Error{
			Code: CodeUnavailable, Text: "the owner of " + t.name + " does not answer: " + fault.Text(err) + "; if it has given you the room, you will see it here",
			Reason: fault.TransferLost,
		}
	}
	if reply.Code != protocol.TakeDone {
		return Committed{}, t.refused(reply.Code)
	}
	rec, err := protocol.OpenRecord(reply.Transfer)
	if err != nil {
		return Committed{}, err
	}
	return ask(ctx, n, taken{t, rec})
}

// fetchBooks fetches the books, and says when the first part came.
func (n *Node) fetchBooks(ctx context.Context, t takeTarget) (books handedBooks, got time.Time, err error) {
	for {
		req := protocol.TakeRequest{Books: books.hash, Offset: uint64(len(books.books))}
		reply, err := n.take(ctx, t, req)
		switch {
		case err != nil:
			return books, got, &Error{Code: CodeUnavailable, Text: "not taken: the owner of " + t.name + " does not answer: " + fault.Text(err), Reason: fault.OwnerAway}
		case reply.Code != protocol.TakePart:
			return books, got, t.refused(reply.Code)
		case got.IsZero():
			got, books.hash, books.until = time.Now(), reply.Books, reply.Until
		case reply.Books != books.hash:
			return books, got, errChanged
		}
		books.books = append(books.books, reply.Part...)
		switch have := uint64(len(books.books)); {
		case have < reply.Size:
		case have == reply.Size && protocol.BooksHash(books.books) == books.hash:
			return books, got, nil
		default:
			return books, got, errChanged
		}
	}
}

func (n *Node) take(ctx context.Context, t takeTarget, req protocol.TakeRequest) (reply protocol.TakeReply, err error) {
	req.Room, req.Head = t.room, t.head
	return reply, n.request(ctx, t.owner, protocol.TakeID, &req, &reply)
}

// refused is the error for an answer of the owner.
func (t takeTarget) refused(code protocol.TakeCode) error {
	switch code {
	case protocol.TakeChanged:
		return errChanged
	case protocol.TakeNoOffer:
		return &Error{Code: CodeNotFound, Text: "not taken: " + t.name + " is not offered to you any more", Reason: fault.NotOffered}
	}
	return &Error{Code: CodeUnavailable, Text: "not taken: the owner of " + t.name + " cannot decide now", Reason: fault.OwnerBusy}
}

type (
	// taking asks what is to be taken, from which owner.
	taking     struct{ room string }
	takeTarget struct {
		room    protocol.RoomID
		name    string
		owner   peer.ID
		head    protocol.Hash
		records []protocol.SignedRecord
	}
	// accepting writes what has come to disk, and then signs the acceptance.
	accepting struct {
		takeTarget
		candidate authority.Candidate
		books     handedBooks
	}
	// taken has the owner's last record.
	taken struct {
		takeTarget
		record protocol.SignedRecord
	}
)

func (q taking) run(l *loop) (takeTarget, error) {
	r, err := l.room(q.room)
	if err == nil {
		err = r.open()
	}
	switch {
	case err != nil:
		return takeTarget{}, err
	case r.owner():
		return takeTarget{}, &Error{Code: CodeInvalid, Text: r.label() + " is yours already", Reason: fault.OwnRoom}
	case l.n.cfg.DataDir == "":
		return takeTarget{}, &Error{Code: CodeInvalid, Text: "this node keeps nothing, and " + r.label() + " would end with it", Reason: fault.KeepsNothing}
	case r.membership.heir.offer.Until.IsZero():
		return takeTarget{}, &Error{Code: CodeNotFound, Text: r.label() + " is not offered to you", Reason: fault.NotOffered}
	}
	return takeTarget{r.id, r.label(), r.authority(), r.state().Head(), r.records[:len(r.records):len(r.records)]}, nil
}

func (q accepting) run(l *loop) ([]byte, error) {
	r := l.rooms[q.room]
	switch {
	case r == nil:
		return nil, notMember(q.name)
	case r.owner() || r.authority() != q.owner || r.state().Head() != q.head:
		return nil, errChanged
	}
	kept := store.Candidate{Candidate: q.candidate}
	for _, rec := range q.records {
		kept.Records = append(kept.Records, rec.Bytes())
	}
	if err := l.store.SaveCandidate(r.id, kept); err != nil {
		l.warnDisk(r, err)
		return nil, diskError{err}.forPerson()
	}
	accepted, err := protocol.SignAcceptance(protocol.Acceptance{
		Room: r.id, From: q.owner, To: l.n.self, Prev: q.head, Books: q.books.hash, Until: q.books.until,
	}, l.n.signer)
	if err != nil {
		return nil, err
	}
	r.membership.heir.candidate, r.membership.heir.live = &q.candidate, true
	return accepted.Bytes(), nil
}

func (q taken) run(l *loop) (Committed, error) {
	r := l.rooms[q.room]
	if r == nil {
		return Committed{}, notMember(q.name)
	}
	r.takeRecord(q.record)
	if !r.owner() {
		return Committed{}, &Error{Code: CodeUnavailable, Text: q.name + " is yours, and this node cannot write that to disk yet", Reason: fault.DiskFull}
	}
	return Committed{Seq: q.record.Seq, Epoch: r.state().Epoch()}, nil
}

// An heir is what a member knows of an offer of the room to it, and keeps of the transfer. Only the loop uses it.
type heir struct {
	offer     protocol.Offer
	until     time.Time            // of offer, by this node's clock
	inherits  bool                 // the log says that the room is ours, and the disk does not yet
	logKept   bool                 // we gave the room away: our log stays on disk until the next owner has signed a record
	live      bool                 // candidate was accepted in this life of the node
	asking    bool                 // a member is being asked whether the room is ours
	candidate *authority.Candidate // what is on disk; nil: nothing
}

// have is the number of the offer that this node knows.
func (h *heir) have() uint64 { return offerNumber(h.offer.Until) }

// takeOffer learns that the room is offered to this node, or no longer.
func (ms *membership) takeOffer(o protocol.Offer) {
	h := &ms.heir
	if o.Until.Equal(h.offer.Until) {
		return
	}
	h.offer, h.until = o, time.Time{}
	owner, _ := ms.r.state().Member(ms.r.authority())
	ev := TransferOffered{By: ms.r.authority(), Nick: owner.Nick}
	if !o.Until.IsZero() {
		h.until = ms.r.l.now().Add(o.Left)
		ev.Until = h.until
	}
	ms.r.l.emit(ms.r, ev)
}

// offered returns the offer of the room to this node, if there is one.
func (ms *membership) offered() (o TransferOffered, open bool) {
	if h := ms.heir; ms.seat == nil || h.until.IsZero() || !ms.r.l.now().Before(h.until) {
		return o, false
	}
	owner, _ := ms.r.state().Member(ms.r.authority())
	return TransferOffered{By: ms.r.authority(), Nick: owner.Nick, Until: ms.heir.until}, true
}

// heirTick does what is due: the end of an offer, and what could not be written.
func (ms *membership) heirTick() {
	if ms.heir.inherits {
		ms.inherit()
	}
}

// heirOf does what follows from a record for a transfer to or from this node.
func (ms *membership) heirOf(c authority.Change) {
	if ms.seat == nil {
		return
	}
	h, self := &ms.heir, ms.r.l.n.self
	if c.Kind == authority.Transferred {
		h.offer = protocol.Offer{}
		if seat, effects := ms.seat.Step(authority.Followed{Transfers: ms.r.state().Transfers()}); len(effects) > 0 {
			ms.seat = &seat
			ms.moveTo(seat.Authority)
		}
		if c.Peer == self {
			h.inherits = true
			ms.inherit()
			return
		}
	}
	if h.candidate != nil && c.Record.Prev == h.candidate.Prev {
		h.candidate = nil // another record came instead
		if err := ms.r.l.store.DropCandidate(ms.r.id); err != nil {
			ms.r.l.warnDisk(ms.r, err)
		}
	}
	if h.logKept && c.Record.Author == ms.r.state().Owner() {
		h.logKept = false // the next owner has the record by which it is the owner
		if err := ms.r.l.store.DropRoom(ms.r.id); err != nil {
			ms.r.l.warnDisk(ms.r, err)
		}
	}
}

// moveTo goes on to another authority.
func (ms *membership) moveTo(p peer.ID) {
	if err := ms.save(); err != nil {
		ms.r.l.warnDisk(ms.r, err)
	}
	if ms.cut != nil {
		ms.cut()
	}
	ms.cut = nil
	ms.absence.since, ms.absence.leaving, ms.absence.presence = time.Time{}, false, 0
	ms.r.desk.take(nil)
	if p != ms.r.l.n.self {
		ms.r.l.keepConnected(p, nil)
	}
}

// takeMoved takes the answer of a peer that is no longer the owner: where the next one is, and the records, as far as they follow our log.
func (ms *membership) takeMoved(m *protocol.Moved) {
	if m == nil {
		return
	}
	r := ms.r
	for _, rec := range authority.OpenTransfers(m.Transfers) {
		r.takeRecord(rec)
	}
	if ms.seat == nil {
		return
	}
	if to, _, ok := authority.Follow(r.id, ms.seat.Authority, ms.seat.Moved, authority.OpenTransfers(m.Transfers)); ok && to != r.l.n.self {
		r.l.keepConnected(to, r.l.named(ms.seat.Authority, to, m.Addrs))
	}
}

// inherit makes this node the owner that it is by the log, with the books that it was handed. If they cannot be written, the next tick tries
// again; until then nothing is decided.
func (ms *membership) inherit() {
	r, l := ms.r, ms.r.l
	var d authority.Durable
	err := errors.New("no books")
	if ms.heir.candidate != nil {
		d, err = ms.heir.candidate.Durable(r.records)
	}
	if err != nil {
		l.n.log.Warn("the books that were handed over are lost", "room", r.id, "err", err)
		d, err = authority.Rebuilt(r.records, l.clock.Wall())
	}
	var ledger authority.Ledger
	if err == nil {
		ledger, err = authority.Load(d)
	}
	if err != nil {
		l.n.log.Error("take a room over", "room", r.id, "err", err)
		return
	}
	if err := l.store.TakeOver(r.id, d); err != nil {
		l.warnDisk(r, err)
		return
	}
	delete(l.moved, r.id)
	live := ms.heir.live
	ms.orderedUpTo(protocol.MaxCounter)
	r.desk.take(nil)
	r.desk = newAuthorityDesk(r)
	r.desk.ledger = &ledger
	if ms.cut != nil {
		ms.cut()
	}
	r.membership = membership{r: r, absence: absence{r: r}}
	l.guestsChanged = true
	if live { // this node can have signed nothing since
		err = r.desk.resume()
	} else {
		r.desk.recovering = newRecovery(r)
		err = r.desk.recover()
	}
	if err != nil {
		l.n.log.Error("take a room over", "room", r.id, "err", err)
		l.warnDisk(r, err)
	}
	l.sayRooms()
	l.saveKnown()
}

// askForTransfer asks p, which takes this node for the owner, for the records that say so.
func (ms *membership) askForTransfer(p peer.ID, haveSeq uint64) {
	r := ms.r
	if haveSeq <= r.state().Seq() || ms.heir.asking {
		return
	}
	ms.heir.asking = true
	req, id, ctx, n := r.headRequest(), r.id, r.ctx, r.l.n
	n.spawn(func(context.Context) {
		ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "transfer"), syncTimeout)
		defer cancel()
		var reply protocol.SyncReply
		a := heirAnswer{room: id}
		if err := n.request(ctx, p, protocol.SyncID, &req, &reply); err == nil {
			a.records, _ = openRecords(reply.Records)
		}
		n.post(a)
	})
}

// heirAnswer has what askForTransfer was answered.
type heirAnswer struct {
	room    protocol.RoomID
	records []protocol.SignedRecord
}

func (e heirAnswer) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil {
		return
	}
	r.membership.heir.asking = false
	for _, rec := range e.records {
		r.takeRecord(rec)
	}
}

// wakeLog takes the log of a room that this node has given away, or may be the owner of: it is on disk.
func (r *room) wakeLog() {
	if given, ok := r.l.dormant.given[r.id]; ok {
		delete(r.l.dormant.given, r.id)
		r.memberState, r.membership.heir.logKept = given.ledger.State(), true
		r.replayed(given.records)
		return
	}
	kept, ok := r.l.dormant.candidates[r.id]
	if !ok {
		return
	}
	delete(r.l.dormant.candidates, r.id)
	records, rest := openRecords(kept.Records)
	state, err := authority.Replay(records)
	if err != nil || len(rest) > 0 {
		r.l.n.log.Error("what was handed over of a room is damaged", "room", r.id, "err", err)
		return
	}
	r.memberState, r.membership.heir.candidate = state, &kept.Candidate
	r.replayed(records)
}
