package node

import (
	"fmt"
	"time"

	"localchat/authority"
)

// watchClock tells the rooms that this node owns if the wall clock was set, or if this node was away. It must be called before anything
// in these rooms is judged by the time. It warns the user of a clock that was set.
func (l *loop) watchClock() {
	if l.clock.StoodStill(l.tempo.gap) {
		l.woke = true
		l.doubtTwin()
		l.stepOwned(authority.Away{})
	}
	by := l.clock.Moved()
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
	return l.clock.Wall()
}
