package cli

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"localchat/test/driver"
)

// TestFaceThatStopsReading: a face that reads nothing is disconnected. Until then the node and the other faces go on as if it were not
// there.
func TestFaceThatStopsReading(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits until a face is cut off, ten seconds")
	}
	t.Parallel()
	home := t.TempDir()
	start := func(args ...string) *driver.Program {
		path, err := exec.LookPath("localchat")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, args...)
		cmd.Env = append(os.Environ(), "HOME="+home, "USER=alice", "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home+"/data", "XDG_RUNTIME_DIR="+home+"/run", "LOCALCHAT_NO_MDNS=true", "LOCALCHAT_LISTEN=/ip4/127.0.0.1/tcp/0")
		p, err := driver.StartProgram(cmd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		return p
	}
	sees := func(p *driver.Program, text *driver.Text, what string) {
		t.Helper()
		if p.Sees(text, regexp.MustCompile(what), scriptWait) == nil {
			t.Fatalf("no %q: %s", what, p)
		}
	}
	types := func(p *driver.Program, line string) {
		t.Helper()
		if err := p.Type(line + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	alice := start("create", "lab", "--plain", "--log-file", home+"/log")
	sees(alice, alice.Out, "you own lab")
	stopped, other := start("tail", "lab"), start("tail", "lab")
	sees(stopped, stopped.Out, "you own lab")
	sees(other, other.Out, "you own lab")
	if err := stopped.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// More than the socket holds.
	for i := range 50 {
		types(alice, strings.Repeat("x", 30_000)+string(rune('a'+i%26)))
	}
	types(alice, "after the flood")
	sees(alice, alice.Out, "<alice> after the flood")
	sees(other, other.Out, "<alice> after the flood")
	for end := time.Now().Add(scriptWait); ; time.Sleep(100 * time.Millisecond) {
		if log, _ := os.ReadFile(home + "/log"); strings.Contains(string(log), "a face is gone") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the face is not cut off")
		}
	}
	if err := stopped.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if code, ended := stopped.Ends(scriptWait); !ended || code != 1 {
		t.Errorf("the face that was stopped ends: %v, with %d: %s", ended, code, stopped)
	}
	types(alice, "still here")
	sees(alice, alice.Out, "<alice> still here")
	sees(other, other.Out, "<alice> still here")
}
