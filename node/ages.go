package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A line is kept by its age: how long ago it was said, and not how long ago it came. A line that comes live was said just now.
// One that is fetched is as old as who gives it says: an age is time that has passed, so that nobody's clock has a part in it.
//
// A word can be false. Whoever makes a line older than it is takes it from the one it gives it to, and whoever makes it younger lets it
// live longer there. So a line lives for the retention after it came, at most, whatever is said of it. And a word that makes a line
// older than its author's own time does, by more than clocks differ, is doubted: what is forgotten for it alone may come again,
// from somebody who says that it is younger. The author's own time decides nothing else.

// given is what is said of a line that a fellow member has handed over.
type given struct {
	age time.Duration // when it came
	by  peer.ID       // "": it came live
	// doubted: its author's own time says that it is younger.
	doubted bool
}

// said is when l was said, by clock.even.
func (l *line) said() time.Time { return l.got.Add(-l.age) }

// ages are what a [lineLog] keeps of the ages of its lines.
type ages struct {
	// eldest is not after any of the lines was said.
	eldest time.Time
	// lapsed are lines that were forgotten for a word that is doubted, maxLines of them at most.
	lapsed map[protocol.Hash]lapse
	// shedding is how many lines were forgotten before their time, and nobody has been told.
	shedding int
	// sheds are the lines that were forgotten before their time, as long as that is not over: maxSheds at most, oldest first.
	sheds []shed
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
func (a *ages) noteShed(ls []*line, n int) {
	if n == 0 {
		return
	}
	a.shedding += n
	latest := slices.MaxFunc(ls, func(x, y *line) int { return x.said().Compare(y.said()) }).said()
	if last := len(a.sheds) - 1; last >= 0 && latest.Sub(a.sheds[last].said) < shedSpan {
		a.sheds[last].n += n
		return
	}
	if a.sheds = append(a.sheds, shed{latest, n}); len(a.sheds) > maxSheds {
		a.sheds[1].n += a.sheds[0].n
		a.sheds = a.sheds[1:]
	}
}

// shedSince is how many lines that were said since the given time have been forgotten before their time.
func (a *ages) shedSince(since time.Time) (n int) {
	a.sheds = slices.DeleteFunc(a.sheds, func(s shed) bool { return s.said.Before(since) })
	for _, s := range a.sheds {
		n += s.n
	}
	return n
}

// A lapse is when a line that is forgotten was said, by somebody's word, and when it came.
type lapse struct{ said, got time.Time }

// came takes in the age of a line that was just added.
func (g *lineLog) came(l *line) {
	if said := l.said(); len(g.arrival) == 0 || said.Before(g.eldest) {
		g.eldest = said
	}
	delete(g.lapsed, l.msg.ID)
}

// over are the lines that were said before the given time: those that are old, and those that are so by a doubted word alone.
func (g *lineLog) over(before time.Time) (old, lapsed []*line) {
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
		switch said := l.said(); {
		case !said.Before(before):
			if g.eldest.IsZero() || said.Before(g.eldest) {
				g.eldest = said
			}
		case l.doubted && !l.got.Before(before) && len(g.lapsed)+len(lapsed) < maxLines:
			lapsed = append(lapsed, l)
		default:
			old = append(old, l)
		}
	}
	return old, lapsed
}

// lapse forgets lines for a doubted word. No floor rises for it, so that they may come again.
func (g *lineLog) lapse(ls []*line) []string {
	var left []*line
	for _, l := range ls {
		if g.byID[l.msg.ID] != l {
			continue // it went with a floor
		}
		if g.lapsed == nil {
			g.lapsed = make(map[protocol.Hash]lapse)
		}
		g.lapsed[l.msg.ID] = lapse{l.said(), l.got}
		left = append(left, l)
	}
	return g.drop(left)
}

// lapsedFor reports whether l has lapsed and is not much younger by the word with which it comes now.
func (g *lineLog) lapsedFor(l *line) bool {
	before, is := g.lapsed[l.msg.ID]
	return is && l.said().Sub(before.said) < ageSlack
}

// age is how old ln is now.
func (r *room) age(ln *line) time.Duration { return max(0, r.l.clock.even().Sub(ln.said())) }

// agesOf are the ages of lines, as they are handed over.
func (r *room) agesOf(lines []*line) []time.Duration {
	ages := make([]time.Duration, len(lines))
	for i, ln := range lines {
		ages[i] = min(r.age(ln).Truncate(time.Millisecond), protocol.MaxAge)
	}
	return ages
}

// doubtsAge reports whether the word on the age of a line that was handed over contradicts its author's own time.
func (r *room) doubtsAge(a arrivedLine) bool {
	if a.by == "" || a.by == a.msg.Author || a.by == r.authority() || a.by == r.l.n.self {
		return false
	}
	return a.age > max(0, r.l.clock.wall().Sub(a.content.At))+ageSlack
}

// tooOld reports whether a line that comes with that age is not kept any more.
func (r *room) tooOld(age time.Duration) bool {
	retain := r.current().Policy().Retain
	return retain > 0 && age >= retain
}

// An earlyAge is the word on a line that waits for its key, and since when, by clock.even.
type earlyAge struct {
	given
	since time.Time
}

// earlyAge is how old a line is by now that has waited for its key.
func (r *room) earlyAge(id protocol.Hash) given {
	e, is := r.earlyAges[id]
	if !is {
		return given{}
	}
	e.age += r.l.clock.even().Sub(e.since)
	return e.given
}

// tellShed says, now and then, that lines were forgotten before their time.
func (r *room) tellShed() {
	if now := r.l.now(); r.log.shedding > 0 && now.Sub(r.shedTold) >= shedEvery {
		r.shedTold, r.log.shedding = now, 0
		r.l.emit(r, Warning{Code: "lines_full", Text: fmt.Sprintf(
			"more is said in %s than this node keeps (%d lines or %d MiB in a room, %d MiB in all): the oldest lines of those who say most go before their time",
			r.label(), maxLines, maxLineBytes>>20, maxNodeLines>>20)})
	}
}

// boundLines forgets lines where those of all rooms take too much, first in the room that has most.
func (l *loop) boundLines() {
	for {
		total, most := 0, (*room)(nil)
		for _, id := range l.order {
			r := l.rooms[id]
			total += r.log.bytes
			if most == nil || r.log.bytes > most.log.bytes {
				most = r
			}
		}
		if total <= maxNodeLines {
			return
		}
		most.forgotten(most.log.shed(total-maxNodeLines, l.clock.even()))
	}
}
