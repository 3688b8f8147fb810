package tui

import "charm.land/bubbletea/v2"

// wheelStep is how many rows the wheel scrolls.
const wheelStep = 3

// wheel scrolls the part of the screen that is under the mouse.
func (m *tui) wheel(msg tea.MouseWheelMsg) {
	step := wheelStep
	switch msg.Button {
	case tea.MouseWheelUp:
		step = -wheelStep
	case tea.MouseWheelDown:
	default:
		return
	}
	switch s := &m.tabs.shown().scroll; {
	case m.page != nil:
		m.page.scroll(step, m.window.frame.body)
	case m.inSide(msg.X, msg.Y):
		m.side.scroll(step)
	case step < 0:
		s.up(-step)
	default:
		s.down(step)
	}
}

// inSide reports whether a position is in the side column.
func (m *tui) inSide(x, y int) bool {
	y -= len(m.window.frame.above)
	return m.window.frame.side && x >= m.window.frame.talk && y >= 0 && y < m.window.frame.body
}

// click chooses the entry of the side column, the room of the lobby, or the room in the bar that is under the mouse. A click
// elsewhere moves the focus back to the input. A click never runs a command.
func (m *tui) click(msg tea.MouseClickMsg) {
	if msg.Button != tea.MouseLeft || m.questions.shown != nil || m.page != nil {
		return
	}
	m.hint = ""
	switch y := msg.Y - len(m.window.frame.above); {
	case m.inSide(msg.X, msg.Y):
		m.side.choose(m.window.frame.items, m.side.top+y)
	case len(m.window.frame.below) > 0 && msg.Y == m.window.height-1:
		if i := m.roomAt(msg.X); i >= 0 {
			m.turnTo(m.tabs.list[i])
		}
	case m.tabs.shown().here.ID == "" && y >= 0 && y < m.window.frame.body:
		if i := m.lobbyAt(y); i >= 0 {
			m.lobby.at = i
		}
	default:
		m.side.focus = false
	}
}
