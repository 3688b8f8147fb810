package desktop

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"localchat/cli/internal/notify"
	"localchat/node"
)

// A Face calls a person. Its fields are set before [Face.Run].
type Face struct {
	// Settings returns what the person has chosen.
	Settings func() notify.Settings
	// Watched reports whether a console calls the person, so that nothing has to be done here.
	Watched func() bool
	// Show shows a notification.
	Show  func(context.Context, notify.Note) error
	Log   *slog.Logger
	Guard func() // deferred first in each goroutine

	failed atomic.Pointer[error] // by which the last notification was not shown; nil: it was shown
}

// Err returns why the last notification was not shown, or nil.
func (f *Face) Err() error {
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Run calls the person for events until they end or ctx does.
func (f *Face) Run(ctx context.Context, events <-chan node.Event) {
	notes := make(chan notify.Note, maxWaiting)
	done := make(chan struct{})
	go func() {
		defer f.Guard()
		defer close(done)
		for n := range notes {
			f.show(ctx, n)
		}
	}()
	defer func() {
		close(notes)
		<-done
	}()
	l := listener{f: f, nicks: map[node.RoomID]string{}}
	rest := time.NewTimer(showWait) // it counts once it is reset
	defer rest.Stop()
	for {
		var due <-chan time.Time // a timer that is not needed wakes nobody
		if at := l.caller.Due(); !at.IsZero() {
			rest.Reset(time.Until(at))
			due = rest.C
		}
		var told []notify.Note
		select {
		case <-ctx.Done():
			return
		case ev, open := <-events:
			if !open {
				return
			}
			told = l.hear(ev, time.Now())
		case now := <-due:
			told = l.caller.Rest(now)
		}
		for _, n := range told {
			select {
			case notes <- n:
			default:
				f.Log.Info("a notification is left out: the desktop is slow")
			}
		}
	}
}

// show shows a notification. That it fails is logged once, until it succeeds.
func (f *Face) show(ctx context.Context, n notify.Note) {
	ctx, cancel := context.WithTimeout(ctx, showWait)
	defer cancel()
	err := f.Show(ctx, n)
	if err == nil {
		f.failed.Store(nil)
		return
	}
	if f.failed.Swap(&err) == nil {
		f.Log.Warn("the desktop shows no notifications", "err", err)
	}
}

// A listener is what the loop of Run knows of the rooms. That loop owns it.
type listener struct {
	f      *Face
	nicks  map[node.RoomID]string // ours
	caller notify.Caller
	s      notify.Settings
	read   time.Time // when s was
}

// hear returns the notifications for an event.
func (l *listener) hear(ev node.Event, now time.Time) []notify.Note {
	nick := l.nicks[ev.Room]
	switch b := ev.Body.(type) {
	case node.Joined:
		l.nicks[ev.Room] = b.Nick
	case node.Renamed:
		if b.Self {
			l.nicks[ev.Room] = b.Nick
		}
	case node.Left, node.Removed, node.Refused, node.RoomClosed:
		delete(l.nicks, ev.Room)
	}
	if notify.Of(ev, nick) == notify.Nothing {
		return nil
	}
	if l.f.Watched() {
		l.caller.Looked()
		return nil
	}
	if age := now.Sub(l.read); age < 0 || age >= settingsAge {
		l.s, l.read = l.f.Settings(), now
	}
	return l.caller.Hear(ev, now, nick, l.s)
}
