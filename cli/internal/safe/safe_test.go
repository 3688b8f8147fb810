package safe

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestClean: hostile.json holds texts, and what is shown of each. The tests of the page in the browser read it too.
func TestClean(t *testing.T) {
	raw, err := os.ReadFile("testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string][2]string
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 20 {
		t.Errorf("only %d cases", len(cases))
	}
	cases["invalid"] = [2]string{"a\xff\xfeb", "a\ufffdb"} // JSON has no such text
	for name, c := range cases {
		if got := string(clean(c[0], maxPhrase)); got != c[1] {
			t.Errorf("%s: clean(%q) = %q, want %q", name, c[0], got, c[1])
		}
	}
}

func TestCleanCuts(t *testing.T) {
	if got := clean("abcdef", 4); got != "abc…" {
		t.Errorf("clean cut to %q", got)
	}
	if got := clean("abcd", 4); got != "abcd" {
		t.Errorf("clean cut a text of exactly the limit to %q", got)
	}
	if got := clean("🙂\u200d🙂🙂", 3); got != "🙂…" {
		t.Errorf("clean cut to %q", got)
	}
	if got := clean("a\tb", 4); got != "a  …" {
		t.Errorf("clean cut to %q", got)
	}
	if got := clean(strings.Repeat("\t", MaxText), maxMessage); strings.Contains(string(got), "…") {
		t.Errorf("a text of tabs is cut")
	}
}

// checkClean fails if the cleaned text could control a terminal.
func checkClean(t interface{ Errorf(string, ...any) }, in string, limit int) {
	out := string(clean(in, limit))
	if !utf8.ValidString(out) {
		t.Errorf("clean(%q) = %q: not UTF-8", in, out)
	}
	if n := utf8.RuneCountInString(out); n > limit {
		t.Errorf("clean(%q): %d runes, limit %d", in, n, limit)
	}
	marks := maxMarks
	for _, r := range out {
		if Forbidden(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Co, r) {
			t.Errorf("clean(%q) = %q holds %U", in, out, r)
		}
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			t.Errorf("clean(%q) = %q: marks pile up", in, out)
		}
	}
	if again := string(clean(out, limit)); again != out {
		t.Errorf("clean is not a fixed point: %q → %q → %q", in, out, again)
	}
}

func TestCleanProperties(t *testing.T) {
	pieces := rapid.SampledFrom([]string{
		"\x1b", "[", "31m", "]0;", "\a", "\x1b\\", "\u009b", "\u009d", "\u202e", "\u200d", "\u200c", "م", "\n", "\r", "\t", "\x00", "\xff",
		"\xc2", "é", "e\u0301\u0301\u0301", "\u0301", "🙂", "\U000E0020", "\ufeff", "\u00ad", "a", " ", "…", "⏎",
	})
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOf(rapid.OneOf(pieces, rapid.String())).Draw(t, "in"), "")
		checkClean(t, in, rapid.IntRange(1, 40).Draw(t, "limit"))
	})
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"hello", "\x1b[31mred", "a\u009b2Jb", "\x1b]8;;http://x\x1b\\y", "\u202eabc", "e\u0301\u0301\u0301\u0301\u0301\u0301", "a\xff"} {
		f.Add(s, 16)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		checkClean(t, s, 1+int(uint(limit)%maxMessage))
	})
}

// TestOneDoorToTheScreen: only this package converts a string to Text, so that the text of a peer reaches the terminal by no
// other way.
func TestOneDoorToTheScreen(t *testing.T) {
	fset, files := token.NewFileSet(), 0
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		files++
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if _, constant := call.Args[0].(*ast.BasicLit); constant {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Text" {
				if pkg, ok := f.X.(*ast.Ident); ok && pkg.Name == "safe" {
					t.Errorf("%s: a conversion to safe.Text; use Name, Phrase or Message", fset.Position(call.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 50 {
		t.Errorf("%d files were read: %v", files, err)
	}
}

func BenchmarkClean(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":   "morning. the build box is at 192.168.1.40",
		"unicode": "доброе утро, é 你好 🙂 नमस्ते",
		"hostile": strings.Repeat("a\x1b[31m\u202e\u0301", 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				clean(s, maxMessage)
			}
		})
	}
}
