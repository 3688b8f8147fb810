package cli

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/rpc"
	"localchat/node"
)

func (a *app) rpcCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rpc",
		Short: "JSON-RPC 2.0 on standard input and output",
		Long: "JSON-RPC 2.0 on standard input and output, one object a line, for programs. Events are notifications of the method \"event\".\n\n" +
			"A program need not wait for an answer before it writes the next request. Requests about one room are carried out in the order in which they are written. " +
			"Requests about other rooms do not wait for them.\n\n" +
			"A text is taken exactly as it is, or refused. A program should not act on a message with \"backlog\":true, which was said before " +
			"this start. A message with only \"late\":true is a new one, which came after a gap in the network.\n\n" +
			"At the end of input the node ends in order, and the program with it.",
		Example: `  echo '{"jsonrpc":"2.0","id":1,"method":"node.info"}' | localchat rpc --ephemeral`,
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if err := a.judgePlace(); err != nil {
				return err
			}
			return a.serve(cmd.Context())
		}),
	}
}

// serve serves JSON-RPC on standard input and output.
func (a *app) serve(ctx context.Context) (err error) {
	cfg := node.Config{DataDir: a.opts.dir()}
	hello := attach.Hello{Face: "rpc", Rank: attach.Resident, Program: true}
	r, err := a.reach(ctx, cfg, hello)
	if err != nil {
		return err
	}
	if r.conn != nil {
		return a.relay(ctx, r.conn)
	}
	return a.withOwn(ctx, cfg.DataDir, hello, r.own, func(ctx context.Context) error { return rpc.Serve(ctx, &a.Env, r.own) })
}

// relay copies the requests of a program to the node in another process, and the answers and events back.
func (a *app) relay(ctx context.Context, conn *attach.Conn) error {
	defer conn.Close()
	if err := conn.WriteWithoutLimit(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var over atomic.Bool // the input of the program has ended
	go func() {
		defer a.Guard()
		// If the node reads slowly, so do we. If the connection fails, the other copy returns the error.
		_, _ = io.Copy(conn, a.Stdin)
		over.Store(true)
		_ = conn.CloseWrite()
	}()
	out := &output{Writer: a.Stdout}
	_, err := io.Copy(out, conn.In)
	switch {
	case out.failed != nil:
		return fail.Output(out.failed)
	case ctx.Err() != nil:
		return ctx.Err()
	case over.Load():
		return nil
	}
	a.Log.Info("the node in the other process is gone", "err", err)
	return &fail.Error{
		Code: fail.ExitFailure, Text: "the localchat that ran the node has ended, or has disconnected this program",
		Hint: "start it again; a program is disconnected if it sends lines that are not JSON, or stops reading",
	}
}
