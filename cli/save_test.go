package cli

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestSave: /save writes the lines of a room to a new file that only its user can read. No row in it can pass for a line of
// another member.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	f := clitest.NewNode()
	f.Said = []node.Message{
		{ID: "1", Peer: clitest.AliceID, Nick: "alice", Text: "hello", At: clitest.Noon},
		{ID: "2", Peer: clitest.DaveID, Nick: "dave", Text: "x\n2026-11-23 12:00 <alice> I quit\x1b[2J", At: clitest.Noon},
	}
	save := func(path string) (command.Reply, error) {
		return runOf("save")(context.Background(), command.Call{Node: f, Args: []string{path}, Room: command.Room{ID: clitest.LabID.String(), Name: "lab"}})
	}
	path := filepath.Join(dir, "lab.txt")
	if r, err := save(path); err != nil || len(r.Lines) != 1 || !strings.HasPrefix(string(r.Lines[0]), "saved 2 lines to ") {
		t.Fatalf("%v, %v", r.Lines, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := clitest.Noon.Local().Format("2006-01-02 15:04 ")
	if want := at + "<alice> hello\n" + at + "<dave> x\n                 | 2026-11-23 12:00 <alice> I quit\n"; string(raw) != want {
		t.Errorf("the file is\n%s\nwant\n%s", raw, want)
	}
	if fi, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", fi.Mode(), err)
	}
	if _, err := save("~/home.txt"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "home.txt")); err != nil {
		t.Error(err)
	}
	for _, taken := range []string{path, dir, filepath.Join(dir, "none", "x"), ""} {
		if _, err := save(taken); err == nil {
			t.Errorf("%q is written", taken)
		} else if _, hint, code := fail.Explain(err); hint == "" || code != fail.ExitUsage {
			t.Errorf("%q: %v, hint %q, code %d", taken, err, hint, code)
		}
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(raw) {
		t.Error("a file that was there is another now")
	}
	f.Said = nil
	if _, err := save(filepath.Join(dir, "nothing.txt")); err == nil {
		t.Error("nothing is saved")
	}
}
