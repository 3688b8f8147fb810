package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/node"
)

// completesRooms completes the first argument to the rooms on this network, each with the words of its owner. It looks for rooms as
// "rooms" does, with a temporary identity, but only for completeWait. It reports no errors, because a shell has no place to show them.
func (a *app) completesRooms(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || a.settle(cmd) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []cobra.Completion
	known, _ := node.ReadKnown(a.opts.dir())
	_ = a.withNode(cmd.Context(), node.Config{NoResume: true, Known: known}, attach.Hello{}, func(ctx context.Context, n command.Node) error {
		rooms, err := roomsWithin(ctx, n, completeWait)
		var all [][2]string
		for _, r := range rooms {
			all = append(all, [2]string{r.Name, r.ID.String()})
		}
		for i, word := range command.RoomWords(all) {
			if !render.Typeable(word) {
				word = all[i][1]
			}
			found = append(found, cobra.CompletionWithDesc(word, string(render.About(rooms[i]))))
		}
		return err
	})
	return found, cobra.ShellCompDirectiveNoFileComp
}

// roomsWithin returns the rooms that n finds within wait.
func roomsWithin(ctx context.Context, n command.Node, wait time.Duration) ([]node.RoomInfo, error) {
	if _, err := n.Rooms(ctx); err != nil { // the node begins to look
		return nil, err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return n.Rooms(ctx)
}

// completesFlags completes the values of flags. The only error of cobra would be an unknown flag.
func completesFlags(root *cobra.Command) {
	takes := func(cmd *cobra.Command, flag string, values []cobra.Completion, or cobra.ShellCompDirective) {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, or)); err != nil {
			panic(err)
		}
	}
	for _, flag := range []string{"nick", "listen", "peer", "interface"} {
		takes(root, flag, nil, cobra.ShellCompDirectiveNoFileComp)
	}
	takes(root, "data-dir", nil, cobra.ShellCompDirectiveFilterDirs)
	takes(root, "log-file", nil, cobra.ShellCompDirectiveDefault)
	for _, cmd := range root.Commands() {
		if cmd.Flags().Lookup("history") != nil {
			takes(cmd, "history", []cobra.Completion{
				"none\tonly lines said while they are here", "since-join\tlines said since they joined", "all\tall lines still kept",
			}, cobra.ShellCompDirectiveNoFileComp)
		}
	}
}
