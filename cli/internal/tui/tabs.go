package tui

import (
	"iter"
	"slices"

	"localchat/cli/internal/command"
)

// Tabs are the panes of the console.
type tabs struct {
	list   []*pane // the lobby is the first
	at     int     // index of the pane shown
	hidden []*pane // rooms that are hidden and stay open
}

// shown returns the pane shown.
func (t *tabs) shown() *pane { return t.list[t.at] }

// find returns the pane of a room, or nil.
func (t *tabs) find(id string) *pane {
	for p := range t.every() {
		if id != "" && p.here.ID == id {
			return p
		}
	}
	return nil
}

// every goes through all panes, including the hidden ones.
func (t *tabs) every() iter.Seq[*pane] {
	return func(yield func(*pane) bool) {
		for _, p := range t.list {
			if !yield(p) {
				return
			}
		}
		for _, p := range t.hidden {
			if !yield(p) {
				return
			}
		}
	}
}

// isHidden reports whether p is hidden.
func (t *tabs) isHidden(p *pane) bool { return slices.Contains(t.hidden, p) }

// bringBack makes a hidden room visible again.
func (t *tabs) bringBack(p *pane) {
	if t.isHidden(p) {
		t.hidden = slices.DeleteFunc(t.hidden, func(q *pane) bool { return q == p })
		t.list = append(t.list, p)
	}
}

// PutAway hides a room that we own and that stays open.
func (m *tui) PutAway(r command.Room) {
	p := m.tabs.find(r.ID)
	if p == nil || m.tabs.isHidden(p) {
		return
	}
	if p == m.tabs.shown() {
		m.turnTo(m.beside(p))
	}
	shown := m.tabs.shown()
	m.tabs.list = slices.DeleteFunc(m.tabs.list, func(q *pane) bool { return q == p })
	m.tabs.at = slices.Index(m.tabs.list, shown)
	m.tabs.hidden = append(m.tabs.hidden, p)
	p.turn()
	m.tell(shown, happened, command.Away(r))
}

// turnTo shows another pane. The one shown before is closed if it is over, because it has been read by then. A half-typed line
// stays with its room; one that was typed in the lobby belongs to no room and moves along.
func (m *tui) turnTo(to *pane) {
	from := m.tabs.shown()
	if from == to {
		return
	}
	m.tabs.bringBack(to)
	from.turn()
	if m.input.returned {
		m.input.set("")
	}
	m.input.keys++
	if text := m.input.text(); from.here.ID != "" || text == "" {
		from.draft = text
		m.input.set(to.draft)
		m.input.forget()
	}
	if from.over {
		m.tabs.list = slices.DeleteFunc(m.tabs.list, func(p *pane) bool { return p == from })
	}
	m.tabs.at = slices.Index(m.tabs.list, to)
	m.hint = ""
	to.look()
	m.side, m.door = side{hidden: m.side.hidden}, door{}
	m.glances.stale = true
	m.glance()
}

// offer shows a pane that something has happened to, unless the user is typing a line to another room.
func (m *tui) offer(p *pane) {
	if m.room().ID == "" || m.input.idle() {
		m.turnTo(p)
	}
}
