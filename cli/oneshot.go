package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/rpc"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// Version is set by the release build: -ldflags "-X localchat/cli.Version=v1.2.3".
var Version string

// version returns the version of this program, as far as the build knows it.
func version() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// printJSON writes v as one object on one line.
func (a *app) printJSON(v any) error {
	raw, err := safe.MarshalJSON(v)
	if err != nil {
		return err
	}
	_, err = a.Stdout.Write(append(raw, '\n'))
	return fail.Output(err)
}

func (a *app) roomsCommand() *cobra.Command {
	wait := command.Span{D: findWait, Given: true}
	cmd := &cobra.Command{
		Use:     "rooms",
		Short:   "List the rooms on this network",
		Example: "  localchat rooms\n  localchat rooms --wait 10s --json | jq -r '.rooms[].name'",
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if done, err := a.attached(cmd.Context(), "rooms", func(ctx context.Context, n *rpc.Client, since time.Time) error {
				return a.listRooms(ctx, n, wait.D-time.Since(since))
			}); done {
				return err
			}
			// This uses neither our identity nor our rooms, since a console may be using them. The people and rooms that we know are
			// read from a file of their own.
			known, err := node.ReadKnown(a.opts.dir())
			if err != nil {
				a.Say("! " + safe.Phrase(err.Error()) + ": rooms are shown without marks")
			}
			return a.withNode(cmd.Context(), node.Config{NoResume: true, Known: known}, attach.Hello{}, func(ctx context.Context, n command.Node) error {
				return a.listRooms(ctx, n, wait.D)
			})
		}),
	}
	cmd.Flags().Var(&wait, "wait", "how long to look")
	return cmd
}

// listRooms prints the rooms that n finds within wait.
func (a *app) listRooms(ctx context.Context, n command.Node, wait time.Duration) error {
	rooms, err := roomsWithin(ctx, n, wait)
	if err != nil {
		return err
	}
	if len(rooms) == 0 && !a.opts.noMDNS && node.NoNetwork() {
		return &fail.Error{Code: fail.ExitNetwork, Text: "this machine has no network, and no node on it has a room", Hint: "plug in a cable or connect to a Wi-Fi; localchat doctor says what is wrong"}
	}
	more, err := n.Unlisted(ctx)
	if err != nil {
		return err
	}
	if a.opts.json {
		return a.printJSON(rpc.RoomList{Rooms: rpc.OrEmpty(rooms), More: more})
	}
	if len(rooms) == 0 {
		a.Say("no rooms found")
		a.Say("hint: localchat create ROOM makes one; where mDNS is blocked, join by an invite text")
	}
	for _, line := range render.Rooms(rooms) {
		if err := render.Data(a.Stdout, line); err != nil {
			return err
		}
	}
	if more > 0 {
		a.Say(render.MoreRooms(more))
	}
	return nil
}

func (a *app) sendCommand() *cobra.Command {
	wait := command.Span{D: command.JoinWait, Given: true}
	cmd := &cobra.Command{
		Use:   "send ROOM TEXT|-",
		Short: "Say one line (or standard input) in a room, then leave; for scripts",
		Long: "Say one line, or standard input as one message, in a room, then leave; for scripts.\n\n" +
			"If this node is not a member yet, it asks to be admitted, and the owner may have to answer. Success means that the line has reached another node.",
		Example: "  localchat send lab 'the build is green'\n  go test ./... 2>&1 | tail -20 | localchat send lab - --nick ci",
		Args:    takes("ROOM", "TEXT..."),

		ValidArgsFunction: a.completesRooms,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			text, err := a.textToSend(args[1:])
			if err != nil {
				return err
			}
			hello := attach.Hello{Face: "send", Rank: attach.Passing}
			return a.visit(cmd.Context(), hello, args[0], wait.D, func(ctx context.Context, v *visitor) error {
				ctx, cancel := context.WithTimeout(ctx, wait.D)
				defer cancel()
				return a.send(ctx, v, text)
			})
		}),
	}
	cmd.Flags().Var(&wait, "timeout", "give up if admission or delivery takes longer")
	return cmd
}

// textToSend returns the text in the arguments or, for "-", in standard input.
func (a *app) textToSend(args []string) (string, error) {
	text := strings.Join(args, " ")
	if text == "-" {
		raw, err := io.ReadAll(io.LimitReader(bufio.NewReader(a.Stdin), safe.MaxText+1))
		if err != nil {
			return "", err
		}
		text = strings.TrimRight(string(raw), "\r\n")
	}
	switch {
	case strings.TrimSpace(text) == "":
		return "", fail.Usage("give it a text, or - and something on standard input", "there is nothing to send")
	case len(text) > safe.MaxText:
		return "", fail.Usage("send the end of it: tail -c 60000", "the text is longer than %d bytes", safe.MaxText)
	}
	return text, nil
}

// A visitor is a node that is in a room for one command.
type visitor struct {
	n      command.Node
	room   string // its id
	name   string
	events <-chan node.Event
	// warn is called with warnings about the node or its network.
	warn func(node.Warning)
}

// errDue is returned by next if no event came before the time limit.
var errDue = errors.New("nothing happened in time")

// next waits for an event of the room, or until due fires.
func (v *visitor) next(ctx context.Context, due <-chan time.Time) (node.Event, error) {
	for {
		select {
		case <-due:
			return node.Event{}, errDue
		case ev, open := <-v.events:
			if !open {
				return ev, command.Stopped(v.n)
			}
			if w, ok := ev.Body.(node.Warning); ok && ev.Room == (node.RoomID{}) {
				v.warn(w)
			}
			if _, gap := ev.Body.(node.Gap); !gap && ev.Room.String() != v.room {
				continue
			}
			return ev, nil
		case <-ctx.Done():
			return node.Event{}, ctx.Err()
		}
	}
}

// visit enters a room, runs do, and leaves the room, unless this node was a member before.
func (a *app) visit(ctx context.Context, hello attach.Hello, room string, wait time.Duration, do func(context.Context, *visitor) error) error {
	o := command.JoinOptions(room)
	o.Find = command.JoinWait
	if err := node.CheckTarget(o); err != nil {
		return err
	}
	if err := a.judgePlace(); err != nil {
		return err
	}
	return a.withNode(ctx, node.Config{DataDir: a.opts.dir(), NoResume: true}, hello, func(ctx context.Context, n command.Node) error {
		leave := func(context.Context) error { return nil }
		defer func() {
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), command.RequestWait)
			defer cancel()
			// This fails if we have been removed meanwhile, which does not matter.
			_ = leave(leaving)
		}()
		joined, err := a.enter(ctx, n, o, wait, func(ctx context.Context, o node.JoinOptions) (node.JoinedInfo, error) {
			joined, over, err := a.Host(n).Visit(ctx, o)
			if err == nil {
				leave = over
			}
			return joined, err
		})
		if err != nil {
			return err
		}
		events, stop := n.Listen(node.SubscribeOptions{Room: joined.ID, Lines: hello.Rank > attach.Passing})
		defer stop()
		v := &visitor{n: n, room: joined.ID.String(), name: joined.Name, events: events, warn: func(w node.Warning) { a.Say(render.WarningInShell(w)) }}
		return do(ctx, v)
	})
}

// enter joins a room. If a node in another process is in the room already, its nick there stays.
func (a *app) enter(ctx context.Context, n command.Node, o node.JoinOptions, wait time.Duration, join joinFunc) (node.JoinedInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if _, attached := n.(*rpc.Client); attached {
		o.Nick = a.asNick()
	}
	joined, err := join(ctx, o)
	if err != nil && o.Nick != "" && node.AsError(err).Code == node.CodeExists {
		if same, failed := join(ctx, node.JoinOptions{Room: o.Room, Invite: o.Invite, Find: o.Find}); failed == nil && same.Before {
			return same, nil
		}
	}
	return joined, err
}

// A joinFunc joins a room, either to stay or for a visit.
type joinFunc func(context.Context, node.JoinOptions) (node.JoinedInfo, error)

func (a *app) tailCommand() *cobra.Command {
	wait := command.Span{D: command.KnockWait, Given: true}
	cmd := &cobra.Command{
		Use:     "tail ROOM",
		Short:   "Print a room's events until interrupted",
		Example: "  localchat tail lab\n  localchat tail lab --json | jq -r 'select(.type==\"message\") | .text'",
		Args:    takes("ROOM"),

		ValidArgsFunction: a.completesRooms,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			return a.visit(cmd.Context(), attach.Hello{Face: "tail", Rank: attach.Staying}, args[0], wait.D, a.tail)
		}),
	}
	cmd.Flags().Var(&wait, "timeout", "give up if admission takes longer")
	return cmd
}

func (a *app) idCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "id",
		Short:   "Show your peer ID, nick and words",
		Long:    "Show your peer ID, nick and words: eight words that stand for your key, to read aloud and compare.",
		Example: "  localchat id\n  localchat id --json | jq -r .peer",
		Args:    takes(),
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if err := a.judgePlace(); err != nil {
				return err
			}
			var info node.Info
			done, err := a.attached(cmd.Context(), "id", func(_ context.Context, n *rpc.Client, _ time.Time) error {
				info = n.Info()
				return nil
			})
			if !done {
				info, err = node.Identity(a.opts.dir())
			}
			if err != nil {
				return err
			}
			who := command.Identity{Peer: info.Peer, Nick: cmp.Or(info.Nick, a.nick()), Words: info.Words}
			if a.opts.json {
				return a.printJSON(who)
			}
			for _, line := range who.Lines() {
				if err := render.Data(a.Stdout, line); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// shownModules are the libraries that "version --json" lists with their versions, for bug reports.
var shownModules = []string{"github.com/libp2p/go-libp2p", "github.com/libp2p/go-libp2p-pubsub", "github.com/miekg/dns"}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version of this program",
		Example: "  localchat version --json",
		Args:    takes(),
		RunE: a.verb(func(*cobra.Command, []string) error {
			if !a.opts.json {
				return render.Data(a.Stdout, "localchat "+safe.Phrase(version()+" "+runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH))
			}
			modules := map[string]string{}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, dep := range info.Deps {
					for _, shown := range shownModules {
						if dep.Path == shown {
							modules[dep.Path] = dep.Version
						}
					}
				}
			}
			return a.printJSON(map[string]any{
				"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "modules": modules,
			})
		}),
	}
}

// send says text and waits until another node has it.
func (a *app) send(ctx context.Context, v *visitor, text string) error {
	id, err := v.n.Say(ctx, v.room, text, false)
	if err != nil {
		return err
	}
	for {
		ev, err := v.next(ctx, nil)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return &fail.Error{
				Code: fail.ExitNotFound, Text: "nobody in " + v.name + " has received the line yet",
				Hint: "is another node running? localchat rooms shows that; or wait longer with --timeout",
			}
		case err != nil:
			return err
		}
		if d, ok := ev.Body.(node.Delivered); ok && d.ID == id {
			if a.opts.json {
				return a.printJSON(sent{ID: id, Room: v.room, Delivered: true})
			}
			return nil
		}
		if err := command.Ending(ev); err != nil {
			return command.WithCause(err, ev)
		}
	}
}

// sent is the result of "send --json".
type sent struct {
	ID        string `json:"id"`
	Room      string `json:"room"`
	Delivered bool   `json:"delivered"`
}

// tail prints the events of the room until ctx ends or we lose our place in the room.
func (a *app) tail(ctx context.Context, v *visitor) (err error) {
	r := render.View{Clock: true, Shell: true}
	var held render.Holder
	put := func(lines []safe.Text) error {
		for _, line := range lines {
			if err := render.Data(a.Stdout, line); err != nil {
				return err
			}
		}
		return nil
	}
	defer func() {
		if failed := put(held.Release("")); err == nil {
			err = failed
		}
	}()
	for {
		ev, err := v.next(ctx, held.Due())
		if errors.Is(err, errDue) {
			err = put(held.Release(""))
		} else if err == nil {
			err = a.printEvent(r, &held, ev, put)
		}
		if err != nil {
			return err
		}
		if err := command.Ending(ev); err != nil {
			return err
		}
	}
}

// printEvent prints an event as lines, with the reason of a removal in its line, or as one JSON object.
func (a *app) printEvent(r render.View, held *render.Holder, ev node.Event, put func([]safe.Text) error) error {
	if a.opts.json {
		raw, err := rpc.Event(ev)
		if err != nil {
			return err
		}
		return a.printJSON(raw)
	}
	lines := r.Lines(ev)
	switch b := ev.Body.(type) {
	case node.MemberRemoved:
		err := put(held.Release(""))
		held.Hold(ev, b.Seq, lines)
		return err
	case node.RemovalReason:
		if held.Holds(ev.Room.String(), b.Removal) {
			return put(held.Release(render.Because(b.Text)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return put(append(held.Release(""), lines...))
}
