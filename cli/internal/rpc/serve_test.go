package rpc

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
)

// A client is a program that speaks JSON-RPC with a node, in a synctest bubble.
type client struct {
	t    *testing.T
	keys *io.PipeWriter
	out  *clitest.Screen
	end  chan error
}

// serveTo serves f to a client.
func serveTo(t *testing.T, f *clitest.Node) *client {
	t.Helper()
	in, keys := io.Pipe()
	c := &client{t: t, keys: keys, out: &clitest.Screen{}, end: make(chan error, 1)}
	env := &command.Env{Stdin: in, Stdout: c.out, Stderr: io.Discard, Log: slog.New(slog.DiscardHandler)}
	go func() { c.end <- Serve(context.Background(), env, f) }()
	synctest.Wait()
	return c
}

// asks writes a line and returns the answer.
func (c *client) asks(line string) string {
	c.t.Helper()
	if _, err := io.WriteString(c.keys, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
	return c.out.Take()
}

// leaves ends the input and waits until the server has ended.
func (c *client) leaves() {
	c.t.Helper()
	_ = c.keys.Close()
	if err := <-c.end; err != nil {
		c.t.Error(err)
	}
}

// requestOf returns a request on one line.
func requestOf(id int, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":{%s}}`, id, method, params)
}
