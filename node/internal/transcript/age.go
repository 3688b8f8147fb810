package transcript

import (
	"slices"
	"time"

	"localchat/protocol"
)

// A line is retained by its age: the time since it was said, and not since it came. A line that comes live was said just now. A
// fetched line is as old as the giver says: an age is time that has passed, so it does not depend on a clock.
//
// A giver may lie. If it makes a line older, it shortens the line's life here, and if it makes it younger, it prolongs it. So a
// line is retained for at most the retention after it came, whatever its age. An age that is older than by the author's own time,
// by more than clocks differ, is doubted: a line that is forgotten only because of a doubted age may come again from another
// giver that says it is younger. The author's own time decides nothing else.

// An ages has what a [log] keeps of the ages of its lines.
type ages struct {
	// eldest is not later than the time at which any of the lines was said.
	eldest time.Time
	// lapsed has the lines that were forgotten because of a doubted age, at most MaxLines.
	lapsed map[protocol.Hash]lapse
	// shedding is the number of lines that were forgotten before their time, and not reported yet.
	shedding int
	// sheds are the lines that were forgotten before their time, as long as that is not over: maxSheds at most, oldest first.
	sheds []shed
	// justShed are those of them that nobody has taken.
	justShed []*Line
}

// A shed is n lines that were forgotten before their time, the latest of which was said then, by clock.even.
type shed struct {
	said time.Time
	n    int
}

// Sheds within shedSpan of each other count as one, and maxSheds are kept: where the retention is longer than both make, the
// oldest lines are counted for too long.
const (
	shedSpan = time.Minute
	maxSheds = 2048
)

// noteShed counts n lines that are forgotten before their time, ls and what lies below them.
func (a *ages) noteShed(ls []*Line, n int) {
	if n == 0 {
		return
	}
	a.shedding, a.justShed = a.shedding+n, append(a.justShed, ls...)
	latest := slices.MaxFunc(ls, func(x, y *Line) int { return x.Said().Compare(y.Said()) }).Said()
	if last := len(a.sheds) - 1; last >= 0 && latest.Sub(a.sheds[last].said) < shedSpan {
		a.sheds[last].n += n
		return
	}
	if a.sheds = append(a.sheds, shed{latest, n}); len(a.sheds) > maxSheds {
		a.sheds[1].n += a.sheds[0].n
		a.sheds = a.sheds[1:]
	}
}

// ShedSince returns the number of lines that were said since that time and forgotten before theirs was over.
func (a *ages) ShedSince(since time.Time) (n int) {
	a.sheds = slices.DeleteFunc(a.sheds, func(s shed) bool { return s.said.Before(since) })
	for _, s := range a.sheds {
		n += s.n
	}
	return n
}

// A lapse is when a line that is forgotten was said, by somebody's word, and when it came.
type lapse struct{ said, got time.Time }

// came takes in the age of a line that was just added.
func (g *log) came(l *Line) {
	if said := l.Said(); len(g.arrival) == 0 || said.Before(g.eldest) {
		g.eldest = said
	}
	delete(g.lapsed, l.Msg.ID)
}

// over returns the lines that were said before the given time: those that are old, and those that are so only by a doubted age.
func (g *log) over(before time.Time) (old, lapsed []*Line) {
	for id, l := range g.lapsed {
		if l.got.Before(before) {
			delete(g.lapsed, id)
		}
	}
	if len(g.arrival) == 0 || !g.eldest.Before(before) {
		return nil, nil
	}
	g.eldest = time.Time{}
	for _, l := range g.arrival {
		switch said := l.Said(); {
		case !said.Before(before):
			if g.eldest.IsZero() || said.Before(g.eldest) {
				g.eldest = said
			}
		case l.Doubted && !l.Got.Before(before) && len(g.lapsed)+len(lapsed) < MaxLines:
			lapsed = append(lapsed, l)
		default:
			old = append(old, l)
		}
	}
	return old, lapsed
}

// lapse forgets lines because of a doubted age. It raises no floor, so that they may come again.
func (g *log) lapse(ls []*Line) []string {
	var left []*Line
	for _, l := range ls {
		if g.byID[l.Msg.ID] != l {
			continue // it went with a floor
		}
		if g.lapsed == nil {
			g.lapsed = make(map[protocol.Hash]lapse)
		}
		g.lapsed[l.Msg.ID] = lapse{l.Said(), l.Got}
		left = append(left, l)
	}
	return g.drop(left)
}

// lapsedFor reports whether l has lapsed and is not much younger by the word with which it comes now.
func (g *log) lapsedFor(l *Line) bool {
	before, is := g.lapsed[l.Msg.ID]
	return is && l.Said().Sub(before.said) < ageSlack
}

// takeJustShed are the lines that were too many, and were forgotten since it was last asked.
func (g *log) takeJustShed() []*Line {
	ls := g.justShed
	g.justShed = nil
	return ls
}

// takeShed is how many lines were forgotten before their time since it was last asked.
func (g *log) takeShed() int {
	n := g.shedding
	g.shedding = 0
	return n
}

// age returns how old l is now.
func age(env *Env, l *Line) time.Duration { return max(0, env.Now.Sub(l.Said())) }

// tooOld reports whether a line that comes with that age is not kept any more.
func tooOld(env *Env, age time.Duration) bool {
	retain := env.State.Policy().Retain
	return retain > 0 && age >= retain
}

// doubtsAge reports whether the age with which a line was handed over contradicts its author's own time.
func (t *Transcript) doubtsAge(env *Env, o Opened) bool {
	if o.By == "" || o.By == o.Msg.Author || o.By == env.State.Authority() || o.By == t.self {
		return false
	}
	return o.Age > max(0, env.Wall.Sub(o.Content.At))+ageSlack
}
