package cli

import (
	"time"

	"localchat/node"
)

// What is printed cannot be completed. So the line about a removal waits for the reason, no longer than reasonWait and not
// while anything else is printed: who, by whom and why are one line.

// A heldLine is a line about a removal, and what is to be printed after it.
type heldLine struct {
	room    string
	removal uint64
	line    safeText
	after   []safeText
}

// hold keeps the line about a removal back.
func (c *console) hold(ev node.Event, removal uint64, lines []safeText) {
	c.release("")
	if len(lines) == 0 {
		return
	}
	c.held = &heldLine{room: ev.Room.String(), removal: removal, line: lines[0]}
	c.heldUntil = time.NewTimer(reasonWait)
}

// holds reports whether the line about that removal waits for its reason.
func (c *console) holds(room string, removal uint64) bool {
	return c.held != nil && c.held.room == room && c.held.removal == removal
}

// release prints the line that waits, with its reason.
func (c *console) release(reason safeText) {
	if h := c.held; h != nil {
		c.held = nil
		c.heldUntil.Stop()
		c.put(append([]safeText{h.line + reason}, h.after...)...)
	}
}

// reasonDue runs when no reason is waited for any longer.
func (c *console) reasonDue() <-chan time.Time {
	if c.held == nil {
		return nil
	}
	return c.heldUntil.C
}

// follow takes news of a removal in. It is said once that everybody has heard of it, or who has not.
func (c *console) follow(room string, p node.RemovalProgress, now time.Time, lines []safeText) {
	if c.progress[room] == nil {
		if c.progress == nil {
			c.progress = map[string]*removals{}
		}
		c.progress[room] = &removals{}
	}
	c.progress[room].note(p, now)
	switch {
	case !everybodyHas(p):
	case c.held != nil && c.held.room == room:
		c.held.after = append(c.held.after, lines...)
	default:
		c.print(lines...)
	}
}

// overdue says of which removals somebody has not heard yet.
func (c *console) overdue(now time.Time) {
	for _, r := range c.rooms {
		if rs := c.progress[r.id]; rs != nil {
			for _, line := range rs.overdue(now) {
				c.print(renderer{clock: c.show.times}.stamp(now) + inRoomOf(clean(r.name, shownName), line))
			}
		}
	}
}
