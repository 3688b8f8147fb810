package plain

import (
	"time"

	"localchat/cli/internal/notify"
	"localchat/node"
)

// An attention is what the console knows about whether its user looks, and how often it has called them.
type attention struct {
	caller notify.Caller
	typed  time.Time // when the last line was entered
}

// looks reports whether the user looks at the screen. This console sends the terminal no questions, so it takes a user who has
// typed a moment ago to look.
func (c *console) looks(now time.Time) bool {
	return c.interactive && now.Sub(c.attention.typed) < notify.UnseenAfter
}

// call notifies the user of an event, if the settings say so.
func (c *console) call(ev node.Event, now time.Time) {
	if !c.terminal {
		return
	}
	if c.looks(now) && !c.show.Bell {
		c.attention.caller.Looked()
		return
	}
	nick := ""
	for _, r := range c.rooms {
		if r.ID == ev.Room.String() {
			nick = r.Nick
		}
	}
	c.notify(c.attention.caller.Hear(ev, now, nick, c.show.Notify), now)
}

// notify shows notifications. If the user looks at the screen, it only rings the bell.
func (c *console) notify(notes []notify.Note, now time.Time) {
	for _, n := range notes {
		sequence := c.env.Terminal.Sequence(n)
		if c.looks(now) {
			sequence = notify.Bell
		}
		c.write(sequence)
	}
}
