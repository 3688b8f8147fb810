package node

import (
	"context"
	"slices"
)

// SubscribeOptions say which events a reader gets. With the zero value it gets every event from now on.
type SubscribeOptions struct {
	// Room leaves out the events of other rooms, if it is not zero.
	Room RoomID
	// Lines makes the stream begin with the retained lines, as a [Backlog]; if there are many, with the latest.
	Lines bool
	// Types are the types of the events that the reader gets; nil: all. A [Gap] always comes.
	Types []string
	// Since is the number of an event, or 0. The stream begins with the events after it, instead of with how things are. If those are
	// not kept any more, it begins with a [Gap], and then with how things are.
	Since uint64
	// Acks is set for a reader in another process, which may end with events that it has not shown. A [Removed] counts as shown when
	// the reader says so ([Node.Shown]). The node never waits for such a reader: it gets a Gap sooner.
	Acks bool
	// NoLook is set for a reader that does not look for rooms. The events of found rooms then come only while somebody else looks.
	// Any other reader that gets these events makes this node ask the others for their rooms, as long as it reads.
	NoLook bool
}

// looks reports whether the reader waits for the rooms of others.
func (o *SubscribeOptions) looks() bool {
	return !o.NoLook && o.Room == RoomID{} && (len(o.Types) == 0 || slices.Contains(o.Types, RoomFound{}.Type()))
}

// A Subscription is a stream of events with a bounded queue. The node never waits for its reader.
type Subscription struct {
	n *Node
	o SubscribeOptions
	*Queue
}

// Subscribe starts a stream of events, beginning with what is so now: a [Joined] for every room that we are in, with the
// knocks at its door, an [OwnerUnreachable] if it is so, and the lines if they are asked for; and a [Removed] or [Refused] for
// every place lost that no reader has been told of. With Since it begins with what the reader has missed.
func (n *Node) Subscribe(o SubscribeOptions) *Subscription {
	s := &Subscription{n: n, o: o, Queue: NewQueue()}
	if _, err := ask(context.Background(), n, subscribe{s}); err != nil {
		s.End()
	}
	return s
}

// Close ends the subscription.
func (s *Subscription) Close() {
	// An error means that the node has ended, and the subscription with it.
	_, _ = ask(context.Background(), s.n, unsubscribe{s})
}

// push is called by the loop. It reports whether ev is in the queue.
func (s *Subscription) push(ev Event) bool {
	return s.wants(ev) && s.Push(ev)
}

func (s *Subscription) wants(ev Event) bool {
	if _, gap := ev.Body.(Gap); gap {
		return true
	}
	return (s.o.Room == RoomID{} || ev.Room == RoomID{} || ev.Room == s.o.Room) && (len(s.o.Types) == 0 || slices.Contains(s.o.Types, ev.Body.Type()))
}

// A Queue holds the events that a reader has yet to take. A reader that falls behind by more than EventQueue gets one [Gap] in
// place of what it missed. One goroutine pushes.
type Queue struct {
	c    chan Event
	lost int
	// pushed counts what went into c, and sizes are the bytes of text of the last of these events; held is their sum.
	pushed uint64
	sizes  []int
	held   int
}

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{c: make(chan Event, EventQueue)} }

// Events are what the reader takes; closed by End.
func (q *Queue) Events() <-chan Event { return q.c }

// End ends the queue: nothing is pushed any more.
func (q *Queue) End() { close(q.c) }

// Push adds ev, and reports whether there was a place for it.
func (q *Queue) Push(ev Event) bool {
	size := textSize(ev.Body)
	for len(q.sizes) > len(q.c) { // some have been taken
		q.held -= q.sizes[0]
		q.sizes = q.sizes[1:]
	}
	if q.held > 0 && q.held+size > eventBytes {
		q.lost++
		return false
	}
	if q.lost > 0 && q.put(Event{Seq: ev.Seq, Time: ev.Time, Body: Gap{Lost: q.lost}}, 0) {
		q.lost = 0
	}
	if !q.put(ev, size) {
		q.lost++
		return false
	}
	return true
}

// put puts ev into the queue, if there is a place.
func (q *Queue) put(ev Event, size int) bool {
	select {
	case q.c <- ev:
		q.pushed++
		q.sizes, q.held = append(q.sizes, size), q.held+size
		return true
	default:
		return false
	}
}

// textSize is how many bytes of an event are text that somebody else wrote.
func textSize(body EventBody) int {
	switch e := body.(type) {
	case Message:
		return len(e.Text)
	case Direct:
		return len(e.Text)
	}
	return 0
}

// Pushed returns the number of events that were pushed, and Taken the number of those that the reader has taken.
func (q *Queue) Pushed() uint64 { return q.pushed }

func (q *Queue) Taken() uint64 { return q.pushed - uint64(len(q.c)) }

type (
	subscribe   struct{ s *Subscription }
	unsubscribe struct{ s *Subscription }
)

func (q subscribe) run(l *loop) (none, error) {
	l.subs[q.s] = struct{}{}
	l.beginLook()
	if q.s.o.Since > 0 && l.tellSince(q.s) {
		return none{}, nil
	}
	l.tellUnheard(q.s)
	l.tellAside(q.s)
	l.tellNetwork(q.s)
	for _, id := range l.order {
		if r := l.rooms[id]; r.joined {
			r.tellNow(q.s, startLines/len(l.order))
		}
	}
	for _, u := range l.notices {
		if !u.taken {
			l.show(u, q.s)
		}
	}
	return none{}, nil
}

// tellNow tells a new reader of events how things are in the room, and, if it wants them, at most so many lines.
func (r *room) tellNow(s *Subscription, most int) {
	tell := func(body EventBody) {
		s.push(Event{Seq: r.l.seq, Time: r.l.now(), Room: r.id, RoomName: r.label(), Body: body})
	}
	tell(r.joinedEvent())
	for _, k := range r.desk.door.waiting() {
		if r.desk.door.bell.told[k.Peer] {
			tell(r.desk.door.knockEvent(k.Peer, k.Nick))
		}
	}
	if o, open := r.membership.offered(); open {
		tell(o)
	}
	for _, h := range r.desk.hands.up {
		if h.told {
			tell(Hand{Peer: h.peer, Nick: r.nickOf(h.peer)})
		}
	}
	if r.membership.absence.said > 0 {
		tell(r.membership.absence.event())
	}
	if !s.o.Lines {
		return
	}
	lines, size := r.talk.Told(r.talk.world()), 0
	for i := len(lines) - 1; i >= 0; i-- {
		if size += len(lines[i].Content.Text); len(lines)-i > most || size > startBytes {
			lines = lines[i+1:]
			break
		}
	}
	if len(lines) > 0 {
		tell(Backlog{N: len(lines)})
		for _, l := range lines {
			m := r.talk.message(l)
			m.Late, m.Backlog = true, true
			tell(m)
		}
		tell(BacklogEnd{})
	}
	for _, d := range r.keptDirects() {
		tell(d)
	}
}

func (q unsubscribe) run(l *loop) (none, error) {
	if _, ok := l.subs[q.s]; ok {
		l.markTaken()
		for _, u := range l.notices {
			delete(u.at, q.s)
		}
		delete(l.subs, q.s)
		q.s.End()
	}
	return none{}, nil
}
