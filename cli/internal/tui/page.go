package tui

import (
	"charm.land/lipgloss/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
)

// A page is something to read over the talk, which goes on below it: it is put away with a key and leaves nothing there.
type page struct {
	lines []command.PageLine
	rows  []row // of lines, as drawn
	top   int   // the first row shown
}

const (
	headMost     = 36 // columns of what is explained, beside its explanation
	besideFrom   = 72 // columns of a screen on which the two stand side by side
	belowIndent  = 4  // columns before an explanation below what it explains
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

// add adds a text, with front before its first row and rest before the others.
func (p *page) add(style lipgloss.Style, front, rest, text safe.Text, width int) {
	for _, part := range safe.Fold(text, max(width-safe.Cells(front), 1)) {
		p.rows = append(p.rows, styled(style, safe.Crop(front+part, width)))
		front = rest
	}
}

// scroll moves the window, of that many rows, over the page.
func (p *page) scroll(rows, height int) { p.top = max(min(p.top+rows, len(p.rows)-height), 0) }

// window are the rows shown.
func (p *page) window(height int) []row {
	shown := make([]row, height)
	copy(shown, p.rows[min(p.top, len(p.rows)):])
	return shown
}

// pageKey acts on a key while a page is open. What means nothing to the page is not for the input either.
func (m *tui) pageKey(name string) {
	p, height := m.page, m.frame.body
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
