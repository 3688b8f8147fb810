package notify

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/safe"
)

// A Terminal says how a terminal is made to notify its user. The zero value only rings the bell.
type Terminal struct {
	form form
	wrap func(sequence string) string // for the program between us and the terminal; nil: there is none
	// Tmux is set if the terminal is a window of tmux.
	Tmux bool
}

// A form is the sequence that a terminal understands.
type form int

const (
	bell   form = iota
	osc9        // one text
	osc777      // a title and a body
)

// TerminalOf returns the Terminal that these environment variables describe. A program such as tmux, which runs between us and the
// terminal, sets TERM and TERM_PROGRAM for itself; the other variables are those of the terminal that it was started in.
//
// A terminal that is not known to understand a sequence gets none, since the terminals of some old systems show it as text.
func TerminalOf(variable func(name string) string) Terminal {
	term := variable("TERM")
	if term == "dumb" || term == "linux" {
		return Terminal{}
	}
	t := Terminal{form: formOf(term, variable)}
	switch {
	case variable("TMUX") != "" || strings.HasPrefix(term, "tmux"):
		t.Tmux, t.wrap = true, ansi.TmuxPassthrough
	case strings.HasPrefix(term, "screen"):
		t.wrap = func(sequence string) string { return ansi.ScreenPassthrough(sequence, 0) }
	}
	return t
}

func formOf(term string, variable func(string) string) form {
	program := variable("TERM_PROGRAM")
	is := func(prefix string) bool { return strings.HasPrefix(term, prefix) }
	has := func(names ...string) bool {
		for _, name := range names {
			if variable(name) != "" {
				return true
			}
		}
		return false
	}
	switch {
	case program == "iTerm.app", variable("LC_TERMINAL") == "iTerm2", has("ITERM_SESSION_ID"):
		return osc9
	case is("xterm-kitty"), has("KITTY_WINDOW_ID"),
		is("xterm-ghostty"), program == "ghostty", has("GHOSTTY_RESOURCES_DIR"),
		program == "WezTerm", has("WEZTERM_PANE"),
		program == "WarpTerminal",
		is("foot"), is("contour"), is("rxvt"),
		has("VTE_VERSION"):
		return osc777
	}
	return bell
}

// Sequence returns what is written to the terminal for n. It always includes the bell: not every terminal shows a notification, and
// not every program between us and the terminal passes one on.
//
// Nothing in n can end the sequence, since a [safe.Text] holds no control characters.
func (t Terminal) Sequence(n Note) string {
	var sequence string
	switch t.form {
	case osc9:
		sequence = ansi.Notify(string(n.Title + ": " + n.Body))
	case osc777:
		sequence = ansi.URxvtExt("notify", field(n.Title), field(n.Body))
	}
	if sequence != "" && t.wrap != nil {
		sequence = t.wrap(sequence)
	}
	return sequence + Bell
}

// Bell rings the bell.
const Bell = "\a"

// field returns text as a field of a sequence in which semicolons end the fields.
func field(text safe.Text) string { return strings.ReplaceAll(string(text), ";", ",") }
