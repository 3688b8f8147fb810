package tui

import (
	"context"
	"strings"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

// An entry is a room that we ask to be let into.
type entry struct {
	job  int
	room safe.Text
	// until is how long the owner's answer is awaited; zero: no person has been asked yet.
	until  time.Time
	cancel context.CancelFunc
	// withdrawn: we do not want to come in any more.
	withdrawn bool
}

// asked says that the owner of the room that a job wants to enter has been asked.
type asked struct {
	job   int
	room  string
	until time.Time
}

// opened is the job that the console is opened with.
func (m *tui) opened(cmd *command.Command) job {
	j := job{cmd: cmd, pane: m.panes[0], opening: true}
	if m.open.Knocks {
		j.enters = "the room"
	}
	return j
}

// entersBy is the room that a command line asks to be let into, "" where it asks for none.
func entersBy(cmd *command.Command, args []string) safe.Text {
	if cmd.Name != "join" {
		return ""
	}
	room, _, _ := command.CutNick(args[0])
	if command.IsInvite(room) {
		return "the room of the invite"
	}
	return safe.Name(strings.TrimSpace(room))
}

// knocks notes that the owner has been asked.
func (m *tui) knocks(a asked) {
	for i := range m.entering {
		if m.entering[i].job == a.job {
			m.entering[i].room, m.entering[i].until = safe.Name(a.room), a.until
		}
	}
}

// entered: a job has come back, with whatever answer. It reports whether the answer was wanted no longer.
func (m *tui) entered(job int) (withdrawn bool) {
	for i, e := range m.entering {
		if e.job == job {
			m.entering = append(m.entering[:i:i], m.entering[i+1:]...)
			return e.withdrawn
		}
	}
	return false
}

// leavesNoRoom is /leave where no room is typed into: it takes a knock back, or goes from a room that has ended.
func (m *tui) leavesNoRoom() bool {
	over := m.pane().over
	if over || m.withdraw() {
		m.input.take()
	} else {
		return false
	}
	if over {
		m.turnTo(m.beside(m.pane()))
	}
	return true
}

// withdraw takes back what was asked last, and reports whether something was.
func (m *tui) withdraw() bool {
	for i := len(m.entering) - 1; i >= 0; i-- {
		if e := &m.entering[i]; !e.withdrawn {
			e.withdrawn = true
			e.cancel()
			return true
		}
	}
	return false
}

// enteringText is what is asked last, with the time that is left for the answer.
func (m *tui) enteringText() safe.Text {
	if len(m.entering) == 0 {
		return ""
	}
	e := m.entering[len(m.entering)-1]
	text := render.NoticeMark + "asking to be let into " + safe.Crop(e.room, 2*render.PromptCells)
	if !e.until.IsZero() {
		text += ": " + render.Minutes(max(int(e.until.Sub(m.now)/time.Second), 0)) + " left for an answer"
	}
	if m.pane().here.ID == "" {
		text += "; /leave cancels"
	}
	if n := len(m.entering) - 1; n > 0 {
		text += "; and " + render.Count(n, "other room", "other rooms")
	}
	return text
}
