package node

import (
	"context"
	"time"

	"localchat/protocol"
)

// The authority ends a membership at the last line that it has. So lines of a leaving member that no other node has are lost, and
// a node that leaves a room, or ends, first waits until its latest lines have reached another node.

// lastLines asks, for one room or all, for a channel each that is closed when the room's latest lines have reached another node.
type lastLines struct {
	room protocol.RoomID
	all  bool
}

func (q lastLines) run(l *loop) (waits []<-chan struct{}, err error) {
	for id, r := range l.rooms {
		if !q.all && (id != q.room || r.owner()) {
			continue // an owner does not leave its room
		}
		if r.joined && r.state().Len() > 1 && r.talk.OnTheirWay() {
			done := make(chan struct{})
			r.talk.awaited = append(r.talk.awaited, done)
			waits = append(waits, done)
			r.talk.seek()
		}
	}
	return waits, nil
}

// awaitDelivery waits for lastLines, for at most leaveTimeout.
func (n *Node) awaitDelivery(ctx context.Context, q lastLines) {
	waits, err := ask(ctx, n, q)
	if err != nil || len(waits) == 0 {
		return
	}
	expired := time.NewTimer(leaveTimeout)
	defer expired.Stop()
	for _, done := range waits {
		select {
		case <-done:
		case <-expired.C:
			return
		case <-ctx.Done():
			return
		case <-n.ctx.Done():
			return
		}
	}
}

// release closes the channels of the callers that wait for our lines, if all have reached another node.
func (c *conversation) release() {
	if len(c.awaited) > 0 && (c.r.ctx.Err() != nil || !c.OnTheirWay()) {
		for _, done := range c.awaited {
			close(done)
		}
		c.awaited = nil
	}
}
