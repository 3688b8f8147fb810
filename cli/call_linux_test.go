package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/notify"
)

// TestNotifySettingsNow: a node in the background follows the settings that a console saves in the file, except for those that a flag
// or a variable of its own sets.
func TestNotifySettingsNow(t *testing.T) {
	kept := command.DefaultSettings
	kept.Notify = notify.Settings{Level: notify.All, Text: false}
	for name, c := range map[string]struct {
		given []string
		env   string
		want  notify.Settings
	}{
		"the file":   {nil, "", notify.Settings{Level: notify.All, Text: false}},
		"a flag":     {[]string{"notify"}, "", notify.Settings{Level: notify.Off, Text: false}},
		"a variable": {nil, "LOCALCHAT_NOTIFY_TEXT", notify.Settings{Level: notify.All, Text: true}},
	} {
		a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
		a.opts.notify = notify.Settings{Level: notify.Off, Text: true}
		a.given = c.given
		a.env = func(name string) (string, bool) { return "", name == c.env }
		a.Kept = func() (command.Settings, error) { return kept, nil }
		if got := a.notifySettings(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestDoctorOnTheDesktop: doctor says that a node in the background cannot notify its person by the desktop, if the person wants that.
func TestDoctorOnTheDesktop(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	for _, c := range []struct {
		face  string
		level notify.Level
		notes int
	}{{command.Background, notify.Calls, 1}, {command.Background, notify.Off, 0}, {webFace, notify.Calls, 1}, {consoleFace, notify.Calls, 0}} {
		a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
		a.Process = &command.Process{Face: c.face}
		a.Kept = func() (command.Settings, error) {
			return command.Settings{Notify: notify.Settings{Level: c.level}}, nil
		}
		why := ""
		if err := a.unnotified(t.Context()); err != nil {
			why = err.Error()
		}
		d := withDesktop(command.Diagnosis{}, why)
		if len(d.Findings) != c.notes {
			t.Errorf("%s, %s: %+v", c.face, c.level, d.Findings)
		}
		for _, f := range d.Findings {
			if f.Code != "no_desktop" || f.Severity != command.SeverityNote || f.Blocks || !strings.Contains(f.Cause, "no session bus") {
				t.Errorf("%+v", f)
			}
		}
	}
}

// TestWatched: an attached console notifies its user itself, and an attached program does not; while a person looks at a face, nobody
// notifies them.
func TestWatched(t *testing.T) {
	a, _, _ := newApp(t, clitest.NewNode(), strings.NewReader(""))
	for face, want := range map[string]bool{"console": true, "rpc": false, "tail": false} {
		a.Process = &command.Process{Attached: func() []command.Attachment { return []command.Attachment{{Face: "send"}, {Face: face}} }}
		if got := a.watched(); got != want {
			t.Errorf("beside %s: %v", face, got)
		}
		a.Process.Focused.Add(1)
		if !a.watched() {
			t.Errorf("beside %s that is looked at, the desktop calls", face)
		}
	}
}
