package node

import (
	"errors"
	"fmt"
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
