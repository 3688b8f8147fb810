package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/notify"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// settled runs the command line args with a configuration file and an environment, and returns the resulting options.
func settled(t *testing.T, file string, env map[string]string, args ...string) (options, node.CreateOptions, error) {
	t.Helper()
	a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
	home := t.TempDir()
	if file != "" {
		if err := os.MkdirAll(filepath.Join(home, "localchat"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, "localchat", "config.toml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.env = func(name string) (string, bool) {
		if name == "XDG_CONFIG_HOME" {
			return home, true
		}
		v, ok := env[name]
		return v, ok
	}
	var created node.CreateOptions
	root := a.root()
	var flags createFlags
	for _, cmd := range root.Commands() {
		if cmd.Name() != "create" {
			continue
		}
		cmd.ResetFlags()
		flags.addTo(cmd.Flags())
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := a.settle(cmd); err != nil {
				return err
			}
			change, err := flags.policy(cmd.Flags())
			created = node.CreateOptions{Name: args[0], PolicyChange: change}
			return err
		}
	}
	root.SetArgs(append([]string{"create", "lab"}, args...))
	err := root.Execute()
	return a.opts, created, err
}

// TestPrecedence: flag, then environment, then file, then default.
func TestPrecedence(t *testing.T) {
	const file = "nick = \"file\"\nlisten = [\"/ip4/10.0.0.1/tcp/1\", \"/ip4/10.0.0.1/tcp/2\"]\nno_mdns = true\n[create]\nidle = \"1d\"\nopen = true\n"
	env := map[string]string{"LOCALCHAT_NICK": "env", "LOCALCHAT_LISTEN": "/ip4/10.0.0.2/tcp/1,/ip4/10.0.0.2/tcp/2,/ip4/10.0.0.2/tcp/3", "LOCALCHAT_IDLE": "2h"}
	for _, c := range []struct {
		name   string
		file   string
		env    map[string]string
		args   []string
		nick   string
		listen int
		mdns   bool
		idle   time.Duration
	}{
		{name: "default", mdns: true, idle: -1},
		{name: "file", file: file, nick: "file", listen: 2, idle: 24 * time.Hour},
		{name: "environment", file: file, env: env, nick: "env", listen: 3, idle: 2 * time.Hour},
		{name: "flag", file: file, env: env, args: []string{"--nick", "flag", "--listen", "/ip4/10.0.0.3/tcp/1", "--no-mdns=false", "--idle", "3h"}, nick: "flag", listen: 1, mdns: true, idle: 3 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts, created, err := settled(t, c.file, c.env, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			idle := time.Duration(-1)
			if created.IdleS != nil {
				idle = time.Duration(*created.IdleS) * time.Second
			}
			if opts.nick != c.nick || len(opts.listen) != c.listen || opts.noMDNS == c.mdns || idle != c.idle {
				t.Errorf("nick %q, listen %q, no-mdns %v, idle %v", opts.nick, opts.listen, opts.noMDNS, idle)
			}
			if wantOpen := c.file != ""; (created.Access != nil) != wantOpen {
				t.Errorf("access %v", created.Access)
			}
		})
	}
}

// TestNotifyIsAnOption: the settings of notifications are options like the others.
func TestNotifyIsAnOption(t *testing.T) {
	const file = "notify = \"all\"\nnotify_text = false\n"
	for _, c := range []struct {
		file string
		env  map[string]string
		args []string
		want notify.Settings
	}{
		{want: notify.Settings{Level: notify.Calls, Text: true}},
		{file: file, want: notify.Settings{Level: notify.All, Text: false}},
		{file: file, env: map[string]string{"LOCALCHAT_NOTIFY": "off"}, want: notify.Settings{Level: notify.Off, Text: false}},
		{file: file, env: map[string]string{"LOCALCHAT_NOTIFY": "off"}, args: []string{"--notify", "calls", "--notify-text"}, want: notify.Settings{Level: notify.Calls, Text: true}},
	} {
		opts, _, err := settled(t, c.file, c.env, c.args...)
		if err != nil || opts.notify != c.want {
			t.Errorf("file %q, %v, %q: %v, %v, want %v", c.file, c.env, c.args, opts.notify, err, c.want)
		}
	}
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        map[string]string
		want       []string
	}{
		{"unknown key", "nick = \"x\"\n\n# a comment\nnikc = \"y\"\n", nil, []string{"config.toml, line 4, nikc: there is no such setting"}},
		{"unknown key of create", "[create]\nopen = true\nidel = \"1h\"\n", nil, []string{"line 3, create.idel: there is no such setting"}},
		{"flag of create outside it", "idle = \"1h\"\n", nil, []string{"line 1, idle: there is no such setting"}},
		{"unknown table", "nick = \"x\"\n[server]\nport = 1\n", nil, []string{"line 2, server: there is no such setting"}},
		{"wrong type", "nick = 1.5\n", nil, []string{"line 1, nick: expected a string"}},
		{"list of numbers", "listen = [1]\n", nil, []string{"line 1, listen: a list can hold only strings"}},
		{"list for one value", "nick = [\"a\", \"b\"]\n", nil, []string{"line 1, nick: nick takes one value"}},
		{"bad value", "\nephemeral = \"perhaps\"\n", nil, []string{"line 2, ephemeral:", "perhaps"}},
		{"bad time", "[create]\nidle = \"soon\"\n", nil, []string{"line 2, create.idle:", "not a duration"}},
		{"bad level", "notify = \"loud\"\n", nil, []string{"line 1, notify:", `"loud" is not off, calls or all`}},
		{"bad level in the environment", "", map[string]string{"LOCALCHAT_NOTIFY": "loud"}, []string{"LOCALCHAT_NOTIFY=loud", "is not off, calls or all"}},
		{"syntax", "nick = \"x\"\nlisten = [\n", nil, []string{"config.toml, line 2"}},
		{"environment", "", map[string]string{"LOCALCHAT_EPHEMERAL": "perhaps"}, []string{"the environment sets LOCALCHAT_EPHEMERAL=perhaps"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := settled(t, c.file, c.env)
			if err == nil {
				t.Fatal("accepted")
			}
			text, hint, code := fail.Explain(err)
			if code != fail.ExitUsage || hint == "" {
				t.Errorf("exit %d, hint %q", code, hint)
			}
			for _, w := range c.want {
				if !strings.Contains(text, w) {
					t.Errorf("%q, want %q in it", text, w)
				}
			}
		})
	}
}

func TestNickOfLogin(t *testing.T) {
	for name, want := range map[string]string{
		"alice": "alice", "Alice Smith": "AliceSmith", "jörg": "jörg", "-x-": "x", "": "", "a\x1b[31mb": "a31mb", "$$$": "", strings.Repeat("é", 40): strings.Repeat("é", maxNickRunes),
	} {
		if got := nickOf(name); got != want {
			t.Errorf("nickOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestGuestKeepsItsName(t *testing.T) {
	a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
	a.env = func(name string) (string, bool) { return "$", name == "USER" || name == "USERNAME" }
	first := a.nick()
	if first == "" || first != a.nick() {
		t.Errorf("the nick changes: %q, then %q", first, a.nick())
	}
}

// TestErrorsAreSafe: the text of a peer in an error cannot control the terminal either.
func TestErrorsAreSafe(t *testing.T) {
	var words clitest.Screen
	code := finish(t.Context(), &words, &node.Error{Code: node.CodeNotFound, Text: "nobody is called " + clitest.Hostile, Reason: "directory unfit", Mend: clitest.Hostile})
	got := words.Take()
	if code != fail.ExitNotFound || strings.Count(got, "\n") != 2 || strings.ContainsFunc(strings.ReplaceAll(got, "\n", ""), safe.Forbidden) {
		t.Errorf("exit %d: %q", code, got)
	}
}

func TestPlainMode(t *testing.T) {
	for args, want := range map[string]plainMode{"--plain": plainYes, "--plain=edit": plainEdit, "--plain=true": plainYes, "--plain=false": "", "": ""} {
		opts, _, err := settled(t, "", nil, strings.Fields(args)...)
		if err != nil || opts.plain != want {
			t.Errorf("%q: %q, %v", args, opts.plain, err)
		}
	}
	if opts, _, err := settled(t, "plain = \"edit\"\n", nil); err != nil || opts.plain != plainEdit {
		t.Errorf("in the file: %q, %v", opts.plain, err)
	}
	if opts, _, err := settled(t, "plain = true\n", nil); err != nil || opts.plain != plainYes {
		t.Errorf("in the file: %q, %v", opts.plain, err)
	}
	if _, _, err := settled(t, "", nil, "--plain=nicely"); err == nil || !strings.Contains(err.Error(), "edit") {
		t.Errorf("a mode that is none: %v", err)
	}
}

// TestLinksAreWanted: there are no links without styles, or without a terminal.
func TestLinksAreWanted(t *testing.T) {
	t.Cleanup(func() { render.ShowLinks(false) })
	for _, c := range []struct {
		env  map[string]string
		args []string
		want bool
	}{
		{map[string]string{"TERM": "xterm-256color"}, nil, true},
		{map[string]string{"TERM": "xterm-256color", "NO_COLOR": "1"}, nil, false},
		{map[string]string{"TERM": "xterm-256color"}, []string{"--no-color"}, false},
		{map[string]string{"TERM": "dumb"}, nil, false},
		{map[string]string{"TERM": "linux"}, nil, false},
		{nil, nil, false},
	} {
		if _, _, err := settled(t, "", c.env, c.args...); err != nil {
			t.Fatal(err)
		}
		if got := render.ShowsLinks(); got != c.want {
			t.Errorf("%v %v: %v", c.env, c.args, got)
		}
	}
}
