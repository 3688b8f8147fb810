package tui

import (
	"slices"
	"strings"
)

// An inputMoment is the text of the input and the position of the cursor.
type inputMoment struct {
	text         string
	line, column int
}

// An inputPast is the history of the input, for undo, and the text that was deleted last, for yank.
type inputPast struct {
	before []inputMoment
	// letters is set if the last change inserted a letter: the next letter is part of the same change.
	letters bool
	killed  string
	killing bool // the last key deleted text, and the next deletion adds to killed
}

// killers are the keys that delete more than a letter. The value is true if they delete text before the cursor.
var killers = map[string]bool{
	"ctrl+w": true, "alt+backspace": true, "ctrl+backspace": true, "ctrl+u": true,
	"ctrl+k": false, "alt+d": false, "alt+delete": false, "ctrl+delete": false,
}

// now returns the present state of the input.
func (c *composer) now() inputMoment { return inputMoment{c.text(), c.area.Line(), c.area.Column()} }

// changed records the change that a key has made.
func (c *composer) changed(before inputMoment, key string, letter bool) {
	now := c.text()
	back, kills := killers[key]
	if now == before.text {
		c.undo.killing = c.undo.killing && kills
		return
	}
	if !letter || !c.undo.letters {
		c.undo.before = append(c.undo.before, before)
		c.undo.before = c.undo.before[max(len(c.undo.before)-maxUndo, 0):]
	}
	c.undo.letters = letter
	if kills {
		gone := missing(before.text, now)
		switch {
		case !c.undo.killing:
			c.undo.killed = gone
		case back:
			c.undo.killed = gone + c.undo.killed
		default:
			c.undo.killed += gone
		}
	}
	c.undo.killing = kills
}

// missing returns the text whose deletion from before left after.
func missing(before, after string) string {
	a, b := []rune(before), []rune(after)
	start := 0
	for start < len(b) && a[start] == b[start] {
		start++
	}
	return string(a[start : start+len(a)-len(b)])
}

// undoLast undoes the last change.
func (c *composer) undoLast() {
	n := len(c.undo.before)
	if n == 0 {
		return
	}
	to := c.undo.before[n-1]
	c.undo.before, c.undo.letters, c.undo.killing = c.undo.before[:n-1], false, false
	c.set(to.text)
	c.area.MoveToBegin()
	for range strings.Count(to.text, "\n") + len(to.text) { // a step is a row, and a line can have many
		if c.area.Line() >= to.line {
			break
		}
		c.area.CursorDown()
	}
	c.area.SetCursorColumn(to.column)
}

// yank inserts the text that was deleted last.
func (c *composer) yank() { c.insert(c.undo.killed) }

// forget clears the history, for a new line. The deleted text can still be inserted.
func (c *composer) forget() { c.undo = inputPast{killed: c.undo.killed} }

// undoes reports whether a key undoes the last change. Terminals send Ctrl-_ and Ctrl-/ alike, under different names.
func undoes(key string) bool {
	return slices.Contains([]string{"ctrl+_", "ctrl+/", "ctrl+shift+-", "ctrl+7"}, key)
}
