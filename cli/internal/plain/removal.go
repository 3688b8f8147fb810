package plain

import (
	"time"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// release prints the held line about a removal, with its reason.
func (c *console) release(reason safe.Text) { c.put(c.held.Release(reason)...) }

// follow tracks a removal. It shows, once, which members have not confirmed it, and later that all have.
func (c *console) follow(room string, p node.RemovalProgress, now time.Time, lines []safe.Text) {
	if c.progress[room] == nil {
		if c.progress == nil {
			c.progress = map[string]*render.Removals{}
		}
		c.progress[room] = &render.Removals{}
	}
	c.progress[room].Note(p, now)
	switch {
	case !render.EverybodyHas(p):
	case c.held.Line != nil && c.held.Line.Room == room:
		c.held.Line.After = append(c.held.Line.After, lines...)
	default:
		c.print(lines...)
	}
}

// overdue shows the removals that some members have not confirmed in time.
func (c *console) overdue(now time.Time) {
	for _, r := range c.rooms {
		if rs := c.progress[r.ID]; rs != nil {
			for _, line := range rs.Overdue(now) {
				c.print(render.View{Clock: c.show.Times}.Stamp(now) + render.InRoomOf(safe.Name(r.Name), line))
			}
		}
	}
}
