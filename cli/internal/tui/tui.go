package tui

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// Run runs the full-screen console on n until the user leaves it or orphaned returns true. If open is not nil, it enters a room
// first.
func Run(ctx context.Context, env *command.Env, n command.Node, orphaned func() bool, open *command.Opening) error {
	feed := newFeed(n)
	m := newTUI(ctx, env, n, open, time.Now())
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(env.Stdin), tea.WithOutput(env.Stdout),
		// A signal ends ctx.
		tea.WithoutSignalHandler(),
	}
	if env.Colourless {
		options = append(options, tea.WithColorProfile(colorprofile.Ascii))
	}
	p := tea.NewProgram(m, options...)
	m.settle, m.post = feed.settle, p.Send
	m.rest = rest{frames: newFrames(p), clock: time.Now, pace: feed.pace}
	defer m.rest.frames.end()
	// The feed runs as a command, because bubbletea restores the terminal if a command panics.
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

// A feed sends the events of the node to the console, in their order, and the time.
type feed struct {
	n      command.Node
	settle func()
	asked  chan chan struct{}
	done   chan struct{}
	// resting is set while a tick is needed rarely. stirs has a value when that has just ended.
	resting atomic.Bool
	stirs   chan struct{}
}

func newFeed(n command.Node) *feed {
	f := &feed{n: n, asked: make(chan chan struct{}), done: make(chan struct{}), stirs: make(chan struct{}, 1)}
	// settle returns when every event of the node so far has been sent. So the events of a command are shown before its
	// reply.
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
	// happenings are events, in order.
	happenings []node.Event
	// tick is the time. It is sent once a second, or rarely while the console rests.
	tick time.Time
	// silence says that the node has ended.
	silence struct{}
)

// run sends events until ctx or the node ends. If orphaned returns true, it makes the console quit.
func (f *feed) run(ctx context.Context, send func(tea.Msg), orphaned func() bool) {
	defer close(f.done)
	events, stop := f.n.Listen(node.SubscribeOptions{Lines: true, NoLook: true})
	defer stop()
	timer := time.NewTimer(tickEvery)
	defer timer.Stop()
	last := time.Now()
	send(tick(last))
	for {
		select {
		case <-ctx.Done():
			return
		case last = <-timer.C:
			if orphaned() {
				send(tea.Quit())
				return
			}
			send(tick(last))
			if f.resting.Load() {
				timer.Reset(restTick)
			} else {
				timer.Reset(tickEvery)
			}
		case <-f.stirs:
			timer.Reset(tickEvery)
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
			if now := time.Now(); now.Sub(last) > tickEvery { // what happens now is not to get an old time
				last = now
				send(tick(now))
			}
			send(collect(events, happenings{ev}))
		}
	}
}

// pace says whether the console rests.
func (f *feed) pace(rests bool) {
	if f.resting.Swap(rests) && !rests {
		select {
		case f.stirs <- struct{}{}:
		default:
		}
	}
}

// collect adds the events that have arrived to batch, up to maxBatch.
func collect(events <-chan node.Event, batch happenings) happenings {
	for len(batch) < maxBatch {
		select {
		case ev, open := <-events:
			if !open {
				return batch // run sees the end with its next receive
			}
			batch = append(batch, ev)
		default:
			return batch
		}
	}
	return batch
}

// farewell says goodbye and returns the error that the console ends with. Lines that have reached nobody are reported on
// standard error, which can still be read when the screen is gone.
func (m *tui) farewell() error {
	lines := 0
	for p := range m.tabs.every() {
		lines += p.scroll.pending()
	}
	if lines > 0 {
		m.env.Say(render.FaultMark + render.Count(lines, "line has", "lines have") + " reached nobody yet")
	}
	switch {
	case m.end.failure != nil:
		return m.end.failure
	case m.open != nil && len(m.rooms()) == 0 && m.end.lost != nil:
		return m.end.lost
	}
	if m.env.Quiet {
		return nil
	}
	// This is not an error, so it goes to standard output, where the screen was.
	if _, own := m.n.(command.OwnNode); !own {
		return render.Data(m.env.Stdout, command.GoesOn(m.rooms()))
	}
	return render.Data(m.env.Stdout, goodbye(m.env.DataDir != "", m.rooms()))
}

// goodbye says what will become of the rooms that we are in.
func goodbye(kept bool, rooms []command.Room) safe.Text {
	if !kept {
		return render.NoticeMark + "goodbye; nothing was kept on disk"
	}
	var own, others []safe.Text
	for _, r := range rooms {
		if r.Owned {
			own = append(own, safe.Name(r.Name))
		} else {
			others = append(others, safe.Name(r.Name))
		}
	}
	text := render.NoticeMark + "goodbye"
	switch len(own) {
	case 0:
	case 1:
		text += "; " + own[0] + " is your room and opens again when localchat starts"
	default:
		text += "; " + safe.Join(own, ", ") + " are your rooms and open again when localchat starts"
	}
	if len(others) > 0 {
		text += "; you stay a member of " + safe.Join(others, ", ")
	}
	return text
}
