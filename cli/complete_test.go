package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/BurntSushi/toml"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// complete asks for completions as the scripts of the shells do.
func complete(t *testing.T, rooms []node.RoomInfo, words ...string) []string {
	t.Helper()
	f := clitest.NewNode()
	f.RoomList = rooms
	a, out, errs := newApp(t, f, strings.NewReader(""))
	if code := a.run(context.Background(), append([]string{"__complete"}, words...)); code != fail.ExitOK {
		t.Fatalf("exit %d: %s", code, errs.Take())
	}
	return strings.Split(strings.TrimSpace(out.Take()), "\n")
}

func TestCompleteRooms(t *testing.T) {
	hostile := "x;rm -rf ~"
	rooms := []node.RoomInfo{
		{ID: clitest.LabID, Name: "lab", Words: "amber kiwi", Access: "knock", Members: 3, Subject: "the \x1b[31mbuild"},
		{ID: clitest.DenID, Name: hostile, Words: "birch", Access: "open", Members: 1},
		{ID: node.RoomID{3}, Name: "Bar", Words: "one", Access: "open", Members: 1},
		{ID: node.RoomID{4}, Name: "bar", Words: "two", Access: "open", Members: 1},
		{ID: node.RoomID{5}, Name: "--open", Words: "three", Access: "open", Members: 1},
	}
	synctest.Test(t, func(t *testing.T) {
		got := complete(t, rooms, "join", "")
		want := []string{
			"lab\tlab: knock, 3 members; owner's words: amber kiwi; the build",
			clitest.DenID.String() + "\t" + hostile + ": open, 1 member; owner's words: birch",
			node.RoomID{3}.String() + "\tBar: open, 1 member; owner's words: one",
			node.RoomID{4}.String() + "\tbar: open, 1 member; owner's words: two",
			node.RoomID{5}.String() + "\t--open: open, 1 member; owner's words: three",
			":4", // no files
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if got := complete(t, rooms, "up", "--room", ""); len(got) != 6 || !strings.HasPrefix(got[0], "lab\t") {
			t.Errorf("as a room for up: %q", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if got := complete(t, rooms, "join", "lab", ""); !slices.Equal(got, []string{":4"}) {
			t.Errorf("after the room: %q", got)
		}
	})
	if got := complete(t, nil, "create", "lab", "--history", ""); len(got) != 4 || got[3] != ":4" {
		t.Errorf("--history: %q", got)
	}
}

// TestRoomNames: names are compared without case, so two rooms whose names differ only in case are completed by their ids.
func TestRoomNames(t *testing.T) {
	got := command.RoomWords([][2]string{{"lab", "1"}, {"Bar", "2"}, {"bar", "3"}, {"a\u200bb", "4"}})
	if want := []string{"lab", "2", "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestConfigInit: the first file has every setting, each in the form that readConfig takes.
func TestConfigInit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "localchat", "config.toml")
	run := func(args ...string) (int, string, string) {
		a, out, errs := newApp(t, clitest.NewNode(), strings.NewReader(""))
		a.env = func(name string) (string, bool) {
			if name == "XDG_CONFIG_HOME" {
				return dir, true
			}
			return "", false
		}
		code := a.run(context.Background(), args)
		return code, out.Take(), errs.Take()
	}
	if code, out, _ := run("config", "path"); code != fail.ExitOK || out != path+"\n" {
		t.Errorf("path: exit %d, %q", code, out)
	}
	if code, _, errs := run("config", "init"); code != fail.ExitOK {
		t.Fatalf("init: exit %d, %s", code, errs)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run("version"); code != fail.ExitOK {
		t.Errorf("with the new file: exit %d, %s", code, errs)
	}
	if code, _, errs := run("config", "init"); code != fail.ExitUsage || !strings.Contains(errs, "hint: edit it") {
		t.Errorf("a second time: exit %d, %s", code, errs)
	}
	// The file is valid with every setting set to its example.
	var set strings.Builder
	settings := 0
	for line := range strings.Lines(string(raw)) {
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "# "), " = "); ok && !strings.Contains(name, " ") {
			if name == "invite_only" || name == "ephemeral" {
				value = "false\n"
			}
			if name == "log_file" {
				if strings.Contains(value, "/tmp") {
					t.Errorf("the log is suggested among the temporary files: %s", value)
				}
				value = strconv.Quote(filepath.Join(t.TempDir(), "log")) + "\n"
			}
			line = name + " = " + value
			settings++
		}
		set.WriteString(line)
	}
	var tree map[string]any
	if err := toml.Unmarshal([]byte(set.String()), &tree); err != nil {
		t.Fatalf("%v in\n%s", err, set.String())
	}
	if settings < 20 {
		t.Errorf("only %d settings", settings)
	}
	if err := os.WriteFile(path, []byte(set.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"rooms", "--wait", "0"}, {"__complete", "create", "lab", "--history", ""}} {
		if code, _, errs := run(args...); code != fail.ExitOK {
			t.Errorf("%v with all set: exit %d, %s", args, code, errs)
		}
	}
}
