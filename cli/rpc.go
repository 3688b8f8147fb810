package cli

import (
	"context"

	"github.com/spf13/cobra"

	"localchat/cli/internal/command"
	"localchat/cli/internal/rpc"
	"localchat/node"
)

func (a *app) rpcCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rpc",
		Short: "JSON-RPC 2.0 on standard input and output",
		Long: "JSON-RPC 2.0 on standard input and output, one object a line, for programs. Events come as notifications of the method \"event\".\n\n" +
			"Requests about one room are carried out in the order in which they are written, however the room is named, and need not wait for answers. " +
			"Requests about other rooms do not wait for them.\n\n" +
			"Text is taken as it is or refused. A message with \"backlog\":true was said before this start and is not to be acted on again; " +
			"one that is only late came after a gap in the network, and is.\n\n" +
			"The end of input leaves every room in order and ends the program.",
		Example: `  echo '{"jsonrpc":"2.0","id":1,"method":"node.info"}' | localchat rpc --ephemeral`,
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if err := a.judgePlace(); err != nil {
				return err
			}
			return a.withNode(cmd.Context(), node.Config{DataDir: a.opts.dir()}, func(ctx context.Context, n command.Node) error {
				return rpc.Serve(ctx, &a.Env, n)
			})
		}),
	}
}
