package node

import (
	"slices"
	"time"

	"localchat/node/internal/transcript"
)

// Fetched lines come by author, a page at a time. They are told in the room's order, all together when a comparison is over.
// After a start, new lines wait until the earlier ones have been told.
const (
	// catchUpFor is how long at most others wait for the first comparison after a start. On a LAN that takes milliseconds.
	catchUpFor = 2 * time.Second
	// tellWithin is how long a fetched line waits at most for the end of its comparison, and tellPagesWithin where there is
	// page after page of it.
	tellWithin      = 2 * time.Second
	tellPagesWithin = 10 * time.Second
	// queueWait is how long telling goes on slowly for a subscriber with a full queue, before that subscriber gets a Gap.
	queueWait = 5 * time.Second
	// queuePause between two looks at such a queue.
	queuePause = 10 * time.Millisecond
)

// A telling is the lines of a room that are here and that no face has been told of.
type telling struct {
	entered  time.Time          // when we came into the room, by even: what was said before is backlog
	caughtUp bool               // a comparison has been whole since, or there was nothing before: we have made the room
	waiting  []*transcript.Line // for the end of a comparison
	since    time.Time          // the first of waiting came, by even
	lines    []*transcript.Line // being told, in order
	backlog  int                // how many of the block of backlog under way are in lines, at its front
	stuck    time.Time          // since when a reader's queue has been full, by even; zero: none is
}

// backlog reports whether l was said before this run of the node entered the room.
func (r *room) backlog(l *transcript.Line) bool { return l.Said().Before(r.telling.entered) }

// tellLine tells of a line that has come in, now or when its turn comes.
func (r *room) tellLine(l *transcript.Line) {
	t := &r.telling
	now := r.l.clock.even()
	live := !l.Fetched && !r.backlog(l)
	switch {
	case live && l.Msg.Author == r.l.n.self:
		r.tell(l) // its author sees it at once
		return
	case live && len(t.lines) == 0 && len(t.waiting) == 0 && (t.caughtUp || now.Sub(t.entered) >= catchUpFor):
		r.tell(l)
		return
	}
	if len(t.waiting) == 0 {
		t.since = now
	}
	t.waiting = append(t.waiting, l)
}

// tell emits a line. Before is about what has been told.
func (r *room) tell(l *transcript.Line) {
	m := r.message(l)
	if next := r.nextTold(l); next != nil {
		m.Before, m.Next = next.ID(), &Quote{Nick: r.nickOf(next.Msg.Author), Text: firstWords(next.Content.Text)}
	}
	l.Told = true
	r.l.emit(r, m)
}

// nextTold is the next line under l that has been told of.
func (r *room) nextTold(l *transcript.Line) *transcript.Line {
	return r.log.Below(l, func(next *transcript.Line) bool { return next.Told && shown(next) })
}

// compared: a comparison is over, and whole says that its partner has given all it had. goesOn: its next page follows.
func (r *room) compared(whole, goesOn bool) {
	r.telling.caughtUp = r.telling.caughtUp || whole
	if !goesOn {
		r.tellWaiting()
	}
}

// tickTelling tells of what has waited for long enough.
func (r *room) tickTelling() {
	t := &r.telling
	patience := tellWithin
	if r.pages.from != "" {
		patience = tellPagesWithin
	}
	if len(t.waiting) > 0 && r.l.clock.even().Sub(t.since) >= patience {
		r.tellWaiting()
	}
}

// tellWaiting begins to tell of what waits, the backlog first.
func (r *room) tellWaiting() {
	t := &r.telling
	if len(t.lines) > 0 || len(t.waiting) == 0 {
		return
	}
	slices.SortFunc(t.waiting, func(a, b *transcript.Line) int {
		if x, y := r.backlog(a), r.backlog(b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return transcript.DisplayOrder(a, b)
	})
	t.lines, t.waiting = t.waiting, nil
	r.tellOn()
}

// tellOn tells of as much as its readers have room for.
func (r *room) tellOn() {
	t := &r.telling
	space := r.l.space()
	now := r.l.clock.even()
	switch {
	case space > 0:
		t.stuck = time.Time{}
	case t.stuck.IsZero():
		t.stuck = now
	case now.Sub(t.stuck) >= queueWait:
		space = len(t.lines) // it gets a Gap
	}
	for ; space > 0 && len(t.lines) > 0; space-- {
		l := t.lines[0]
		here := r.log.Get(l.Msg.ID) == l // and has not expired, nor been hidden, while it waited
		if here && t.backlog == 0 && r.backlog(l) {
			r.beginBacklog()
		}
		if here {
			r.tell(l)
		}
		t.lines = t.lines[1:]
		if t.backlog > 0 {
			if t.backlog--; t.backlog == 0 {
				r.l.emit(r, BacklogEnd{})
			}
		}
	}
	if len(t.lines) > 0 {
		id := r.id
		time.AfterFunc(queuePause, func() { r.l.n.post(tellDue{id}) })
		return
	}
	t.lines = nil
	if t.caughtUp && !r.busy {
		r.tellWaiting()
	}
}

// beginBacklog marks what follows: the lines of backlog that stand at one place, together.
func (r *room) beginBacklog() {
	t := &r.telling
	first := r.nextTold(t.lines[0])
	b := Backlog{}
	for _, l := range t.lines {
		if !r.backlog(l) || r.nextTold(l) != first {
			break
		}
		t.backlog++
	}
	b.N = t.backlog
	if first != nil {
		b.Before, b.Next = first.ID(), &Quote{Nick: r.nickOf(first.Msg.Author), Text: firstWords(first.Content.Text)}
	}
	r.l.emit(r, b)
}

// tellDue: a reader may have made room.
type tellDue struct{ room RoomID }

func (e tellDue) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil && len(r.telling.lines) > 0 {
		r.tellOn()
	}
}

// space is for how many events each reader has room, some set aside for what else happens.
func (l *loop) space() int {
	const aside = EventQueue / 8
	space := EventQueue
	for s := range l.subs {
		space = min(space, cap(s.c)-len(s.c)-aside)
	}
	return space
}
