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
		for face, own := range map[string]table{"a person": person, "a program": program} {
			if has, both := own[r] != "", anyFace[r] != ""; has == both {
				t.Errorf("%q: a hint for %s: %v; one for both: %v", r, face, has, both)
			}
		}
	}
	for _, own := range []table{anyFace, person, program} {
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

// forPerson matches a command of the console or of the command line.
var forPerson = regexp.MustCompile(`(^|[ (])/[a-z]+\b|localchat [a-z]+ |--nick`)

// TestProgramsReadOfNoCommand: no hint for a program names a command of the console.
func TestProgramsReadOfNoCommand(t *testing.T) {
	for _, r := range allReasons(t) {
		got := ForProgram(&node.Error{Reason: r})
		if bad := forPerson.FindString(got); bad != "" && r != "bad address" && r != "bad listen address" {
			t.Errorf("%q: a program reads of %q: %s", r, bad, got)
		}
	}
	for code, got := range programWarned {
		if bad := forPerson.FindString(got); bad != "" {
			t.Errorf("warning %q: a program reads of %q: %s", code, bad, got)
		}
	}
}

// TestFacts: a hint contains the values of its error.
func TestFacts(t *testing.T) {
	one, two := node.RoomID{1}, node.RoomID{2}
	for _, c := range []struct {
		e               node.Error
		person, program string
	}{
		{node.Error{Reason: "bad text", Limit: 65536}, "a line is at most 65536 bytes of text", "a line is at most 65536 bytes of text"},
		{node.Error{Reason: "too soon", RetryAfter: 90 * time.Second}, "try again in 1m30s", "try again in 1m30s"},
		{node.Error{Reason: "nick taken", Nick: "bob2"}, "choose another with --nick: bob2 is free", "choose another with nick: bob2 is free"},
		{node.Error{Reason: "room looks alike", Rooms: []node.Choice{{Room: one, Name: "lab"}}}, "name it by its id: " + one.String(), "name it by its id: " + one.String()},
		{node.Error{Reason: "other owner", Change: &node.KeyChange{Room: two}}, "if that is right, join it by its id: localchat join " + two.String(), "if that is right, room.join takes its id as room: " + two.String()},
		{
			node.Error{Reason: "several rooms there", At: "[::1]:4001", Rooms: []node.Choice{{Room: one, Name: "lab", Words: "amber"}, {Room: two, Name: "den", Owner: "eve"}}, More: 7},
			"join the one you mean by its id; in a new terminal, with --peer [::1]:4001:\n  " + one.String() + "  lab, of amber\n  " + two.String() + "  den, made by eve\n  and 7 more",
			"room.join takes the id of the one you mean as room:\n  " + one.String() + "  lab, of amber\n  " + two.String() + "  den, made by eve\n  and 7 more",
		},
		{node.Error{Reason: "identity readable", Path: "/home/ann/key"}, "if nobody has copied it: chmod 600 /home/ann/key; otherwise", "if nobody has copied it: chmod 600 /home/ann/key; otherwise"},
		{node.Error{Reason: "directory unfit", Mend: "move it away"}, "move it away; or name another directory", "move it away; or name another directory"},
	} {
		if got := ForPerson(&c.e); !strings.HasPrefix(got, c.person) {
			t.Errorf("a person reads %q, want %q", got, c.person)
		}
		if got := ForProgram(&c.e); !strings.HasPrefix(got, c.program) {
			t.Errorf("a program reads %q, want %q", got, c.program)
		}
	}
}
