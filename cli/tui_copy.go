package cli

import (
	"context"
	"strconv"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
)

// screenCommands are those that only a screen has.
func screenCommands() []*command {
	return []*command{{
		name: "copy", usage: "[N or invite]", max: 1, run: runCopy,
		help:     "copy the last N lines, or the invite made last, to the clipboard of your terminal",
		examples: []string{"/copy", "/copy 3", "/copy invite"},
		targets:  func(known) []string { return []string{"invite"} },
	}}
}

func runCopy(_ context.Context, c call) (reply, error) {
	if c.arg(0) == "invite" {
		return reply{then: func(f face) { f.(*tui).copyInvite() }}, nil
	}
	n := 1
	if c.arg(0) != "" {
		var err error
		if n, err = strconv.Atoi(c.arg(0)); err != nil || n < 1 {
			return reply{}, fail.Usage("/copy 3 copies three lines", "%q is no number of lines", c.arg(0))
		}
	}
	return reply{then: func(f face) { f.(*tui).copyLines(n) }}, nil
}

// copyLines hands the last n lines of the room to the terminal, which may or may not take them.
func (m *tui) copyLines(n int) {
	text, copied := m.pane().scroll.copied(n)
	if copied == 0 {
		m.hint = "there is nothing to copy"
		return
	}
	m.do(tea.SetClipboard(text))
	m.hint = "asked the terminal to copy " + render.Count(copied, "line", "lines")
}

func (m *tui) copyInvite() {
	if m.secret == "" {
		m.hint = "/invite makes one first"
		return
	}
	m.do(tea.SetClipboard(m.secret))
	m.hint = "asked the terminal to copy the invite"
}
