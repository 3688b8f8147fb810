package command

import (
	"context"
	"sync"

	"localchat/node"
)

// Visits counts visits: the times that a command or program, such as `localchat send`, is in a room for a while. If the node entered
// a room for a visit, it leaves the room after the last visit there. So no visitor loses the room because another one has finished.
// The zero value counts none. Faces run at the same time; mu guards both maps.
type Visits struct {
	mu    sync.Mutex
	rooms map[node.RoomID]*visited
	// doors has a semaphore for each room that was visited. The visitor that holds it is entering the room.
	doors map[node.RoomRef]chan struct{}
}

// A visited is a room with visits.
type visited struct {
	visits int
	// entered is set if the node entered the room for a visit, and nobody has joined the room to stay.
	entered bool
	// left is set once the last visit is over and the node is leaving the room. It is closed when the node has left.
	left chan struct{}
}

// enter joins a room of n and counts a visit. leave ends the visit.
func (v *Visits) enter(ctx context.Context, n OwnNode, o node.JoinOptions) (joined node.JoinedInfo, leave func(context.Context) error, err error) {
	// Two visitors must not ask for the same room at once: the node would take both requests for one.
	ref := n.Ref(ctx, o.Room+o.Invite)
	ref.Here = false
	door := v.door(ref)
	select {
	case door <- struct{}{}:
		defer func() { <-door }()
	case <-ctx.Done():
		return node.JoinedInfo{}, nil, ctx.Err()
	}
	for {
		joined, err = n.Join(ctx, o)
		if err != nil {
			return joined, nil, err
		}
		left := v.count(joined)
		if left == nil {
			id := joined.ID
			var once sync.Once
			return joined, func(ctx context.Context) (err error) {
				once.Do(func() { err = v.leave(ctx, n, id) })
				return err
			}, nil
		}
		select {
		case <-left: // enter it again
		case <-ctx.Done():
			return node.JoinedInfo{}, nil, ctx.Err()
		}
	}
}

func (v *Visits) door(ref node.RoomRef) chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.doors == nil {
		v.doors = make(map[node.RoomRef]chan struct{})
	}
	if len(v.doors) >= maxDoors {
		clear(v.doors) // at worst, two visitors ask for one room at once
	}
	if v.doors[ref] == nil {
		v.doors[ref] = make(chan struct{}, 1)
	}
	return v.doors[ref]
}

// count adds a visit. If the node is leaving the room, it adds none and returns a channel that is closed when the node has left.
func (v *Visits) count(joined node.JoinedInfo) (left <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rooms == nil {
		v.rooms = make(map[node.RoomID]*visited)
	}
	of := v.rooms[joined.ID]
	if of == nil {
		of = &visited{}
		v.rooms[joined.ID] = of
	}
	if of.left != nil {
		return of.left
	}
	of.visits++
	of.entered = of.entered || !joined.Before && !joined.Resumed
	return nil
}

// leave ends a visit, and leaves the room after the last one.
func (v *Visits) leave(ctx context.Context, n Node, room node.RoomID) error {
	v.mu.Lock()
	of := v.rooms[room]
	of.visits--
	if of.visits > 0 || !of.entered {
		if of.visits == 0 {
			delete(v.rooms, room)
		}
		v.mu.Unlock()
		return nil
	}
	of.left = make(chan struct{})
	v.mu.Unlock()
	err := n.Leave(ctx, room.String())
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.rooms, room)
	close(of.left)
	return err
}

// Keep notes that somebody has joined the room to stay, so that the node does not leave it after the last visit.
func (v *Visits) Keep(room node.RoomID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if of := v.rooms[room]; of != nil {
		of.entered = false
	}
}
