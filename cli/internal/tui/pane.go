package tui

import (
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/node"
)

// A pane is the lobby or a room. The screen shows one pane at a time.
type pane struct {
	// here is the room; in the lobby it has no id.
	here command.Room
	// over is set if we are no longer in the room. The pane stays until another one is shown, so that its last lines can be read.
	over bool

	scroll scroll
	draft  string // half-typed line, while another pane is shown
	// unread counts the lines that came while the user did not look at the pane, and calls counts those of them that are for the user.
	// marked is set if the first one has the rule "new" above it.
	unread, calls int
	marked        bool

	// away is when the owner stopped answering; zero: it answers. left is set if the owner quit in the normal way.
	away time.Time
	left bool
	// progress holds the removals that some members have not confirmed. Only the owner of a room has any.
	progress render.Removals
	policy   node.PolicyInfo
	hues     hues
	roster   command.Roster
}

// add adds a line. looked is set if the user sees it.
func (p *pane) add(l line, looked bool) {
	// The scroll may put a line with the date before this one. The rule "new" belongs above this one.
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

// look records that the user looks at the pane again.
func (p *pane) look() { p.unread, p.calls = 0, 0 }

// turn records that the user no longer looks at the pane: the next line will be the first new one.
func (p *pane) turn() { p.marked, p.scroll.newFrom = false, 0 }
