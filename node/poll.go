package node

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// servePoll is the authority's end of a poll stream: a question, its answer, and so on until one side ends it. It
// runs in a goroutine that libp2p starts.
func (n *Node) servePoll(s network.Stream) {
	defer s.Close()
	caller := s.Conn().RemotePeer()
	in := bufio.NewReaderSize(s, pollBuffer)
	// A stranger has little time, and gets one refusal. A member may take longer before it asks again.
	for patience := streamTimeout; ; patience = pollPatience {
		if err := s.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return
		}
		var ask protocol.PollAsk
		err := protocol.ReadFrame(in, &ask)
		if errors.Is(err, io.EOF) {
			return // nothing more to ask
		}
		who := n.admission.visitor(s.Conn())
		if err != nil || !n.admission.allow(protocol.PollID, who) {
			n.badFrame(s, err)
			return
		}
		if ask.Ack != nil {
			n.post(pollAcked{caller, *ask.Ack})
			continue
		}
		if !n.admission.mayAnswer(caller) {
			n.admission.refuse(who, aRequest)
			_ = s.Reset()
			return
		}
		reply := make(chan protocol.PollReply, 1)
		n.post(pollAsked{caller, heldPoll{req: *ask.Request, since: time.Now(), reply: reply}})
		var answer protocol.PollReply
		var ok bool
		select {
		case answer, ok = <-reply:
		case <-n.ctx.Done():
		}
		if !ok {
			_ = s.Reset() // the other side sees a lost reply, and asks again
			return
		}
		if err := n.writePoll(s, who, &answer); err != nil {
			_ = s.Reset()
			return
		}
		if answer.Member == nil && answer.Reason == nil && !n.admission.isGuest(caller) {
			return
		}
	}
}

// writePoll sends an answer. It charges its size to the visitor's budget, and holds one of the places for large answers meanwhile.
func (n *Node) writePoll(s network.Stream, who visitor, answer *protocol.PollReply) error {
	size := sizeOfPoll(answer)
	n.admission.weighs(who.peer, size)
	if size >= largeAnswer {
		if !n.admission.large.take(n.ctx, who) {
			n.admission.refuse(who, aRequest)
			return errTooMuch
		}
		defer n.admission.large.release(who)
	}
	if err := s.SetWriteDeadline(time.Now().Add(streamTimeout)); err != nil {
		return err
	}
	return protocol.WriteFrame(s, answer)
}

type (
	// pollAsked: a question came in.
	pollAsked struct {
		peer peer.ID
		held heldPoll
	}
	// pollAcked: a removed peer has kept its reason.
	pollAcked struct {
		peer peer.ID
		ack  protocol.PollAck
	}
)

func (e pollAsked) handle(l *loop) {
	r := l.rooms[e.held.req.Room]
	if l.dormant.holds(e.held.req.Room) {
		close(e.held.reply)
		return
	}
	if r == nil || !r.owner() {
		if !l.twin.met() { // else the room may be our twin's
			e.held.reply <- protocol.PollReply{}
		}
		close(e.held.reply)
		return
	}
	if r.recovering != nil {
		if _, member := r.state().Member(e.peer); member {
			r.askForHead(e.peer)
		} else {
			r.askForLost(e.peer, e.held.req.HaveSeq)
		}
		if !r.parkOf(e.peer, e) {
			close(e.held.reply)
		}
		return
	}
	l.markAlive(e.peer)
	r.desk.presence.noteHeard(e.peer, e.held.req)
	r.answerPoll(e.peer, e.held)
	l.checkFarewell()
}

func (e pollAcked) handle(l *loop) {
	r := l.rooms[e.ack.Room]
	if r == nil || !r.owner() {
		return
	}
	if err := r.step(authority.Ack{Peer: e.peer, Ack: e.ack}); err != nil {
		l.n.log.Warn("acknowledge", "room", r.id, "err", err)
	}
	l.checkFarewell()
}

// pollRoom is the member's end of a poll stream. It asks again and again, over one stream as long as that lasts, until the membership has
// ended. Its goroutine belongs to the room, and puts the answers into the inbox.
func (n *Node) pollRoom(ctx context.Context, room protocol.RoomID) {
	pause, pace := pollBackoffMin, askBudget.limiter()
	for {
		over, last, err := n.pollStream(ctx, room, pace, func() { pause = pollBackoffMin })
		if over || ctx.Err() != nil {
			return
		}
		n.log.Debug("poll", "room", room, "err", err)
		n.post(pollFailed{room})
		jittered := pause/2 + rand.N(pause)
		pause = min(2*pause, pollBackoffMax)
		met := make(chan struct{})
		cancel := n.waiters.Wait(last, func() { close(met) })
		select {
		case <-time.After(jittered):
		case <-met:
		case <-ctx.Done():
		}
		cancel()
	}
}

// pollStream opens a stream and polls over it until it breaks. over is set if there is nothing left to ask; last is the peer that was
// asked. It asks at a bounded rate: otherwise an authority that answers each question at once, with made-up news, would keep this node
// busy.
func (n *Node) pollStream(ctx context.Context, room protocol.RoomID, pace *rate.Limiter, answered func()) (over bool, last peer.ID, err error) {
	q, err := ask(ctx, n, nextPoll{room})
	if err != nil || q.over {
		return q.over, q.authority, err
	}
	if q.ask.Ack != nil {
		// The reason came in an earlier life of this node. Our place, and with it ctx, has just ended, and nobody else dials the
		// authority now. There is one try in each life.
		ctx = n.ctx
		if err := n.connect(ctx, q.authority, q.addrs); err != nil {
			return true, q.authority, err
		}
	}
	s, err := n.open(ctx, q.authority, protocol.PollID)
	if err != nil {
		return false, q.authority, err
	}
	defer s.Close()
	in := bufio.NewReaderSize(s, pollBuffer)
	for {
		if q.ask == (protocol.PollAsk{}) {
			// The reason is not signed by the authority, or answers another question. The right one may come later.
			return false, q.authority, errors.New("the answer is malformed")
		}
		if q.ask.Request != nil {
			if err := pace.Wait(ctx); err != nil {
				return false, q.authority, err
			}
		}
		if err := s.SetDeadline(time.Now().Add(pollPatience)); err != nil {
			return false, q.authority, err
		}
		if q.muteAck != nil {
			if err := protocol.WriteFrame(s, &protocol.PollAsk{Ack: q.muteAck}); err != nil {
				return false, q.authority, err
			}
		}
		if err := protocol.WriteFrame(s, &q.ask); err != nil {
			return false, q.authority, err
		}
		if q.ask.Ack != nil {
			over, err := n.finishAck(s, room)
			return over, q.authority, err
		}
		var reply protocol.PollReply
		stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
		err := protocol.ReadFrame(in, &reply)
		stop() // a reason ends ctx, and its acknowledgement still goes out
		if err != nil {
			_ = s.Reset()
			return false, q.authority, err
		}
		answered()
		n.takeAhead(ctx, room, *q.ask.Request, &reply)
		if q, err = ask(ctx, n, pollAnswered{room, *q.ask.Request, reply}); err != nil || q.over {
			return q.over, q.authority, err
		}
	}
}

// finishAck closes the stream for writing after the acknowledgement, and waits until the authority has read it.
func (n *Node) finishAck(s network.Stream, room protocol.RoomID) (over bool, err error) {
	if err := s.CloseWrite(); err != nil {
		return true, err
	}
	if err := s.SetReadDeadline(time.Now().Add(streamTimeout)); err != nil {
		return true, err
	}
	var b [1]byte
	_, _ = s.Read(b[:]) // the end of the stream, or whatever else: it is over
	n.post(ackSent{room})
	return true, nil
}

// A pollStep is what the poll's goroutine does next.
type pollStep struct {
	authority peer.ID
	addrs     []multiaddr.Multiaddr // of the authority, as the loop knows them
	ask       protocol.PollAsk
	// muteAck goes before ask: the place is held, and the poll goes on.
	muteAck *protocol.PollAck
	over    bool
}

type (
	// nextPoll: what is to be asked?
	nextPoll struct{ room protocol.RoomID }
	// pollAnswered: the answer to a question, and what comes next.
	pollAnswered struct {
		room  protocol.RoomID
		asked protocol.PollRequest
		reply protocol.PollReply
	}
	// pollFailed: no answer.
	pollFailed struct{ room protocol.RoomID }
	// ackSent: the authority has read our acknowledgement.
	ackSent struct{ room protocol.RoomID }
)

func (q nextPoll) run(l *loop) (pollStep, error) {
	r := l.rooms[q.room]
	if r == nil || r.seat == nil {
		return pollStep{over: true}, nil
	}
	return r.seatStep(r.asked()), nil
}

func (q pollAnswered) run(l *loop) (pollStep, error) {
	r := l.rooms[q.room]
	if r == nil || r.seat == nil {
		return pollStep{over: true}, nil
	}
	l.markAlive(r.authority())
	r.backFromAway()
	step := r.seatStep(authority.Answered{Admission: q.asked.Admission, Nonce: q.asked.Nonce, Reply: q.reply})
	return step, nil
}

func (e pollFailed) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil && r.seat != nil {
		r.noteAway()
	}
}

func (e ackSent) handle(l *loop) {
	delete(l.farewell.unackedReasons, e.room)
	l.checkFarewell()
	if u := l.removalNotice(e.room); u != nil {
		u.acked = true
		return
	}
	if l.rooms[e.room] == nil { // else we are in again, with another seat
		l.dropSeat(e.room)
	}
}

// seatStep steps the seat and carries out its effects. It returns a question or an acknowledgement among them, for the goroutine of the
// poll.
func (r *room) seatStep(ev authority.SeatEvent) pollStep {
	seat, effects := r.seat.Step(ev)
	r.seat = &seat
	step := pollStep{authority: r.authority(), addrs: r.l.addrsOf(r.authority())}
	for _, e := range effects {
		switch e := e.(type) {
		case authority.Ask:
			q := e.Request
			step.ask.Request = &q
		case authority.TakeNews:
			r.takeNews(e.News)
		case authority.Keep:
			// Kept before shown and acknowledged: a crash in between does not lose the reason.
			if err := r.saveSeat(); err != nil {
				r.l.warnDisk(r, err)
			}
			return r.seatStep(authority.Kept{Removal: e.Reason.Removal})
		case authority.SendAck:
			ack := e.Ack
			step.ask.Ack = &ack
			r.l.farewell.unackedReasons[r.id] = true
			if r.l.rooms[r.id] == r {
				r.l.forget(r) // the reason was shown in an earlier life
			}
		case authority.Show:
			r.showReason(e.Reason)
		case authority.KeepMute:
			if err := r.saveSeat(); err != nil {
				r.l.warnDisk(r, err)
			}
		case authority.ShowMute:
			r.showMute(e.Reason)
		case authority.AckMute:
			ack := e.Ack
			next := r.seatStep(r.asked())
			next.muteAck = &ack
			return next
		case authority.ShowRefused:
			r.showRefused()
			step.over = true
		}
	}
	step.over = step.over || r.seat.Done() && step.ask.Ack == nil
	if len(effects) > 0 && !step.over && step.ask == (protocol.PollAsk{}) {
		return r.seatStep(r.asked())
	}
	return step
}

// asked says what we have.
func (r *room) asked() authority.Asked {
	key, _ := r.keys.Latest()
	return authority.Asked{HaveSeq: r.state().Seq(), Head: r.state().Head(), HaveKey: key, HavePresence: r.absence.presence}
}

// takeNews takes the records, keys and receipts in an answer of the authority.
func (r *room) takeNews(m *protocol.PollMember) {
	for _, raw := range m.Records {
		rec, err := protocol.OpenRecord(raw)
		if err != nil {
			r.l.n.log.Warn("record of the authority", "room", r.id, "err", err)
			return
		}
		r.takeRecord(rec)
	}
	r.takeProof(openProof(m.Proof))
	// Before the keys, since lines of this node may wait for them: they have to be numbered after those from before a restart.
	r.carry(r.talk.LastKnown(r.world(), r.authority(), m.Last))
	r.carry(r.talk.Confirmed(m.Receipt))
	r.takeKeys(r.authority(), m.Keys)
	r.takePresence(m)
	if _, in := r.me(); in && !m.More {
		r.becomeJoined()
	}
}

// takePresence learns the present members and their addresses, if they have changed.
func (r *room) takePresence(m *protocol.PollMember) {
	if m.Presence == r.absence.presence {
		return
	}
	r.absence.presence = m.Presence
	r.absence.present = make(map[peer.ID]bool, len(m.Present))
	for _, p := range m.Present {
		if _, ok := r.state().Member(p.Peer); ok {
			r.absence.present[p.Peer] = true
			r.l.book.want(p.Peer, r.l.named(r.authority(), p.Peer, p.Addrs))
		}
	}
	r.absence.leaving = !r.absence.present[r.authority()]
}

// showReason ends this node's membership, and tells the user why.
func (r *room) showReason(reason protocol.SignedReason) {
	r.contradictReason(reason)
	r.l.notify(r, removedEvent(reason, r.l.now()))
	if reason.Kind == protocol.Closed || reason.Kind == protocol.Idle {
		r.noteEnd()
	}
	r.l.forget(r)
	if f, ok := r.l.pastRooms[r.id]; ok && (reason.Kind == protocol.Closed || reason.Kind == protocol.Idle) {
		f.closed = true // the record of it may not have come before
		r.l.pastRooms[r.id] = f
	}
}

func removedEvent(reason protocol.SignedReason, now time.Time) Removed {
	return Removed{
		Kind: kindFrom(reason.Kind), Text: reason.Text, By: reason.By, ByNick: reason.ByNick,
		At: between(reason.At, now.Add(-authority.FailureLife), now), Until: reason.Until,
		Removal: reason.Removal,
	}
}

// showRefused ends this node's membership, and tells the user that there is no reason.
func (r *room) showRefused() {
	r.contradictRefusal()
	r.l.emit(r, Refused{})
	r.l.dropSeat(r.id)
	r.l.forget(r)
}

func (r *room) saveSeat() error { return r.l.store.SaveSeat(r.id, r.saved()) }

func (r *room) saved() store.Seat {
	addrs := r.l.addrsOf(r.authority())
	return store.Seat{
		Seat: *r.seat, Name: r.label(), Nick: r.nick,
		Addrs: formatAddrs(addrs), Lasting: formatAddrs(r.l.n.gate.Lasting(addrs)),
	}
}

// absence is a member's view of the authority: the members that it says are present, and since when it has been silent.
type absence struct {
	presence uint64
	present  map[peer.ID]bool
	since    time.Time // of the first poll that failed; zero: it answers
	said     time.Duration
	// leaving: its last answer said that its node is about to end. That counts once it is silent.
	leaving bool
}

func (r *room) noteAway() {
	if !r.absence.since.IsZero() {
		return
	}
	r.absence.since = r.l.now()
	if r.absence.leaving {
		r.absence.said = unreachableAfter
		r.l.emit(r, r.awayEvent())
	}
}

// awayEvent says that the authority is away, and for how long.
func (r *room) awayEvent() OwnerUnreachable {
	if r.absence.leaving {
		owner, _ := r.state().Member(r.authority())
		return OwnerUnreachable{Left: true, Nick: owner.Nick}
	}
	return OwnerUnreachable{ForS: int(r.l.now().Sub(r.absence.since) / time.Second)}
}

func (r *room) backFromAway() {
	if r.absence.said > 0 {
		r.l.emit(r, OwnerBack{ForS: int(r.l.now().Sub(r.absence.since) / time.Second)})
		r.seek()
	}
	r.absence.since, r.absence.said, r.absence.leaving = time.Time{}, 0, false
}

// tickMember tells the user that the authority is silent: at first, and then more and more rarely.
func (r *room) tickMember(now time.Time) {
	if r.absence.since.IsZero() || r.absence.leaving {
		return
	}
	silent := now.Sub(r.absence.since)
	if silent < unreachableAfter || silent < 2*r.absence.said {
		return
	}
	r.absence.said = silent
	r.l.emit(r, r.awayEvent())
}
