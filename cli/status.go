package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/rpc"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
	"localchat/node"
)

// This file describes the process that runs the node, and ends it from another process.

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show what runs on the data directory: its rooms, and what is attached",
		Long:    "Show what runs on the data directory: the process of the node, its rooms, and the faces that are attached. The exit code is 8 if nothing runs.",
		Example: "  localchat status\n  localchat status --json | jq -r '.rooms[].name'",
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if err := a.judgeBackground(); err != nil {
				return err
			}
			n, err := a.client(cmd.Context(), "status")
			if errors.Is(err, attach.ErrNobody) {
				if a.opts.json {
					if err := a.printJSON(runningStatus{}); err != nil {
						return err
					}
				}
				return &fail.Error{Code: fail.ExitNotRunning, Text: "no localchat runs on the data directory " + a.opts.dir(), Hint: "localchat up runs one in the background; a console runs one too"}
			}
			if err != nil {
				return err
			}
			defer n.Close()
			s, err := a.statusOf(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.printStatus(s)
		}),
	}
}

func (a *app) downCommand() *cobra.Command {
	force := false
	cmd := &cobra.Command{
		Use:   "down",
		Short: "End the node that runs on the data directory, in order",
		Long: "End the node that runs on the data directory, in order, and wait until it has ended. If consoles or programs would end with it, down lists them, and goes on only " +
			"with --force, or after a yes at a terminal. If nothing runs, down says so and succeeds.",
		Example: "  localchat down\n  localchat down --force",
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if err := a.judgeBackground(); err != nil {
				return err
			}
			n, err := a.client(cmd.Context(), "down")
			if errors.Is(err, attach.ErrNobody) {
				a.Say(render.NoticeMark + "no localchat runs on the data directory " + safe.Phrase(a.opts.dir()))
				return nil
			}
			if err != nil {
				return err
			}
			defer n.Close()
			return a.down(cmd.Context(), n, force)
		}),
	}
	cmd.Flags().BoolVar(&force, "force", false, "also end the consoles and programs that would end with the node")
	return cmd
}

// down ends the node, and waits until the data directory is free.
func (a *app) down(ctx context.Context, n *rpc.Client, force bool) error {
	s, err := a.statusOf(ctx, n)
	if err != nil {
		return err
	}
	if also := endsToo(s); len(also) > 0 && !force {
		text := "this would end " + strings.Join(also, ", ")
		if force = stream.IsTerminal(a.Stdin) && a.confirmed(ctx, text); !force {
			return &fail.Error{Code: fail.ExitFailure, Text: text + "; nothing was ended", Hint: "end them first, or add --force"}
		}
	}
	if err := n.Shutdown(ctx, force); err != nil && !errors.Is(err, rpc.ErrGone) {
		return err
	}
	for end := time.Now().Add(downWait); node.InUse(a.opts.dir()); {
		if r, err := a.attach(ctx, a.opts.dir(), attach.Hello{Face: "down", Rank: attach.Passing, Control: true}); err == nil {
			_ = r.conn.Close()
			if r.pid != s.PID {
				a.Say(render.NoticeMark + "localchat has ended (process " + safe.Number(s.PID) + "), and another one has begun (process " + safe.Number(r.pid) + ")")
				return nil
			}
		}
		if time.Now().After(end) {
			return &fail.Error{
				Code: fail.ExitFailure, Text: fmt.Sprintf("process %d has been told to end, and has not ended yet", s.PID),
				Hint: "it leaves its rooms; localchat status shows whether it still runs",
			}
		}
		select {
		case <-time.After(attachPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	a.Say(render.NoticeMark + "localchat has ended (process " + safe.Number(s.PID) + ")")
	return nil
}

// endsToo describes the consoles and programs that end with a node. A process in the background is not one of them.
func endsToo(s command.Status) (all []string) {
	named := func(face string, pid int) string { return fmt.Sprintf("%s (process %d)", face, pid) }
	if s.Face != command.Background {
		all = append(all, named(s.Face, s.PID))
	}
	for _, f := range s.Faces {
		all = append(all, named(f.Face, f.PID))
	}
	return all
}

// confirmed asks at the terminal whether to go on.
func (a *app) confirmed(ctx context.Context, text string) bool {
	_ = render.Line(a.Stderr, render.AskMark+safe.Phrase(text)+". Go on? Type yes or no")
	select {
	case line := <-stream.Lines(ctx, a.Stdin, maxAnswer, 1, a.Guard):
		answer := strings.ToLower(strings.TrimSpace(line.Text))
		return answer == "y" || answer == "yes"
	case <-ctx.Done():
		return false
	}
}

// running attaches to the process that runs the node. It fails with [attach.ErrNobody] if none does.
func (a *app) running(ctx context.Context, hello attach.Hello) (reached, error) {
	dir := a.opts.dir()
	for end := time.Now().Add(attach.HelloWait); ; {
		r, silence := a.attach(ctx, dir, hello)
		var refused *attach.Refusal
		switch {
		case silence == nil:
			return r, nil
		case errors.As(silence, &refused) && !refused.Soon:
			return r, tooMany(refused)
		case !node.InUse(dir):
			return r, attach.ErrNobody
		case time.Now().After(end):
			return r, unanswered(dir, refused)
		}
		select {
		case <-time.After(attachPause):
		case <-ctx.Done():
			return r, ctx.Err()
		}
	}
}

// client returns the node that runs in another process.
func (a *app) client(ctx context.Context, face string) (*rpc.Client, error) {
	r, err := a.running(ctx, attach.Hello{Face: face, Rank: attach.Passing, Control: true})
	if err != nil {
		return nil, err
	}
	return rpc.NewClient(&a.Env, r.conn, r.conn.In), nil
}

// statusOf returns how the process of a node describes itself.
func (a *app) statusOf(ctx context.Context, n *rpc.Client) (command.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, command.RequestWait)
	defer cancel()
	return n.Status(ctx)
}

// A runningStatus is the result of "status --json" and "up --json".
type runningStatus struct {
	Running bool `json:"running"`
	*command.Status
}

// printStatus prints a status.
func (a *app) printStatus(s command.Status) error {
	if a.opts.json {
		return a.printJSON(runningStatus{true, &s})
	}
	const clock = "2006-01-02 15:04"
	lines := []safe.Text{
		"process  " + safe.Number(s.PID) + ", " + where(s.Face) + ", version " + safe.Phrase(s.Version),
		"since    " + safe.Phrase(s.Since.Local().Format(clock)),
	}
	for _, r := range s.Rooms {
		lines = append(lines, "room     "+render.RoomLabel(r.Name, r.ID)+", as "+safe.Name(r.Nick)+", "+safe.Name(string(r.Role))+"; "+render.Count(r.Members, "member", "members"))
	}
	for _, f := range s.Faces {
		lines = append(lines, "face     "+safe.Name(f.Face)+", process "+safe.Number(f.PID)+", since "+safe.Phrase(f.Since.Local().Format(clock)))
	}
	if s.Log != "" {
		lines = append(lines, "log      "+safe.Phrase(s.Log))
	}
	for _, line := range lines {
		if err := render.Data(a.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// where says where a node runs. face is the command that was typed there.
func where(face string) safe.Text {
	switch face {
	case command.Background:
		return "in the background"
	case consoleFace:
		return "in a console"
	}
	return "in localchat " + safe.Name(face)
}
