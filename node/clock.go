package node

import (
	"fmt"
	"time"

	"localchat/authority"
)

// A clock compares the wall clock, which can be set, with the time that has passed.
type clock struct {
	wall func() time.Time
	// asleep returns how long the machine has slept since it was started. It is needed because, on some systems, the monotonic clock
	// of Go stands still while the machine sleeps. slept is its last result, and atStart its first.
	asleep         func() time.Duration
	slept, atStart time.Duration
	started        time.Time // when the clock was made, with a monotonic reading
	// drift is how far the wall clock is ahead of even.
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

// even returns the time by a clock that was set to the wall clock when c was made and that nobody has set since. It also goes on while
// the machine sleeps.
func (c *clock) even() time.Time {
	// asleep reads two clocks of the system one after the other, so its result varies a little.
	if s := c.asleep(); (s - c.slept).Abs() >= time.Second {
		c.slept = s
	}
	return c.started.Round(0).Add(time.Since(c.started) + c.slept - c.atStart)
}

// at converts a time by even into a time by the wall clock, as that is set now.
func (c *clock) at(t time.Time) time.Time { return t.Add(c.drift) }

// moved returns by how much the wall clock was set since the last call. It ignores changes of up to clockSlack.
func (c *clock) moved() time.Duration {
	drift := c.wall().Round(0).Sub(c.even())
	if by := drift - c.drift; by.Abs() > clockSlack {
		c.drift = drift
		return by
	}
	return 0
}

// stoodStill reports whether its last call was longer ago than expected and wakeGap. Then the machine has slept, or this process was
// stopped.
func (c *clock) stoodStill(expected time.Duration) bool {
	now := c.even()
	gap := now.Sub(c.seen)
	c.seen = now
	return gap > expected+wakeGap
}

// watchClock tells the rooms that this node owns if the wall clock was set, or if this node was away. It must be called before anything
// in these rooms is judged by the time. It warns the user of a clock that was set.
func (l *loop) watchClock() {
	if l.clock.stoodStill(l.tempo.gap) {
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

// stepOwned gives an event to each room that we own.
func (l *loop) stepOwned(ev authority.Event) {
	for _, r := range l.rooms {
		if r.owner() {
			if err := r.desk.step(ev); err != nil {
				l.n.log.Warn("clock", "room", r.id, "err", err)
			}
		}
	}
}

// judgedAt returns the time by which our rooms judge whether a ban, an invite or a reason has ended.
func (l *loop) judgedAt() time.Time {
	l.watchClock()
	return l.clock.wall()
}
