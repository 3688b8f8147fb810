package tui

import (
	"charm.land/bubbletea/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
)

// KeyHelp describes the keys of the full-screen console, for /help.
var KeyHelp = []safe.Text{
	"Enter sends the line; Alt-Enter or Ctrl-J starts a new line; Tab completes",
	"Up, Down: earlier input; Ctrl-R: the last input that contains the typed text",
	"Ctrl-Y inserts what Ctrl-W, Ctrl-U or Ctrl-K removed; Ctrl-_ undoes the last change",
	"PgUp, PgDn scroll; End returns; Alt-P, Alt-N: lines that mention you",
	"Alt-1 to Alt-9, Ctrl-N, Ctrl-P: the other rooms; Alt-1 is the lobby",
	"F2: the members, and actions on them; F5, F6: let in or turn away the person who knocks",
	"Ctrl-C clears the line; twice on an empty line it quits, as Ctrl-D and /quit do",
	"to select with the mouse, hold Shift where /set mouse is on; /copy 3 copies three lines",
}

// key acts on a key.
func (m *tui) key(msg tea.KeyPressMsg) {
	name := msg.String()
	again := m.hint == quitHint
	m.hint = ""
	switch {
	case m.questions.shown != nil:
		m.answer(name)
	case m.page != nil:
		m.pageKey(name)
	case m.always(msg, name, again):
	case m.side.focus:
		m.sideKey(name)
	case m.moves(name):
	default:
		m.types(msg, name)
	}
}

// quits ends the console. It asks first if other processes end with it.
func (m *tui) quits() {
	quit, _ := command.LookUp("quit", "", m.table)
	if c, _ := quit.Ask(m.query(job{cmd: quit, pane: m.tabs.shown()}), m.known()); c != nil {
		m.ask(m.tabs.shown(), c.Text, func() { m.end.quit = true })
		return
	}
	m.end.quit = true
}

const quitHint safe.Text = "Ctrl-C again quits localchat"

// always acts on the keys that mean the same in every pane, and reports whether name is one of them.
func (m *tui) always(msg tea.KeyPressMsg, name string, again bool) bool {
	switch name {
	case "ctrl+c":
		switch {
		case m.side.focus:
			m.side.focus = false
		case m.input.text() != "":
			before := m.input.now()
			m.input.set("")
			m.input.changed(before, "ctrl+u", false)
			m.input.at = len(m.input.past)
		case again:
			m.quits()
		default:
			m.hint = quitHint
		}
	case "ctrl+d":
		if m.input.text() != "" {
			return false
		}
		m.quits()
	case "ctrl+z", "ctrl+l":
		m.screenKey(name)
	case "ctrl+n":
		m.turnTo(m.tabs.list[(m.tabs.at+1)%len(m.tabs.list)])
	case "ctrl+p":
		m.turnTo(m.tabs.list[(m.tabs.at+len(m.tabs.list)-1)%len(m.tabs.list)])
	case "f1":
		help, _ := command.LookUp("help", "", m.table)
		m.run(job{cmd: help, pane: m.tabs.shown()})
	case "f2":
		if m.room().ID != "" {
			m.side.toggle()
		}
	case "f5":
		m.answerDoor(true)
	case "f6":
		m.answerDoor(false)
	default:
		return m.digit(msg)
	}
	return true
}

// screenKey acts on the keys that concern the terminal.
func (m *tui) screenKey(name string) {
	if name == "ctrl+z" {
		m.do(tea.Suspend)
		return
	}
	m.do(tea.ClearScreen)
}

// digit shows the room whose number is pressed with Alt.
func (m *tui) digit(msg tea.KeyPressMsg) bool {
	if msg.Mod != tea.ModAlt || msg.Code < '1' || msg.Code > '9' {
		return false
	}
	if i := int(msg.Code - '1'); i < len(m.tabs.list) {
		m.turnTo(m.tabs.list[i])
	}
	return true
}

// moves acts on the keys that move through the transcript, and reports whether name is one of them.
func (m *tui) moves(name string) bool {
	s := &m.tabs.shown().scroll
	switch name {
	case "pgup":
		s.up(max(s.height-1, 1))
	case "pgdown":
		s.down(max(s.height-1, 1))
	case "ctrl+home":
		s.top()
	case "ctrl+end":
		s.end()
	case "end", "esc":
		if s.anchor == 0 {
			return false
		}
		s.end()
	case "alt+p":
		s.seek(calling, true)
	case "alt+n":
		s.seek(calling, false)
	default:
		return false
	}
	return true
}

// types acts on the keys of the input.
func (m *tui) types(msg tea.KeyPressMsg, name string) {
	if name != "enter" {
		before := m.input.now()
		m.input.pressed(msg.Text != "")
		if undoes(name) {
			m.input.undoLast()
			return
		}
		defer func() { m.input.changed(before, name, msg.Text != "") }()
	}
	inLobby := m.tabs.shown().here.ID == "" && m.input.text() == ""
	switch name {
	case "enter":
		m.submit()
	case "alt+enter", "shift+enter", "ctrl+j":
		m.input.newline()
	case "tab":
		m.complete(1)
	case "shift+tab":
		m.complete(-1)
	case "up", "down":
		switch {
		case inLobby && m.input.at == len(m.input.past) && len(m.lobby.rooms) > 0:
			m.lobby.move(name == "down")
		case m.input.edge(name == "up"):
			m.input.recall(name == "up")
		default:
			m.input.edit(msg)
		}
	case "ctrl+r":
		m.input.search()
	case "ctrl+y":
		m.input.yank()
	case "f3":
		m.input.set("/create ")
	default:
		m.input.edit(msg)
	}
}
