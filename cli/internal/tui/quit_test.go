package tui

import (
	"testing"

	"localchat/cli/internal/command"
)

// TestScreenQuitEndsOthers: the console that runs the node asks before others end with it, however it is quit.
func TestScreenQuitEndsOthers(t *testing.T) {
	const question = "2 others are attached to this one and would end as well. Quit?"
	for _, quits := range []func(*glass){
		func(g *glass) { g.says("/quit") },
		func(g *glass) { g.press("ctrl+d") },
		func(g *glass) { g.press("ctrl+c", "ctrl+c") },
	} {
		g := ownerAt(t, 100, 24)
		g.m.env.Process = &command.Process{Attached: func() []command.Attachment { return make([]command.Attachment, 2) }}
		quits(g)
		g.sees(question)
		g.press("n")
		g.misses(question)
		g.press("ctrl+u") // a command that was refused stands in the input again
		if quits(g); g.quit {
			t.Fatal("it quits without an answer")
		}
		g.sees(question)
		if g.press("y"); !g.quit {
			t.Error("it does not quit after a yes")
		}

		g = ownerAt(t, 100, 24)
		g.m.env.Process = &command.Process{Attached: func() []command.Attachment { return nil }}
		if quits(g); !g.quit {
			t.Error("it asks although nothing ends with it")
		}
	}
}
