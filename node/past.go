package node

import (
	"slices"
	"time"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// past has the latest events of this node, for a subscriber that comes back and wants the events that it missed. It does not hold the
// text of lines: a line that has been forgotten meanwhile is not told again.
type past struct {
	events []Event // the oldest first
	bytes  int     // of the text in events
	// first is the number before that of the first event since the start of the node. All events after the number known are in events.
	first, known uint64
}

// firstEvent returns the number from which a node counts its events that starts at a time: the microseconds since 1970. After a restart
// the numbers are larger than before, unless the clock was set back, since a node has fewer than a million events a second. They stay
// below 2^53 for 200 years, so that every program can hold them.
func firstEvent(at time.Time) uint64 { return uint64(max(at.UnixMicro(), 0)) }

// keep adds an event.
func (p *past) keep(ev Event) {
	switch b := ev.Body.(type) {
	case Message:
		ev.Body = Message{ID: b.ID, Late: b.Late, Backlog: b.Backlog, Before: b.Before}
	case Backlog:
		b.Next = nil
		ev.Body = b
	}
	p.events, p.bytes = append(p.events, ev), p.bytes+textSize(ev.Body)
	p.expire(ev.Time)
}

// expire forgets events that are too old or too many.
func (p *past) expire(now time.Time) {
	for len(p.events) > 0 && (len(p.events) > pastEvents || p.bytes > pastBytes || now.Sub(p.events[0].Time) > pastFor) {
		p.known, p.bytes = p.events[0].Seq, p.bytes-textSize(p.events[0].Body)
		p.events = p.events[1:]
	}
	if len(p.events) == 0 {
		p.events = nil
	}
}

// since returns the events after a number. If some of them have been forgotten, ok is false, and lost is how many events were missed. It
// is 0 if that is unknown, because the number is from before the start of this node.
func (p *past) since(number, now uint64) (events []Event, lost int, ok bool) {
	switch {
	case number < p.first || number > now:
		return nil, 0, false
	case number < p.known:
		return nil, int(now - number), false
	}
	for i, ev := range p.events {
		if ev.Seq > number {
			return p.events[i:], 0, true
		}
	}
	return nil, 0, true
}

// tellSince tells s the events that it has missed, and reports true. If some of them have been forgotten, it tells s of a [Gap] instead.
func (l *loop) tellSince(s *Subscription) bool {
	events, lost, ok := l.past.since(s.o.Since, l.seq)
	if !ok {
		s.push(Event{Seq: l.seq, Time: l.now(), Body: Gap{Lost: lost}})
		return false
	}
	again := replay{l: l, lines: make(map[*room]map[string]*transcript.Line)}
	for _, ev := range events {
		if u := l.noticeOf(ev); u != nil {
			l.show(u, s)
		} else if ev, ok := again.event(ev); ok {
			s.push(ev)
		}
	}
	for _, u := range l.notices {
		if _, shown := u.at[s]; !u.taken && !shown {
			l.show(u, s)
		}
	}
	l.unheard = slices.DeleteFunc(l.unheard, func(ev Event) bool { return ev.Seq > s.o.Since && s.wants(ev) }) // told above
	l.tellUnheard(s)
	return true
}

// A replay puts the text of lines back into past events.
type replay struct {
	l     *loop
	lines map[*room]map[string]*transcript.Line // the lines that can be told, by their IDs
}

// event returns ev with its text. ok is false if it must not be told any more.
func (p replay) event(ev Event) (_ Event, ok bool) {
	r := p.l.rooms[ev.Room]
	switch b := ev.Body.(type) {
	case Message:
		line := p.line(r, b.ID)
		if line == nil {
			return ev, false
		}
		m := r.talk.message(line)
		m.Late, m.Backlog = b.Late, b.Backlog
		m.Before, m.Next = p.below(r, b.Before)
		ev.Body = m
	case Backlog:
		if r == nil {
			return ev, false
		}
		b.Before, b.Next = p.below(r, b.Before)
		ev.Body = b
	case Direct:
		return ev, r != nil && p.l.now().Sub(ev.Time) < r.state().Policy().Retain && !p.l.ignores(b.Peer)
	case RemovalReason, MuteReason:
		return ev, r != nil
	}
	return ev, true
}

// below returns what [conversation.quote] does for the line with that ID.
func (p replay) below(r *room, id string) (before string, q *Quote) {
	return r.talk.quote(p.line(r, id))
}

func (p replay) line(r *room, id string) *transcript.Line {
	if r == nil || id == "" {
		return nil
	}
	lines, known := p.lines[r]
	if !known {
		lines = make(map[string]*transcript.Line)
		for _, line := range r.talk.Told(r.talk.world()) {
			lines[line.ID()] = line
		}
		p.lines[r] = lines
	}
	return lines[id]
}

// tell numbers an event and sends it to every subscriber. All subscribers get the events in the same order. It never waits: a
// subscriber that is too slow gets a Gap.
func (l *loop) tell(room protocol.RoomID, name string, body EventBody) {
	l.stir()
	ev := l.event(room, name, body)
	for s := range l.subs {
		s.push(ev)
	}
	if w, warns := body.(Warning); warns && len(l.subs) == 0 && w.Code != "mdns" { // tellNetwork says that to each
		l.unheard = append(l.unheard, ev)
		l.unheard = l.unheard[max(len(l.unheard)-maxUnheard, 0):]
	}
}

// tellUnheard tells s the warnings that came while there was no subscriber: a warning is told once, and a later subscriber could not ask
// for it.
func (l *loop) tellUnheard(s *Subscription) {
	l.unheard = slices.DeleteFunc(l.unheard, func(ev Event) bool { return s.push(ev) })
}

// event makes the next event, and keeps it for subscribers that come back.
func (l *loop) event(room protocol.RoomID, name string, body EventBody) Event {
	l.seq++
	ev := Event{Seq: l.seq, Time: l.now(), Room: room, RoomName: name, Body: body}
	l.past.keep(ev)
	return ev
}
