// Package clock tells the time of day from the time that has passed, also over a sleep of the machine.
package clock

import "time"

const (
	// Slack: a wall clock that moves by more against time that has passed was set; what NTP slews stays below.
	Slack = 5 * time.Second
	// wakeGap: a tick that came later than this means that the machine slept.
	wakeGap = 5 * time.Second
)

// A Clock compares the wall clock, which can be set, with the time that has passed.
type Clock struct {
	Wall func() time.Time
	// Asleep returns how long the machine has slept since it was started. It is needed because, on some systems, the monotonic clock
	// of Go stands still while the machine sleeps. slept is its last result, and atStart its first.
	Asleep         func() time.Duration
	slept, atStart time.Duration
	started        time.Time // when the clock was made, with a monotonic reading
	// drift is how far the wall clock is ahead of Even.
	drift time.Duration
	seen  time.Time // when StoodStill was last called, by Even
}

// wallClock returns the time of day.
var wallClock = time.Now

// New returns a clock of this machine.
func New() *Clock {
	c := &Clock{Wall: wallClock, Asleep: machineSlept, started: time.Now()}
	c.slept = c.Asleep()
	c.atStart, c.seen = c.slept, c.started.Round(0)
	return c
}

// Even returns the time by a clock that was set to the wall clock when c was made and that nobody has set since. It also goes on while
// the machine sleeps.
func (c *Clock) Even() time.Time {
	// Asleep reads two clocks of the system one after the other, so its result varies a little.
	if s := c.Asleep(); (s - c.slept).Abs() >= time.Second {
		c.slept = s
	}
	return c.started.Round(0).Add(time.Since(c.started) + c.slept - c.atStart)
}

// At converts a time by Even into a time by the wall clock, as that is set now.
func (c *Clock) At(t time.Time) time.Time { return t.Add(c.drift) }

// Moved returns by how much the wall clock was set since the last call. It ignores changes of up to Slack.
func (c *Clock) Moved() time.Duration {
	drift := c.Wall().Round(0).Sub(c.Even())
	if by := drift - c.drift; by.Abs() > Slack {
		c.drift = drift
		return by
	}
	return 0
}

// StoodStill reports whether its last call was longer ago than expected and wakeGap. Then the machine has slept, or this process was
// stopped.
func (c *Clock) StoodStill(expected time.Duration) bool {
	now := c.Even()
	gap := now.Sub(c.seen)
	c.seen = now
	return gap > expected+wakeGap
}
