package plain

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
	"localchat/node"
)

// TestTakenNickIsAQuestion: whoever opens a console with a nick that is taken is asked for another one, and can take the owner's
// proposal, type one, run a command meanwhile, or give up.
func TestTakenNickIsAQuestion(t *testing.T) {
	const question = "? that nick is taken: join as bob2? y, n, or another nick\n"
	for _, tt := range []struct {
		name   string
		lines  []string
		did    string
		failed bool
	}{
		{"the proposal", []string{"y"}, "join lab as bob2", false},
		{"another", []string{"robert"}, "join lab as robert", false},
		{"a bad one first", []string{"a b", "YES"}, "join lab as bob2", false},
		{"a command meanwhile", []string{"/set", "y"}, "join lab as bob2", false},
		{"no", []string{"n"}, "", true},
		{"the end", nil, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, out, lines := clitest.NewNode(), &clitest.Screen{}, make(chan stream.Line)
				taken := clitest.NickTaken("bob2")
				n.Errors["join"] = taken
				open := &command.Opening{Wait: command.JoinWait, Target: "lab", Run: func(ctx context.Context, c command.Call) (command.Reply, error) {
					return command.JoinRoom(ctx, c, node.JoinOptions{Room: "lab", Nick: "bob"})
				}}
				c := &console{
					env: &command.Env{Stdout: out, Stderr: &clitest.Screen{}}, n: n, table: command.TableFor(n), open: open, interactive: true,
					done: make(chan finished), news: make(chan safe.Text), undelivered: map[string]bool{}, lines: lines,
				}
				ended := make(chan error, 1)
				go func() { ended <- c.loop(t.Context()) }()
				synctest.Wait()
				if got := out.Take(); !strings.HasSuffix(got, question) {
					t.Errorf("the screen has %q", got)
				}
				delete(n.Errors, "join")
				n.Did()
				for _, line := range tt.lines {
					lines <- stream.Line{Text: line}
					synctest.Wait()
				}
				if tt.did != "" && !slices.Contains(n.Did(), tt.did) {
					t.Errorf("the room was not joined")
				}
				if !tt.failed || len(tt.lines) == 0 {
					close(lines)
				}
				if err := <-ended; errors.Is(err, taken) != tt.failed {
					t.Errorf("it ends with %v", err)
				}
			})
		})
	}
}
