package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/ratelimit"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// Package transcript decides which lines count in a room, and in which order. This file gives it the events, and carries out its
// effects.

// A conversation is the transcript of a room with what carries out its effects. Only the loop uses it.
type conversation struct {
	r *room
	*transcript.Transcript
	limit    *ratelimit.Keyed[peer.ID] // limits what each other member may say
	effects  []transcript.Effect       // to be carried out
	carrying bool                      // carry is at work
	awaited  []chan<- struct{}         // closed by release
	reasons  map[uint64]string         // why, by the number of the record; at most maxReasons
}

// world returns everything from outside that one step of the room's transcript uses.
func (c *conversation) world() transcript.Env {
	return transcript.Env{
		Now: c.r.l.clock.Even(), Wall: c.r.l.clock.Wall(), State: c.r.state(), Keys: c.r.keys.Keyring,
		Away: !c.r.membership.absence.since.IsZero(), Space: c.r.l.space(), Near: c.r.near, Allow: c.r.talk.inBudget, Pick: rand.IntN,
		Ignored: c.r.l.ignores,
	}
}

// carry carries out effects of the room's transcript, in order. If an effect causes further effects, these come after all that were
// decided before.
func (c *conversation) carry(effects []transcript.Effect) {
	c.effects = append(c.effects, effects...)
	if c.carrying {
		return
	}
	c.carrying = true
	for {
		for len(c.effects) > 0 {
			e := c.effects[0]
			c.effects = c.effects[1:]
			c.carryOut(e)
		}
		if c.Size() <= transcript.MaxLineBytes+lineOvershoot {
			break
		}
		c.effects = c.Expire(c.world()) // too many lines: this cannot wait for the tick
	}
	c.effects, c.carrying = nil, false
	c.release()
}

func (c *conversation) carryOut(e transcript.Effect) {
	switch e := e.(type) {
	case transcript.Wake:
		id := c.r.id
		time.AfterFunc(e.In, func() { c.r.l.n.post(talkDue{id, e.For}) })
	case transcript.Ask:
		c.compare(e)
	case transcript.Show:
		m := c.message(e.Line)
		m.Before, m.Next = c.quote(e.Next)
		c.r.l.emit(c.r, m)
	case transcript.ShowBacklog:
		b := Backlog{N: e.N}
		b.Before, b.Next = c.quote(e.Next)
		c.r.l.emit(c.r, b)
	case transcript.BacklogShown:
		c.r.l.emit(c.r, BacklogEnd{})
	case transcript.Expired:
		c.r.l.emit(c.r, Expired{IDs: e.IDs})
		c.r.publishSnapshot()
	case transcript.Shed:
		c.noteShed(e)
	case transcript.Hidden:
		c.r.l.emit(c.r, Hidden{Peer: e.Peer, Nick: c.r.nickOf(e.Peer), IDs: e.IDs})
	case transcript.RemovalReason:
		c.showReasonNote(e)
	case transcript.Delivered:
		c.r.l.emit(c.r, Delivered{ID: e.Line.ID()})
	case transcript.Undelivered:
		text := "not delivered yet: "
		if e.Taken {
			text = "not delivered, because an old copy of this node's data was put back; say it again: "
		}
		c.r.l.emit(c.r, Warning{Code: "not_delivered", Text: text + firstWords(e.Line.Content.Text)})
	case transcript.Receipt:
		c.r.desk.polls.receiptsDue[e.Peer] = true
		if h, held := c.r.desk.polls.held[e.Peer]; held {
			c.r.desk.answerPoll(e.Peer, h)
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
		r.talk.carry(r.talk.Due(r.talk.world(), e.task))
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
func (c *conversation) compare(a transcript.Ask) {
	st, l := c.r.state(), c.r.l
	req := a.Request
	req.HaveSeq, req.Head, req.Proof = st.Seq(), st.Head(), c.r.fork.proof
	l.n.spawn(func(ctx context.Context) {
		s := synced{room: c.r.id, peer: a.Peer, doubted: a.Doubted}
		inTime, cancel := context.WithTimeout(network.WithNoDial(c.r.ctx, "sync"), syncTimeout)
		defer cancel()
		s.err = l.n.request(inTime, a.Peer, protocol.SyncID, &req, &s.reply)
		s.verify()
		if s.err == nil {
			s.takeAhead(ctx, l.n, c.r, st)
		}
		l.n.post(s)
	})
}

// seek asks members for records or keys that lines here wait for.
func (c *conversation) seek() { c.carry(c.CompareSoon(c.world())) }

// showReasonNote shows a note of the authority, which says why somebody was removed or muted.
func (c *conversation) showReasonNote(e transcript.RemovalReason) {
	if e.Removal > uint64(len(c.r.records)) {
		return
	}
	rec := c.r.records[e.Removal-1]
	c.noteReason(e.Removal, e.Text)
	switch b := rec.Body.(type) {
	case protocol.Remove:
		c.r.l.emit(c.r, RemovalReason{Peer: b.Peer, Nick: c.r.nickOf(b.Peer), Text: e.Text, Removal: rec.Seq})
	case protocol.Mute:
		if b.Peer != c.r.l.n.self { // the authority itself tells the muted member
			c.r.l.emit(c.r, MuteReason{Peer: b.Peer, Nick: c.r.nickOf(b.Peer), Text: e.Text, Seq: rec.Seq})
		}
	}
}

// retryEarly takes the early lines that can be judged now.
func (c *conversation) retryEarly() {
	if c.r.gossip != nil {
		c.carry(c.Retry(c.world()))
	}
}

func (c *conversation) message(l *transcript.Line) Message {
	backlog := c.Backlog(l)
	return Message{
		ID: l.ID(), Peer: l.Msg.Author, Nick: c.r.nickOf(l.Msg.Author), Text: l.Content.Text,
		Action: l.Content.Kind == protocol.Action, At: l.Content.At,
		Self: l.Msg.Author == c.r.l.n.self, Late: l.Late || backlog, Backlog: backlog,
	}
}

// quote returns the ID, the author and the first words of the line below something. It returns nothing if next is nil: then there is no
// line below.
func (c *conversation) quote(next *transcript.Line) (before string, q *Quote) {
	if next == nil {
		return "", nil
	}
	return next.ID(), &Quote{Nick: c.r.nickOf(next.Msg.Author), Text: firstWords(next.Content.Text)}
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
func (c *conversation) noteShed(e transcript.Shed) {
	shed, now := make(map[peer.ID]int), c.r.l.clock.Even()
	for _, ln := range e.Lines {
		if ln.Msg.Author != c.r.l.n.self && now.Sub(ln.Said()) < shedYoung {
			shed[ln.Msg.Author] += sayCost(ln.Content.Text)
		}
	}
	for author, n := range shed {
		c.r.l.n.admission.count(c.r.l.n.admission.visitorAt(author), anOldestLine, n)
	}
	if e.Tell {
		c.r.l.emit(c.r, Warning{Code: "lines_full", Text: fmt.Sprintf(
			"%s is busier than this node can keep (%d lines or %d MiB in a room, %d MiB in all): the oldest lines of the busiest members are dropped early",
			c.r.label(), transcript.MaxLines, transcript.MaxLineBytes>>20, maxNodeLines>>20)})
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
		most.talk.carry(most.talk.Shed(most.talk.world(), total-maxNodeLines))
	}
}
