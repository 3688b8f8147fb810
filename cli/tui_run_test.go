package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestScreenRuns is the program's loop with its terminal: what is typed reaches the node, what happens is drawn, and it
// ends.
func TestScreenRuns(t *testing.T) {
	f := clitest.NewNode()
	in, keys := io.Pipe()
	a, out, _ := newApp(t, f, in)
	a.Stdout = &cue{out: out, text: "lab - localchat", then: func() {
		go func() { _, _ = io.WriteString(keys, "hello\r/quit\r") }()
	}}
	defer keys.Close()
	if err := runScreen(t.Context(), &a.Env, f, never, &command.Opening{Wait: command.JoinWait, Run: memberOpening}); err != nil {
		t.Fatal(err)
	}
	if calls := strings.Join(f.Did(), "\n"); !strings.Contains(calls, "join lab") || !strings.Contains(calls, "say lab hello") {
		t.Errorf("the node was asked:\n%s", calls)
	}
	if text := out.Take(); !strings.Contains(text, "lab - localchat") || !strings.Contains(text, "\x1b[?1049l") {
		t.Errorf("no title of the room, or the terminal was not given back: %q", text)
	}
}

// never is the answer to whether a console of a test is orphaned.
func never() bool { return false }

// A cue is an output that does something when it has been sent a text, once.
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
	a, _, _ := newApp(t, f, strings.NewReader(""))
	err := runScreen(t.Context(), &a.Env, f, never, &command.Opening{Run: func(context.Context, command.Call) (command.Reply, error) { panic("a test's panic, caught") }})
	var e *fail.Error
	if !errors.As(err, &e) || e.Code != fail.ExitInternal {
		t.Errorf("ended with %v", err)
	}
}

// A torn node panics where the console listens to it.
type torn struct{ *clitest.Node }

func (torn) Listen() (<-chan node.Event, func()) { panic("a test's panic, caught") }

func TestScreenPanicsWhileListening(t *testing.T) {
	a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
	var e *fail.Error
	if err := runScreen(t.Context(), &a.Env, torn{clitest.NewNode()}, never, nil); !errors.As(err, &e) || e.Code != fail.ExitInternal {
		t.Errorf("ended with %v", err)
	}
}

// TestScreenIsInterrupted: a signal ends the console, by the end of its context.
func TestScreenIsInterrupted(t *testing.T) {
	in, keys := io.Pipe()
	defer keys.Close()
	f := clitest.NewNode()
	a, _, _ := newApp(t, f, in)
	ctx, stop := context.WithCancelCause(t.Context())
	err := runScreen(ctx, &a.Env, f, never, &command.Opening{Run: func(context.Context, command.Call) (command.Reply, error) {
		stop(fail.ErrInterrupted)
		return command.Reply{}, nil
	}})
	if finish(ctx, io.Discard, err) != fail.ExitInterrupted {
		t.Errorf("ended with %v", err)
	}
}

// TestChecklist: every test that CHECKLIST.md names is there.
func TestChecklist(t *testing.T) {
	list, err := os.ReadFile("CHECKLIST.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, pattern := range []string{"*_test.go", "internal/*/*_test.go", "../test/lan/*_test.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
		}
	}
	named := regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(list), -1)
	for _, n := range named {
		if !strings.Contains(sources.String(), "\nfunc "+n[1]+"(") {
			t.Errorf("CHECKLIST.md names %s, which is not there", n[1])
		}
	}
	if len(named) < 30 {
		t.Errorf("CHECKLIST.md names %d tests; was it read?", len(named))
	}
}
