package rpc

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// hintsOfNode are the texts of all hints that node gives, as far as they are written in its source.
func hintsOfNode(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../../node/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var hints []string
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		take := func(e ast.Expr) {
			ast.Inspect(e, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					hints = append(hints, text)
				}
				return true
			})
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Hint" {
					take(n.Value)
				}
			case *ast.AssignStmt: // e.Hint = …, hint := …
				for i, left := range n.Lhs {
					field, isField := left.(*ast.SelectorExpr)
					name, isName := left.(*ast.Ident)
					if (isField && field.Sel.Name == "Hint" || isName && name.Name == "hint") && i < len(n.Rhs) {
						take(n.Rhs[i])
					}
				}
			case *ast.CallExpr: // refused(text, hint)
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "refused" && len(n.Args) == 2 {
					take(n.Args[1])
				}
			}
			return true
		})
	}
	return hints
}

// TestHintsForPrograms: whatever hint node gives, a program reads of methods that there are, and of no command of the console
// or the shell that is one of them.
func TestHintsForPrograms(t *testing.T) {
	hints := hintsOfNode(t)
	if len(hints) < 60 {
		t.Fatalf("there are only %d hints", len(hints))
	}
	ours := regexp.MustCompile(`(^|[ (])/[a-z]|localchat (create|host|join|rooms|send|tail|rpc|id)\b|--nick`)
	methods := rpcMethods{}.table()
	for _, hint := range hints {
		got := forPrograms(hint)
		if bad := ours.FindString(got); bad != "" && !strings.Contains(hint, "/ip4/") {
			t.Errorf("%q is for a person: %q becomes %q", bad, hint, got)
		}
		for _, name := range regexp.MustCompile(`\b(room|node)\.[a-z]+`).FindAllString(got, -1) {
			if methods[name] == nil {
				t.Errorf("there is no %s: %q becomes %q", name, hint, got)
			}
		}
	}
	for hint, want := range map[string]string{
		"/switch to it, /close it first, or choose another name":                                   "use it, room.close it first, or choose another name",
		"ask the owner; /policy shows the rules":                                                   "ask the owner; room.policy shows the rules",
		"choose another with --nick: one word":                                                     "choose another with nick: one word",
		"join the one you mean by its id:\n  abc  /join, of /leave":                                "room.join takes the id of the one you mean as room:\n  abc  /join, of /leave",
		"join the one you mean by its id; in a new terminal, with --peer [::1]:4001:\n  abc  x":    "room.join takes the id of the one you mean as room:\n  abc  x",
		"make room in /home/ann/close or name another directory with --data-dir":                   "make room in /home/ann/close or name another directory with --data-dir",
		"give 192.168.1.20:4001, or what localchat prints: /ip4/192.168.1.20/tcp/4001/p2p/12D3…":   "give 192.168.1.20:4001, or what localchat prints: /ip4/192.168.1.20/tcp/4001/p2p/12D3…",
		"/close REASON ends it for everybody; /quit ends this program, and the room waits for you": "room.close ends it for everybody; the end of input ends this program, and the room waits for you",
	} {
		if got := forPrograms(hint); got != want {
			t.Errorf("%q becomes %q", hint, got)
		}
	}
}
