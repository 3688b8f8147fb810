package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// appeals has the questions of removed peers for the answers to their appeals: the newest of each peer. Only the loop uses it.
type appeals struct {
	r    *room
	held questions[heldAppeal]
}

func newAppeals(r *room) appeals { return appeals{r: r, held: make(questions[heldAppeal])} }

// A heldAppeal is an appeal that waits for an answer. reply takes one answer; if it is closed without one, the stream is dropped.
type heldAppeal struct {
	ask   protocol.PollAppeal
	from  string // the address of the peer
	again bool   // the peer was told over the same stream that its appeal is kept
	since time.Time
	reply chan protocol.PollReply // has space for one; the loop closes it
}

func (h heldAppeal) answer() chan protocol.PollReply { return h.reply }

// appealAsked: an appeal came in, or the question for its answer.
type appealAsked struct {
	peer peer.ID
	held heldAppeal
}

func (e appealAsked) handle(l *loop) {
	r := l.rooms[e.held.ask.Room]
	switch {
	case l.dormant.holds(e.held.ask.Room):
		close(e.held.reply)
	case r == nil || !r.owner():
		if moved := l.movedFrom(e.held.ask.Room); moved != nil {
			e.held.reply <- protocol.PollReply{Moved: moved}
		} else if !l.twin.met() { // else the room may be our twin's
			e.held.reply <- protocol.PollReply{}
		}
		close(e.held.reply)
	case r.desk.recovering != nil:
		if !r.desk.recovering.park(e.peer, e) {
			close(e.held.reply)
		}
	default:
		r.desk.appeals.answer(e.peer, e.held)
	}
}

// answer answers h, or holds it until the owner has answered the appeal. The first question on a stream is answered at once.
func (a *appeals) answer(p peer.ID, h heldAppeal) {
	effects, err := a.r.desk.stepEffects(authority.Appealed{Peer: p, Ask: h.ask, From: h.from})
	if err != nil {
		a.held.drop(p, h) // as if the reply were lost: the same question comes again
		return
	}
	for _, e := range effects {
		answer, ok := e.(authority.AnswerAppeal)
		if !ok {
			continue
		}
		switch answer.Outcome {
		case authority.AppealRefused:
			if a.r.l.twin.live() { // a twin may know more
				a.held.drop(p, h)
				return
			}
			a.held.reply(p, h, protocol.PollReply{})
		case authority.AppealKept:
			if h.again {
				a.held.hold(p, h)
				return
			}
			a.held.reply(p, h, protocol.PollReply{Appeal: protocol.AppealKept})
		case authority.AppealTwice:
			a.held.reply(p, h, protocol.PollReply{Appeal: protocol.AppealTwice})
		case authority.AppealFull:
			a.held.reply(p, h, protocol.PollReply{Appeal: protocol.AppealFull})
		case authority.AppealPardoned:
			a.held.reply(p, h, protocol.PollReply{Reason: answer.Reason})
		case authority.AppealMoved:
			a.held.reply(p, h, protocol.PollReply{Moved: a.r.l.movedFrom(a.r.id)})
		}
	}
}

// wake asks for the answers again, since an appeal has changed. A peer that is gone is told when it asks anew.
func (a *appeals) wake() {
	for p, h := range a.held {
		if !a.r.l.n.connected(p) {
			a.held.drop(p, h)
			continue
		}
		a.answer(p, h)
	}
}

// tick answers the questions that have waited long enough, so that the peers know that this node is there.
func (a *appeals) tick(now time.Time) {
	for p, h := range a.held {
		if now.Sub(h.since) >= appealHold {
			a.held.reply(p, h, protocol.PollReply{Appeal: protocol.AppealKept})
		}
	}
}

// stop drops all questions.
func (a *appeals) stop() {
	for p, h := range a.held {
		a.held.drop(p, h)
	}
}
