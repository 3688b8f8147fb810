package safe

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":              {"hello, world", "hello, world"},
		"scripts":            {"é 你好 🙂 नमस्ते", "é 你好 🙂 नमस्ते"},
		"colour":             {"a\x1b[31mred\x1b[0m", "ared"},
		"title with payload": {"a\x1b]0;owned\x07b", "ab"},
		"c1 csi":             {"a\u009b31mb", "a31mb"},
		"bell and delete":    {"a\a\x7fb", "ab"},
		"line breaks":        {"a\r\nb\nc\rd", "a ⏎ b ⏎ c ⏎ d"},
		"tab":                {"a\tb", "a       b"},
		"tabs by line":       {"\tif x {\n\t\treturn\ty\n你\tz", "        if x { ⏎                 return  y ⏎ 你      z"},
		"tab after marks":    {"e\u0301\u200b\tx", "e\u0301       x"},
		"joined words":       {"می\u200cخواهم ක්\u200dර", "می\u200cخواهم ක්\u200dර"},
		"joined pictures":    {"👨\u200d👩\u200d👧\u200d👦🏴\u200d☠\ufe0f🙂\u200d\u2194\ufe0f👩🏽\u200d🚀", "👨\u200d👩\u200d👧\u200d👦🏴\u200d☠\ufe0f🙂\u200d\u2194\ufe0f👩🏽\u200d🚀"},
		"joiners that hide":  {"🙂\u200d \u200d🙂\u200dx \u200da\u200c你\u200d", "🙂 🙂x a你"},
		"joiner in a row":    {"می\u200c\u200c\u200d\u200cخ", "می\u200cخ"},
		"bidi override":      {"a\u202egnp.exe\u2069", "agnp.exe"},
		"zero width":         {"al\u200b\u200c\u200d\u200e\u200fice\ufeff\u2060", "alice"},
		"soft hyphen":        {"al\u00adice", "alice"},
		"joiner, then none":  {"🙂\u200d\ufffc🙂", "🙂🙂"},
		"tags":               {"hi\U000E0041\U000E0042", "hi"},
		"private use":        {"a\ue000\U000F0000b", "ab"},
		"separators":         {"a\u2028b\u2029c", "abc"},
		"blank letters":      {"a\u3164\u115f\u1160\uffa0\u034fb", "ab"},
		"visible format":     {"\u0600\u0661", "\u0600\u0661"},
		"invalid":            {"a\xff\xfeb", "a\ufffdb"},
		"too many marks":     {"e" + strings.Repeat("\u0301", 9), "e" + strings.Repeat("\u0301", maxMarks)},
		"leading mark":       {"\u0301x", "x"},
	} {
		if got := string(clean(c.in, maxPhrase)); got != c.want {
			t.Errorf("%s: clean(%q) = %q, want %q", name, c.in, got, c.want)
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
