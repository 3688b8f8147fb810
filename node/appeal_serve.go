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
	held map[peer.ID]heldAppeal
}

func newAppeals(r *room) appeals { return appeals{r: r, held: make(map[peer.ID]heldAppeal)} }

// A heldAppeal is an appeal that waits for an answer. reply takes one answer; if it is closed without one, the stream is dropped.
type heldAppeal struct {
	ask   protocol.PollAppeal
	from  string // the address of the peer
	again bool   // the peer was told over the same stream that its appeal is kept
	since time.Time
	reply chan protocol.PollReply // has space for one; the loop closes it
}

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
		a.drop(p, h) // as if the reply were lost: the same question comes again
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
				a.drop(p, h)
				return
			}
			a.reply(p, h, protocol.PollReply{})
		case authority.AppealKept:
			if h.again {
				a.hold(p, h)
				return
			}
			a.reply(p, h, protocol.PollReply{Appeal: protocol.AppealKept})
		case authority.AppealTwice:
			a.reply(p, h, protocol.PollReply{Appeal: protocol.AppealTwice})
		case authority.AppealFull:
			a.reply(p, h, protocol.PollReply{Appeal: protocol.AppealFull})
		case authority.AppealPardoned:
			a.reply(p, h, protocol.PollReply{Reason: answer.Reason})
		case authority.AppealMoved:
			a.reply(p, h, protocol.PollReply{Moved: a.r.l.movedFrom(a.r.id)})
		}
	}
}

// hold keeps h in place of an older question of p.
func (a *appeals) hold(p peer.ID, h heldAppeal) {
	if old, ok := a.held[p]; ok && old.reply != h.reply {
		close(old.reply)
	}
	a.held[p] = h
}

func (a *appeals) reply(p peer.ID, h heldAppeal, r protocol.PollReply) {
	h.reply <- r
	a.drop(p, h)
}

func (a *appeals) drop(p peer.ID, h heldAppeal) {
	if a.held[p].reply == h.reply {
		delete(a.held, p)
	}
	close(h.reply)
}

// wake asks for the answers again, since an appeal has changed. A peer that is gone is told when it asks anew.
func (a *appeals) wake() {
	for p, h := range a.held {
		if !a.r.l.n.connected(p) {
			a.drop(p, h)
			continue
		}
		a.answer(p, h)
	}
}

// tick answers the questions that have waited long enough, so that the peers know that this node is there.
func (a *appeals) tick(now time.Time) {
	for p, h := range a.held {
		if now.Sub(h.since) >= appealHold {
			a.reply(p, h, protocol.PollReply{Appeal: protocol.AppealKept})
		}
	}
}

// stop drops all questions.
func (a *appeals) stop() {
	for p, h := range a.held {
		a.drop(p, h)
	}
}
