package cli

import (
	"context"
	"slices"
	"sync"

	"localchat/cli/internal/command"
	"localchat/cli/internal/desktop"
	"localchat/cli/internal/notify"
	"localchat/node"
)

// callPerson notifies the person by the desktop while no console is attached and no page has the person's attention, until end is
// called.
func (a *app) callPerson(ctx context.Context, n command.OwnNode) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	// Nobody may have seen a notification, so a removal is also told to the next face that attaches.
	events, stop := n.Listen(node.SubscribeOptions{Acks: true, NoLook: true})
	face := &desktop.Face{Settings: a.notifySettings, Watched: a.watched, Show: desktop.Show, Log: a.Log, Guard: a.Guard}
	var work sync.WaitGroup
	work.Go(func() {
		defer a.Guard()
		face.Run(ctx, events)
	})
	return func() {
		cancel()
		stop()
		work.Wait()
	}
}

// watched reports whether a page is looked at or a console is attached. A console notifies its user itself.
func (a *app) watched() bool {
	return a.Process.Focused.Load() > 0 || slices.ContainsFunc(a.Process.Attached(), func(f command.Attachment) bool { return f.Face == consoleFace })
}

// notifySettings returns the present settings of notifications. They are read from the file, which a console may have changed, unless a
// flag or a variable of this process sets them.
func (a *app) notifySettings() notify.Settings {
	s := a.opts.notify
	kept, err := a.Kept()
	if err != nil {
		a.Log.Info("the settings cannot be read", "err", err)
		return s
	}
	fixed := func(flag string) bool {
		_, set := a.env(variableOf(flag))
		return set || slices.Contains(a.given, flag)
	}
	if !fixed("notify") {
		s.Level = kept.Notify.Level
	}
	if !fixed("notify-text") {
		s.Text = kept.Notify.Text
	}
	return s
}

// unnotified is why the desktop cannot notify the person of this process, which has no console.
func (a *app) unnotified(ctx context.Context) error {
	if a.Process.Face != command.Background && a.Process.Face != webFace || a.notifySettings().Level == notify.Off {
		return nil
	}
	return desktop.Check(ctx)
}

// withDesktop adds to a diagnosis why the desktop cannot notify the person; "": it can, or need not.
func withDesktop(d command.Diagnosis, why string) command.Diagnosis {
	if why != "" {
		d.Findings = append(d.Findings, command.Finding{
			Code: "no_desktop", Severity: command.SeverityNote, Text: "the desktop shows you no notifications while no console is open", Cause: why,
		})
	}
	return d
}
