package tui

import (
	"testing"

	"charm.land/bubbletea/v2"
)

// TestScreenYankAndUndo: removed text comes back with Ctrl-Y, and each change can be undone, with the cursor where it was.
func TestScreenYankAndUndo(t *testing.T) {
	for name, c := range map[string]struct {
		does func(g *glass)
		want string
	}{
		"a word":                   {func(g *glass) { g.types("one two"); g.press("ctrl+w", "ctrl+y", "ctrl+y") }, "one twotwo"},
		"two words":                {func(g *glass) { g.types("one two three"); g.press("ctrl+w", "ctrl+w", "ctrl+y") }, "one two three"},
		"words not in a row":       {func(g *glass) { g.types("one two"); g.press("ctrl+w", "left", "right", "ctrl+w", "ctrl+y") }, "one "},
		"the line":                 {func(g *glass) { g.types("one two"); g.press("ctrl+u"); g.types("x"); g.press("ctrl+y") }, "xone two"},
		"to the end":               {func(g *glass) { g.types("one two"); g.press("home", "ctrl+k", "ctrl+y") }, "one two"},
		"the word behind":          {func(g *glass) { g.types("one two"); g.press("home", "alt+d", "end", "ctrl+y") }, " twoone"},
		"what Ctrl-C threw away":   {func(g *glass) { g.types("one two"); g.press("ctrl+c", "ctrl+y") }, "one two"},
		"into another line":        {func(g *glass) { g.types("one two"); g.press("ctrl+w"); g.press("enter", "ctrl+y") }, "two"},
		"wide letters":             {func(g *glass) { g.types("日本 太郎"); g.press("ctrl+w", "ctrl+y") }, "日本 太郎"},
		"nothing":                  {func(g *glass) { g.press("ctrl+y", "ctrl+w", "ctrl+y") }, ""},
		"undo letters at once":     {func(g *glass) { g.types("one two"); g.press("ctrl+_") }, ""},
		"undo a word taken out":    {func(g *glass) { g.types("one two"); g.press("ctrl+w", "ctrl+_") }, "one two"},
		"undo twice":               {func(g *glass) { g.types("one"); g.press("ctrl+w"); g.types("two"); g.press("ctrl+_", "ctrl+_") }, "one"},
		"undo more than there is":  {func(g *glass) { g.types("one"); g.press("ctrl+_", "ctrl+_", "ctrl+_") }, ""},
		"undo a paste":             {func(g *glass) { g.types("one "); g.send(tea.PasteMsg{Content: "two"}); g.press("ctrl+_") }, "one "},
		"undo a completion":        {func(g *glass) { g.types("/whoi"); g.press("tab", "ctrl+_") }, "/whoi"},
		"undo where the cursor is": {func(g *glass) { g.types("one two"); g.press("left", "left", "ctrl+u", "ctrl+_"); g.types("X") }, "one tXwo"},
		"undo in a second row": {func(g *glass) {
			g.types("a")
			g.press("alt+enter")
			g.types("b")
			g.press("left", "backspace", "ctrl+_")
			g.types("X")
		}, "a\nXb"},
		"nothing of a line said":   {func(g *glass) { g.types("one"); g.press("enter", "ctrl+_") }, ""},
		"nothing of another room":  {func(g *glass) { g.types("one"); g.press("alt+1", "ctrl+_", "alt+2") }, "one"},
		"undo a line thrown away":  {func(g *glass) { g.types("one"); g.press("ctrl+c", "ctrl+_") }, "one"},
		"by its other name":        {func(g *glass) { g.types("one"); g.press("ctrl+/") }, ""},
		"after a line that failed": {func(g *glass) { g.says("/kcik bob"); g.types("x"); g.press("ctrl+_") }, "/kcik bob"},
	} {
		t.Run(name, func(t *testing.T) {
			g := memberAt(t, 80, 24)
			c.does(g)
			if got := g.m.input.text(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
