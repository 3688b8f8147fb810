package tui

import (
	"charm.land/lipgloss/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
)

// A page is a text that covers the talk until a key closes it. It leaves nothing in the transcript.
type page struct {
	lines []command.PageLine
	rows  []row // the lines as drawn
	top   int   // index of the first row shown
}

const (
	headMost     = 36 // columns: the longest head beside its explanation
	besideFrom   = 72 // columns: on a narrower screen an explanation is below its head
	belowIndent  = 4  // columns: the indent of such an explanation
	pageHelpText = " Up, Down, PgUp, PgDn: more; Esc, q or F1: back "
)

// draw divides the page into rows of at most width cells.
func (p *page) draw(width int) {
	p.rows = nil
	column := 0
	for _, l := range p.lines {
		if n := safe.Cells(l.Head); n <= headMost {
			column = max(column, n)
		}
	}
	for _, l := range p.lines {
		switch {
		case l.Heading:
			p.rows = append(p.rows, row{}, styled(bold, safe.Crop(l.Text, width)))
		case l.Head == "":
			p.add(plain, "", "", l.Text, width)
		case width >= besideFrom && safe.Cells(l.Head) <= column:
			p.add(plain, safe.Pad(l.Head, column+2), safe.Repeat(" ", column+2), l.Text, width)
		default:
			p.add(plain, "", "", l.Head, width)
			p.add(plain, safe.Repeat(" ", belowIndent), safe.Repeat(" ", belowIndent), l.Text, width)
		}
	}
}

// add adds the rows of a text, with front before the first one and rest before the others.
func (p *page) add(style lipgloss.Style, front, rest, text safe.Text, width int) {
	for _, part := range safe.Fold(text, max(width-safe.Cells(front), 1)) {
		p.rows = append(p.rows, styled(style, safe.Crop(front+part, width)))
		front = rest
	}
}

// scroll moves a window of height rows over the page.
func (p *page) scroll(rows, height int) { p.top = max(min(p.top+rows, len(p.rows)-height), 0) }

// window returns the rows shown.
func (p *page) window(height int) []row {
	shown := make([]row, height)
	copy(shown, p.rows[min(p.top, len(p.rows)):])
	return shown
}

// pageKey acts on a key while a page is open. Other keys are ignored; they do not reach the input.
func (m *tui) pageKey(name string) {
	p, height := m.page, m.window.frame.body
	switch name {
	case "esc", "q", "f1", "enter", "ctrl+c":
		m.page = nil
	case "up":
		p.scroll(-1, height)
	case "down":
		p.scroll(1, height)
	case "pgup":
		p.scroll(1-height, height)
	case "pgdown", " ", "space":
		p.scroll(height-1, height)
	case "home":
		p.scroll(-len(p.rows), height)
	case "end":
		p.scroll(len(p.rows), height)
	case "ctrl+z", "ctrl+l":
		m.screenKey(name)
	}
}
