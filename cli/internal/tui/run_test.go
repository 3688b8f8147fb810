package tui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestScreenRuns runs the console with its loop and a terminal: a typed line reaches the node, an event is drawn, and the
// console ends.
func TestScreenRuns(t *testing.T) {
	f := clitest.NewNode()
	in, keys := io.Pipe()
	a, out, _ := newScreenEnv(t, in)
	a.Stdout = &cue{out: out, text: "lab - localchat", then: func() {
		go func() { _, _ = io.WriteString(keys, "hello\r/quit\r") }()
	}}
	defer keys.Close()
	if err := Run(t.Context(), a, f, never, &command.Opening{Wait: command.JoinWait, Run: memberOpening}); err != nil {
		t.Fatal(err)
	}
	if calls := strings.Join(f.Did(), "\n"); !strings.Contains(calls, "join lab") || !strings.Contains(calls, "say lab hello") {
		t.Errorf("the node was asked:\n%s", calls)
	}
	if text := out.Take(); !strings.Contains(text, "lab - localchat") || !strings.Contains(text, "\x1b[?1049l") {
		t.Errorf("no title of the room, or the terminal was not given back: %q", text)
	}
}

// never says that a console is not orphaned.
func never() bool { return false }

// A cue is an output that calls a function, once, when a text has been written to it.
type cue struct {
	out  *clitest.Screen
	text string
	then func()
	sent string
	done bool
}

func (c *cue) Write(p []byte) (int, error) {
	c.sent += string(p)
	if !c.done && strings.Contains(c.sent, c.text) {
		c.done = true
		c.then()
	}
	return c.out.Write(p)
}

// TestScreenPanics: a panic in a command ends the console with the code for it.
func TestScreenPanics(t *testing.T) {
	f := clitest.NewNode()
	a, _, _ := newScreenEnv(t, strings.NewReader(""))
	err := Run(t.Context(), a, f, never, &command.Opening{Run: func(context.Context, command.Call) (command.Reply, error) { panic("a test's panic, caught") }})
	var e *fail.Error
	if !errors.As(err, &e) || e.Code != fail.ExitInternal {
		t.Errorf("ended with %v", err)
	}
}

// A torn node panics where the console listens to it.
type torn struct{ *clitest.Node }

func (torn) Listen(node.SubscribeOptions) (<-chan node.Event, func()) {
	panic("a test's panic, caught")
}

func TestScreenPanicsWhileListening(t *testing.T) {
	a, _, _ := newScreenEnv(t, strings.NewReader(""))
	var e *fail.Error
	if err := Run(t.Context(), a, torn{clitest.NewNode()}, never, nil); !errors.As(err, &e) || e.Code != fail.ExitInternal {
		t.Errorf("ended with %v", err)
	}
}

// TestScreenIsInterrupted: a signal ends the console, by the end of its context.
func TestScreenIsInterrupted(t *testing.T) {
	in, keys := io.Pipe()
	defer keys.Close()
	f := clitest.NewNode()
	a, _, _ := newScreenEnv(t, in)
	ctx, stop := context.WithCancelCause(t.Context())
	err := Run(ctx, a, f, never, &command.Opening{Run: func(context.Context, command.Call) (command.Reply, error) {
		stop(fail.ErrInterrupted)
		return command.Reply{}, nil
	}})
	if !errors.Is(err, context.Canceled) || !errors.Is(context.Cause(ctx), fail.ErrInterrupted) {
		t.Errorf("ended with %v", err)
	}
}
