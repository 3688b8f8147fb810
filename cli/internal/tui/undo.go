package tui

import (
	"slices"
	"strings"
)

// A moment of the input is its text and where the cursor was.
type inputMoment struct {
	text         string
	line, column int
}

// An inputPast is what was in the input before, for undo, and what was taken out of it, to be put in again.
type inputPast struct {
	before []inputMoment
	// letters: the last change put a letter in, and the next letter is part of the same change.
	letters bool
	killed  string
	killing bool // the last key took something out too: what comes now belongs to it
}

// killers are the keys that take out more than a letter, and whether what they take stands before the cursor.
var killers = map[string]bool{
	"ctrl+w": true, "alt+backspace": true, "ctrl+backspace": true, "ctrl+u": true,
	"ctrl+k": false, "alt+d": false, "alt+delete": false, "ctrl+delete": false,
}

// now is the input as it is.
func (c *composer) now() inputMoment { return inputMoment{c.text(), c.area.Line(), c.area.Column()} }

// changed notes what a key has made of the input.
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

// missing is what was taken out of before to make after of it.
func missing(before, after string) string {
	a, b := []rune(before), []rune(after)
	start := 0
	for start < len(b) && a[start] == b[start] {
		start++
	}
	return string(a[start : start+len(a)-len(b)])
}

// takeBack undoes the last change.
func (c *composer) takeBack() {
	n := len(c.undo.before)
	if n == 0 {
		return
	}
	to := c.undo.before[n-1]
	c.undo.before, c.undo.letters, c.undo.killing = c.undo.before[:n-1], false, false
	c.set(to.text)
	c.area.MoveToBegin()
	for range strings.Count(to.text, "\n") + len(to.text) { // each step is a row, and a line has many
		if c.area.Line() >= to.line {
			break
		}
		c.area.CursorDown()
	}
	c.area.SetCursorColumn(to.column)
}

// yank puts in what was taken out last.
func (c *composer) yank() { c.insert(c.undo.killed) }

// forget: the input is another one now, with no past of its own.
func (c *composer) forget() { c.undo = inputPast{killed: c.undo.killed} }

// undoes reports whether a key takes the last change back. Terminals send Ctrl-_ and Ctrl-/ alike, or by either name.
func undoes(key string) bool {
	return slices.Contains([]string{"ctrl+_", "ctrl+/", "ctrl+shift+-", "ctrl+7"}, key)
}
