package cli

import (
	"time"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A printed line cannot be completed later. So the line about a removal waits for its reason, until reasonWait is over or
// something else is printed. Then its target, author and reason are one line.

// A removalHolder holds that line back.
type removalHolder struct {
	line  *heldLine // nil: none
	until *time.Timer
}

// A heldLine is a line about a removal, and what is to be printed after it.
type heldLine struct {
	room    string
	removal uint64
	text    safe.Text
	after   []safe.Text
}

// hold keeps the line about a removal back, once release has printed the one before.
func (h *removalHolder) hold(ev node.Event, removal uint64, lines []safe.Text) {
	if len(lines) > 0 {
		h.line = &heldLine{room: ev.Room.String(), removal: removal, text: lines[0]}
		h.until = time.NewTimer(reasonWait)
	}
}

// holds reports whether the line about that removal waits for its reason.
func (h *removalHolder) holds(room string, removal uint64) bool {
	return h.line != nil && h.line.room == room && h.line.removal == removal
}

// release are the lines that are to be printed now: the one that waits, with its reason, and those after it.
func (h *removalHolder) release(reason safe.Text) []safe.Text {
	l := h.line
	if l == nil {
		return nil
	}
	h.line = nil
	h.until.Stop()
	return append([]safe.Text{l.text + reason}, l.after...)
}

// due runs when no reason is waited for any longer.
func (h *removalHolder) due() <-chan time.Time {
	if h.line == nil {
		return nil
	}
	return h.until.C
}

// release prints the line about a removal that waits, with its reason.
func (c *console) release(reason safe.Text) { c.put(c.held.release(reason)...) }

// follow tracks a removal. It shows once which members have not confirmed it, or that all have.
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
	case c.held.line != nil && c.held.line.room == room:
		c.held.line.after = append(c.held.line.after, lines...)
	default:
		c.print(lines...)
	}
}

// overdue says of which removals somebody has not heard yet.
func (c *console) overdue(now time.Time) {
	for _, r := range c.rooms {
		if rs := c.progress[r.ID]; rs != nil {
			for _, line := range rs.Overdue(now) {
				c.print(render.View{Clock: c.show.Times}.Stamp(now) + render.InRoomOf(safe.Name(r.Name), line))
			}
		}
	}
}
