package node

import (
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// age is how old ln is now.
func (r *room) age(ln *transcript.Line) time.Duration { return max(0, r.l.clock.even().Sub(ln.Said())) }

// agesOf are the ages of lines, as they are handed over.
func (r *room) agesOf(lines []*transcript.Line) []time.Duration {
	ages := make([]time.Duration, len(lines))
	for i, ln := range lines {
		ages[i] = min(r.age(ln).Truncate(time.Millisecond), protocol.MaxAge)
	}
	return ages
}

// doubtsAge reports whether the word on the age of a line that was handed over contradicts its author's own time.
func (r *room) doubtsAge(a transcript.Opened) bool {
	if a.By == "" || a.By == a.Msg.Author || a.By == r.authority() || a.By == r.l.n.self {
		return false
	}
	return a.Age > max(0, r.l.clock.wall().Sub(a.Content.At))+transcript.AgeSlack
}

// tooOld reports whether a line that comes with that age is not kept any more.
func (r *room) tooOld(age time.Duration) bool {
	retain := r.current().Policy().Retain
	return retain > 0 && age >= retain
}

// An earlyAge is the word on a line that waits for its key, and since when, by clock.even.
type earlyAge struct {
	transcript.Given
	since time.Time
}

// earlyAge is how old a line is by now that has waited for its key.
func (r *room) earlyAge(id protocol.Hash) transcript.Given {
	e, is := r.earlyAges[id]
	if !is {
		return transcript.Given{}
	}
	e.Age += r.l.clock.even().Sub(e.since)
	return e.Given
}

// tellShed says, now and then, that lines were forgotten before their time. Those that have only just been said are a flood:
// parts of a room that were apart come together with old ones.
func (r *room) tellShed() {
	shed := make(map[peer.ID]int)
	for _, ln := range r.log.JustShed() {
		if ln.Msg.Author != r.l.n.self && r.age(ln) < shedYoung {
			shed[ln.Msg.Author] += sayCost(ln.Content.Text)
		}
	}
	for author, n := range shed {
		r.l.n.admission.count(r.l.n.admission.visitorAt(author), anOldestLine, n)
	}
	if now := r.l.now(); now.Sub(r.shedTold) >= shedEvery && r.log.TakeShed() > 0 {
		r.shedTold = now
		r.l.emit(r, Warning{Code: "lines_full", Text: fmt.Sprintf(
			"more is said in %s than this node keeps (%d lines or %d MiB in a room, %d MiB in all): the oldest lines of those who say most go before their time",
			r.label(), transcript.MaxLines, transcript.MaxLineBytes>>20, maxNodeLines>>20)})
	}
}

// boundLines forgets lines where those of all rooms take too much, first in the room that has most.
func (l *loop) boundLines() {
	for {
		total, most := 0, (*room)(nil)
		for _, id := range l.order {
			r := l.rooms[id]
			total += r.log.Size()
			if most == nil || r.log.Size() > most.log.Size() {
				most = r
			}
		}
		if total <= maxNodeLines {
			return
		}
		most.forgotten(most.log.Shed(total-maxNodeLines, l.clock.even()))
	}
}
