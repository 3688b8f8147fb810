package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

func (a *app) shareCommand() *cobra.Command {
	flags, options := command.ShareFlags()
	cmd := &cobra.Command{
		Use:   "share ROOM",
		Short: "Enter a room of yours, and hand out the program and invites to it on a web page for this network",
		Long: "Enter a room of yours, or create it, and hand out the program and invites to it on a web page for this network. " +
			"The page is there until its time is over, the room ends, or you quit. It uses plain HTTP, and says how to check the program after the download.\n\n" +
			"In a room that is open already, /share does the same.",
		Example: "  localchat share lab\n  localchat share lab --release dist --port 8080\n  localchat share lab --no-invite   # people knock, and you /accept them",
		Args:    takes("ROOM"),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			o, err := options()
			if err != nil {
				return err
			}
			create := node.CreateOptions{Name: args[0]}
			if err := node.CheckCreate(create); err != nil {
				return err
			}
			return a.console(cmd.Context(), &command.Opening{Wait: command.RequestWait, Run: func(ctx context.Context, c command.Call) (command.Reply, error) {
				return enterAndShare(ctx, c, create, o)
			}})
		}),
	}
	cmd.Flags().AddGoFlagSet(flags)
	return cmd
}

// enterAndShare enters a room of ours, and shares it.
func enterAndShare(ctx context.Context, c command.Call, create node.CreateOptions, o command.ShareOptions) (command.Reply, error) {
	rooms, err := c.Node.Rooms(ctx)
	if err != nil {
		return command.Reply{}, err
	}
	if slices.ContainsFunc(rooms, func(r node.RoomInfo) bool { return r.In && !r.Mine && node.SameName(r.Name, create.Name) }) {
		return command.Reply{}, fail.Usage("localchat join "+create.Name+", then /share", "you are in a room %s that somebody else owns", create.Name)
	}
	in, err := command.CreateRoom(ctx, c.Node, create)
	if err != nil {
		return command.Reply{}, err
	}
	c.Room = command.Room{ID: in.Room, Name: create.Name, Owned: true}
	out, err := command.Share(ctx, c, o)
	out.Lines, out.Room = append(in.Lines, out.Lines...), in.Room
	return out, err
}
