package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// settingOf returns the setting with that name.
func settingOf(name string) command.Setting {
	return command.SettingTable[slices.IndexFunc(command.SettingTable, func(s command.Setting) bool { return s.Name == name })]
}

// TestSetIsKept: /set writes its changes to the configuration file and keeps everything else in it; the next start reads them.
func TestSetIsKept(t *testing.T) {
	const template = "# Settings of localchat, as TOML.\n\n# what calls you\n# notify = \"calls\"\n\n# nick\nnick = \"bob\"\n\n[create]\n\n[console]\n"
	for name, c := range map[string]struct{ set, before, after string }{
		"no file":             {"bell on", "", "[console]\nbell = true\n"},
		"a file":              {"bell on", "# mine\nnick = \"bob\"", "# mine\nnick = \"bob\"\n\n[console]\nbell = true\n"},
		"the table":           {"bell on", "[console]\ntimes = false\n", "[console]\nbell = true\ntimes = false\n"},
		"the line":            {"bell on", "[console]\n# rings\nbell = false\ntimes = false\n", "[console]\n# rings\nbell = true\ntimes = false\n"},
		"a comment behind it": {"bell on", "[console]\n bell=false # in the office\n", "[console]\n bell = true # in the office\n"},
		"a quoted key":        {"bell on", "[console]\n\"bell\" = false\n", "[console]\n\"bell\" = true\n"},
		"lines of Windows":    {"bell on", "[console]\r\ntimes = false\r\n", "[console]\r\nbell = true\r\ntimes = false\r\n"},
		"a line of Windows":   {"bell on", "[console]\r\nbell = false\r\n", "[console]\r\nbell = true\r\n"},
		"a table after it":    {"bell on", "[ console ] # of mine\n\n[create]\nidle = \"1d\"\n", "[ console ] # of mine\nbell = true\n\n[create]\nidle = \"1d\"\n"},
		"another bell":        {"bell on", "[create]\nsubject = \"bell = false\"\n[console]\n", "[create]\nsubject = \"bell = false\"\n[console]\nbell = true\n"},
		"first of a file":     {"bell on", "[console]\nmouse = true\n\n[create]\nidle = \"1d\"\n", "[console]\nbell = true\nmouse = true\n\n[create]\nidle = \"1d\"\n"},
		"as one line":         {"bell on", "console = { times = false }\n", ""},
		"as a dotted key":     {"bell on", "console.times = false\n", ""},
		"a comment of bell":   {"bell on", "[console]\n# bell = false\n", "[console]\n# bell = false\nbell = true\n"},
		"a flag, no file":     {"notify all", "", "notify = \"all\"\n"},
		"a flag":              {"notify all", "# mine\nnick = \"bob\"\n", "notify = \"all\"\n# mine\nnick = \"bob\"\n"},
		"a flag, a head":      {"notify off", "# mine\n\nnick = \"bob\"\n", "# mine\n\nnotify = \"off\"\nnick = \"bob\"\n"},
		"a flag, its comment": {"notify off", template, strings.Replace(template, "# notify = \"calls\"\n", "# notify = \"calls\"\nnotify = \"off\"\n", 1)},
		"a flag, its line":    {"notify all", "notify = 'off' # \"quiet\" at work\n[create]\n", "notify = \"all\" # \"quiet\" at work\n[create]\n"},
		"a flag, two words":   {"notify-text off", "notify_text = true\nnotify = \"off\"\n", "notify_text = false\nnotify = \"off\"\n"},
		"a flag, tables":      {"notify all", "[console]\ntimes = false\n", "notify = \"all\"\n[console]\ntimes = false\n"},
		"in a longer text":    {"notify all", "[create]\nsubject = \"\"\"\n[console]\"\"\"\n", "notify = \"all\"\n[create]\nsubject = \"\"\"\n[console]\"\"\"\n"},
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
			set, value, _ := strings.Cut(c.set, " ")
			err := a.keepSetting(settingOf(set), value)
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
		})
	}
	a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
	a.opts.ephemeral = true
	if a.keeper() != nil {
		t.Error("an ephemeral console writes")
	}
}

// TestSettingsOutliveTheConsole: the next start has each value of each setting that /set takes, and everything that a person wrote into
// the file.
func TestSettingsOutliveTheConsole(t *testing.T) {
	for _, s := range command.SettingTable {
		for _, value := range s.Values {
			synctest.Test(t, func(t *testing.T) {
				f := clitest.NewNode()
				d := sitWithFile(t, f, "# by hand\nnick = \"bob\" # me\n")
				d.types("/set " + s.Name + " " + value)
				d.reads()
				if said := d.out.Take(); !strings.Contains(said, "-- "+s.Name+" "+value) || strings.Contains(said, "not kept") {
					t.Errorf("/set %s %s: %s", s.Name, value, said)
				}
				d.leaves(fail.ExitOK)
				if raw, _ := os.ReadFile(d.a.configPath()); !strings.Contains(string(raw), "# by hand\nnick = \"bob\" # me\n") {
					t.Errorf("/set %s %s left of the file:\n%s", s.Name, value, raw)
				}
				if kept, err := d.a.Kept(); err != nil || s.Get(&kept) != value {
					t.Errorf("/set %s %s: a program is told %q (%v)", s.Name, value, s.Get(&kept), err)
				}
				next := sitAgain(t, d, clitest.NewNode())
				if got := s.Get(&next.a.Show); got != value {
					t.Errorf("/set %s %s: the next start has %s", s.Name, value, got)
				}
				next.leaves(fail.ExitOK)
			})
		}
	}
}

// TestReadOnlyConfiguration: if the file is read-only, /set says so and leaves it as it is, and the setting holds in this console.
func TestReadOnlyConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := sitWithFile(t, f, "nick = \"bob\"\n")
		if err := os.Chmod(d.a.configPath(), 0o400); err != nil {
			t.Fatal(err)
		}
		d.types("/set keys on")
		if said := d.out.Take(); !strings.Contains(said, "-- keys on\n! not kept for next time: "+d.a.configPath()+" is read-only\nhint: make it writable, or change it yourself\n") {
			t.Errorf("it says:\n%s", said)
		}
		f.Emit(node.Joined{Name: "lab", Nick: "bob", Epoch: 1})
		f.Emit(node.Epoch{Epoch: 9})
		synctest.Wait()
		if said := d.out.Take(); !strings.Contains(said, "-- key 9") {
			t.Errorf("the setting does not hold:\n%s", said)
		}
		d.leaves(fail.ExitOK)
		if raw, _ := os.ReadFile(d.a.configPath()); string(raw) != "nick = \"bob\"\n" {
			t.Errorf("the file is\n%s", raw)
		}
	})
}

// sitWithFile opens a lobby that saves its settings, with that configuration file.
func sitWithFile(t *testing.T, f *clitest.Node, file string) *desk {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "localchat"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "localchat", "config.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return sitIn(t, f, home)
}

// sitAgain opens the lobby of a desk again.
func sitAgain(t *testing.T, d *desk, f *clitest.Node) *desk {
	t.Helper()
	return sitIn(t, f, d.a.variable("XDG_CONFIG_HOME"))
}

func sitIn(t *testing.T, f *clitest.Node, home string) *desk {
	t.Helper()
	d := newDesk(t, f)
	env := map[string]string{"XDG_CONFIG_HOME": home, "HOME": home, "LOCALCHAT_DATA_DIR": filepath.Join(home, "data"), "USER": "bob"}
	d.a.env = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	d.runs()
	d.out.Take()
	d.words.Take()
	return d
}

// TestConsoleTableIsChecked: a mistyped setting of the console is an error that names its line, as for other settings in the file.
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
