package rpc

import (
	"context"
	"slices"
	"sync"

	"localchat/node"
)

// visits are those of one program, one for each room at most. Its requests run beside each other, and meet at mu.
type visits struct {
	mu  sync.Mutex
	all []visit
}

type visit struct {
	room  node.RoomID
	leave func(context.Context) error
}

// add adds a visit, and reports whether there was none to that room.
func (v *visits) add(room node.RoomID, leave func(context.Context) error) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if slices.ContainsFunc(v.all, func(of visit) bool { return of.room == room }) {
		return false
	}
	v.all = append(v.all, visit{room, leave})
	return true
}

// take returns what ends a visit to a room, or nil if there is none.
func (v *visits) take(room node.RoomID) (leave func(context.Context) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := slices.IndexFunc(v.all, func(of visit) bool { return of.room == room })
	if i < 0 {
		return nil
	}
	leave = v.all[i].leave
	v.all = slices.Delete(v.all, i, i+1)
	return leave
}

// end ends all of them: the program has gone.
func (v *visits) end(ctx context.Context) {
	v.mu.Lock()
	all := v.all
	v.all = nil
	v.mu.Unlock()
	for _, of := range all {
		_ = of.leave(ctx) // it may have ended otherwise
	}
}
