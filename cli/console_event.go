package cli

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"localchat/node"
)

// event shows what happened and keeps the list of rooms true.
func (c *console) event(ev node.Event) {
	id := ev.Room.String()
	lines := renderer{clock: c.show.times, room: c.current, keys: c.show.keys}.lines(ev)
	switch b := ev.Body.(type) {
	case node.RoomFound, node.RoomLost:
		// In a room this would only be noise; /rooms lists them at any time.
		if c.current != "" {
			return
		}
	case node.Joined:
		c.enter(here{id: id, name: b.Name, nick: b.Nick, owned: b.Owner})
		if !b.Resumed {
			c.current = id
		}
	case node.Left:
		c.drop(id)
	case node.Removed:
		if b.AtDoor {
			return // the command that stood there says so
		}
		c.clear()
		c.print(lines...)
		c.expelled(ev, afterRemoval(b, roomWord(ev.RoomName, ev.Room), "/"))
		return
	case node.Refused:
		c.clear()
		c.print(lines...)
		c.expelled(ev, "ask to be let in: /join "+roomWord(ev.RoomName, ev.Room))
		return
	case node.RoomClosed:
		c.drop(id)
		c.quit = c.quit || c.oneRoom && !c.interactive && len(c.rooms) == 0
	case node.Message:
		c.heard(b, id)
	case node.Delivered:
		c.delivered(b.ID)
	case node.Direct, node.Knock:
		c.ring()
	}
	c.print(lines...)
}

// expelled ends our place in a room that we did not leave by our own wish. A console that was opened for one room ends
// with it.
func (c *console) expelled(ev node.Event, hint safeText) {
	c.drop(ev.Room.String())
	if len(c.rooms) > 0 {
		c.print("hint: " + hint)
		return
	}
	c.lost = ending(ev)
	if c.oneRoom && c.settled {
		c.failure = c.lost
		return
	}
	c.print("hint: " + hint)
}

// enter adds a room, or completes what is known about it. The first one is typed into.
func (c *console) enter(r here) {
	c.lost = nil
	if c.current == "" {
		c.current = r.id
	}
	for i, known := range c.rooms {
		if known.id == r.id {
			if r.nick == "" {
				r.nick = known.nick
			}
			c.rooms[i] = r
			return
		}
	}
	c.rooms = append(c.rooms, r)
}

// focus makes a room that we are in the one typed into. A room that we have lost in the meantime stays lost.
func (c *console) focus(id string) {
	if slices.ContainsFunc(c.rooms, func(r here) bool { return r.id == id }) {
		c.current = id
	}
}

// drop takes a room off the list and types into the latest of the others.
func (c *console) drop(id string) {
	c.rooms = slices.DeleteFunc(c.rooms, func(r here) bool { return r.id == id })
	if c.current != id {
		return
	}
	c.current = ""
	if n := len(c.rooms); n > 0 {
		c.current = c.rooms[n-1].id
		c.print(noticeMark + "you type into " + clean(c.rooms[n-1].name, shownName) + " now")
	}
}

// room is the one typed into.
func (c *console) room() here {
	for _, r := range c.rooms {
		if r.id == c.current {
			return r
		}
	}
	return here{}
}

// said notes a line of mine that nobody else may have yet.
func (c *console) said(id string) {
	if _, early := c.undelivered[id]; early {
		delete(c.undelivered, id)
		return
	}
	c.undelivered[id] = false
}

// delivered notes that another node has a line of mine, perhaps before the command that said it has come back.
func (c *console) delivered(id string) {
	if _, known := c.undelivered[id]; known {
		delete(c.undelivered, id)
	} else if c.running > 0 {
		c.undelivered[id] = true
	}
}

// heard rings when a line names me.
func (c *console) heard(m node.Message, room string) {
	if m.Self || m.Late {
		return
	}
	for _, r := range c.rooms {
		if r.id == room && r.nick != "" && mentions(m.Text, r.nick) {
			c.ring()
		}
	}
}

// mentions reports whether text holds nick as a whole word.
func mentions(text, nick string) bool {
	text, nick = strings.ToLower(text), strings.ToLower(nick)
	inside := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' }
	for from := 0; ; {
		i := strings.Index(text[from:], nick)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(nick)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !inside(before) && !inside(after) {
			return true
		}
		from = end
	}
}
