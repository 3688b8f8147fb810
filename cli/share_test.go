package cli

import (
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
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

// TestShareFlags: what cannot be is refused before anything is started.
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
