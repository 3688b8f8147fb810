package cli

import (
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/rpc/rpctest"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// TestEnterAndShare: localchat share enters a room of ours and shares it; it makes no second room beside one that somebody else
// owns.
func TestEnterAndShare(t *testing.T) {
	f := clitest.NewNode()
	a, _, _ := newApp(t, f, strings.NewReader(""))
	t.Cleanup(a.Shares.Close)
	f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", In: true, Mine: true}, {ID: clitest.DenID, Name: "den", In: true}}
	f.Refs = map[string]node.RoomRef{clitest.LabID.String(): {ID: clitest.LabID, Here: true}}
	c := command.Call{Node: f, Env: &a.Env}
	o := command.DefaultShare
	o.Invites = 0
	r, err := enterAndShare(t.Context(), c, node.CreateOptions{Name: "lab"}, o)
	if err != nil || r.Room != clitest.LabID.String() || len(r.Lines) < 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	if made, on := a.Shares.Of(r.Room); !on || len(made.Files) != 1 || made.Words != "amber kiwi" {
		t.Errorf("it shares %+v", made)
	}
	r, err = enterAndShare(t.Context(), c, node.CreateOptions{Name: "den"}, o)
	if text, hint, code := fail.Explain(err); code != fail.ExitUsage || !strings.Contains(text, "somebody else owns") || hint != "localchat join den, then /share" {
		t.Errorf("somebody else's room: %+v, %v", r, err)
	}
}

// TestShareAttached: an attached console can share a room, which the process of the node then serves, and can end the share.
func TestShareAttached(t *testing.T) {
	f := clitest.NewNode()
	a, _, _ := newApp(t, f, strings.NewReader(""))
	f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", In: true, Mine: true}}
	f.Refs = map[string]node.RoomRef{clitest.LabID.String(): {ID: clitest.LabID, Here: true}}
	c := command.Call{Node: rpctest.Attach(t, f, &a.Env), Env: &a.Env, Room: command.Room{ID: clitest.LabID.String(), Name: "lab", Owned: true}}
	say := func(words ...string) string {
		t.Helper()
		c.Args = words
		r, err := runOf("share")(t.Context(), c)
		if err != nil {
			t.Fatalf("/share %q: %v", words, err)
		}
		return string(safe.Join(r.Lines, "\n"))
	}
	made := say("--no-invite")
	if !strings.Contains(made, "-- http://192.168.1.7:") || strings.Contains(made, "TCP port 0") {
		t.Errorf("it says\n%s", made)
	}
	if again := say(); again != made {
		t.Errorf("it says the second time\n%s", again)
	}
	invite, err := runOf("invite")(t.Context(), command.Call{Node: c.Node, Env: &a.Env, Room: c.Room})
	if err != nil || !strings.Contains(string(safe.Join(invite.Lines, "\n")), "-- with the program, on a web page: http://192.168.1.7:") {
		t.Errorf("an invite says %q, %v", invite.Lines, err)
	}
	if _, here := a.Shares.Of(c.Room.ID); here {
		t.Error("the page is served by the console")
	}
	if gone := say("off"); gone != "-- the page of lab is gone" {
		t.Errorf("it says %s", gone)
	}
	c.Args = []string{"off"}
	if _, err := runOf("share")(t.Context(), c); err == nil {
		t.Error("it ends twice")
	}
}

// TestShareFlags: impossible values are refused before anything is started.
func TestShareFlags(t *testing.T) {
	for line, want := range map[string]string{
		"share": "takes ROOM", "share lab --invites 33": "cannot have 33", "share lab --for 2d": "cannot be shared for", "share lab --for 0": "cannot be shared for",
		"share lab --port 65536": "not a port", "share lab --port no": "invalid argument",
	} {
		a, _, words := newApp(t, clitest.NewNode(), strings.NewReader(""))
		code := a.run(t.Context(), strings.Fields(line))
		if said := words.Take(); code != fail.ExitUsage || !strings.Contains(said, want) || !strings.Contains(said, "\nhint: ") {
			t.Errorf("%s: %d, %s", line, code, said)
		}
	}
}
