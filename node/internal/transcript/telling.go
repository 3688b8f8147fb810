package transcript

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Fetched lines come by author, a page at a time. They are told in the room's order, all together when a comparison is over.
// After a start, new lines wait until the earlier ones have been told.

// A telling is the lines of a room that are here and that no reader has been told of.
type telling struct {
	caughtUp bool      // a comparison has been whole since we came in, or there was nothing before
	waiting  []*Line   // for the end of a comparison
	since    time.Time // the first of waiting came
	lines    []*Line   // being told, in order
	backlog  int       // how many of the block of backlog under way are in lines, at its front
	stuck    time.Time // since when a reader's queue has been full; zero: none is
}

// Backlog reports whether l was said before this run of the node entered the room.
func (t *Transcript) Backlog(l *Line) bool { return l.Said().Before(t.entered) }

// tellLine tells of a line that has come in, now or when its turn comes.
func (t *Transcript) tellLine(env *Env, l *Line) {
	if env.ignores(l.Msg.Author) {
		return
	}
	g := &t.telling
	live := !l.Fetched && !t.Backlog(l)
	switch {
	case live && l.Msg.Author == t.self:
		t.tell(env, l) // its author sees it at once
		return
	case live && len(g.lines) == 0 && len(g.waiting) == 0 && (g.caughtUp || env.Now.Sub(t.entered) >= CatchUpFor):
		t.tell(env, l)
		return
	}
	t.tellLater(env, l)
}

func (t *Transcript) tellLater(env *Env, l *Line) {
	g := &t.telling
	if len(g.waiting) == 0 {
		g.since = env.Now
	}
	g.waiting = append(g.waiting, l)
}

// Heed tells of the lines of an author that was ignored until now, as late ones.
func (t *Transcript) Heed(env Env, author peer.ID) []Effect {
	for _, l := range t.Of(author) {
		if l.Shown() && !l.told && !slices.Contains(t.telling.waiting, l) && !slices.Contains(t.telling.lines, l) {
			l.Late = true
			t.tellLater(&env, l)
		}
	}
	t.tellWaiting(&env)
	return t.done()
}

// tell shows a line, above those that have been told of.
func (t *Transcript) tell(env *Env, l *Line) {
	l.told = true
	env.Space--
	t.emit(Show{l, t.nextTold(l)})
}

// nextTold is the next line under l that has been told of.
func (t *Transcript) nextTold(l *Line) *Line {
	return t.below(l, func(next *Line) bool { return next.told && next.Shown() })
}

// Told are the lines that readers have been told of, in the room's order, without those of authors that are ignored now.
func (t *Transcript) Told(env Env) []*Line {
	var told []*Line
	for _, l := range t.order {
		if l.told && l.Shown() && !env.ignores(l.Msg.Author) {
			told = append(told, l)
		}
	}
	return told
}

// compared: a comparison is over, and whole says that its partner has given all it had. goesOn: its next page follows.
func (t *Transcript) compared(env *Env, whole, goesOn bool) {
	t.telling.caughtUp = t.telling.caughtUp || whole
	if !goesOn {
		t.tellWaiting(env)
	}
}

// tickTelling tells of what has waited for long enough.
func (t *Transcript) tickTelling(env *Env) {
	patience := tellWithin
	if t.paging() {
		patience = tellPagesWithin
	}
	if len(t.telling.waiting) > 0 && env.Now.Sub(t.telling.since) >= patience {
		t.tellWaiting(env)
	}
}

// tellWaiting begins to tell of what waits, the backlog first.
func (t *Transcript) tellWaiting(env *Env) {
	g := &t.telling
	if len(g.lines) > 0 || len(g.waiting) == 0 {
		return
	}
	slices.SortFunc(g.waiting, func(a, b *Line) int {
		if x, y := t.Backlog(a), t.Backlog(b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return displayOrder(a, b)
	})
	g.lines, g.waiting = g.waiting, nil
	t.tellOn(env)
}

// tellDue goes on telling: a reader may have made room.
func (t *Transcript) tellDue(env *Env) {
	if len(t.telling.lines) > 0 {
		t.tellOn(env)
	}
}

// tellOn tells of as much as its readers have room for.
func (t *Transcript) tellOn(env *Env) {
	g := &t.telling
	space := env.Space
	switch {
	case space > 0:
		g.stuck = time.Time{}
	case g.stuck.IsZero():
		g.stuck = env.Now
	case env.Now.Sub(g.stuck) >= queueWait:
		space = len(g.lines) // it gets a Gap
	}
	for ; space > 0 && len(g.lines) > 0; space-- {
		l := g.lines[0]
		here := t.byID[l.Msg.ID] == l && l.Shown() && !env.ignores(l.Msg.Author) // it may have expired or been hidden while it waited
		if here && g.backlog == 0 && t.Backlog(l) {
			t.beginBacklog()
		}
		if here {
			t.tell(env, l)
		}
		g.lines = g.lines[1:]
		if g.backlog > 0 {
			if g.backlog--; g.backlog == 0 {
				t.emit(BacklogShown{})
			}
		}
	}
	if len(g.lines) > 0 {
		t.wake(queuePause, Tell)
		return
	}
	g.lines = nil
	if g.caughtUp && !t.compare.busy {
		t.tellWaiting(env)
	}
}

// beginBacklog marks what follows: the lines of backlog that stand at one place, together.
func (t *Transcript) beginBacklog() {
	g := &t.telling
	next := t.nextTold(g.lines[0])
	for _, l := range g.lines {
		if !t.Backlog(l) || t.nextTold(l) != next {
			break
		}
		g.backlog++
	}
	t.emit(ShowBacklog{g.backlog, next})
}
