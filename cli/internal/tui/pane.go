package tui

import (
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/node"
)

// A pane is what the screen can show one of: the lobby, or a room.
type pane struct {
	// here is the room, with no id for the lobby.
	here command.Room
	// over: the room's place was lost; the pane stays until it is left, so that the last words can be read.
	over bool

	scroll scroll
	draft  string // half typed when another pane was turned to
	// unread lines and calls came while nobody looked; marked: the first of them has its rule.
	unread, calls int
	marked        bool

	// away is since when the owner does not answer; zero: it does. left: its node has ended in order.
	away time.Time
	left bool
	// progress of removals that are not known everywhere, on the owner's node.
	progress render.Removals
	policy   node.PolicyInfo
	hues     hues
	roster   command.Roster
}

// add puts a line in its place; looked: somebody sees it come.
func (p *pane) add(l line, looked bool) {
	// The date may get a line of its own in front of this one; the rule stands above the words.
	seq := p.scroll.add(l)
	if !looked {
		switch l.kind {
		case said:
			p.unread++
		case calling:
			p.unread++
			p.calls++
		}
		if !p.marked {
			p.marked, p.scroll.newFrom = true, seq
		}
	}
}

// look: somebody looks at the pane again.
func (p *pane) look() { p.unread, p.calls = 0, 0 }

// turn: nobody looks any more, so the next line is the first new one.
func (p *pane) turn() { p.marked, p.scroll.newFrom = false, 0 }
