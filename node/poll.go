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
	"localchat/protocol"
)

// servePoll is the authority's end of a poll stream: a question, its answer, and so on until one side ends it. It
// runs in a goroutine that libp2p starts.
func (n *Node) servePoll(s network.Stream) {
	defer s.Close()
	caller := s.Conn().RemotePeer()
	in := bufio.NewReaderSize(s, pollBuffer)
	kept := false // it was told so of its appeal
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
		if ask.Appeal != nil {
			n.post(appealAsked{caller, heldAppeal{ask: *ask.Appeal, from: who.from.String(), again: kept, since: time.Now(), reply: reply}})
		} else {
			n.post(pollAsked{caller, heldPoll{req: *ask.Request, since: time.Now(), reply: reply}})
		}
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
		kept = answer.Appeal == protocol.AppealKept
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
		switch moved := l.movedFrom(e.held.req.Room); {
		case moved != nil:
			e.held.reply <- protocol.PollReply{Moved: moved}
		case r != nil && r.membership.heir.candidate != nil:
			r.membership.askForTransfer(e.peer, e.held.req.HaveSeq) // we may be the owner, and not know it yet
		case !l.twin.met(): // else the room may be our twin's
			e.held.reply <- protocol.PollReply{}
		}
		close(e.held.reply)
		return
	}
	if r.desk.recovering != nil {
		if _, member := r.state().Member(e.peer); member {
			r.desk.recovering.askForHead(e.peer)
		} else {
			r.desk.askForLost(e.peer, e.held.req.HaveSeq)
		}
		if !r.desk.recovering.park(e.peer, e) {
			close(e.held.reply)
		}
		return
	}
	l.markAlive(e.peer)
	r.desk.presence.noteHeard(e.peer, e.held.req)
	r.desk.answerPoll(e.peer, e.held)
	l.checkFarewell()
}

func (e pollAcked) handle(l *loop) {
	r := l.rooms[e.ack.Room]
	if r == nil || !r.owner() {
		return
	}
	if err := r.desk.step(authority.Ack{Peer: e.peer, Ack: e.ack}); err != nil {
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
		if errors.Is(err, errMoved) {
			continue
		}
		n.log.Debug("poll", "room", room, "err", err)
		n.post(pollFailed{room})
		pause = n.pauseOrMeet(ctx, last, pause, pollBackoffMax)
	}
}

// pauseOrMeet waits for about that pause, or until p is connected, and returns the next pause, which is at most most.
func (n *Node) pauseOrMeet(ctx context.Context, p peer.ID, pause, most time.Duration) time.Duration {
	met := make(chan struct{})
	defer n.waiters.Wait(p, func() { close(met) })()
	select {
	case <-time.After(pause/2 + rand.N(pause)):
	case <-met:
	case <-ctx.Done():
	}
	return min(2*pause, most)
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
	cut := context.AfterFunc(q.cut, func() { _ = s.Reset() })
	defer cut()
	to := q.authority
	in := bufio.NewReaderSize(s, pollBuffer)
	for {
		if q.authority != to {
			return false, q.authority, errMoved
		}
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

// errMoved says that the next poll goes to another peer.
var errMoved = errors.New("the room has another owner")

// A pollStep is what the poll's goroutine does next.
type pollStep struct {
	authority peer.ID
	addrs     []multiaddr.Multiaddr // of the authority, as the loop knows them
	cut       context.Context       // ends when another peer is the authority
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
	if r == nil || r.membership.seat == nil {
		return pollStep{over: true}, nil
	}
	return r.membership.step(r.membership.asked()), nil
}

func (q pollAnswered) run(l *loop) (pollStep, error) {
	r := l.rooms[q.room]
	if r == nil || r.membership.seat == nil {
		return pollStep{over: true}, nil
	}
	l.markAlive(r.authority())
	r.membership.absence.back()
	r.membership.takeMoved(q.reply.Moved)
	if r.membership.seat == nil { // the room is ours now
		return pollStep{over: true}, nil
	}
	step := r.membership.step(authority.Answered{Admission: q.asked.Admission, Nonce: q.asked.Nonce, Reply: q.reply})
	return step, nil
}

func (e pollFailed) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil && r.membership.seat != nil {
		r.membership.absence.noteAway()
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
