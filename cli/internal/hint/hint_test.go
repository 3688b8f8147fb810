package hint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"localchat/node"
)

// allReasons returns the reasons in the source of node.
func allReasons(t *testing.T) (all []node.Reason) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../../node/internal/fault/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for _, x := range v.Values {
				if lit, ok := x.(*ast.BasicLit); ok {
					text, _ := strconv.Unquote(lit.Value)
					all = append(all, node.Reason(text))
				}
			}
		}
		return true
	})
	if len(all) < 80 {
		t.Fatalf("there are only %d reasons", len(all))
	}
	return all
}

// TestEveryReasonHasItsHint: each reason in node has one hint for people and one for programs, and each hint has a reason in node.
func TestEveryReasonHasItsHint(t *testing.T) {
	known := make(map[node.Reason]bool)
	for _, r := range allReasons(t) {
		if known[r] {
			t.Errorf("two reasons are %q", r)
		}
		known[r] = true
		people := person[r] != "" || console[r] != ""
		if all := anyFace[r] != ""; people == all || people != (program[r] != "") || person[r] != "" && console[r]+shell[r] != "" {
			t.Errorf("%q needs a hint for each face, or one for all; there is one for people: %v, for programs: %v, for all: %v", r, people, program[r] != "", all)
		}
		if console[r] != "" && shell[r] == "" && !strings.HasPrefix(console[r], "/") {
			t.Errorf("%q has no hint for the command line, and that of the console does not begin with a command: %s", r, console[r])
		}
		if shell[r] != "" && console[r] == "" {
			t.Errorf("%q has a hint for the command line and none for the console", r)
		}
	}
	for _, own := range []table{anyFace, person, console, shell, program} {
		for r := range own {
			if !known[r] {
				t.Errorf("there is no reason %q", r)
			}
		}
	}
	for code := range personWarned {
		if programWarned[code] == "" {
			t.Errorf("the warning %q has no hint for a program", code)
		}
	}
}

// What a person types at a console and in a shell, and what a program sends.
var (
	typed = regexp.MustCompile(`(?:^|[ (])/[a-z]+\b`)
	run   = regexp.MustCompile(`\blocalchat (?:create|join|rooms|send|tail|share|rpc|doctor|id|config|completion|man|version|up|down|status|web)\b`)
	sent  = regexp.MustCompile(`\b(?:node|room)\.[a-z]+`)
)

// TestHintsInTheirLanguage: a hint at a console names commands of the console, one in a shell those of the command line, and one for
// a program methods. None names those of another face, but a hint in a shell may begin with "in a console" and a command there.
func TestHintsInTheirLanguage(t *testing.T) {
	others := strings.NewReplacer("/net there", "", "/ip4/", "") // a command that somebody else types, and an address
	check := func(about, face, got string, not ...*regexp.Regexp) {
		t.Helper()
		if got == "" {
			t.Errorf("%s: no hint for a %s", about, face)
		}
		if inConsole, is := strings.CutPrefix(got, "in a console, "); is && face == "shell" {
			got = typed.ReplaceAllString(inConsole, "")
		}
		for _, not := range not {
			if bad := not.FindString(others.Replace(got)); bad != "" {
				t.Errorf("%s: a %s reads of %q: %s", about, face, bad, got)
			}
		}
	}
	nick := regexp.MustCompile("--nick")
	for _, r := range allReasons(t) {
		e := &node.Error{Reason: r}
		check(string(r), "console", AtConsole(e), run, sent)
		check(string(r), "shell", InShell(e), typed, sent)
		check(string(r), "program", ForProgram(e), typed, run, nick)
	}
	for code := range personWarned {
		check("warning "+code, "console", OfWarning(code), run, sent)
		check("warning "+code, "shell", OfWarningInShell(code), typed, sent)
		check("warning "+code, "program", OfWarningForProgram(code), typed, run, nick)
	}
}

// TestFacts: a hint contains the values of its error.
func TestFacts(t *testing.T) {
	one, two := node.RoomID{1}, node.RoomID{2}
	for _, c := range []struct {
		e                node.Error
		console, program string
	}{
		{node.Error{Reason: "bad text", Limit: 65536}, "a line is at most 65536 bytes of text", "a line is at most 65536 bytes of text"},
		{node.Error{Reason: "too soon", RetryAfter: 90 * time.Second}, "try again in 1m30s", "try again in 1m30s"},
		{node.Error{Reason: "nick taken", Nick: "bob2"}, "choose another with --nick: bob2 is free", "choose another with nick: bob2 is free"},
		{node.Error{Reason: "room looks alike", Rooms: []node.Choice{{Room: one, Name: "lab"}}}, "name it by its id: " + one.String(), "name it by its id: " + one.String()},
		{node.Error{Reason: "other owner", Change: &node.KeyChange{Room: two}}, "if that is right, join it by its id: /join " + two.String(), "if that is right, room.join takes its id as room: " + two.String()},
		{
			node.Error{Reason: "several rooms there", At: "[::1]:4001", Rooms: []node.Choice{{Room: one, Name: "lab", Words: "amber"}, {Room: two, Name: "den", Owner: "eve"}}, More: 7},
			"/join the one you mean by its id; localchat has to be started with --peer [::1]:4001:\n  " + one.String() + "  lab, of amber\n  " + two.String() + "  den, made by eve\n  and 7 more",
			"room.join takes the id of the one you mean as room:\n  " + one.String() + "  lab, of amber\n  " + two.String() + "  den, made by eve\n  and 7 more",
		},
		{node.Error{Reason: "identity readable", Path: "/home/ann/key"}, "if nobody has copied it: chmod 600 /home/ann/key; otherwise", "if nobody has copied it: chmod 600 /home/ann/key; otherwise"},
		{node.Error{Reason: "directory unfit", Mend: "move it away"}, "move it away; or name another directory", "move it away; or name another directory"},
	} {
		if got := AtConsole(&c.e); !strings.HasPrefix(got, c.console) {
			t.Errorf("a person reads %q, want %q", got, c.console)
		}
		if got := ForProgram(&c.e); !strings.HasPrefix(got, c.program) {
			t.Errorf("a program reads %q, want %q", got, c.program)
		}
	}
}
