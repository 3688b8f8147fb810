package node

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"localchat/node/internal/fault"
	"localchat/node/internal/store"
)

// A diskError is an error of the store.
type diskError struct{ error }

func (e diskError) forPerson() *Error {
	if errors.Is(e.error, store.ErrInDoubt) {
		return &Error{Code: CodeUnavailable, Text: e.Error(), Reason: fault.DiskBroken}
	}
	return &Error{Code: CodeUnavailable, Text: fmt.Sprintf("nothing has changed: cannot write to disk: %v", e.error), Reason: fault.DiskFull}
}

// A diskWarning is the last warning of the disk, and its time.
type diskWarning struct {
	text string
	at   time.Time
}

// warnDisk warns that something could not be saved, but not again for each poll of a member.
func (l *loop) warnDisk(r *room, err error) {
	l.n.log.Error("disk", "err", err)
	said := diskWarning{err.Error(), l.now()}
	if said.text == l.diskSaid.text && said.at.Sub(l.diskSaid.at) < attemptEvery {
		return
	}
	l.diskSaid = said
	l.emit(r, Warning{Code: "disk", Text: fmt.Sprintf("cannot write to disk: %v", err)})
}

// asideWarning names the rooms that the new identity does not have.
func asideWarning(a store.Aside) Warning {
	text := "this node has a new identity"
	if len(a.Owned) > 0 {
		text += "; it does not own " + strings.Join(a.Owned, ", ") + " any more"
	}
	if len(a.Places) > 0 {
		text += "; its place in " + strings.Join(a.Places, ", ") + " was the old one's"
	}
	return Warning{Code: "identity", Peer: a.Peer, Text: text + ". Their data is kept aside: it comes back with the old identity.key"}
}

// tellAside tells a new reader of events which rooms are kept aside. A person needs it once. Since this node does not know
// whether a reader has shown it, it tells each reader of this run.
func (l *loop) tellAside(s *Subscription) {
	if len(l.aside) == 0 || l.n.cfg.NoResume {
		return // a command that takes up no rooms has no place to say it
	}
	for _, left := range l.aside {
		if len(left.Owned)+len(left.Places) > 0 {
			s.push(Event{Seq: l.seq, Time: l.now(), Body: asideWarning(left)})
		}
	}
	if err := l.store.MarkTold(l.aside); err != nil {
		l.n.log.Warn("note what was told", "err", err)
	}
}
