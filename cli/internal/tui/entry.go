package tui

import (
	"context"
	"strings"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

// An entry is a room that we are asking to be let into.
type entry struct {
	job  int
	room safe.Text
	// until is the time limit for the owner's answer; zero: the owner has not been asked yet.
	until  time.Time
	cancel context.CancelFunc
	// withdrawn is set if the user has cancelled the request.
	withdrawn bool
}

// asked reports that a job has asked the owner of a room to let us in.
type asked struct {
	job   int
	room  string
	until time.Time
}

// opened returns the job that runs cmd, the command that the console starts with.
func (m *tui) opened(cmd *command.Command) job {
	j := job{cmd: cmd, pane: m.tabs.list[0], opening: true}
	if m.open.Knocks {
		j.enters = "the room"
	}
	return j
}

// entersBy returns the room that a command line asks to be let into, or "".
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

// knocks records that an owner has been asked.
func (m *tui) knocks(a asked) {
	for i := range m.entering {
		if m.entering[i].job == a.job {
			m.entering[i].room, m.entering[i].until = safe.Name(a.room), a.until
		}
	}
}

// entered removes the entry of a job that is finished. It reports whether the user had cancelled it.
func (m *tui) entered(job int) (withdrawn bool) {
	for i, e := range m.entering {
		if e.job == job {
			m.entering = append(m.entering[:i:i], m.entering[i+1:]...)
			return e.withdrawn
		}
	}
	return false
}

// leavesNoRoom carries out a /leave that is typed outside a room: it cancels the latest request to be let in, or closes the pane of a
// room that we are no longer in. It reports whether there was one of these.
func (m *tui) leavesNoRoom() bool {
	over := m.tabs.shown().over
	if over || m.withdraw() {
		m.input.take()
	} else {
		return false
	}
	if over {
		m.turnTo(m.beside(m.tabs.shown()))
	}
	return true
}

// withdraw cancels the latest request to be let in, and reports whether there was one.
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

// enteringText describes the latest request to be let in, with the time left for the answer.
func (m *tui) enteringText() safe.Text {
	if len(m.entering) == 0 {
		return ""
	}
	e := m.entering[len(m.entering)-1]
	text := render.NoticeMark + "asking to be let into " + safe.Crop(e.room, 2*render.PromptCells)
	if !e.until.IsZero() {
		text += ": " + render.Minutes(max(int(e.until.Sub(m.now)/time.Second), 0)) + " left for an answer"
	}
	if m.tabs.shown().here.ID == "" {
		text += "; /leave cancels"
	}
	if n := len(m.entering) - 1; n > 0 {
		text += "; and " + render.Count(n, "other room", "other rooms")
	}
	return text
}
