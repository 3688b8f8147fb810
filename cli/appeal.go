package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/node"
)

func (a *app) appealCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "appeal ROOM TEXT",
		Short: "Write to the owner of a room that has removed you",
		Long: "Write to the owner of a room that has removed you: once for each removal, within a day, at most 500 characters.\n\n" +
			"The owner may pardon you. A console or a node in the background then shows it, within a day.",
		Example: "  localchat appeal lab 'it was my cat on the keyboard, sorry'",
		Args:    takes("ROOM", "TEXT..."),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			cfg, hello := node.Config{DataDir: a.opts.dir(), NoResume: true}, attach.Hello{Face: "appeal", Rank: attach.Passing}
			return a.withNode(cmd.Context(), cfg, hello, func(ctx context.Context, n command.Node) error {
				sent, err := n.Appeal(ctx, args[0], strings.Join(args[1:], " "))
				switch {
				case err != nil:
					return err
				case a.opts.json:
					return a.printJSON(sent)
				}
				a.Say(render.AppealSent(sent))
				return nil
			})
		}),
	}
}
