package cli

import (
	"context"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/node"
)

// TestAuditCommand: /audit shows the last entries, or those about a peer, in words, without the keys that change by themselves.
func TestAuditCommand(t *testing.T) {
	f := clitest.NewNode()
	add := func(e node.AuditEntry) {
		e.Seq, e.At, e.By, e.ByNick = uint64(len(f.Deeds)+1), clitest.Noon, clitest.AliceID, "alice"
		f.Deeds = append(f.Deeds, e)
	}
	add(node.AuditEntry{What: "created", Peer: clitest.AliceID, Nick: "alice"})
	add(node.AuditEntry{What: "admitted", Peer: clitest.DaveID, Nick: "dave"})
	add(node.AuditEntry{What: "rekeyed"})
	add(node.AuditEntry{What: "renamed", Peer: clitest.DaveID, Nick: clitest.Hostile, OldNick: "dave"})
	add(node.AuditEntry{What: "policy", Changed: []string{"subject", "access"}})
	add(node.AuditEntry{What: "kicked", Peer: clitest.DaveID, Nick: "dave", Reason: "too loud", For: clitest.MeID, ForNick: "bob"})
	add(node.AuditEntry{What: "deputies", Named: []node.Named{{Peer: clitest.DaveID, Nick: "dave"}}})
	add(node.AuditEntry{What: "unbanned", Peer: clitest.DaveID, Nick: "dave"})
	audit := func(args ...string) []string {
		r, err := runOf("audit")(context.Background(), command.Call{Node: f, Args: args, Room: command.Room{ID: clitest.LabID.String(), Name: "lab"}})
		if err != nil {
			return []string{err.Error()}
		}
		var lines []string
		for _, l := range r.Lines {
			_, rest, cut := strings.Cut(string(l), clitest.Noon.Local().Format("15:04")+"  ")
			if !cut {
				rest = string(l)
			}
			lines = append(lines, rest)
		}
		return lines
	}
	want := []string{
		"7 entries in the log of lab", "alice created the room", "alice let in dave", "dave became evil ⏎ x31m", "alice changed the subject, who may join",
		"alice, for bob, kicked dave: too loud", "alice changed the deputies: named dave", "alice lifted the ban of dave",
	}
	if got := audit(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("it shows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := audit("dave"); len(got) != 5 || got[0] != "4 entries in the log of lab" {
		t.Errorf("about dave: %q", got)
	}
	if got := audit("nobody"); len(got) != 1 || !strings.Contains(got[0], "nobody") {
		t.Errorf("about nobody: %q", got)
	}
	for range 60 {
		add(node.AuditEntry{What: "admitted", Peer: clitest.DaveID, Nick: "dave"})
	}
	if got := audit(); len(got) != 51 || !strings.HasPrefix(got[0], "the last 50 of 67 entries") {
		t.Errorf("of many it shows %d, %q", len(got), got[0])
	}
}
