package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/rpc"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/web"
	"localchat/node"
)

func (a *app) webCommand() *cobra.Command {
	port, silent := 0, false
	cmd := &cobra.Command{
		Use:   "web",
		Short: "Chat in a browser on this machine",
		Long: "Chat in a browser on this machine: a page that can do what a console can. It is there until you interrupt the command.\n\n" +
			"The link that is printed opens the page once. Press Enter for another one. " +
			"The page is served only to this machine and, on systems that can tell users apart, only to this user.",
		Example: "  localchat web\n  localchat web --no-open --port 8080   # prints the link alone",
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if port < 0 || port > 65535 {
				return fail.Usage("a port is a number from 1 to 65535; 0 takes a free one", "--port %d is not a port", port)
			}
			if err := a.judgePlace(); err != nil {
				return err
			}
			return a.web(cmd.Context(), port, !silent)
		}),
	}
	f := cmd.Flags()
	f.IntVar(&port, "port", 0, "TCP port of the page (default: one that is free)")
	f.BoolVar(&silent, "no-open", false, "do not open the browser")
	return cmd
}

// webFace is the face of this command.
const webFace = "web"

// A pageServer speaks JSON-RPC with a page.
type pageServer func(ctx context.Context, in io.Reader, out io.Writer) error

// web serves the page on the node of the data directory.
func (a *app) web(ctx context.Context, port int, open bool) error {
	dir := a.opts.dir()
	hello := attach.Hello{Face: webFace, Rank: attach.Resident}
	r, err := a.reach(ctx, node.Config{DataDir: dir}, hello)
	if err != nil {
		return err
	}
	if r.conn != nil {
		_ = r.conn.Close() // each page has a connection of its own
		return a.page(ctx, port, open, func(ctx context.Context, in io.Reader, out io.Writer) error { return a.attachPage(ctx, dir, in, out) })
	}
	return a.withOwn(ctx, dir, hello, r.own, func(ctx context.Context) error {
		defer a.callPerson(ctx, r.own)()
		return a.page(ctx, port, open, func(ctx context.Context, in io.Reader, out io.Writer) error {
			return rpc.ServeFace(ctx, &a.Env, r.own, in, out, 0, false)
		})
	})
}

// attachPage attaches a page to the node that runs on a data directory.
func (a *app) attachPage(ctx context.Context, dir string, in io.Reader, out io.Writer) error {
	conn, _, err := attach.Dial(ctx, dir, attach.Hello{Face: "page", Version: version(), Rank: attach.Resident})
	if err != nil {
		return errors.Join(a.unserved(dir, err), err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	gone := make(chan struct{}) // the page
	go func() {
		defer a.Guard()
		if _, err := io.Copy(conn, in); err == nil { // if the connection fails, the other copy returns the error
			close(gone)
		}
		_ = conn.CloseWrite()
	}()
	_, err = io.Copy(out, conn.In)
	select {
	case <-gone:
		return nil
	default:
		return errors.Join(web.ErrNoNode, err)
	}
}

// unserved is why a page cannot attach to the node of a data directory, given the error of [attach.Dial].
func (a *app) unserved(dir string, err error) error {
	var refused *attach.Refusal
	switch {
	case errors.As(err, &refused) && !refused.Soon:
		return web.ErrFull
	case refused == nil && node.InUse(dir):
		return web.ErrSilent
	}
	return web.ErrNoNode
}

// again is the command that starts the node of this data directory again; "" if it is too long to be told.
func (a *app) again() string {
	command := "localchat up"
	if dir := a.opts.dir(); slices.Contains(a.given, "data-dir") {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		command += " --data-dir '" + dir + "'"
	}
	if len(command) > web.MaxAgain {
		return ""
	}
	return command
}

// page serves the page until ctx ends.
func (a *app) page(ctx context.Context, port int, open bool, serve pageServer) error {
	var entered atomic.Bool
	s, err := web.Start(web.Config{
		Port: port, Serve: serve, Again: a.again(), MaxMessage: rpc.MaxRequest, Log: a.Log, Guard: a.Guard,
		Entered: func() {
			entered.Store(true)
			a.Say(render.NoticeMark + "a browser has opened the page")
		},
	})
	if err != nil {
		return &fail.Error{Code: fail.ExitFailure, Text: "the page cannot be served: " + err.Error(), Hint: "without --port it takes a free port"}
	}
	defer s.Close()
	lines := a.rows(ctx)
	hint := func() {
		if !entered.Load() {
			a.Say(render.NoticeMark + "no browser has opened the page yet: open the link in a browser on this machine that uses no proxy for 127.0.0.1")
		}
	}
	if open {
		defer time.AfterFunc(openWait, hint).Stop()
	}
	for {
		link := s.Link()
		if err := a.printLink(link); err != nil {
			return err
		}
		if open {
			a.browse(link)
			open = false
		}
		select {
		case _, more := <-lines:
			if !more {
				<-ctx.Done()
				return ctx.Err()
			}
			hint()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rows sends for each line of input, also for an empty one, until the input ends.
func (a *app) rows(ctx context.Context) <-chan struct{} {
	rows := make(chan struct{})
	go func() {
		defer a.Guard()
		defer close(rows)
		for in := bufio.NewReader(a.Stdin); ; {
			_, part, err := in.ReadLine()
			if err != nil {
				return
			}
			if part {
				continue
			}
			select {
			case rows <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return rows
}

func (a *app) printLink(link string) error {
	if a.opts.json {
		return a.printJSON(struct {
			URL string `json:"url"`
		}{link})
	}
	return render.Data(a.Stdout, safe.Phrase(link))
}
