package command

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"localchat/cli/internal/safe"
)

func TestParse(t *testing.T) {
	table := Table()
	for _, c := range []struct {
		line string
		say  string
		cmd  string
		args []string
		err  string
	}{
		{line: ""},
		{line: "   "},
		{line: "hello", say: "hello"},
		{line: "  indented", say: "  indented"},
		{line: "hello\r\n", say: "hello"},
		{line: "//x", say: "/x"},
		{line: " //x y", say: "/x y"},
		{line: "/help", cmd: "help"},
		{line: "/HELP kick", cmd: "help", args: []string{"kick"}},
		{line: "/kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "  /kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "/kick  dave   too  loud ", cmd: "kick", args: []string{"dave", "too  loud"}},
		{line: "/msg bob hi there", cmd: "msg", args: []string{"bob", "hi there"}},
		{line: "/join the big room", cmd: "join", args: []string{"the big room"}},
		{line: "/room close see you", cmd: "close", args: []string{"see you"}},
		{line: "/room create lab", cmd: "create", args: []string{"lab"}},
		{line: "/Room Invite", cmd: "invite"},
		{line: "/topic the build", cmd: "subject", args: []string{"the build"}},
		// An invisible character before the slash does not turn a command into text.
		{line: "\ufeff/msg bob hi", cmd: "msg", args: []string{"bob", "hi"}},
		{line: "\u200b \u2060/msg bob hi", cmd: "msg", args: []string{"bob", "hi"}},
		{line: "\u00ad\u202e/kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "\u3164\u2800/kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "\u200f//x", say: "/x"},
		{line: "/\u200bmsg bob hi", err: "there is no /"},
		{line: "\u200bhello", say: "\u200bhello"},
		{line: "\u200b\ufe0f"},
		{line: "\u0301/kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "\x1b[31m/kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "\x1b]0;title\a/kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "a\x1b[31m/kick dave", say: "a\x1b[31m/kick dave"},
		// The slash, letters and blanks that an input method types.
		{line: "／kick dave", cmd: "kick", args: []string{"dave"}},
		{line: "／ｋｉｃｋ　dave", cmd: "kick", args: []string{"dave"}},
		{line: "//／x", say: "/／x"},
		{line: "／／x", say: "／x"},
		{line: "／/x", say: "/x"},
		{line: "／frob", err: "there is no /frob"},
		// Other characters that look like a slash: the key of the slash types none of them.
		{line: "⁄kick", say: "⁄kick"},
		{line: "╱╲", say: "╱╲"},
		// Text is sent exactly as it was typed.
		{line: "\tif x {", say: "\tif x {"},
		{line: "می\u200cخواهم ", say: "می\u200cخواهم "},
		{line: "/me  sits \t down ", cmd: "me", args: []string{" sits \t down "}},
		{line: "/msg bob\n\tx := 1\n\ty := 2\n", cmd: "msg", args: []string{"bob", "\tx := 1\n\ty := 2"}},
		{line: "/msg  bob \t\u200dx", cmd: "msg", args: []string{"bob", "\t\u200dx"}},
		{line: "/msg bob  ", err: "usage: /msg NICK TEXT"},
		{line: "/msg bob", err: "usage: /msg NICK TEXT"},
		{line: "/clear now", err: "usage: /clear"},
		{line: "/detach", err: "there is no /detach"},
		{line: "/kcik dave", err: "there is no /kcik"},
		{line: "/etc/passwd", err: "there is no /etc/passwd"},
		{line: "/", err: "/ alone is not a command"},
		{line: "/ kick dave", err: "/ alone is not a command"},
	} {
		in, err := Parse(c.line, table)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v, want %q", c.line, err, c.err)
			}
			continue
		}
		cmd := ""
		if in.Cmd != nil {
			cmd = in.Cmd.Name
		}
		if err != nil || in.Say != c.say || cmd != c.cmd || !slices.Equal(in.Args, c.args) {
			t.Errorf("%q: say %q, /%s %q, %v", c.line, in.Say, cmd, in.Args, err)
		}
	}
}

// TestSlashIsNeverSaid: a line that begins with one slash is never said.
func TestSlashIsNeverSaid(t *testing.T) {
	table := Table()
	rapid.Check(t, func(t *rapid.T) {
		rest := rapid.String().Filter(func(s string) bool { return !strings.HasPrefix(s, "/") }).Draw(t, "rest")
		in, err := Parse("/"+rest, table)
		if in.Say != "" {
			t.Errorf("/%s says %q", rest, in.Say)
		}
		if err == nil && in.Cmd == nil {
			t.Errorf("/%s is neither a command nor an error", rest)
		}
	})
}

// TestUnseenIsNoSpeech: no invisible character before a command turns it into text.
func TestUnseenIsNoSpeech(t *testing.T) {
	table, tried := Table(), 0
	for r := rune(1); r <= unicode.MaxRune; r++ {
		blank := unicode.In(r, unicode.Z, unicode.Cf, unicode.Cc, unicode.M, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
			slices.Contains([]rune("\u2800\u3164\uFFA0\u115F\u1160\uFFFC"), r) || strings.TrimSpace(string(safe.Message(string(r)))) == ""
		drawn := unicode.Is(unicode.Prepended_Concatenation_Mark, r)
		if !blank || drawn || r == '\n' || !utf8.ValidRune(r) {
			continue
		}
		tried++
		for _, front := range []string{string(r), " " + string(r) + "\t", string(r) + string(r)} {
			if in, err := Parse(front+"/msg bob psst", table); err != nil || in.Cmd == nil || in.Cmd.Name != "msg" || in.Args[1] != "psst" {
				t.Errorf("behind %+q it says %q, %v", front, in.Say, err)
			}
		}
	}
	if tried < 2000 {
		t.Errorf("tried %d characters", tried)
	}
}

func TestNearest(t *testing.T) {
	for typed, want := range map[string]string{
		"kcik": "kick", "kik": "kick", "bann": "ban", "jion": "join", "hlep": "help", "acept": "accept", "mem": "members", "frobnicate": "", "x": "",
		"lick": "kick", "kicj": "kick", "bsn": "ban", "memvers": "members", "wohami": "whoami", "uninvote": "uninvite", "kickk": "kick", "inivte": "invite",
		// These are other words, not slips.
		"pin": "", "font": "", "muet": "mute", "fan": "", "port": "", "cake": "", "tock": "", "q1": "", "mw": "",
	} {
		if got := nearest(typed, Table()); got != want {
			t.Errorf("nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}

// TestCommandTable: every command has help, an example that parses to it, and a usage that fits its bounds.
func TestCommandTable(t *testing.T) {
	table := Table()
	seen := map[string]bool{}
	for _, c := range table {
		if c.Help == "" || len(c.Examples) == 0 || c.Run == nil {
			t.Errorf("/%s lacks help, an example or its function", c.Name)
		}
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if seen[name] {
				t.Errorf("/%s stands twice", name)
			}
			seen[name] = true
		}
		for _, example := range c.Examples {
			in, err := Parse(example, table)
			if err != nil || in.Cmd != c {
				t.Errorf("the example %q is not /%s: %v", example, c.Name, err)
			}
		}
		if wanted := strings.Count(c.Usage, " ") > 0 || c.Usage != ""; wanted != (c.Max > 0) {
			t.Errorf("/%s: usage %q, at most %d arguments", c.Name, c.Usage, c.Max)
		}
	}
	for _, name := range []string{
		"help", "rooms", "switch", "create", "join", "leave", "me", "msg", "members", "whois", "whoami", "net", "search", "log", "clear",
		"set", "quit", "invite", "accept", "deny", "kick", "ban", "unban", "bans", "invites", "uninvite", "subject", "topic", "policy", "close",
		"room create", "room invite", "room close",
	} {
		if !seen[name] {
			t.Errorf("docs/interface.md lists /%s, the table does not", name)
		}
	}
}
