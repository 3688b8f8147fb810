package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
)

// TestSetIsKept: /set writes its changes to the configuration file and keeps everything else in it; the next start reads them.
// With --ephemeral nothing is written.
func TestSetIsKept(t *testing.T) {
	for name, c := range map[string]struct{ before, after string }{
		"no file":           {"", "[console]\nbell = true\n"},
		"a file":            {"# mine\nnick = \"bob\"", "# mine\nnick = \"bob\"\n\n[console]\nbell = true\n"},
		"the table":         {"[console]\ntimes = false\n", "[console]\nbell = true\ntimes = false\n"},
		"the line":          {"[console]\n# rings\nbell = false\ntimes = false\n", "[console]\n# rings\nbell = true\ntimes = false\n"},
		"a table after it":  {"[ console ] # of mine\n\n[create]\nidle = \"1d\"\n", ""},
		"another bell":      {"[create]\nsubject = \"bell = false\"\n[console]\n", "[create]\nsubject = \"bell = false\"\n[console]\nbell = true\n"},
		"first of a file":   {"[console]\nmouse = true\n\n[create]\nidle = \"1d\"\n", "[console]\nbell = true\nmouse = true\n\n[create]\nidle = \"1d\"\n"},
		"as one line":       {"console = { times = false }\n", ""},
		"as a dotted key":   {"console.times = false\n", ""},
		"a comment of bell": {"[console]\n# bell = false\n", "[console]\nbell = true\n# bell = false\n"},
	} {
		t.Run(name, func(t *testing.T) {
			a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
			path := a.configPath()
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if c.before != "" {
				if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := a.keepSetting("bell", true)
			raw, _ := os.ReadFile(path)
			if c.after == "" {
				if text, hint, _ := fail.Explain(err); err == nil || !strings.Contains(text, path) || hint == "" || string(raw) != c.before {
					t.Errorf("%v; the file is\n%s", err, raw)
				}
			} else if err != nil || string(raw) != c.after {
				t.Errorf("%v; the file is\n%s\nwant\n%s", err, raw, c.after)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".config-*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			if c.after == "" {
				return
			}
			file, err := readConfig(path, a.root())
			if err != nil {
				t.Fatal(err)
			}
			if !file.show.Bell || file.show.Times == strings.Contains(c.after, "times = false") {
				t.Errorf("read back as %+v", file.show)
			}
		})
	}
	a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
	a.opts.ephemeral = true
	if a.keeper() != nil {
		t.Error("an ephemeral console writes")
	}
}

// TestConsoleTableIsChecked: a mistyped setting of the console is an error with its line, as any other in the file.
func TestConsoleTableIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"[console]\nbel = true\n": "line 2, console.bel: there is no such setting", "[console]\nbell = \"yes\"\n": "line 2, console.bell: expected true or false",
		"console = 7\n": "console",
	} {
		if _, _, err := settled(t, text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
