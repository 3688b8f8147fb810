package cli

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/command"
	"localchat/cli/internal/plain"
	"localchat/cli/internal/tui"
	"localchat/node"
)

// consoleFace is the name that a console gives itself to the process that runs the node.
const consoleFace = "console"

// lobby opens a console in no room.
func (a *app) lobby(cmd *cobra.Command, _ []string) error {
	return a.console(cmd.Context(), nil)
}

// create opens a console in a room of our own.
func (a *app) create(ctx context.Context, o node.CreateOptions) error {
	return a.console(ctx, &command.Opening{Wait: command.RequestWait, Run: func(ctx context.Context, c command.Call) (command.Reply, error) {
		return command.CreateRoom(ctx, c.Node, o)
	}})
}

// join opens a console in somebody else's room.
func (a *app) join(ctx context.Context, o node.JoinOptions, wait time.Duration) error {
	return a.console(ctx, &command.Opening{Wait: wait, Knocks: true, Target: cmp.Or(o.Invite, o.Room), Run: func(ctx context.Context, c command.Call) (command.Reply, error) {
		return command.JoinRoom(ctx, c, c.Patient(o))
	}})
}

// console runs a console on a node: the full-screen one if there is a screen. If open is not nil, the console enters a room first.
func (a *app) console(ctx context.Context, open *command.Opening) error {
	if err := a.judgePlace(); err != nil {
		return err
	}
	if a.fullScreen() && !a.kept() {
		return a.keep(ctx)
	}
	hello := attach.Hello{Face: consoleFace, Rank: attach.Resident}
	return a.withNode(ctx, node.Config{DataDir: a.opts.dir()}, hello, func(ctx context.Context, n command.Node) error {
		if a.fullScreen() {
			return tui.Run(ctx, &a.Env, n, a.orphaned(), open)
		}
		return plain.Run(ctx, &a.Env, n, open, plain.Options{Edit: a.opts.plain == plainEdit, Dumb: a.variable("TERM") == "dumb"})
	})
}
