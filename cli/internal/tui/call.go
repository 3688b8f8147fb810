package tui

import (
	"time"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/notify"
	"localchat/node"
)

// A gaze is what the console knows about whether its user looks at the window.
type gaze struct {
	// reports is set if the terminal reports when its window gets or loses the keyboard focus. blurred is set if it has lost it.
	reports, blurred bool
	// acted is when the user last used the keyboard or the mouse in this window.
	acted time.Time
}

// looks reports whether the user looks at the window. In a terminal that does not report focus, a user who has pressed a key a moment
// ago looks.
func (g gaze) looks(now time.Time) bool {
	if g.reports {
		return !g.blurred
	}
	return now.Sub(g.acted) < notify.UnseenAfter
}

// reported records the terminal's answer to the question whether it reports focus. The answer of tmux is ignored, since tmux says yes
// even if it is not set to pass the reports on; a terminal in tmux counts from its first report on.
func (g *gaze) reported(mode ansi.ModeSetting, tmux bool) {
	g.reports = g.reports || !tmux && (mode.IsSet() || mode == ansi.ModeReset)
}

// call notifies the user of an event, if the settings say so. nick is the user's nick in the room of the event.
func (m *tui) call(ev node.Event, nick string) {
	looks := m.gaze.looks(m.now)
	if looks && !m.show.Bell {
		m.caller.Looked()
		return
	}
	m.notify(m.caller.Hear(ev, m.now, nick, m.show.Notify), looks)
}

// notify shows notifications. If the user looks at the window, it only rings the bell.
func (m *tui) notify(notes []notify.Note, looks bool) {
	for _, n := range notes {
		sequence := m.env.Terminal.Sequence(n)
		if looks {
			sequence = notify.Bell
		}
		m.do(tea.Raw(sequence))
	}
}
