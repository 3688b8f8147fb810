package node

import (
	"fmt"
	"time"

	"localchat/authority"
)

// A clock compares the wall clock, which anybody can set, with time that has passed.
type clock struct {
	wall func() time.Time
	// asleep returns how long the machine has slept since it was started, and slept is what it returned last. On some systems the
	// monotonic clock of Go stands still while the machine sleeps.
	asleep         func() time.Duration
	slept, atStart time.Duration
	started        time.Time // with its monotonic reading
	// drift is how far the wall clock is ahead of one that was right at the start and has gone on evenly.
	drift time.Duration
	seen  time.Time // when stoodStill was last called, by even
}

// wallClock returns the time of day.
var wallClock = time.Now

func newClock() clock {
	c := clock{wall: wallClock, asleep: machineSlept, started: time.Now()}
	c.slept = c.asleep()
	c.atStart, c.seen = c.slept, c.started.Round(0)
	return c
}

// even returns the time by a clock that was right at the start and has gone on evenly since, also while the machine slept.
func (c *clock) even() time.Time {
	// asleep reads two clocks of the system one after the other, so its result varies a little.
	if s := c.asleep(); (s - c.slept).Abs() >= time.Second {
		c.slept = s
	}
	return c.started.Round(0).Add(time.Since(c.started) + c.slept - c.atStart)
}

// at returns the time by the wall clock, as it is set now, of the time t by even.
func (c *clock) at(t time.Time) time.Time { return t.Add(c.drift) }

// moved returns by how much the wall clock was set since the last call. Up to clockSlack counts as nothing.
func (c *clock) moved() time.Duration {
	drift := c.wall().Round(0).Sub(c.even())
	if by := drift - c.drift; by.Abs() > clockSlack {
		c.drift = drift
		return by
	}
	return 0
}

// stoodStill reports whether its last call was longer ago than wakeGap: then the machine has slept, or this process was stopped.
func (c *clock) stoodStill() bool {
	now := c.even()
	gap := now.Sub(c.seen)
	c.seen = now
	return gap > wakeGap
}

// watchClock tells the rooms that this node owns that the wall clock has moved, or that this node was away, before anything in
// them is judged by the time. It warns the user of a clock that has moved.
func (l *loop) watchClock() {
	if l.clock.stoodStill() {
		l.woke = true
		l.doubtTwin()
		l.stepOwned(authority.Away{})
	}
	by := l.clock.moved()
	if by == 0 {
		return
	}
	l.stepOwned(authority.ClockMoved{By: by})
	how := "forward"
	if by < 0 {
		how = "back"
	}
	l.emit(nil, Warning{Code: "clock", Text: fmt.Sprintf("the clock of this machine was set %s by %s: nothing in your rooms has ended because of that", how, by.Abs().Round(time.Second))})
}

// stepOwned steps the rooms that are ours.
func (l *loop) stepOwned(ev authority.Event) {
	for _, r := range l.rooms {
		if r.owner() {
			if err := r.step(ev); err != nil {
				l.n.log.Warn("clock", "room", r.id, "err", err)
			}
		}
	}
}

// judgedAt is the time by which what waits for an end in our rooms is judged.
func (l *loop) judgedAt() time.Time {
	l.watchClock()
	return l.clock.wall()
}
