package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// Package transcript decides which lines count in a room, and in which order. This file gives it the events, and carries out its
// effects.

// world returns everything from outside that one step of the room's transcript uses.
func (r *room) world() transcript.Env {
	return transcript.Env{
		Now: r.l.clock.even(), Wall: r.l.clock.wall(), State: r.state(), Keys: r.keys,
		Away: !r.membership.absence.since.IsZero(), Space: r.l.space(), Near: r.near, Allow: r.inBudget, Pick: rand.IntN,
		Ignored: r.l.ignores,
	}
}

// carry carries out effects of the room's transcript, in order. If an effect causes further effects, these come after all that were
// decided before.
func (r *room) carry(effects []transcript.Effect) {
	r.effects = append(r.effects, effects...)
	if r.carrying {
		return
	}
	r.carrying = true
	for {
		for len(r.effects) > 0 {
			e := r.effects[0]
			r.effects = r.effects[1:]
			r.carryTalk(e)
		}
		if r.talk.Size() <= transcript.MaxLineBytes+lineOvershoot {
			break
		}
		r.effects = r.talk.Expire(r.world()) // too many lines: this cannot wait for the tick
	}
	r.effects, r.carrying = nil, false
	r.release()
}

func (r *room) carryTalk(e transcript.Effect) {
	switch e := e.(type) {
	case transcript.Wake:
		id := r.id
		time.AfterFunc(e.In, func() { r.l.n.post(talkDue{id, e.For}) })
	case transcript.Ask:
		r.compare(e)
	case transcript.Show:
		m := r.message(e.Line)
		m.Before, m.Next = r.quote(e.Next)
		r.l.emit(r, m)
	case transcript.ShowBacklog:
		b := Backlog{N: e.N}
		b.Before, b.Next = r.quote(e.Next)
		r.l.emit(r, b)
	case transcript.BacklogShown:
		r.l.emit(r, BacklogEnd{})
	case transcript.Expired:
		r.l.emit(r, Expired{IDs: e.IDs})
		r.publishSnapshot()
	case transcript.Shed:
		r.noteShed(e)
	case transcript.Hidden:
		r.l.emit(r, Hidden{Peer: e.Peer, Nick: r.nickOf(e.Peer), IDs: e.IDs})
	case transcript.RemovalReason:
		r.showReasonNote(e)
	case transcript.Delivered:
		r.l.emit(r, Delivered{ID: e.Line.ID()})
	case transcript.Undelivered:
		text := "not delivered yet: "
		if e.Taken {
			text = "not delivered, because an old copy of this node's data was put back; say it again: "
		}
		r.l.emit(r, Warning{Code: "not_delivered", Text: text + firstWords(e.Line.Content.Text)})
	case transcript.Receipt:
		r.desk.polls.receiptsDue[e.Peer] = true
		if h, held := r.desk.polls.held[e.Peer]; held {
			r.desk.answerPoll(e.Peer, h)
		}
	}
}

// talkDue: it is time for a task of the room's transcript.
type talkDue struct {
	room protocol.RoomID
	task transcript.Task
}

func (e talkDue) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.carry(r.talk.Due(r.world(), e.task))
	}
}

// near returns the other members that we are connected to.
func (r *room) near() []peer.ID {
	var near []peer.ID
	for _, m := range r.state().Members() {
		if m.Peer != r.l.n.self && r.l.n.connected(m.Peer) {
			near = append(near, m.Peer)
		}
	}
	return near
}

// compare compares heads with the member that the transcript has chosen.
func (r *room) compare(a transcript.Ask) {
	st, l := r.state(), r.l
	req := a.Request
	req.HaveSeq, req.Head, req.Proof = st.Seq(), st.Head(), r.proof
	l.n.spawn(func(ctx context.Context) {
		s := synced{room: r.id, peer: a.Peer, doubted: a.Doubted}
		inTime, cancel := context.WithTimeout(network.WithNoDial(r.ctx, "sync"), syncTimeout)
		defer cancel()
		s.err = l.n.request(inTime, a.Peer, protocol.SyncID, &req, &s.reply)
		s.verify()
		if s.err == nil {
			s.takeAhead(ctx, l.n, r, st)
		}
		l.n.post(s)
	})
}

// seek asks members for records or keys that lines here wait for.
func (r *room) seek() { r.carry(r.talk.CompareSoon(r.world())) }

// showReasonNote shows a note of the authority, which says why somebody was removed or muted.
func (r *room) showReasonNote(e transcript.RemovalReason) {
	if e.Removal > uint64(len(r.records)) {
		return
	}
	rec := r.records[e.Removal-1]
	switch b := rec.Body.(type) {
	case protocol.Remove:
		r.l.emit(r, RemovalReason{Peer: b.Peer, Nick: r.nickOf(b.Peer), Text: e.Text, Removal: rec.Seq})
	case protocol.Mute:
		if b.Peer != r.l.n.self { // the authority itself tells the muted member
			r.l.emit(r, MuteReason{Peer: b.Peer, Nick: r.nickOf(b.Peer), Text: e.Text, Seq: rec.Seq})
		}
	}
}

// retryEarly takes the early lines that can be judged now.
func (r *room) retryEarly() {
	if r.gossip != nil {
		r.carry(r.talk.Retry(r.world()))
	}
}

func (r *room) message(l *transcript.Line) Message {
	backlog := r.talk.Backlog(l)
	return Message{
		ID: l.ID(), Peer: l.Msg.Author, Nick: r.nickOf(l.Msg.Author), Text: l.Content.Text,
		Action: l.Content.Kind == protocol.Action, At: l.Content.At,
		Self: l.Msg.Author == r.l.n.self, Late: l.Late || backlog, Backlog: backlog,
	}
}

// quote returns the ID, the author and the first words of the line below something. It returns nothing if next is nil: then there is no
// line below.
func (r *room) quote(next *transcript.Line) (before string, q *Quote) {
	if next == nil {
		return "", nil
	}
	return next.ID(), &Quote{Nick: r.nickOf(next.Msg.Author), Text: firstWords(next.Content.Text)}
}

// nickOf returns the nick that p has, or had last, in the room.
func (r *room) nickOf(p peer.ID) string {
	st := r.state()
	if m, ok := st.Member(p); ok {
		return m.Nick
	}
	rm, _ := st.Removed(p)
	return rm.Nick
}

// space returns for how many more lines there is room in the queue of every subscriber in this process.
func (l *loop) space() int {
	space := EventQueue
	for s := range l.subs {
		if !s.o.Acks {
			space = min(space, cap(s.c)-len(s.c)-eventsAside)
		}
	}
	return space
}

// noteShed counts lines that were forgotten before their time, and warns of that now and then. Only lines that were said a moment ago
// count as a flood: when two parts of a room meet again, many old ones come at once.
func (r *room) noteShed(e transcript.Shed) {
	shed, now := make(map[peer.ID]int), r.l.clock.even()
	for _, ln := range e.Lines {
		if ln.Msg.Author != r.l.n.self && now.Sub(ln.Said()) < shedYoung {
			shed[ln.Msg.Author] += sayCost(ln.Content.Text)
		}
	}
	for author, n := range shed {
		r.l.n.admission.count(r.l.n.admission.visitorAt(author), anOldestLine, n)
	}
	if e.Tell {
		r.l.emit(r, Warning{Code: "lines_full", Text: fmt.Sprintf(
			"%s is busier than this node can keep (%d lines or %d MiB in a room, %d MiB in all): the oldest lines of the busiest members are dropped early",
			r.label(), transcript.MaxLines, transcript.MaxLineBytes>>20, maxNodeLines>>20)})
	}
}

// boundLines forgets lines while those of all rooms take too much memory, each time in the room whose lines take the most.
func (l *loop) boundLines() {
	for {
		total, most := 0, (*room)(nil)
		for _, id := range l.order {
			r := l.rooms[id]
			total += r.talk.Size()
			if most == nil || r.talk.Size() > most.talk.Size() {
				most = r
			}
		}
		if total <= maxNodeLines {
			return
		}
		most.carry(most.talk.Shed(most.world(), total-maxNodeLines))
	}
}
