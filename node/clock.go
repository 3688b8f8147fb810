package node

import (
	"fmt"
	"time"

	"localchat/authority"
)

// A clock compares the wall clock with time that has passed, which nobody can set. (On Linux that stands still while the
// machine sleeps; then the wall clock has moved on.)
type clock struct {
	wall func() time.Time
	// drift is how far the wall clock is ahead of one that was right at the start and has gone on evenly.
	started time.Time // with its monotonic reading
	drift   time.Duration
}

func newClock() clock { return clock{wall: time.Now, started: time.Now()} }

// even is the time by a clock that was right at the start and has gone on evenly.
func (c *clock) even() time.Time { return c.started.Round(0).Add(time.Since(c.started)) }

// at is the wall clock's time, as it goes now, of a moment that was read from it before.
func (c *clock) at(t time.Time) time.Time {
	return c.started.Round(0).Add(t.Sub(c.started)).Add(c.drift)
}

// moved is by how much the wall clock has moved since it was last asked, where that is more than clocks differ.
func (c *clock) moved() time.Duration {
	drift := c.wall().Round(0).Sub(c.even())
	if by := drift - c.drift; by.Abs() > clockSlack {
		c.drift = drift
		return by
	}
	return 0
}

// watchClock has the rooms that are ours hear that the wall clock has moved, before anything in them is judged by it, and
// says so aloud.
func (l *loop) watchClock() {
	by := l.clock.moved()
	if by == 0 {
		return
	}
	for _, r := range l.rooms {
		if r.owner() {
			if err := r.step(authority.ClockMoved{By: by}); err != nil {
				l.n.log.Warn("clock moved", "room", r.id, "err", err)
			}
		}
	}
	how := "on"
	if by < 0 {
		how = "back"
	}
	l.emit(nil, Warning{Code: "clock", Text: fmt.Sprintf("the clock of this machine has moved %s by %s, or the machine slept: nothing in your rooms ends by that", how, by.Abs().Round(time.Second))})
}
