package plain

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
)

// promptText comes before the line being typed.
const promptText = "> "

// An editor is the line editing of the plain console, which --plain=edit turns on. The arrows recall earlier lines, and Tab
// completes commands. Events are printed above the line being typed, and only that line is ever redrawn.
type editor struct {
	t    *term.Terminal
	keys *pasteReader
	fit  func()
	// width is how many columns the screen has.
	width func() int
}

// edit makes c read from a line editor. The terminal is restored when ctx ends, when done is called, or before a panic ends the
// program.
func (c *console) edit(ctx context.Context) (done func(), err error) {
	env := c.env
	in, out := stream.File(env.Stdin), env.Stdout
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fail.Usage("use --plain", "this terminal does not support line editing: %v", err)
	}
	e := newEditor(in, out, c.table)
	screen := stream.File(out)
	e.width = func() int { return stream.TerminalColumns(screen) }
	e.fit = func() {
		if w, h, err := term.GetSize(int(screen.Fd())); err == nil && w > 0 {
			_ = e.t.SetSize(w, h)
		}
	}
	c.height = func() int { return stream.Rows(out) }
	stdout, stderr := env.Stdout, env.Stderr
	env.Stdout = e
	if stream.IsTerminal(stderr) {
		env.Stderr = e
	}
	e.t.SetBracketedPasteMode(true)
	env.Restore = sync.OnceFunc(func() {
		_, _ = io.WriteString(out, "\r\x1b[K"+ansi.ResetModeBracketedPaste) // the prompt
		_ = term.Restore(int(in.Fd()), before)
	})
	stop := context.AfterFunc(ctx, env.Restore)
	c.lines, c.ask = e.lines(ctx, env.Guard), e.ask
	return func() {
		stop()
		env.Restore()
		env.Stdout, env.Stderr = stdout, stderr
	}, nil
}

func newEditor(in io.Reader, out io.Writer, table []*command.Command) *editor {
	e := &editor{fit: func() {}, width: func() int { return stream.UsualColumns }}
	e.keys = &pasteReader{in: in}
	e.t = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{e.keys, stream.StandInWriter{Writer: out}}, promptText)
	e.t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		return completeCommand(line, pos, table)
	}
	return e
}

// Columns returns the width of the screen.
func (e *editor) Columns() int { return e.width() }

// ask changes the prompt.
func (e *editor) ask(prompt safe.Text) {
	e.t.SetPrompt(string(prompt))
	_, _ = e.Write(nil)
}

// linePrompt returns the prompt of a room: its name, or the end of its ID if the name holds runes that are not one column wide. x/term
// counts every rune as one column, so such a prompt would leave remains on the screen.
func linePrompt(r command.Room) safe.Text {
	name := safe.Crop(render.RoomHead(r.Name), render.PromptCells)
	if utf8.RuneCountInString(string(name)) != safe.Cells(name) {
		name = "~" + safe.Name(r.ID[max(len(r.ID)-render.ShortRoom, 0):])
	}
	return name + promptText
}

// Write prints p above the line being typed.
func (e *editor) Write(p []byte) (int, error) {
	e.fit()
	return e.t.Write(p)
}

// lines returns the lines typed, as [stream.Lines] does. x/term drops characters beyond maxEdited.
func (e *editor) lines(ctx context.Context, guard func()) <-chan stream.Line {
	lines := make(chan stream.Line, stream.MaxQueue)
	go func() {
		defer guard()
		defer close(lines)
		for {
			e.fit()
			text, err := e.t.ReadLine()
			line := stream.Line{Text: stream.FromStandIns(text)}
			switch {
			case e.keys.interrupted && errors.Is(err, io.EOF):
				line = stream.Line{Err: fail.ErrInterrupted}
			case utf8.RuneCountInString(text) >= maxEdited:
				line = stream.Line{Err: fail.Usage("split it, or use the full-screen console", "a line of %d characters or more was ignored", maxEdited)}
			case e.keys.spoiled:
				line = stream.Line{Err: fail.Usage("put it in a file", "a paste with private-use characters, or that is not text, was ignored")}
			}
			e.keys.spoiled = false
			if line != (stream.Line{}) {
				select {
				case lines <- line:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// completeCommand completes the name of a command, as far as all commands that fit have it in common.
func completeCommand(line string, pos int, table []*command.Command) (string, int, bool) {
	name, isCommand := strings.CutPrefix(line[:pos], "/")
	words := command.Completion{Words: command.CommandNames(command.CompletionContext{Table: table})}.Keep(name).Words
	if !isCommand || len(words) == 0 {
		return "", 0, false
	}
	common := words[0]
	for _, w := range words[1:] {
		for !strings.HasPrefix(w, common) {
			common = common[:len(common)-1]
		}
	}
	if len(words) == 1 {
		common += " "
	}
	return "/" + common + line[pos:], 1 + len(common), true
}
