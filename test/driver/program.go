package driver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"time"
)

// A Program is a run of the program at which a test types lines and reads the output, as a person does.
type Program struct {
	Cmd        *exec.Cmd
	Out, Words *Text         // standard output and standard error
	Ended      chan struct{} // closed when it has ended
	in         io.WriteCloser
}

// StartProgram starts cmd.
func StartProgram(cmd *exec.Cmd) (*Program, error) {
	p := &Program{Cmd: cmd, Out: newText(), Words: newText(), Ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Out, p.Words
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.Ended)
		_ = cmd.Wait() // the outcome is in its ProcessState
	}()
	return p, nil
}

// Type types text, which may be several lines.
func (p *Program) Type(text string) error {
	_, err := io.WriteString(p.in, text)
	return err
}

// CloseInput ends the input. A program that has ended has closed it itself.
func (p *Program) CloseInput() error {
	if err := p.in.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Stop ends the program at once, and waits for its end.
func (p *Program) Stop() {
	_ = p.Cmd.Process.Kill() // an error means that it has ended
	<-p.Ended
}

// Ends waits for the end and returns the exit code, or false if the program goes on.
func (p *Program) Ends(wait time.Duration) (code int, ended bool) {
	select {
	case <-p.Ended:
		return p.Cmd.ProcessState.ExitCode(), true
	case <-time.After(wait):
		return 0, false
	}
}

// Sees waits until text, its output or its words, has a match of re after the previous one, and returns the groups of the match.
// It returns nil if there is none in time, or when the program has ended.
func (p *Program) Sees(text *Text, re *regexp.Regexp, wait time.Duration) []string {
	deadline := time.After(wait)
	ended := p.Ended
	for {
		groups, changed := text.Find(re)
		if groups != nil || ended == nil {
			return groups
		}
		select {
		case <-changed:
		case <-ended:
			ended = nil
		case <-deadline:
			return nil
		}
	}
}

// String shows the ends of the output and of the words, for the message of a failed test.
func (p *Program) String() string {
	const most = 4000
	out, words := p.Out.String(), p.Words.String()
	return fmt.Sprintf("it shows\n%s\nand says\n%s", out[max(len(out)-most, 0):], words[max(len(words)-most, 0):])
}

// A Text is what a program has written, and how far a test has read it.
type Text struct {
	mu      sync.Mutex // shared by the program's writer and the test
	text    []byte
	seen    int
	changed chan struct{} // closed and made anew at each change
}

func newText() *Text { return &Text{changed: make(chan struct{})} }

func (t *Text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	close(t.changed)
	t.changed = make(chan struct{})
	return len(p), nil
}

// Find returns the groups of the first match of re after the previous match. Without a match it returns nil, and a channel that
// is closed when there is more text.
func (t *Text) Find(re *regexp.Regexp) (groups []string, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := re.FindSubmatchIndex(t.text[t.seen:])
	if m == nil {
		return nil, t.changed
	}
	for i := 0; i < len(m); i += 2 {
		group := "" // a group that has no part in the match
		if m[i] >= 0 {
			group = string(t.text[t.seen+m[i] : t.seen+m[i+1]])
		}
		groups = append(groups, group)
	}
	t.seen += m[1]
	return groups, nil
}

func (t *Text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
