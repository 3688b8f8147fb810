package tui

import (
	"context"
	"strconv"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
)

// screenCommands returns the commands that only the full-screen console has.
func screenCommands() []*command.Command {
	return []*command.Command{{
		Name: "copy", Usage: "[N or invite]", Max: 1, Run: runCopy,
		Help:     "copy the last N lines or the latest invite to the clipboard of your terminal",
		Examples: []string{"/copy", "/copy 3", "/copy invite"},
		Targets:  func(command.CompletionContext) []string { return []string{"invite"} },
	}}
}

func runCopy(_ context.Context, c command.Call) (command.Reply, error) {
	if c.Arg(0) == "invite" {
		return command.Reply{Then: func(f command.Face) { f.(*tui).copyInvite() }}, nil
	}
	n := 1
	if c.Arg(0) != "" {
		var err error
		if n, err = strconv.Atoi(c.Arg(0)); err != nil || n < 1 {
			return command.Reply{}, fail.Usage("/copy 3 copies three lines", "%q is not a number of lines", c.Arg(0))
		}
	}
	return command.Reply{Then: func(f command.Face) { f.(*tui).copyLines(n) }}, nil
}

// copyLines asks the terminal to put the last n lines of the room on its clipboard. Some terminals refuse; none says so.
func (m *tui) copyLines(n int) {
	text, copied := m.tabs.shown().scroll.copied(n)
	if copied == 0 {
		m.hint = "there is nothing to copy"
		return
	}
	m.do(tea.SetClipboard(text))
	m.hint = "asked the terminal to copy " + render.Count(copied, "line", "lines")
}

func (m *tui) copyInvite() {
	if m.secret == "" {
		m.hint = "there is no invite to copy: /invite makes one"
		return
	}
	m.do(tea.SetClipboard(m.secret))
	m.hint = "asked the terminal to copy the invite"
}
