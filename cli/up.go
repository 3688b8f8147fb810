package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/background"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/rpc"
	"localchat/cli/internal/safe"
	"localchat/internal/private"
	"localchat/node"
)

// This file starts a node in the background, and is that node.

// upOptions are the flags of up.
type upOptions struct {
	rooms      []string
	foreground bool
	wait       command.Span
}

func (a *app) upCommand() *cobra.Command {
	o := upOptions{wait: command.Span{D: command.KnockWait, Given: true}}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the node in the background; consoles and scripts attach to it",
		Long: "Run the node in the background. While no console is open, it stays in its rooms, and the rooms that you own still have their owner. " +
			"Consoles, send, tail and rpc attach to it. If a node runs already, up says so.\n\n" +
			"With --foreground, for a service manager, up itself is the node. It ends with 0 when it is interrupted or told to end.",
		Example: "  localchat up\n  localchat up --room lab        # enters the room too, or asks to be let in\n  localchat status && localchat down",
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			for _, room := range o.rooms {
				if err := node.CheckTarget(command.JoinOptions(room)); err != nil {
					return err
				}
			}
			if err := a.judgeBackground(); err != nil {
				return err
			}
			if o.foreground {
				return a.foreground(cmd.Context(), o)
			}
			return a.up(cmd, o)
		}),
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.rooms, "room", nil, "enter this room too, by its name, an invite or an address; repeatable")
	f.BoolVar(&o.foreground, "foreground", false, "be the node, for a service manager: run until a signal or localchat down")
	f.Var(&o.wait, "timeout", "how long to wait for the answer of the owner of a --room")
	if err := cmd.RegisterFlagCompletionFunc("room", a.completesRooms); err != nil {
		panic(err) // the flag exists
	}
	return cmd
}

// judgeBackground returns an error if no other process could attach to a node with these options.
func (a *app) judgeBackground() error {
	if a.opts.ephemeral {
		return fail.Usage("leave it out, or name a directory with --data-dir", "--ephemeral lets nobody attach: a node in the background could not be reached")
	}
	return a.judgePlace()
}

// up starts a node in the background if none runs, enters rooms, and says which rooms the node is in.
func (a *app) up(cmd *cobra.Command, o upOptions) error {
	ctx := cmd.Context()
	r, started, err := a.raise(cmd)
	if err != nil {
		return err
	}
	if !started {
		a.sayIgnored()
	}
	n := rpc.NewClient(&a.Env, r.conn, r.conn.In)
	defer n.Close()
	failed := a.enterAll(ctx, n, o)
	s, err := a.statusOf(ctx, n)
	if err != nil {
		return err
	}
	runs := safe.Text("localchat runs ")
	if !started {
		runs = "localchat runs already, "
	}
	a.Say(render.NoticeMark + runs + where(s.Face) + " (process " + safe.Number(s.PID) + ")")
	if err := a.printStatus(s); err != nil {
		return err
	}
	return failed
}

// enterAll enters rooms and reports those that it could not enter.
func (a *app) enterAll(ctx context.Context, n command.Node, o upOptions) (failed error) {
	for _, room := range o.rooms {
		to := command.JoinOptions(room)
		to.Find = command.JoinWait
		to.Asked = func(room string, until time.Time) { a.Say(command.Asked(room, time.Until(until))) }
		_, err := a.enter(ctx, n, to, o.wait.D, n.Join)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed = ended{render.Failure(a.Stderr, err)}
		}
	}
	return failed
}

// raise attaches to the running node, or to one that it starts in the background.
func (a *app) raise(cmd *cobra.Command) (r reached, started bool, err error) {
	hello := attach.Hello{Face: "up", Rank: attach.Resident}
	r, err = a.running(cmd.Context(), hello)
	if !errors.Is(err, attach.ErrNobody) {
		return r, false, err
	}
	dir, err := filepath.Abs(a.opts.dir())
	if err != nil {
		return r, false, err
	}
	log, path, err := openBackgroundLog(dir)
	if err != nil {
		return r, false, err
	}
	defer log.Close()
	before, err := log.Size()
	if err != nil {
		return r, false, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, false, err
	}
	root := filepath.VolumeName(dir) + string(filepath.Separator)
	child, err := background.Start(self, root, a.foregroundArgs(cmd, dir), append(a.environ(), backgroundLog+"="+path), log, a.Guard)
	if err != nil {
		return r, false, err
	}
	timeout := time.NewTimer(upWait)
	defer timeout.Stop()
	for {
		exited := child.Exited() // asked before we look whether a node answers: another one may have been faster
		r, err := a.attach(cmd.Context(), dir, hello)
		if err == nil && r.pid == child.PID() {
			return r, true, nil
		}
		if err == nil { // another one was faster; ours must not go on trying
			child.Kill()
			return r, false, nil
		}
		if exited {
			return r, false, a.notUp(child, child.How(), log.Since(before), path)
		}
		select {
		case <-child.Done:
		case <-time.After(attachPause):
		case <-timeout.C:
			child.Kill()
			return r, false, a.notUp(child, "it does not answer", log.Since(before), path)
		case <-cmd.Context().Done():
			child.Kill()
			return r, false, cmd.Context().Err()
		}
	}
}

// foregroundArgs returns the arguments of a node in the background: the flags of this command, with absolute paths. The node reads
// settings from other places itself.
func (a *app) foregroundArgs(cmd *cobra.Command, dir string) []string {
	args := []string{"up", "--foreground", "--data-dir=" + dir}
	if a.opts.logFile != "" {
		if abs, err := filepath.Abs(a.opts.logFile); err == nil {
			args = append(args, "--log-file="+abs)
		}
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(a.given, f.Name) || slices.Contains([]string{"room", "foreground", "timeout", "data-dir", "log-file"}, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			args = append(args, "--"+f.Name+"="+v)
		}
	})
	return args
}

// notUp returns the error for a node in the background that did not come up. lines are the last lines of its log.
func (a *app) notUp(child *background.Process, how string, lines []string, path string) error {
	e := &fail.Error{Code: fail.ExitFailure, Text: how, Hint: "its log is " + path}
	// The last two lines of a command that fails are an error and a hint; see render.Failure.
	if n := len(lines) - 2; n >= 0 && child.Exited() {
		text, failed := strings.CutPrefix(lines[n], "localchat: ")
		hint, hinted := strings.CutPrefix(lines[n+1], "hint: ")
		if failed && hinted {
			e.Text, e.Hint, lines = text, hint+"; its log is "+path, lines[:n]
			if code := child.Code(); code > 0 {
				e.Code = code
			}
		}
	}
	for _, line := range lines[max(len(lines)-logLinesShown, 0):] {
		_ = render.Line(a.Stderr, "| "+safe.Phrase(line))
	}
	e.Text = "the node did not come up: " + e.Text
	return e
}

// backgroundLog is the environment variable with the path of the log of a node that we have started in the background.
const backgroundLog = "LOCALCHAT_BACKGROUND_LOG"

// openBackgroundLog opens the log of the node of a data directory. Each data directory has a log of its own.
func openBackgroundLog(dir string) (log *background.Log, path string, err error) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	sum := sha256.Sum256([]byte(dir))
	path = filepath.Join(xdg.StateHome, "localchat", "up-"+hex.EncodeToString(sum[:4])+".log")
	log, err = background.OpenLog(path)
	if unfit := new(private.Error); errors.As(err, &unfit) {
		return nil, path, fail.Usage(unfit.Mend, "the log of the node is not written: %v", unfit)
	}
	if err != nil {
		return nil, path, fail.Usage("set XDG_STATE_HOME to a directory that can be written to", "cannot write the log of the node: %v", err)
	}
	return log, path, nil
}

// foreground runs the node in this process until it is told to end. That is a success.
func (a *app) foreground(ctx context.Context, o upOptions) error {
	hello := attach.Hello{Face: command.Background, Rank: attach.Resident}
	cfg := node.Config{DataDir: a.opts.dir()}
	err := background.Serve(ctx, func(ctx context.Context) error {
		r, err := a.reach(ctx, cfg, hello)
		if err != nil {
			return err
		}
		if r.conn != nil {
			_ = r.conn.Close()
			return &fail.Error{Code: fail.ExitLocked, Text: "a localchat runs already on the data directory " + cfg.DataDir, Hint: "localchat status shows it, localchat down ends it"}
		}
		return a.withOwn(ctx, cfg.DataDir, hello, r.own, func(ctx context.Context) error { return a.stay(ctx, r.own, o) })
	})
	if errors.Is(err, context.Canceled) {
		return errStopped
	}
	return err
}

// errStopped means that a node in the foreground was told to end, and has ended in order.
var errStopped = errors.New("stopped")

// stay is the face of a node in the background.
func (a *app) stay(ctx context.Context, n command.OwnNode, o upOptions) error {
	if a.unattachable != nil {
		return &fail.Error{
			Code: fail.ExitFailure, Text: fmt.Sprintf("nothing could attach to a node on %s: %v", a.opts.dir(), a.unattachable),
			Hint: "name a directory on a disk of this machine with --data-dir, or set XDG_RUNTIME_DIR to one",
		}
	}
	// Nobody reads the events here, so a removal is told to the next face that attaches.
	events, stop := n.Listen(node.SubscribeOptions{Acks: true, NoLook: true})
	defer stop()
	defer a.callPerson(ctx, n)()
	var entering sync.WaitGroup
	defer entering.Wait()
	entering.Go(func() {
		defer a.Guard()
		_ = a.enterAll(ctx, n, o) // which reports failures itself
	})
	a.Say(render.NoticeMark + "localchat runs " + where(command.Background) + " (process " + safe.Number(os.Getpid()) + ")")
	a.tellManager(background.Ready)
	defer a.tellManager(background.Stopping)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case ev, open := <-events:
			if !open {
				return command.Stopped(n)
			}
			if w, ok := ev.Body.(node.Warning); ok && ev.Room == (node.RoomID{}) {
				a.Say(render.WarningInShell(w))
			}
		}
	}
}

// tellManager tells systemd the state of the node.
func (a *app) tellManager(state string) {
	if err := background.Notify(a.variable("NOTIFY_SOCKET"), state); err != nil {
		a.Log.Warn("the service manager is not told", "state", state, "err", err)
	}
}
