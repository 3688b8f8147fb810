package plain

import (
	"slices"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// event shows an event and updates the list of rooms.
func (c *console) event(ev node.Event) {
	id := ev.Room.String()
	c.call(ev, time.Now())
	lines := render.View{Clock: c.show.Times, Room: c.current, Keys: c.show.Keys}.Lines(ev)
	if c.awayFrom(id) {
		lines = render.View{Clock: c.show.Times, Room: "another"}.Lines(ev)
		if !heardFrom(ev.Body) {
			lines = nil
		}
	}
	switch b := ev.Body.(type) {
	case node.MemberRemoved:
		c.release("")
		c.held.Hold(ev, b.Seq, lines)
		return
	case node.RemovalReason:
		if c.held.Holds(id, b.Removal) {
			c.release(render.Because(b.Text))
			return
		}
	case node.RemovalProgress:
		c.follow(id, b, time.Now(), lines)
		return
	case node.Unmuted:
		if rs := c.progress[id]; rs != nil {
			rs.Unmuted(b.Peer)
		}
	case node.Renamed:
		c.renamed(id, b)
	case node.Deputies:
		for i := range c.rooms {
			if c.rooms[i].ID == id {
				c.rooms[i].Deputy = b.Mine
			}
		}
	case node.OwnerChanged:
		c.ownerChanged(id, b)
	case node.RoomFound, node.RoomLost:
		// In a room this would only be noise; /rooms lists them at any time.
		if c.current != "" {
			return
		}
	case node.Joined:
		c.enter(command.Room{ID: id, Name: b.Name, Nick: b.Nick, Owned: b.Owner, Deputy: b.Deputy})
	case node.Left:
		c.drop(id)
	case node.Removed:
		if b.AtDoor {
			return // the reply of the command says so
		}
		c.print(lines...)
		c.expelled(ev, render.AfterRemoval(b, render.RoomWord(ev.RoomName, ev.Room), "/"))
		return
	case node.Refused:
		c.print(lines...)
		c.expelled(ev, "ask to be let in: /join "+render.RoomWord(ev.RoomName, ev.Room))
		return
	case node.RoomClosed:
		c.drop(id)
		c.quit = c.quit || c.open != nil && !c.interactive && len(c.rooms) == 0
	case node.Message:
		if c.ask != nil && b.Self && !b.Late && !b.Backlog && !b.Action {
			return // the line is still where it was typed, after the prompt
		}
	case node.Delivered:
		c.delivered(b.ID)
	}
	c.print(lines...)
}

// expelled shows that we have lost our place in a room. A console that was started for one room ends with it. Nothing on the screen is
// erased, since it is not about that room alone.
func (c *console) expelled(ev node.Event, hint safe.Text) {
	c.remove(ev.Room.String())
	if len(c.rooms) > 0 {
		c.print("hint: " + hint)
		c.adrift()
		return
	}
	c.lost = command.Ending(ev)
	if c.open != nil && c.settled {
		c.failure = c.lost
		return
	}
	c.print("hint: " + hint)
}

// enter adds a room, or completes its details. The first room becomes the current one.
func (c *console) enter(r command.Room) {
	c.lost = nil
	if !c.chosen && (c.open == nil || c.settled) {
		c.current, c.chosen = r.ID, true
	}
	for i, known := range c.rooms {
		if known.ID == r.ID {
			if r.Nick == "" {
				r.Nick = known.Nick
			}
			r.Away = known.Away
			c.rooms[i] = r
			return
		}
	}
	c.rooms = append(c.rooms, r)
}

// renamed notes our new nick in a room.
func (c *console) renamed(id string, r node.Renamed) {
	for i := range c.rooms {
		if r.Self && c.rooms[i].ID == id {
			c.rooms[i].Nick = r.Nick
		}
	}
}

// enterBy makes the room that a command has entered the current one, unless lines have been typed since the command began: those lines,
// and one that may be half typed, belong to the room where they were typed. A room that we have lost in the meantime stays lost.
func (c *console) enterBy(f finished) {
	i := slices.IndexFunc(c.rooms, func(r command.Room) bool { return r.ID == f.reply.Room })
	if i >= 0 {
		c.rooms[i].Away = false
	}
	switch {
	case i < 0 || f.reply.Room == c.current:
	case !f.first && c.interactive && c.taken > f.taken:
		c.print("hint: " + switchTo(c.rooms[i]))
	default:
		c.current, c.chosen = f.reply.Room, true
	}
}

// switchTo says how to make a room the current one.
func switchTo(r command.Room) safe.Text {
	return "/switch " + render.Word(r.Name, r.ID) + " switches to " + safe.Name(r.Name)
}

// ownerChanged notes whether we own a room now.
func (c *console) ownerChanged(id string, o node.OwnerChanged) {
	for i := range c.rooms {
		if r := &c.rooms[i]; r.ID == id {
			r.Owned, r.Away = o.Self, r.Away && o.Self
			r.Deputy = r.Deputy && !o.Self
		}
	}
}

// drop removes a room from the list.
func (c *console) drop(id string) {
	if c.remove(id) {
		c.adrift()
	}
}

// remove removes a room from the list and reports whether it was the current one. If it was, no other room becomes the current one by
// itself, because a half-typed line would then be said in the wrong room.
func (c *console) remove(id string) bool {
	c.rooms = slices.DeleteFunc(c.rooms, func(r command.Room) bool { return r.ID == id })
	if c.current != id {
		return false
	}
	c.current = ""
	return true
}

// adrift says how to choose another room, if no room is current and there are some.
func (c *console) adrift() {
	var ways []safe.Text
	for _, r := range c.rooms {
		if !r.Away {
			ways = append(ways, switchTo(r))
		}
	}
	if c.current == "" && len(ways) > 0 {
		c.print("hint: no room is current now; " + safe.Join(ways, ", "))
	}
}

// permit returns the reason why the user may not run cmd now, or nil. If no room is current, it says how to choose one.
func (c *console) permit(cmd *command.Command, room command.Room) error {
	err := command.Permit(cmd, room)
	if err != nil && room.ID == "" && len(c.rooms) > 0 {
		return &fail.Error{Code: fail.ExitRefused, Text: "no room is current; nothing was done", Hint: "/switch ROOM chooses one of your rooms, and /rooms lists them"}
	}
	return err
}

// prompt makes the prompt name the current room.
func (c *console) prompt() {
	if c.ask == nil {
		return
	}
	var text safe.Text = promptText
	if r := c.room(); r.ID != "" {
		text = linePrompt(r)
	}
	if text != c.lastAsked {
		c.lastAsked = text
		c.ask(text)
	}
}

// awayFrom reports whether a room is hidden.
func (c *console) awayFrom(id string) bool {
	return slices.ContainsFunc(c.rooms, func(r command.Room) bool { return r.ID == id && r.Away })
}

// heardFrom reports whether an event is shown although its room is hidden. Such an event needs an answer, or is important.
func heardFrom(body node.EventBody) bool {
	switch body.(type) {
	case node.Appeal, node.Pardoned, node.Knock, node.KnockGone, node.Hand, node.HandGone, node.Direct, node.Warning, node.Removed, node.Muted, node.Warned, node.TransferOffered, node.OwnerChanged, node.Refused, node.RoomClosed:
		return true
	}
	return false
}

// PutAway hides a room that we own and that stays open.
func (c *console) PutAway(r command.Room) {
	for i := range c.rooms {
		c.rooms[i].Away = c.rooms[i].Away || c.rooms[i].ID == r.ID
	}
	c.print(command.Away(r))
	if c.current == r.ID {
		c.current = ""
		c.adrift()
	}
}

// room returns the current room, with no id if there is none.
func (c *console) room() command.Room {
	for _, r := range c.rooms {
		if r.ID == c.current {
			return r
		}
	}
	return command.Room{}
}

// Said records a line of ours that no other node may have yet.
func (c *console) Said(id string) {
	if _, early := c.undelivered[id]; early {
		delete(c.undelivered, id)
		return
	}
	c.undelivered[id] = false
}

// delivered records that another node has a line of ours. The command that said it may still be running.
func (c *console) delivered(id string) {
	if _, known := c.undelivered[id]; known {
		delete(c.undelivered, id)
	} else if c.running > 0 {
		c.undelivered[id] = true
	}
}
