package tui

import (
	"strings"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/safe"
)

// The text area, which holds the input, drops tabs and control characters, and does not count cells as the terminal does. So it is
// given stand-ins for the characters that it would drop, and the code of this file draws the input.

// A drawnInput is the input in the rows in which it is drawn.
type drawnInput struct {
	of    inputState
	rows  []safe.Text // all of them, shown or not
	x, y  int         // the column and row of the cursor
	top   int         // the first row that is shown
	shown int         // number of rows shown
}

// An inputState is everything that the rows of the input depend on.
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

// add adds the rows of a line. cursor is set if the cursor is in it.
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
		if safe.Cells(row) > d.of.width { // because of the blanks at its end
			row = row[:len(strings.TrimRightFunc(string(row), safe.IsBlank))]
		}
		d.rows = append(d.rows, row)
		start = end
	}
	switch {
	case at < 0 || d.x < d.of.width:
	case d.y < len(d.rows)-1:
		d.x = d.of.width - 1
	default: // the cursor is after a full row
		d.rows = append(d.rows, "")
		d.x, d.y = 0, d.y+1
	}
}

// view returns the rows shown. The first row of the input follows prompt, and the others are indented by its width.
func (c *composer) view(prompt safe.Text) []row {
	d := &c.drawn
	rows := make([]row, d.shown)
	for i, text := range d.rows[d.top : d.top+d.shown] {
		front := prompt
		if d.top+i > 0 {
			front = safe.Repeat(" ", safe.Cells(prompt))
		}
		rows[i] = row{text: bold.Render(string(front)) + string(text), cells: safe.Cells(front) + safe.Cells(text)}
		if c.returned { // a letter that is typed now replaces the whole text
			rows[i].text = bold.Render(string(front)) + chosen.Render(string(text))
		}
	}
	return rows
}

// cursor returns the cursor, counted from the first row shown.
func (c *composer) cursor(prompt safe.Text) *tea.Cursor {
	cursor := c.area.Cursor()
	if cursor != nil {
		cursor.X, cursor.Y = safe.Cells(prompt)+c.drawn.x, c.drawn.y-c.drawn.top
	}
	return cursor
}
