package command

import (
	"context"
	"sync"

	"localchat/node"
)

// Visits count the commands and programs that are in a room for a while, such as `localchat send`. A room that the node entered
// for one of them is left after the last of them, so that none loses the room while another leaves it. The zero value has no
// visit. Faces meet at mu.
type Visits struct {
	mu    sync.Mutex
	rooms map[node.RoomID]*visited
	doors map[node.RoomRef]chan struct{} // of one: whoever holds it is entering that room
}

// A visited is a room with visits.
type visited struct {
	visits  int
	entered bool          // for a visit, and nobody has joined it to stay
	left    chan struct{} // not nil: the last visit is over, and the node is leaving; closed when it has left
}

// enter joins a room of n and counts a visit. leave ends the visit.
func (v *Visits) enter(ctx context.Context, n OwnNode, o node.JoinOptions) (joined node.JoinedInfo, leave func(context.Context) error, err error) {
	// A second knock at the same door would be taken for the first.
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
		case <-left: // it is entered anew
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
		clear(v.doors) // at worst somebody knocks twice
	}
	if v.doors[ref] == nil {
		v.doors[ref] = make(chan struct{}, 1)
	}
	return v.doors[ref]
}

// count adds a visit, unless the node is leaving the room; then left is closed when it has left.
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

// leave ends a visit, and leaves the room after the last.
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

// Keep makes the place in a room one to stay: somebody has joined it who is no visitor.
func (v *Visits) Keep(room node.RoomID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if of := v.rooms[room]; of != nil {
		of.entered = false
	}
}
