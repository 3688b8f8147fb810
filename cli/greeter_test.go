package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"localchat/test/driver"
)

// TestGreeter: the bot in docs greets each member that comes in. It attaches to the node of the room's owner, beside a console.
func TestGreeter(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		driver.DidNotRun(t, "it needs python3")
	}
	path, err := filepath.Abs("../docs/greeter.py")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n > 40 {
		t.Errorf("it has %d lines; a bot should need no more than 40", n)
	}
	localchat, err := exec.LookPath("localchat")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	start := func(user string, command ...string) *driver.Program {
		t.Helper()
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "HOME="+home, "USER="+user, "XDG_CONFIG_HOME="+home, "XDG_RUNTIME_DIR="+home+"/run", "LOCALCHAT_NO_MDNS=true", "LOCALCHAT_LISTEN=/ip4/127.0.0.1/tcp/0")
		p, err := driver.StartProgram(cmd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		return p
	}
	sees := func(p *driver.Program, what string) []string {
		t.Helper()
		found := p.Sees(p.Out, regexp.MustCompile("(?m)"+what), scriptWait)
		if found == nil {
			t.Fatalf("no %q: %s", what, p)
		}
		return found
	}
	types := func(p *driver.Program, line string) {
		t.Helper()
		if err := p.Type(line + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	alice := start("alice", localchat, "create", "lab", "--open", "--plain", "--data-dir", home+"/alice")
	sees(alice, "you own lab")
	types(alice, "/net")
	addr := sees(alice, `^me +(/ip4/127\S+)`)[1]

	nowhere := start("alice", python, path, "den", "--data-dir", home+"/alice")
	if code, ended := nowhere.Ends(scriptWait); !ended || code != 1 || !strings.Contains(nowhere.Words.String(), `not in a room "den": room.list lists`) {
		t.Errorf("in a room that is not there it ends: %v, with %d: %s", ended, code, nowhere)
	}
	bot := start("alice", python, path, "lab", "--data-dir", home+"/alice")
	sees(bot, "greeting in lab")
	for _, nick := range []string{"bob", "carol"} {
		guest := start(nick, localchat, "join", "lab", "--plain", "--data-dir", home+"/"+nick, "--peer", addr)
		sees(guest, "<alice> hello "+nick+", and welcome")
		sees(alice, "<alice> hello "+nick+", and welcome")
	}
	types(alice, "and I am here too")
	sees(alice, "<alice> and I am here too")
	types(alice, "/quit yes")
	if code, ended := bot.Ends(scriptWait); !ended || code != 1 {
		t.Errorf("after the node it ends: %v, with %d: %s", ended, code, bot)
	}
}
