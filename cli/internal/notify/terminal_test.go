package notify

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"localchat/cli/internal/clitest"
	"localchat/node"
)

// forms are the terminals that are known, by the variables of their programs.
var forms = map[string]struct {
	env  map[string]string
	want string
}{
	"kitty":                  {map[string]string{"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, asTitled},
	"foot":                   {map[string]string{"TERM": "foot"}, asTitled},
	"foot, other entry":      {map[string]string{"TERM": "foot-extra"}, asTitled},
	"Ghostty":                {map[string]string{"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, asTitled},
	"WezTerm":                {map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, asTitled},
	"VTE":                    {map[string]string{"TERM": "xterm-256color", "VTE_VERSION": "7600"}, asTitled},
	"rxvt":                   {map[string]string{"TERM": "rxvt-unicode-256color"}, asTitled},
	"Warp":                   {map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "WarpTerminal"}, asTitled},
	"iTerm2":                 {map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, asText},
	"iTerm2 over ssh":        {map[string]string{"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, asText},
	"xterm":                  {map[string]string{"TERM": "xterm-256color"}, Bell},
	"Terminal of macOS":      {map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, Bell},
	"Windows Terminal":       {map[string]string{"WT_SESSION": "1"}, Bell},
	"a Linux console":        {map[string]string{"TERM": "linux", "VTE_VERSION": "7600"}, Bell},
	"a dumb terminal":        {map[string]string{"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, Bell},
	"tmux in kitty":          {map[string]string{"TERM": "tmux-256color", "TMUX": "/tmp/x", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"}, throughTmux},
	"tmux named as screen":   {map[string]string{"TERM": "screen-256color", "TMUX": "/tmp/x", "VTE_VERSION": "7600"}, throughTmux},
	"tmux in xterm":          {map[string]string{"TERM": "tmux-256color", "TMUX": "/tmp/x", "TERM_PROGRAM": "tmux"}, Bell},
	"screen in VTE":          {map[string]string{"TERM": "screen.xterm-256color", "STY": "1.x", "VTE_VERSION": "7600"}, throughScreen},
	"nothing is known of it": {nil, Bell},
}

const (
	asText        = "\x1b]9;localchat: lab: <alice> bob; hi\a" + Bell
	asTitled      = "\x1b]777;notify;localchat: lab;<alice> bob, hi\a" + Bell
	throughTmux   = "\x1bPtmux;\x1b\x1b]777;notify;localchat: lab;<alice> bob, hi\a\x1b\\" + Bell
	throughScreen = "\x1bP\x1b]777;notify;localchat: lab;<alice> bob, hi\a\x1b\\" + Bell
)

func TestTerminals(t *testing.T) {
	for name, c := range forms {
		got := TerminalOf(func(name string) string { return c.env[name] }).Sequence(Note{"localchat: lab", "<alice> bob; hi"})
		if got != c.want {
			t.Errorf("%s is told %q, want %q", name, got, c.want)
		}
	}
}

// contained fails if a peer's text leaves the sequence that it stands in, whichever the terminal.
func contained(t *testing.T, room, nick, text string) {
	t.Helper()
	for _, body := range []node.EventBody{
		node.Message{Peer: clitest.AliceID, Nick: nick, Text: text},
		node.Direct{Peer: clitest.AliceID, Nick: nick, Text: text},
		node.Knock{Peer: clitest.AliceID, Nick: nick},
		node.Removed{Kind: node.Kind(nick), Text: text, ByNick: nick},
	} {
		notes := new(Caller).Hear(node.Event{RoomName: room, Body: body}, clitest.Noon, "bob", Settings{All, true})
		for name, c := range forms {
			sequence := TerminalOf(func(name string) string { return c.env[name] }).Sequence(notes[0])
			inner, rang := strings.CutSuffix(sequence, Bell)
			if !rang {
				t.Errorf("%s: the bell does not ring: %q", name, sequence)
			}
			if c.want == Bell {
				if inner != "" {
					t.Errorf("%s is told %q", name, sequence)
				}
				continue
			}
			// What stands around the text is the same for every text.
			before, after, _ := strings.Cut(strings.TrimSuffix(c.want, Bell), "localchat: lab")
			after = after[strings.IndexByte(after, '\a'):]
			payload, begins := strings.CutPrefix(inner, before)
			payload, ends := strings.CutSuffix(payload, after)
			outside := strings.IndexFunc(payload, unicode.IsControl)
			if !begins || !ends || outside >= 0 || !utf8.ValidString(payload) {
				t.Errorf("%s: the text leaves its sequence: %q", name, sequence)
			}
			if c.want != asText && strings.Count(payload, ";") != 1 {
				t.Errorf("%s: not a title and a body: %q", name, payload)
			}
			if len(inner) > 768 {
				t.Errorf("%s is told %d bytes", name, len(inner))
			}
		}
	}
}

// hostile holds texts that try to end a sequence, to begin another one, or to be a command within the sequence.
var hostile = []string{
	clitest.Hostile, "\a\x1b]0;owned\a", "\x1b\\\x1b]52;c;aGk=\x1b\\", "\x9c\x1b[2J", "\u009c\u009d0;owned\a", "\x18\x1b[2J", "\x1a", "\x1b", "\x1b\x1b\\",
	"4;1;50", "9;/etc", "notify;x;y", ";;;", "\x00", "\r\n", "\xff\xfe\x9c", "\u202e\u2066", strings.Repeat("\x1b]", 4000), strings.Repeat("e\u0301\u0301\u0301\u0301\u0301", 4000),
}

func TestTextStaysInItsSequence(t *testing.T) {
	for _, text := range hostile {
		contained(t, text, text, text)
	}
}

// TestAnyTextStaysInItsSequence mixes pieces of these texts.
func TestAnyTextStaysInItsSequence(t *testing.T) {
	piece := rapid.OneOf(rapid.SampledFrom(hostile), rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(raw []byte) string { return string(raw) }))
	text := rapid.Map(rapid.SliceOfN(piece, 0, 4), func(pieces []string) string { return strings.Join(pieces, "") })
	rapid.Check(t, func(r *rapid.T) {
		contained(t, text.Draw(r, "room"), text.Draw(r, "nick"), text.Draw(r, "text"))
	})
}
