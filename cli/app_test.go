package cli

import (
	"context"
	"io"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/rpc/rpctest"
	"localchat/node"
)

// newApp returns a program that uses f as its node, with an environment of its own.
func newApp(t testing.TB, f *clitest.Node, stdin io.Reader) (*app, *clitest.Screen, *clitest.Screen) {
	t.Helper()
	out, words := &clitest.Screen{}, &clitest.Screen{}
	home := t.TempDir()
	env := map[string]string{"XDG_CONFIG_HOME": home, "USER": "bob", "LOCALCHAT_EPHEMERAL": "true"}
	a := &app{
		Env: command.Env{
			Stdin: stdin, Stdout: out, Stderr: words, Ring: &command.LogRing{}, Show: command.DefaultSettings,
			Exit: func(code int) { t.Errorf("the program ended itself with %d", code) },
		},
		env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
	a.Doctor = a.diagnosis
	a.start = func(node.Config) (command.OwnNode, error) { return rpctest.Over(t, f, &a.Env), f.Errors["start"] }
	return a, out, words
}

// runOf returns the function of a command.
func runOf(name string) func(context.Context, command.Call) (command.Reply, error) {
	cmd, _ := command.LookUp(name, "", command.Table())
	return cmd.Run
}

// TestOverJSONRPC: the tests of the faces pass also for faces that are attached to a node in another process.
func TestOverJSONRPC(t *testing.T) { rpctest.Again(t, "TestOverJSONRPC|TestScripts") }
