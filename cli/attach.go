package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/rpc"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// This file gets a node for a command: the one that already runs on the data directory, in another process, or one that the command
// starts, and to which others can then attach.

// A reached is a node to work with. One of own and conn is set.
type reached struct {
	own   command.OwnNode
	conn  *attach.Conn
	since time.Time // for conn: when the node started
	pid   int       // for conn: the process that runs it
}

// reach attaches to the node that runs on the data directory of cfg. If none runs there, it starts one.
func (a *app) reach(ctx context.Context, cfg node.Config, hello attach.Hello) (reached, error) {
	if cfg.DataDir == "" {
		own, err := a.start(cfg)
		return reached{own: own}, err
	}
	for end := time.Now().Add(attach.HelloWait); ; {
		r, silence := a.attach(ctx, cfg.DataDir, hello)
		var refused *attach.Refusal
		switch {
		case silence == nil:
			a.sayIgnored()
			return r, nil
		case errors.As(silence, &refused) && !refused.Soon:
			return reached{}, tooMany(refused)
		}
		own, err := a.start(cfg)
		if err == nil || !node.AsError(err).Locked {
			return reached{own: own}, err
		}
		if time.Now().After(end) {
			return reached{}, unanswered(cfg.DataDir, refused)
		}
		select {
		case <-time.After(attachPause):
		case <-ctx.Done():
			return reached{}, ctx.Err()
		}
	}
}

// tooMany returns the error for a node that lets no more commands attach.
func tooMany(refused *attach.Refusal) error {
	return &fail.Error{Code: fail.ExitFailure, Text: refused.Text, Hint: "end some of them: consoles, tails and programs on this data directory"}
}

// unanswered returns the error for a data directory whose node does not let this command attach.
func unanswered(dir string, refused *attach.Refusal) error {
	e := &fail.Error{
		Code: fail.ExitLocked, Text: fmt.Sprintf("another localchat uses the data directory %s, and does not answer", dir),
		Hint: "it may be stopped, of an older version, or on another machine: end it; or use --ephemeral, or --data-dir with another directory",
	}
	if refused != nil {
		e.Text = fmt.Sprintf("%s: %s", dir, refused.Text)
		e.Hint = "wait until it has ended and try again; or use --ephemeral, or --data-dir with another directory"
	}
	return e
}

// attach attaches to the node that runs on a data directory.
func (a *app) attach(ctx context.Context, dir string, hello attach.Hello) (reached, error) {
	hello.Version = version()
	conn, welcome, err := attach.Dial(ctx, dir, hello)
	if err != nil {
		return reached{}, err
	}
	if welcome.Version != hello.Version {
		a.Say(render.FaultMark + "the localchat that runs the node is version " + safe.Phrase(welcome.Version) + ", this one is " + safe.Phrase(hello.Version) + ": start it again")
	}
	return reached{conn: conn, since: welcome.Since, pid: welcome.PID}, nil
}

// forTheNode lists the flags of every command that have an effect only in the command that starts the node.
var forTheNode = []string{"listen", "peer", "interface", "no-mdns", "from-anywhere", "no-resume", "remember"}

// sayIgnored says which flags of the command line have no effect because the node runs already.
func (a *app) sayIgnored() {
	for _, flag := range forTheNode {
		if slices.Contains(a.given, flag) {
			a.Say(render.FaultMark + "localchat already runs on this data directory: --" + safe.Phrase(flag) + " has no effect")
		}
	}
}

// asNick returns the nick that the command line names, or "" to leave the choice to the node.
func (a *app) asNick() string {
	if slices.Contains(a.given, "nick") {
		return a.opts.nick
	}
	return ""
}

// withNode runs do with the node of cfg, and releases the node afterwards. It closes a node that this process has started, which
// leaves every room in order. Until then others can attach to that node.
func (a *app) withNode(ctx context.Context, cfg node.Config, hello attach.Hello, do func(context.Context, command.Node) error) (err error) {
	r, err := a.reach(ctx, cfg, hello)
	if err != nil {
		return err
	}
	if r.conn != nil {
		n := rpc.NewClient(&a.Env, r.conn, r.conn.In)
		defer n.Close()
		return do(ctx, n)
	}
	return a.withOwn(ctx, cfg.DataDir, hello, r.own, func(ctx context.Context) error { return do(ctx, r.own) })
}

// errShutdown is the cause of a context that was cancelled because another face has asked for the end of the node.
var errShutdown = &fail.Error{Code: fail.ExitFailure, Text: "ended by localchat down", Hint: "start it again"}

// withOwn runs do and closes n, which this process has started. Meanwhile others can attach to n, and end it.
func (a *app) withOwn(ctx context.Context, dir string, hello attach.Hello, n command.OwnNode, do func(context.Context) error) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.Process = &command.Process{
		Face: hello.Face, Version: version(), Since: time.Now(), Log: a.variable(backgroundLog),
		Attached: func() []command.Attachment { return nil }, Unnotified: a.unnotified, End: func() { cancel(errShutdown) },
	}
	defer func() {
		a.Shares.Close()
		if closeErr := n.Close(); err == nil && closeErr != nil {
			err = closeErr
		}
	}()
	defer a.host(ctx, dir, hello.Rank, n)()
	err = do(ctx)
	if !errors.Is(context.Cause(ctx), errShutdown) {
		return err
	}
	if hello.Rank < attach.Resident { // a command that was not finished
		return errShutdown
	}
	a.Say(render.NoticeMark + "ended by localchat down")
	return nil
}

// attached runs do with the node that runs on the data directory, if there is one. since is when that node was started.
func (a *app) attached(ctx context.Context, face string, do func(ctx context.Context, n *rpc.Client, since time.Time) error) (done bool, err error) {
	if a.opts.dir() == "" {
		return false, nil
	}
	r, err := a.attach(ctx, a.opts.dir(), attach.Hello{Face: face, Rank: attach.Passing})
	if err != nil {
		return false, nil
	}
	n := rpc.NewClient(&a.Env, r.conn, r.conn.In)
	defer n.Close()
	return true, do(ctx, n, r.since)
}

// host lets others attach to n until end is called.
func (a *app) host(ctx context.Context, dir string, rank attach.Rank, n command.OwnNode) (end func()) {
	if dir == "" {
		return func() {}
	}
	var faces atomic.Pointer[attach.Server]
	a.Process.Attached = func() (all []command.Attachment) {
		if server := faces.Load(); server != nil {
			for _, f := range server.Faces() {
				all = append(all, command.Attachment{Face: f.Face, PID: f.PID, Version: f.Version, Since: f.Since})
			}
		}
		return all
	}
	server, err := attach.Listen(dir, attach.Host{
		Version: version(), Rank: rank, Log: a.Log, Guard: a.Guard,
		Serve: func(ctx context.Context, conn *attach.Conn, hello attach.Hello) error {
			return rpc.ServeFace(ctx, &a.Env, n, conn.In, conn, hello.PID, hello.Program)
		},
	})
	if err != nil {
		a.Log.Warn("no other localchat can attach", "err", err)
		a.unattachable = err
		return func() {}
	}
	faces.Store(server)
	return func() {
		if rank < attach.Resident && ctx.Err() == nil {
			server.Drain(attachDrain)
		}
		server.Close()
	}
}
