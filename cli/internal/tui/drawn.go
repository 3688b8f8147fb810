package tui

import (
	"strings"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/safe"
)

// The text area of the input drops tabs and controls, and counts the cells of a text in its own way. So what it would drop
// has stand-ins in it, and the input is drawn here, as the terminal counts.

// A drawnInput is the input as it is drawn.
type drawnInput struct {
	of    inputState
	rows  []safe.Text // all of them
	x, y  int         // the column of the cursor, and its row
	top   int         // the first row that is shown
	shown int         // how many are
}

// An inputState is all that the rows of the input depend on.
type inputState struct {
	text                string
	line, column, width int
	clusters            bool
}

// draw divides the input into rows of at most width cells, of which height are shown.
func (c *composer) draw(width, height int) {
	if width != c.area.Width() {
		c.area.SetWidth(width)
	}
	d := &c.drawn
	now := inputState{c.text(), c.area.Line(), c.area.Column(), width, safe.InClusters()}
	if now != d.of || d.rows == nil {
		d.of, d.rows = now, nil
		for i, line := range strings.Split(now.text, "\n") {
			d.add(line, i == now.line)
		}
	}
	d.shown = min(len(d.rows), max(height, 1))
	d.top = min(max(d.top, d.y-d.shown+1), d.y, len(d.rows)-d.shown)
}

// add adds a line, which the cursor may be in.
func (d *drawnInput) add(line string, cursor bool) {
	shown, at := safe.Message(line), -1
	if cursor {
		before := []rune(line)
		at = min(len(safe.Message(string(before[:min(d.of.column, len(before))]))), len(shown))
	}
	start := 0
	for _, end := range safe.BreakRows(string(shown), d.of.width) {
		if start <= at && at <= end {
			d.x, d.y = safe.Cells(shown[start:at]), len(d.rows)
		}
		row := shown[start:end]
		if safe.Cells(row) > d.of.width { // blanks at its end
			row = row[:len(strings.TrimRightFunc(string(row), safe.IsBlank))]
		}
		d.rows = append(d.rows, row)
		start = end
	}
	switch {
	case at < 0 || d.x < d.of.width:
	case d.y < len(d.rows)-1:
		d.x = d.of.width - 1
	default: // behind a row that is full
		d.rows = append(d.rows, "")
		d.x, d.y = 0, d.y+1
	}
}

// view are the rows shown, the first one of all behind prompt and the others below its end.
func (c *composer) view(prompt safe.Text) []row {
	d := &c.drawn
	rows := make([]row, d.shown)
	for i, text := range d.rows[d.top : d.top+d.shown] {
		front := prompt
		if d.top+i > 0 {
			front = safe.Repeat(" ", safe.Cells(prompt))
		}
		rows[i] = row{text: bold.Render(string(front)) + string(text), cells: safe.Cells(front) + safe.Cells(text)}
		if c.returned { // the next letter takes the place of all of it
			rows[i].text = bold.Render(string(front)) + chosen.Render(string(text))
		}
	}
	return rows
}

// cursor is the cursor behind prompt, as if the rows shown were all of the screen.
func (c *composer) cursor(prompt safe.Text) *tea.Cursor {
	cursor := c.area.Cursor()
	if cursor != nil {
		cursor.X, cursor.Y = safe.Cells(prompt)+c.drawn.x, c.drawn.y-c.drawn.top
	}
	return cursor
}
