package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/node"
)

// TestKnockNamesOne: the line about a knock has commands with a word that names only this peer, and the words to compare.
func TestKnockNamesOne(t *testing.T) {
	end := node.ShortID(clitest.DaveID)
	for _, c := range []struct {
		knock node.Knock
		want  []string
	}{
		{node.Knock{Peer: clitest.DaveID, Nick: "dave", Words: "robot lemon"}, []string{"robot lemon (" + end + ")", "/accept dave or /deny dave"}},
		{node.Knock{Peer: clitest.DaveID, Nick: "dave", Words: "robot lemon", Alike: true}, []string{"robot lemon (" + end + ")", "/accept " + end + " or /deny " + end}},
		{node.Knock{Peer: clitest.DaveID, Words: "robot lemon"}, []string{"/accept " + end}},
		{node.Knock{Peer: clitest.DaveID, Nick: "da\u200bve", Words: "robot lemon"}, []string{"/accept " + end}},
	} {
		line := string(render.View{}.Lines(node.Event{Room: clitest.LabID, Body: c.knock})[0])
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%+v: %q has no %q", c.knock, line, want)
			}
		}
	}
}

// TestSwitchNamesOne: /switch does nothing if two rooms look alike.
func TestSwitchNamesOne(t *testing.T) {
	c := command.Call{Rooms: []command.Room{{ID: "i1", Name: "lab"}, {ID: "i2", Name: "lаb"}, {ID: "i3", Name: "den"}}}
	for arg, want := range map[string]string{"i1": "i1", "i2": "i2", "den": "i3", "DEN": "i3"} {
		c.Args = []string{arg}
		if r, err := runOf("switch")(t.Context(), c); err != nil || r.Room != want {
			t.Errorf("%s: %q, %v", arg, r.Room, err)
		}
	}
	for arg, want := range map[string]int{"lab": fail.ExitUsage, "lаb": fail.ExitUsage, "LAB": fail.ExitUsage, "dеn": fail.ExitNotFound, "bar": fail.ExitNotFound} {
		c.Args = []string{arg}
		r, err := runOf("switch")(t.Context(), c)
		if _, _, code := fail.Explain(err); err == nil || code != want || r.Room != "" {
			t.Errorf("%s: %q, %v", arg, r.Room, err)
		}
	}
}

// TestRoomsKnows: "localchat rooms" does not open the store, which a console may be using, and still marks known rooms.
func TestRoomsKnows(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "known.json")
	if err := os.WriteFile(file, []byte(`{"self":"`+testID+`","owners":{},"own":["lab"],"verified":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	look := func() (cfg node.Config, words string) {
		a, _, said := newApp(t, clitest.NewNode(), strings.NewReader(""))
		env := a.env
		a.env = func(name string) (string, bool) {
			if name == "LOCALCHAT_EPHEMERAL" {
				return "", false
			}
			return env(name)
		}
		a.start = func(c node.Config) (command.OwnNode, error) { cfg = c; return clitest.NewNode(), nil }
		if code := a.run(t.Context(), []string{"rooms", "--wait", "0", "--data-dir", dir}); code != 0 {
			t.Errorf("exit %d: %s", code, said.Take())
		}
		return cfg, said.Take()
	}
	if cfg, words := look(); cfg.DataDir != "" || !slices.Equal(cfg.Known.Own, []string{"lab"}) || cfg.Known.Self.String() != testID {
		t.Errorf("it looks with %+v, %s", cfg.Known, words)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, words := look(); !strings.Contains(words, "cannot read which owners you know") {
		t.Errorf("of half a file it says %q", words)
	}
}

const testID = "12D3KooWLvBN3kVNtjYPo9xXrMGCFPbNzgVjQ9jWd3BJWRDCNdtJ"
