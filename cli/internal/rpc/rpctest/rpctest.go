// Package rpctest puts JSON-RPC between a face and the node that stands in for a running one, so that the tests of a face run
// over both implementations of [command.Node].
package rpctest

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/rpc"
	"localchat/node"
)

// over is the environment variable that has Over put JSON-RPC between.
const over = "TEST_OVER_JSON_RPC"

// Over is f, in this process or, in the run that Again makes, on the other side of a connection; see Attach.
func Over(t testing.TB, f *clitest.Node, beside *command.Env) command.OwnNode {
	if os.Getenv(over) == "" {
		return f
	}
	return Attach(t, f, beside)
}

// Attach is f on the other side of a connection, where doctor and the log are those of beside.
func Attach(t testing.TB, f *clitest.Node, beside *command.Env) command.OwnNode {
	log := slog.New(slog.DiscardHandler)
	here, there := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	env := func() *command.Env {
		return &command.Env{Stderr: io.Discard, Log: log, Doctor: beside.Doctor, Ring: beside.Ring, Exit: func(code int) { t.Errorf("it ended itself with %d", code) }}
	}
	go func() {
		defer close(ended)
		_ = rpc.ServeFace(ctx, env(), f, there, there, 0, false)
		_ = there.Close()
	}()
	n := attached{rpc.NewClient(env(), here, bufio.NewReader(here)), f}
	t.Cleanup(func() {
		_ = n.Client.Close()
		cancel()
		<-ended
	})
	return n
}

// Again runs the tests of this package once more, with JSON-RPC between the faces and their nodes. It leaves out those that skip
// matches.
func Again(t *testing.T, skip string) {
	if os.Getenv(over) != "" {
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), self, "-test.skip="+skip, "-test.short")
	again.Env = append(os.Environ(), over+"=yes")
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// attached is a client whose node is f.
type attached struct {
	*rpc.Client
	f *clitest.Node
}

func (a attached) Ref(ctx context.Context, text string) node.RoomRef { return a.f.Ref(ctx, text) }

func (a attached) Shown(ctx context.Context, room node.RoomID, removal uint64) error {
	return a.f.Shown(ctx, room, removal)
}

func (a attached) Close() error {
	_ = a.Client.Close()
	return a.f.Close()
}
