package rpc

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/node"
)

// A client stands for a program that speaks JSON-RPC with a node, in a synctest bubble.
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

// TestFaceHearsWhatEndsTheNode: the events from before the end of a session are reported, and a request that comes during the end
// does no harm.
func TestFaceHearsWhatEndsTheNode(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			f := clitest.NewNode()
			in, keys := io.Pipe()
			out := &clitest.Screen{}
			env := &command.Env{Stderr: io.Discard, Log: slog.New(slog.DiscardHandler)}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			end := make(chan error, 1)
			go func() { end <- ServeFace(ctx, env, f, in, out, 0, true) }()
			synctest.Wait()
			go func() {
				for { // until the input is closed
					if _, err := io.WriteString(keys, `{"jsonrpc":"2.0","method":"node.shown"}`+"\n"); err != nil {
						return
					}
				}
			}()
			f.Emit(node.Removed{Kind: "kicked", Text: "too loud"})
			cancel()
			err := <-end
			_ = in.Close()
			synctest.Wait()
			if got := out.Take(); err != nil || !strings.Contains(got, `"too loud"`) {
				t.Fatalf("it is told %q, and the session ends with %v", got, err)
			}
		})
	}
}

// TestSubscribeChooses: a program chooses a room, the types of events, and where the stream begins.
func TestSubscribeChooses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []node.SubscribeOptions{
			{Acks: true}, {Room: clitest.LabID, Types: []string{"message", "removed"}, Since: 1764518400000007, Lines: true, Acks: true, NoLook: true},
		} {
			f := clitest.NewNode()
			a := attach(t, f)
			_, stop := a.Listen(want)
			if !reflect.DeepEqual(f.Wanted, want) {
				t.Errorf("%+v comes as %+v", want, f.Wanted)
			}
			stop()
			a.leaves(t)
		}
		c := serveTo(t, clitest.NewNode())
		for params, want := range map[string]string{
			`"types":["message","paint"]`: `there is no type \"paint\"`, `"types":"message"`: "types has to be a list of strings", `"since":-1`: "since has to be a whole number",
		} {
			if got := c.asks(requestOf(1, "node.subscribe", params)); !strings.Contains(got, want) {
				t.Errorf("%s: %s", params, got)
			}
		}
		c.leaves()
	})
}
