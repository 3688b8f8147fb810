package plain

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
	"localchat/node"
)

// A console is the plain console: it prints one event a line and redraws nothing. The goroutine of loop owns its fields;
// commands run in goroutines of their own and send their results to done.
type console struct {
	env   *command.Env
	n     command.Node
	table []*command.Command
	// interactive is set if a person types, and terminal if the output is a screen.
	interactive, terminal bool
	// ask sets the prompt, if there is one.
	ask func(prompt safe.Text)
	// height returns how many rows the screen has.
	height    func() int
	attention attention
	// open is the command that entered the first room. If it is not nil, the console ends when we lose our place in the last room.
	open *command.Opening
	// nick is the question that the next line of input answers, if there is one.
	nick *nickQuestion

	lines   <-chan stream.Line // of input; closed at its end
	show    command.Settings
	rooms   []command.Room // in the order in which they were entered
	current string         // id of the current room, or ""
	// lastAsked is the prompt that is shown.
	lastAsked safe.Text
	// chosen is set once the user has said something in a room. From then on, the current room changes only by a command.
	chosen bool
	taken  int // number of input lines so far

	done    chan finished
	news    chan safe.Text // lines from a command that is still running
	work    sync.WaitGroup
	running int  // number of unfinished commands
	waiting int  // number of those that block the input
	settled bool // the command that the console started with is finished
	// undelivered has the IDs of our lines. The value is false if no other node is known to have the line. It is true if the line was
	// delivered before the command that said it was finished.
	undelivered map[string]bool
	// held delays the line about a removal until its reason comes. progress tracks the removals from each room that we own.
	held     render.Holder
	progress map[string]*render.Removals

	quit    bool
	ended   bool  // no more input
	lost    error // why the last room was lost, if we did not leave it ourselves
	failure error // if set, the console ends with it
}

// finished is the result of a command.
type finished struct {
	reply command.Reply
	err   error
	// first is set for the command that the console started with.
	first bool
	// waited is set if no input was read while the command ran.
	waited bool
	// taken is the number of lines that had been read before the command began.
	taken int
}

// Options are the options of a plain console.
type Options struct {
	// Edit turns line editing on, if the terminal allows it.
	Edit bool
	// Dumb is set if the terminal takes no control sequences.
	Dumb bool
}

// Run runs a plain console on n until the user leaves it. If open is not nil, it enters the first room.
func Run(ctx context.Context, env *command.Env, n command.Node, open *command.Opening, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &console{
		env: env, n: n, table: command.TableFor(n), open: open,
		interactive: stream.IsTerminal(env.Stdin), terminal: stream.IsTerminal(env.Stdout) && !o.Dumb,
		height: func() int { return stream.Rows(env.Stdout) }, attention: attention{typed: time.Now()},
		show: env.Show, done: make(chan finished), news: make(chan safe.Text), undelivered: map[string]bool{},
	}
	if o.Edit && c.interactive && stream.IsTerminal(env.Stdout) {
		done, err := c.edit(ctx)
		if err != nil {
			return err
		}
		defer done()
	} else {
		c.lines = stream.Lines(ctx, env.Stdin, maxLine, stream.MaxQueue, env.Guard)
	}
	err := c.loop(ctx)
	cancel()
	c.work.Wait()
	return err
}

// loop runs the console. It owns the screen until it returns.
func (c *console) loop(ctx context.Context) error {
	events, stop := c.n.Listen(node.SubscribeOptions{Lines: true, NoLook: c.open != nil})
	defer stop()
	c.greet(ctx)
	if c.open != nil {
		if c.open.Knocks {
			c.env.Say(command.Asking(c.n.Info()))
		}
		c.start(ctx, c.open.Command(), nil, true)
	}
	defer c.release("")
	overdue := time.NewTicker(render.RemovalPatience)
	defer overdue.Stop()
	var patience <-chan time.Time // fires some time after the end of input
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
				return command.Stopped(c.n)
			}
			c.event(ev)
		case line, open := <-input:
			c.take(ctx, line, open)
		case text := <-c.news:
			c.print(text)
		case f := <-c.done:
			// The events of a command are shown before its reply.
			c.drain(events)
			c.finish(f)
		case <-c.held.Due():
			c.release("")
		case now := <-overdue.C:
			c.overdue(now)
			c.notify(c.attention.caller.Rest(now), now)
		case <-patience:
			c.print(render.FaultMark + render.Count(len(c.undelivered), "line has", "lines have") + " reached nobody yet")
			c.quit = true
		}
	}
	if c.failure == nil && c.ended && len(c.rooms) == 0 {
		c.failure = c.lost
	}
	if _, own := c.n.(command.OwnNode); !own && c.failure == nil {
		c.env.Say(command.GoesOn(c.rooms))
	}
	return c.failure
}

// over reports whether the console has to end. That is so if the user has quit, or if the input has ended and every command is
// finished.
func (c *console) over() bool {
	if c.quit || c.failure != nil {
		return true
	}
	return c.ended && c.running == 0 && (c.interactive || len(c.undelivered) == 0)
}

// busy reports whether input has to wait for a command. If a program writes the input, every command waits for the one before it, so
// that commands run in the order in which they were written.
func (c *console) busy() bool { return c.waiting > 0 || !c.interactive && c.running > 0 }

// greet says what our nick is and, in the lobby, lists the rooms that were found so far.
func (c *console) greet(ctx context.Context) {
	c.env.Say(c.env.Greeting(c.n.Info()))
	if c.open != nil {
		return
	}
	c.env.Say(render.NoticeMark + "/rooms lists the rooms on this network, /join ROOM enters one, /create ROOM makes one, /help explains")
	rooms, err := c.n.Rooms(ctx)
	if err != nil {
		return // commands will report the error
	}
	for _, line := range render.Rooms(slices.DeleteFunc(rooms, func(r node.RoomInfo) bool { return r.In })) {
		c.print("  " + line)
	}
	if more, err := c.n.Unlisted(ctx); err == nil && more > 0 {
		c.print(render.MoreRooms(more))
	}
}

// take acts on one line of input.
func (c *console) take(ctx context.Context, line stream.Line, open bool) {
	if !open {
		c.ended = true
		if c.nick != nil {
			c.failure = c.nick.err
		}
		return
	}
	if errors.Is(line.Err, fail.ErrInterrupted) {
		c.failure = line.Err
		return
	}
	c.taken++
	c.attention.typed = time.Now()
	c.attention.caller.Looked()
	if line.Err != nil {
		c.complain(line.Err)
		return
	}
	if c.nick != nil && c.answer(ctx, line.Text) {
		return
	}
	in, err := command.Parse(line.Text, c.table)
	if err == nil && in.Say != "" {
		in, err = command.Meant(in.Say, c.room(), c.table)
	}
	switch {
	case err != nil:
		c.complain(err)
	case in.Cmd != nil:
		c.start(ctx, in.Cmd, in.Args, false)
	}
}

// start runs cmd in a goroutine of its own.
func (c *console) start(ctx context.Context, cmd *command.Command, args []string, first bool) {
	room := c.room()
	if err := c.permit(cmd, room); err != nil {
		c.complain(err)
		return
	}
	query := command.Call{
		Node: c.n, Args: args, Room: room, Rooms: slices.Clone(c.rooms), Table: c.table, Env: c.env, Show: c.show, Terminal: c.terminal,
	}
	if cmd.First != "" {
		c.print(cmd.First)
	}
	waited, taken := !cmd.Slow, c.taken
	c.running++
	if waited {
		c.waiting++
	}
	query.Asked = func(room string, until time.Time) {
		select {
		case c.news <- command.Asked(room, time.Until(until)):
		case <-ctx.Done():
		}
	}
	c.work.Go(func() {
		defer c.env.Guard()
		running, cancel := context.WithTimeout(ctx, cmd.Patience())
		defer cancel()
		r, err := cmd.Run(running, query)
		select {
		case c.done <- finished{reply: r, err: err, first: first, waited: waited, taken: taken}:
		case <-ctx.Done():
		}
	})
}

// finish shows the result of a command.
func (c *console) finish(f finished) {
	c.running--
	if f.waited {
		c.waiting--
	}
	if f.first {
		c.settled = true
	}
	if f.err != nil && f.first {
		if !c.asksOfNick(f.err) {
			c.failure = f.err
		}
		return
	}
	if f.first && c.open != nil && len(c.rooms) == 0 && c.lost != nil {
		c.failure = c.lost // we were in the room, and have lost our place before the command could say so
		return
	}
	if f.err != nil {
		c.complain(f.err)
	}
	for _, h := range f.reply.Hits {
		c.print(render.View{Clock: c.show.Times}.Stamp(h.At) + h.Text)
	}
	for _, line := range f.reply.Lines {
		if f.reply.IsSecret(line) {
			c.write(string(line) + "\n")
		} else {
			c.print(line)
		}
	}
	c.draw(f.reply.Figure)
	c.enterBy(f)
	if f.reply.Then != nil {
		f.reply.Then(c)
	}
}

// draw prints a drawing if there is room for it.
func (c *console) draw(rows []safe.Text) {
	if len(rows) == 0 {
		return
	}
	width, room := safe.Cells(rows[0]), stream.Columns(c.env.Stdout)
	if room > 0 && room < width || c.terminal && c.height() <= len(rows) {
		c.print("hint: the QR code needs a window of " + safe.Number(width) + " columns and " + safe.Number(len(rows)+1) + " rows")
		return
	}
	for _, row := range rows {
		text := string(row)
		if !c.env.Colourless {
			text = command.QRStyle.Render(text)
		}
		c.write(text + "\n")
	}
	if c.env.Colourless {
		c.print(command.ColourlessQR)
	}
}

// End and Settings implement [command.Face], together with Clear, PutAway and Said.
func (c *console) End()                        { c.quit = true }
func (c *console) Settings() *command.Settings { return &c.show }

// drain shows the events that have arrived.
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

// Clear scrolls the text off the screen and erases nothing: other programs have written there too.
func (c *console) Clear() {
	if c.terminal {
		c.write(strings.Repeat("\n", c.height()))
	}
}

// print writes lines. It releases the held line first. Only print and put write text to the screen.
func (c *console) print(lines ...safe.Text) {
	if len(lines) > 0 {
		c.release("")
	}
	c.put(lines...)
}

// put writes lines without releasing the held line first.
func (c *console) put(lines ...safe.Text) {
	for _, line := range lines {
		if err := render.Data(c.env.Stdout, line); err != nil && c.failure == nil {
			c.failure = err
		}
	}
}

// write writes our own text unchanged: a control sequence, an invite to copy, or a drawing.
func (c *console) write(sequence string) {
	if _, err := io.WriteString(c.env.Stdout, sequence); err != nil && c.failure == nil {
		c.failure = fail.Output(err)
	}
}

// complain shows the failure of a command. The console goes on.
func (c *console) complain(err error) {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, fail.ErrInterrupted) {
		render.Complaint(c.env.Stderr, err)
	}
}
