package tui

import (
	"context"
	"errors"
	"time"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// Run runs the full-screen console on n until it is left, or until it is orphaned. open, where it is not nil, takes it
// into its first room.
func Run(ctx context.Context, env *command.Env, n command.Node, orphaned func() bool, open *command.Opening) error {
	feed := newFeed(n)
	m := newTUI(ctx, env, n, open, time.Now())
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(env.Stdin), tea.WithOutput(env.Stdout),
		// Main turns signals into the end of ctx.
		tea.WithoutSignalHandler(),
	}
	if env.Colourless {
		options = append(options, tea.WithColorProfile(colorprofile.Ascii))
	}
	p := tea.NewProgram(m, options...)
	m.settle, m.post = feed.settle, p.Send
	// The program gives the terminal back when one of its commands panics, so this is one of them.
	m.do(func() tea.Msg {
		feed.run(ctx, p.Send, orphaned)
		return nil
	})
	_, err := p.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, tea.ErrProgramPanic):
		return &fail.Error{Code: fail.ExitInternal, Text: "internal error", Hint: "please report this, with the lines above"}
	case err != nil:
		return err
	}
	return m.farewell()
}

// A feed brings what happens on the node into the console, in the order in which the node told it.
type feed struct {
	n      command.Node
	settle func()
	asked  chan chan struct{}
	done   chan struct{}
}

func newFeed(n command.Node) *feed {
	f := &feed{n: n, asked: make(chan chan struct{}), done: make(chan struct{})}
	// settle returns when all that the node has told so far is on its way before whatever the caller sends next: what a
	// command did is shown before what it says.
	f.settle = func() {
		reply := make(chan struct{})
		select {
		case f.asked <- reply:
			<-reply
		case <-f.done:
		}
	}
	return f
}

type (
	// happenings are events, in their order.
	happenings []node.Event
	// tick is the time, once a second. The console has no other clock.
	tick time.Time
	// silence: the node has ended.
	silence struct{}
)

// run sends events until ctx or the node ends. A console whose keeper has gone quits.
func (f *feed) run(ctx context.Context, send func(tea.Msg), orphaned func() bool) {
	defer close(f.done)
	events, stop := f.n.Listen()
	defer stop()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	send(tick(time.Now()))
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if orphaned() {
				send(tea.Quit())
				return
			}
			send(tick(now))
		case reply := <-f.asked:
			for batch := collect(events, nil); len(batch) > 0; batch = collect(events, nil) {
				send(batch)
			}
			close(reply)
		case ev, open := <-events:
			if !open {
				send(silence{})
				return
			}
			send(collect(events, happenings{ev}))
		}
	}
}

// collect adds to batch what has come already, up to maxBatch.
func collect(events <-chan node.Event, batch happenings) happenings {
	for len(batch) < maxBatch {
		select {
		case ev, open := <-events:
			if !open {
				return batch // the next receive says so again
			}
			batch = append(batch, ev)
		default:
			return batch
		}
	}
	return batch
}
