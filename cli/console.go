package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
	"localchat/node"
)

// A console is the plain console: one event a line, no redraw. Its fields are owned by the goroutine of loop; commands
// run beside it and come back through done.
type console struct {
	env   *Env
	n     peerNode
	table []*command
	// interactive: a person types. terminal: the output is a screen.
	interactive, terminal bool
	// ask sets the prompt, where there is one.
	ask func(prompt safe.Text)
	// height is how many rows the screen has.
	height func() int
	// oneRoom: the console was opened for a room and ends when it is thrown out of the last one.
	oneRoom bool

	lines   <-chan stream.Line // of input; closed at its end
	show    settings
	rooms   []here // in the order of entering
	current string // id of the room typed into, "" for none
	// lastAsked is the prompt shown now.
	lastAsked safe.Text
	// chosen: a room has been typed into. From then on only a command chooses another one.
	chosen bool
	taken  int // lines of input so far

	done    chan finished
	news    chan safe.Text // what a command that goes on has to say meanwhile
	work    sync.WaitGroup
	running int  // commands that have not come back
	waiting int  // those of them that a person waits for too
	settled bool // the command that the console was opened with has come back
	// undelivered are the ids of lines of mine: false until another node has the line. Where that is heard before the
	// command that said it is finished, the id stands here as true meanwhile.
	undelivered map[string]bool
	// held has the line about a removal that waits for its reason; progress follows the removals of each room of ours.
	held     removalHolder
	progress map[string]*render.Removals

	quit    bool
	ended   bool  // no more input
	lost    error // why there is no room any more, where we did not choose so
	failure error // ends the console
}

// finished is what came of a command.
type finished struct {
	reply reply
	err   error
	// first: it was the one that the console was opened with.
	first bool
	// waited for: no input was taken meanwhile.
	waited bool
	// taken is how many lines of input there were when it began.
	taken int
}

// An opening is the command that a console is opened with, which takes it into its first room.
type opening struct {
	run func(context.Context, call) (reply, error)
	// wait is how long it may take.
	wait time.Duration
	// knocks: it waits for the owner of the room, who may want to compare our words.
	knocks bool
	// target is the room that is joined, as it was typed; "" where none is.
	target string
}

// command is the opening as a command.
func (o *opening) command() *command {
	return &command{slow: true, wait: o.wait, run: o.run}
}

// of is the opening of a room by its id.
func (o *opening) of(id string) *command {
	return &command{slow: true, wait: o.wait, run: func(ctx context.Context, c call) (reply, error) {
		return joinRoom(ctx, c.n, c.patient(node.JoinOptions{Room: id}))
	}}
}

// as is the opening of the same room by another nick.
func (o *opening) as(nick string) *command {
	return &command{slow: true, wait: o.wait, run: func(ctx context.Context, c call) (reply, error) {
		to := joinOptions(o.target)
		to.Nick = nick
		return joinRoom(ctx, c.n, c.patient(to))
	}}
}

// lobby opens a console without a room.
func (a *app) lobby(cmd *cobra.Command, _ []string) error {
	return a.console(cmd.Context(), nil)
}

// create opens a console with a room of our own.
func (a *app) create(ctx context.Context, o node.CreateOptions) error {
	return a.console(ctx, &opening{wait: requestWait, run: func(ctx context.Context, c call) (reply, error) {
		return createRoom(ctx, c.n, o)
	}})
}

// join opens a console in somebody else's room.
func (a *app) join(ctx context.Context, o node.JoinOptions, wait time.Duration) error {
	return a.console(ctx, &opening{wait: wait, knocks: true, target: cmp.Or(o.Invite, o.Room), run: func(ctx context.Context, c call) (reply, error) {
		return joinRoom(ctx, c.n, c.patient(o))
	}})
}

// console starts a node and runs a console on it, the full-screen one where there is a screen. open, where it is not
// nil, takes it into its first room.
func (a *app) console(ctx context.Context, open *opening) error {
	if err := a.judgePlace(); err != nil {
		return err
	}
	if a.fullScreen() && !a.kept() {
		return a.keep(ctx)
	}
	return a.withNode(ctx, node.Config{DataDir: a.opts.dir()}, func(ctx context.Context, n peerNode) error {
		if a.fullScreen() {
			return runScreen(ctx, &a.Env, n, a.orphaned, open)
		}
		return runPlain(ctx, &a.Env, n, open, plainOptions{edit: a.opts.plain == plainEdit, dumb: a.variable("TERM") == "dumb"})
	})
}

// plainOptions are what a plain console is like.
type plainOptions struct {
	// edit: what is typed can be changed, where the terminal can.
	edit bool
	// dumb: the terminal takes no control characters.
	dumb bool
}

// runPlain runs a plain console on n until it is left. open, where it is not nil, takes it into its first room.
func runPlain(ctx context.Context, env *Env, n peerNode, open *opening, o plainOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &console{
		env: env, n: n, table: commands(), oneRoom: open != nil,
		interactive: stream.IsTerminal(env.Stdin), terminal: stream.IsTerminal(env.Stdout) && !o.dumb,
		height: func() int { return stream.Rows(env.Stdout) },
		show:   env.Show, done: make(chan finished), news: make(chan safe.Text), undelivered: map[string]bool{},
	}
	if o.edit && c.interactive && stream.IsTerminal(env.Stdout) {
		done, err := c.edit(ctx)
		if err != nil {
			return err
		}
		defer done()
	} else {
		c.lines = stream.Lines(ctx, env.Stdin, maxLine, env.Guard)
	}
	err := c.loop(ctx, open)
	cancel()
	c.work.Wait()
	return err
}

// loop is the console: it owns the screen until the end.
func (c *console) loop(ctx context.Context, open *opening) error {
	events, stop := c.n.Listen()
	defer stop()
	c.greet(ctx)
	if open != nil {
		if open.knocks {
			c.env.Say(askingText(c.n.Info()))
		}
		c.start(ctx, open.command(), nil, true)
	}
	defer c.release("")
	overdue := time.NewTicker(render.RemovalPatience)
	defer overdue.Stop()
	var patience <-chan time.Time // runs once the input has ended
	for !c.over() {
		c.prompt()
		input := c.lines
		if c.ended || c.busy() {
			input = nil
		}
		if c.ended && patience == nil {
			timer := time.NewTimer(deliveryWait)
			defer timer.Stop()
			patience = timer.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case ev, open := <-events:
			if !open {
				return &fail.Error{Code: fail.ExitFailure, Text: "the node stopped", Hint: "run again with -v and --log-file FILE"}
			}
			c.event(ev)
		case line, open := <-input:
			c.take(ctx, line, open)
		case text := <-c.news:
			c.print(text)
		case f := <-c.done:
			// What a command did was told before it came back: show that first.
			c.drain(events)
			c.finish(f)
		case <-c.held.due():
			c.release("")
		case now := <-overdue.C:
			c.overdue(now)
		case <-patience:
			c.print(render.FaultMark + render.Count(len(c.undelivered), "line has", "lines have") + " reached nobody yet")
			c.quit = true
		}
	}
	if c.failure == nil && c.ended && len(c.rooms) == 0 {
		c.failure = c.lost
	}
	return c.failure
}

// over reports whether the console is to end: by its own wish, or because its input has ended and all that was typed
// is done.
func (c *console) over() bool {
	if c.quit || c.failure != nil {
		return true
	}
	return c.ended && c.running == 0 && (c.interactive || len(c.undelivered) == 0)
}

// busy reports whether input has to wait. Where a program types, every command waits for the one before it, so that
// what it wrote happens in that order.
func (c *console) busy() bool { return c.waiting > 0 || !c.interactive && c.running > 0 }

// greet says who we are and, in the lobby, which rooms are here already.
func (c *console) greet(ctx context.Context) {
	c.env.Say(c.env.Greeting(c.n.Info()))
	if c.oneRoom {
		return
	}
	c.env.Say(render.NoticeMark + "/rooms lists the rooms on this network, /join ROOM enters one, /create ROOM makes one, /help explains")
	rooms, err := c.n.Rooms(ctx)
	if err != nil {
		return // the commands will say so
	}
	for _, line := range render.Rooms(slices.DeleteFunc(rooms, func(r node.RoomInfo) bool { return r.In })) {
		c.print("  " + line)
	}
	if more, err := c.n.Unlisted(ctx); err == nil && more > 0 {
		c.print(render.MoreRooms(more))
	}
}

// askingText is for the one who knocks and may be asked for their words.
func askingText(info node.Info) safe.Text {
	return render.NoticeMark + "asking to be let in as " + safe.Name(info.Nick) + "; my words: " + safe.Phrase(info.Words)
}

// askedText is for the one who waits at a door: whose answer is awaited, and for how long.
func askedText(room string, left time.Duration) safe.Text {
	unit := time.Second
	if left > 90*time.Second {
		unit = time.Minute
	}
	return render.NoticeMark + "the owner of " + safe.Name(room) + " is asked to let you in; the answer is awaited for " + safe.Name(render.SpanText(left.Round(unit)))
}

// take acts on a line of input.
func (c *console) take(ctx context.Context, line stream.Line, open bool) {
	if !open {
		c.ended = true
		return
	}
	if errors.Is(line.Err, fail.ErrInterrupted) {
		c.failure = line.Err
		return
	}
	c.taken++
	if line.Err != nil {
		c.complain(line.Err)
		return
	}
	in, err := parse(line.Text, c.table)
	if err == nil && in.say != "" {
		in, err = meant(in.say, c.room(), c.table)
	}
	switch {
	case err != nil:
		c.complain(err)
	case in.cmd != nil:
		c.start(ctx, in.cmd, in.args, false)
	}
}

// sayCommand is what a line without a slash does.
var sayCommand = &command{name: "say", who: member, run: func(ctx context.Context, c call) (reply, error) {
	return say(ctx, c, c.args[0], false)
}}

// start runs cmd beside the loop.
func (c *console) start(ctx context.Context, cmd *command, args []string, first bool) {
	room := c.room()
	if err := c.permit(cmd, room); err != nil {
		c.complain(err)
		return
	}
	query := call{
		n: c.n, args: args, room: room, rooms: slices.Clone(c.rooms), table: c.table, env: c.env, show: c.show, terminal: c.terminal,
	}
	if cmd.first != "" {
		c.print(cmd.first)
	}
	waited, taken := !cmd.slow, c.taken
	c.running++
	if waited {
		c.waiting++
	}
	query.asked = func(room string, until time.Time) {
		select {
		case c.news <- askedText(room, time.Until(until)):
		case <-ctx.Done():
		}
	}
	c.work.Go(func() {
		defer c.env.Guard()
		running, cancel := context.WithTimeout(ctx, cmd.patience())
		defer cancel()
		r, err := cmd.run(running, query)
		select {
		case c.done <- finished{reply: r, err: err, first: first, waited: waited, taken: taken}:
		case <-ctx.Done():
		}
	})
}

// finish takes up what came of a command.
func (c *console) finish(f finished) {
	c.running--
	if f.waited {
		c.waiting--
	}
	if f.first {
		c.settled = true
	}
	if f.err != nil && f.first {
		c.failure = f.err
		return
	}
	if f.err != nil {
		c.complain(f.err)
	}
	for _, h := range f.reply.hits {
		c.print(render.View{Clock: c.show.times}.Stamp(h.at) + h.text)
	}
	for _, line := range f.reply.lines {
		if f.reply.isSecret(line) {
			c.write(string(line) + "\n")
		} else {
			c.print(line)
		}
	}
	c.draw(f.reply.figure)
	c.enterBy(f)
	if f.reply.then != nil {
		f.reply.then(c)
	}
}

// draw prints a drawing, where there is room for it.
func (c *console) draw(rows []safe.Text) {
	if len(rows) == 0 {
		return
	}
	if width, room := safe.Cells(rows[0]), stream.Columns(c.env.Stdout); room > 0 && room < width {
		c.print("hint: the QR code needs a window of " + safe.Number(width) + " columns")
		return
	}
	for _, row := range rows {
		text := string(row)
		if !c.env.Colourless {
			text = pattern.Render(text)
		}
		c.write(text + "\n")
	}
	if c.env.Colourless {
		c.print(colourlessCode)
	}
}

// end and settings make a console a face, with clear and said.
func (c *console) end()                { c.quit = true }
func (c *console) settings() *settings { return &c.show }

// drain shows the events that have come already.
func (c *console) drain(events <-chan node.Event) {
	for range cap(events) + 1 {
		select {
		case ev, open := <-events:
			if !open {
				return
			}
			c.event(ev)
		default:
			return
		}
	}
}

// ring makes the terminal ring, where that is wanted.
func (c *console) ring() {
	if c.show.bell && c.terminal {
		c.write("\a")
	}
}

// clear moves what is on the screen off it. Nothing is erased: much of what can be scrolled back to is not ours.
func (c *console) clear() {
	if c.terminal {
		c.write(strings.Repeat("\n", c.height()))
	}
}

// print writes lines, the one way to the screen for text.
func (c *console) print(lines ...safe.Text) {
	if len(lines) > 0 {
		c.release("")
	}
	c.put(lines...)
}

// put writes lines behind which none may wait.
func (c *console) put(lines ...safe.Text) {
	for _, line := range lines {
		if err := render.Data(c.env.Stdout, line); err != nil && c.failure == nil {
			c.failure = err
		}
	}
}

// write sends what is ours and goes out as it is: a control sequence, an invite to be copied, a drawing.
func (c *console) write(sequence string) {
	if _, err := io.WriteString(c.env.Stdout, sequence); err != nil && c.failure == nil {
		c.failure = fail.Output(err)
	}
}

// complain says what went wrong with a command, which ends nothing.
func (c *console) complain(err error) {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, fail.ErrInterrupted) {
		render.Failure(c.env.Stderr, err)
	}
}
