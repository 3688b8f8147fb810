package node

import (
	"context"
)

// A Subscription is a stream of events with a bounded queue: a reader that falls behind by more than EventQueue gets
// one [Gap] in place of what it missed. The node never waits for it.
type Subscription struct {
	n    *Node
	c    chan Event // closed by the loop
	lost int        // owned by the loop, as is the rest
	// pushed counts what went into c, and sizes are the bytes of text of the last of these events; held is their sum.
	pushed uint64
	sizes  []int
	held   int
}

// Subscribe starts a stream of events, beginning with a [Joined] for every room that we are in and a [Removed] for every
// removal that no reader has been told of.
func (n *Node) Subscribe() *Subscription {
	s := &Subscription{n: n, c: make(chan Event, EventQueue)}
	if _, err := ask(context.Background(), n, subscribe{s}); err != nil {
		close(s.c)
	}
	return s
}

// Events is closed when the node or the subscription is.
func (s *Subscription) Events() <-chan Event { return s.c }

// Close ends the subscription.
func (s *Subscription) Close() {
	// An error means that the node has ended, and the subscription with it.
	_, _ = ask(context.Background(), s.n, unsubscribe{s})
}

// push is called by the loop. It reports whether ev is in the queue.
func (s *Subscription) push(ev Event) bool {
	size := textSize(ev.Body)
	for len(s.sizes) > len(s.c) { // some have been taken
		s.held -= s.sizes[0]
		s.sizes = s.sizes[1:]
	}
	if s.held > 0 && s.held+size > eventBytes {
		s.lost++
		return false
	}
	if s.lost > 0 && s.put(Event{Seq: ev.Seq, Time: ev.Time, Body: Gap{Lost: s.lost}}, 0) {
		s.lost = 0
	}
	if !s.put(ev, size) {
		s.lost++
		return false
	}
	return true
}

// put puts ev into the queue, if there is a place.
func (s *Subscription) put(ev Event, size int) bool {
	select {
	case s.c <- ev:
		s.pushed++
		s.sizes, s.held = append(s.sizes, size), s.held+size
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

// taken is how many of the events pushed a reader has taken.
func (s *Subscription) taken() uint64 { return s.pushed - uint64(len(s.c)) }

type (
	subscribe   struct{ s *Subscription }
	unsubscribe struct{ s *Subscription }
)

func (q subscribe) run(l *loop) (none, error) {
	l.subs[q.s] = struct{}{}
	l.tellAside(q.s)
	l.tellNetwork(q.s)
	for _, id := range l.order {
		if r := l.rooms[id]; r.joined {
			q.s.push(Event{Seq: l.seq, Time: l.now(), Room: r.id, RoomName: r.label(), Body: r.joinedEvent()})
		}
	}
	for _, u := range l.notices {
		if !u.taken {
			l.show(u, q.s)
		}
	}
	return none{}, nil
}

func (q unsubscribe) run(l *loop) (none, error) {
	if _, ok := l.subs[q.s]; ok {
		l.markTaken()
		for _, u := range l.notices {
			delete(u.at, q.s)
		}
		delete(l.subs, q.s)
		close(q.s.c)
	}
	return none{}, nil
}
