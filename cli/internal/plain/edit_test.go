package plain

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
	"localchat/node"
)

// typing returns the lines that an editor makes of keys, and the error of the last one.
func typing(t *testing.T, keys string) (lines []string, last error) {
	t.Helper()
	a, _, _ := newPlainEnv(t, strings.NewReader(""))
	e := newEditor(strings.NewReader(keys), &clitest.Screen{}, command.Table())
	for line := range e.lines(t.Context(), a.Guard) {
		lines, last = append(lines, line.Text), line.Err
	}
	return lines, last
}

func TestEditing(t *testing.T) {
	const up, left, home, backspace = "\x1b[A", "\x1b[D", "\x01", "\x7f"
	for name, c := range map[string]struct{ keys, want string }{
		"a line":                      {"hello\r", "hello"},
		"a letter put in":             {"hllo" + left + left + left + "e\r", "hello"},
		"a letter taken out":          {"helllo" + left + backspace + "\r", "hello"},
		"the beginning":               {"ello" + home + "h\r", "hello"},
		"an earlier line":             {"hello\r" + up + "\r", "hello|hello"},
		"all thrown away":             {"what\x15hello\r", "hello"},
		"wide runes":                  {"日本" + backspace + "本\r", "日本"},
		"a command completed":         {"/ki\tbob\r", "/kick bob"},
		"as far as it is clear":       {"/un\t\r", "/un"},
		"no command, not completed":   {"/zz\t\r", "/zz"},
		"arguments are not commands":  {"/kick /ki\t\r", "/kick /ki"},
		"a word is no command":        {"ki\t\r", "ki"},
		"a paste of rows":             {"x\x1b[200~\tif x {\r\n\t\ty\r\rz\n\n\x1b[201~z\r", "x\tif x {\n\t\ty\n\nzz"},
		"escapes that are pasted":     {"\x1b[200~a\x1b[31mred\x1b[0m \x1b[A\x1b[200~\x03\x15\x7f\u009b\x1b\x1b[201~b\r", "a\x1b[31mred\x1b[0m \x1b[A\x1b[200~\x03\x15\x7f\u009b\x1bb"},
		"a paste is changed":          {"\x1b[200~a\x1bbc\x1b[201~" + backspace + left + backspace + "\r", "ab"},
		"a replacement character":     {"\x1b[200~a\ufffdb\x1b[201~\r", "a\ufffdb"},
		"pasted rows called back":     {"\x1b[200~a\nb\x1b[201~\r" + up + "\r", "a\nb|a\nb"},
		"joiners that are pasted":     {"a \x1b[200~می\u200cخ 👨\u200d👩\x1b[201~\r", "a می\u200cخ 👨\u200d👩"},
		"an empty line says nothing":  {"\rhello\r", "hello"},
		"the end of input in between": {"hello\rhel", "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := typing(t, c.keys)
			if got := strings.Join(lines, "|"); got != c.want || err != nil {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// TestEditorTakesAPasteExactlyOrNot: a paste arrives whole, however the terminal delivers it, or is ignored if it cannot be taken
// unchanged.
func TestEditorTakesAPasteExactlyOrNot(t *testing.T) {
	const pasted = "é\x1b[1m\t你\r\nb\x1b[20"
	keys := "x\x1b[200~" + pasted + "\x1b[201~\r"
	for n := range len(keys) {
		a, _, _ := newPlainEnv(t, strings.NewReader(""))
		e := newEditor(io.MultiReader(strings.NewReader(keys[:n]), strings.NewReader(keys[n:])), &clitest.Screen{}, command.Table())
		for line := range e.lines(t.Context(), a.Guard) {
			if want := "x" + strings.ReplaceAll(pasted, "\r", ""); line.Text != want || line.Err != nil {
				t.Errorf("in two parts, of %d and %d bytes: %q, %v, want %q", n, len(keys)-n, line.Text, line.Err, want)
			}
		}
	}
	for name, keys := range map[string]string{
		"bytes that are no text": "\x1b[200~a\xffb\x1b[201~\r", "private use": "\x1b[200~a\U0010F01Bb\x1b[201~\r",
		"too long": "\x1b[200~" + strings.Repeat("x", maxEdited) + "\x1b[201~\r",
	} {
		a, _, _ := newPlainEnv(t, strings.NewReader(""))
		e := newEditor(strings.NewReader(keys+"next\r"), &clitest.Screen{}, command.Table())
		var lines []stream.Line
		for line := range e.lines(t.Context(), a.Guard) {
			lines = append(lines, line)
		}
		if len(lines) != 2 || lines[0].Err == nil || lines[0].Text != "" || lines[1].Text != "next" {
			t.Errorf("%s: %v", name, lines)
		}
	}
}

// TestEditorShowsNoControls: pasted controls are shown as harmless signs.
func TestEditorShowsNoControls(t *testing.T) {
	out := &clitest.Screen{}
	a, _, _ := newPlainEnv(t, strings.NewReader(""))
	e := newEditor(strings.NewReader("\x1b[200~a\x1b]0;t\a\tb\nc\u009bd\x1b[201~\r"), out, command.Table())
	for range e.lines(t.Context(), a.Guard) {
	}
	if shown := out.Take(); !strings.Contains(shown, "> a␛]0;t␇␉b⏎c�d\r\n") || strings.ContainsAny(shown, "\x1b\a\t") {
		t.Errorf("on the screen: %q", shown)
	}
}

// TestOwnLineStandsOnce: a typed line, which is on the screen already, is not printed again. Lines of others, actions, and own
// lines from before are printed.
func TestOwnLineStandsOnce(t *testing.T) {
	a, out, _ := newPlainEnv(t, strings.NewReader(""))
	c := &console{env: a, ask: func(safe.Text) {}, current: clitest.LabID.String(), rooms: []command.Room{{ID: clitest.LabID.String(), Name: "lab", Nick: "bob"}}}
	mine := node.Message{ID: "m1", Peer: clitest.MeID, Nick: "bob", Text: "hello", Self: true}
	waves, before, other := mine, mine, mine
	waves.Action, before.Late, other.Self, other.Nick = true, true, false, "alice"
	for m, want := range map[*node.Message]string{&mine: "", &waves: "* bob hello\n", &before: "<bob> hello (late)\n", &other: "<alice> hello\n"} {
		c.event(node.Event{Room: clitest.LabID, RoomName: "lab", Body: *m})
		if got := out.Take(); got != want {
			t.Errorf("%+v is printed as %q, want %q", *m, got, want)
		}
	}
	c.ask = nil
	c.event(node.Event{Room: clitest.LabID, RoomName: "lab", Body: mine})
	if got := out.Take(); got != "<bob> hello\n" {
		t.Errorf("without an editor: %q", got)
	}
}

// TestEditorEnds: Ctrl-C ends with the exit code for an interrupt, and Ctrl-D with 0.
func TestEditorEnds(t *testing.T) {
	if _, err := typing(t, "hel\x03"); !errors.Is(err, fail.ErrInterrupted) {
		t.Errorf("Ctrl-C: %v", err)
	}
	if lines, err := typing(t, "\x04hello\r"); len(lines) != 0 || err != nil {
		t.Errorf("Ctrl-D: %q, %v", lines, err)
	}
}

// TestEditorPrintsAbove: events are printed above the line being typed, which is drawn again.
func TestEditorPrintsAbove(t *testing.T) {
	out := &clitest.Screen{}
	keys, typed := io.Pipe()
	a, _, _ := newPlainEnv(t, strings.NewReader(""))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := newEditor(keys, out, command.Table())
	lines := e.lines(ctx, a.Guard)
	if _, err := io.WriteString(typed, "half"); err != nil {
		t.Fatal(err)
	}
	// The terminal may still echo input after the event; a second write waits until the first has been read.
	if _, err := io.WriteString(typed, " "); err != nil {
		t.Fatal(err)
	}
	if err := render.Data(e, "<alice> hi"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(typed, "a line\r"); err != nil {
		t.Fatal(err)
	}
	if line := <-lines; line.Text != "half a line" {
		t.Errorf("%q was typed", line.Text)
	}
	shown := out.Take()
	if _, after, ok := strings.Cut(shown, "<alice> hi\r\n"); !ok || !strings.Contains(after, promptText+"half") {
		t.Errorf("on the screen: %q", shown)
	}
	if err := typed.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-lines; open {
		t.Error("no end")
	}
}

// TestPromptNamesTheRoom: the prompt names the current room. It changes at once, before the half-typed line, and is as wide as
// x/term counts.
func TestPromptNamesTheRoom(t *testing.T) {
	out := &clitest.Screen{}
	keys, typed := io.Pipe()
	a, _, _ := newPlainEnv(t, strings.NewReader(""))
	e := newEditor(keys, out, command.Table())
	lines := e.lines(t.Context(), a.Guard)
	for range 2 { // the second one is read when the first has been handled
		if _, err := io.WriteString(typed, "half"); err != nil {
			t.Fatal(err)
		}
	}
	c := &console{ask: e.ask, rooms: []command.Room{{ID: clitest.LabID.String(), Name: "lab"}}, current: clitest.LabID.String()}
	out.Take()
	c.prompt()
	if shown := out.Take(); !strings.Contains(shown, "lab> half") {
		t.Errorf("in lab: %q", shown)
	}
	c.prompt()
	if shown := out.Take(); strings.Contains(shown, "lab") {
		t.Errorf("drawn again for nothing: %q", shown)
	}
	c.current = ""
	c.prompt()
	if shown := out.Take(); strings.Contains(shown, "lab") || !strings.Contains(shown, "> half") {
		t.Errorf("in no room: %q", shown)
	}
	_ = typed.Close()
	for range lines {
	}
	for name, want := range map[string]string{
		"lab": "lab> ", "-- lab": "\"-- lab\"> ", "実験室": "~aaaaaaaa> ", "e\u0301t\u00e9": "~aaaaaaaa> ", "été": "été> ",
		strings.Repeat("x", 60): strings.Repeat("x", render.PromptCells-1) + "…> ",
	} {
		if got := linePrompt(command.Room{ID: clitest.LabID.String(), Name: name}); string(got) != want {
			t.Errorf("the prompt of %q is %q, want %q", name, got, want)
		}
	}
}

// newPlainEnv returns the Env for a console in a test.
func newPlainEnv(t testing.TB, stdin io.Reader) (env *command.Env, out, words *clitest.Screen) {
	out, words = &clitest.Screen{}, &clitest.Screen{}
	return &command.Env{
		Stdin: stdin, Stdout: out, Stderr: words, Ring: &command.LogRing{}, Show: command.DefaultSettings,
		Exit: func(code int) { t.Errorf("the program ended itself with %d", code) },
	}, out, words
}
