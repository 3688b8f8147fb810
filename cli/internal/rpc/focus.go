package rpc

import (
	"context"
	"sync/atomic"

	"localchat/cli/internal/command"
)

// A focus is whether the person looks at one face.
type focus struct {
	process *command.Process // nil: nobody is notified
	on      atomic.Bool
}

func (f *focus) set(on bool) {
	switch {
	case f.process == nil || f.on.Swap(on) == on:
	case on:
		f.process.Focused.Add(1)
	default:
		f.process.Focused.Add(-1)
	}
}

type focusParams struct {
	Focused bool `json:"focused"`
}

// setFocus records whether the person looks at this face.
func (m rpcMethods) setFocus(_ context.Context, p focusParams) (done, error) {
	m.focus.set(p.Focused)
	return done{}, nil
}
