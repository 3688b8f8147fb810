package tui

import (
	"time"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/notify"
	"localchat/node"
)

// A gaze is what the console knows of whether its user looks at the window.
type gaze struct {
	// reports is set if the terminal says when its window gets the keyboard and loses it, and blurred if another window has it.
	reports, blurred bool
	// acted is when the user last used the keyboard or the mouse here.
	acted time.Time
}

// looks reports whether the user looks at the window. In a terminal that does not report it, a user who does something looks.
func (g gaze) looks(now time.Time) bool {
	if g.reports {
		return !g.blurred
	}
	return now.Sub(g.acted) < notify.UnseenAfter
}

// reported notes whether the terminal reports focus, as it says itself. tmux says so whether or not it is set to pass the reports
// on, and so counts when the first one comes.
func (g *gaze) reported(mode ansi.ModeSetting, tmux bool) {
	g.reports = g.reports || !tmux && (mode.IsSet() || mode == ansi.ModeReset)
}

// call calls the user for an event, if it is one for that, in a room where the user has that nick.
func (m *tui) call(ev node.Event, nick string) {
	looks := m.gaze.looks(m.now)
	if looks && !m.show.Bell {
		m.caller.Looked()
		return
	}
	m.notify(m.caller.Hear(ev, m.now, nick, m.show.Notify), looks)
}

// notify shows notifications. A user who looks hears the bell alone.
func (m *tui) notify(notes []notify.Note, looks bool) {
	for _, n := range notes {
		sequence := m.env.Terminal.Sequence(n)
		if looks {
			sequence = notify.Bell
		}
		m.do(tea.Raw(sequence))
	}
}
