package node

import (
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Leave leaves a room in order. It waits for at most leaveTimeout until the latest lines of this node have reached another node,
// tells the authority, and drops the keys, the members and the seat. An owner cannot leave its own room before it has ended
// (invalid), since the members would have no owner; CloseRoom ends it.
func (n *Node) Leave(ctx context.Context, room string) error {
	if ref := n.Ref(ctx, room); ref.Here {
		n.awaitDelivery(ctx, lastLines{room: ref.ID})
	}
	t, err := ask(ctx, n, leaving{room})
	if err != nil {
		return err
	}
	if t.authority != n.self {
		n.sayGoodbye(ctx, t)
	}
	_, err = ask(ctx, n, leave{t.room})
	return err
}

// sayGoodbye asks the authority for a Leave record. If the authority cannot be reached, this node leaves too, and the authority
// notices later that it no longer hears from it.
func (n *Node) sayGoodbye(ctx context.Context, t leavingFrom) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	req := protocol.AskRequest{Room: t.room, Leave: true}
	var reply protocol.AskReply
	if err := n.request(ctx, t.authority, protocol.AskID, &req, &reply); err != nil {
		n.log.Info("leave unheard", "room", t.room, "err", err)
	}
}

type (
	leaving     struct{ room string }
	leavingFrom struct {
		room      protocol.RoomID
		authority peer.ID
	}
	leave struct{ room protocol.RoomID }
)

func (q leaving) run(l *loop) (leavingFrom, error) {
	r, err := l.room(q.room)
	if err != nil {
		return leavingFrom{}, err
	}
	if r.owner() && !r.over() {
		return leavingFrom{}, &Error{
			Code: CodeInvalid, Text: "you own " + r.label() + "; without you, its members have no owner",
			Reason: fault.OwnerLeaves,
		}
	}
	if r.membership.seat != nil {
		// This node leaves by itself, so it waits for no reason of a removal.
		seat, _ := r.membership.seat.Step(authority.Quit{})
		r.membership.seat = &seat
		if err := l.store.DropSeat(r.id); err != nil {
			l.warnDisk(r, err)
		}
	}
	return leavingFrom{r.id, r.authority()}, nil
}

func (q leave) run(l *loop) (none, error) {
	r := l.rooms[q.room]
	if r == nil {
		return none{}, nil
	}
	l.emit(r, Left{})
	l.forget(r)
	return none{}, nil
}

// A farewell has what other nodes must still hear from this node before it ends.
type farewell struct {
	// done is closed when every present member has heard of the end; nil while there is no farewell.
	done chan struct{}
	// unackedReasons holds the rooms whose reason is kept here and whose authority has not read our acknowledgement yet.
	unackedReasons map[protocol.RoomID]bool
	// unansweredJoins holds the join requests whose last answer has not been read yet.
	unansweredJoins map[chan protocol.JoinReply]bool
}

func newFarewell() farewell {
	return farewell{unackedReasons: make(map[protocol.RoomID]bool), unansweredJoins: make(map[chan protocol.JoinReply]bool)}
}

// farewell is called by Close before it ends the node. It sends acknowledgements that are due, so that an owner sees that a
// removed member was told even if that member's console ends at once. An ephemeral node leaves its rooms, since it will not be
// back. The members of the rooms of this node hear that it ends.
func (n *Node) farewell() {
	n.awaitDelivery(n.ctx, lastLines{all: true})
	ctx, cancel := context.WithTimeout(n.ctx, leaveTimeout)
	defer cancel()
	f, err := ask(ctx, n, closing{forGood: n.cfg.DataDir == ""})
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	for _, t := range f.leave {
		wg.Go(func() { n.sayGoodbye(ctx, t) })
	}
	wait, stop := context.WithTimeout(ctx, farewellWait)
	defer stop()
	select {
	case <-f.told:
	case <-wait.Done():
	}
	wg.Wait()
}

type (
	closing struct {
		// forGood says to leave all rooms, and to close those of this node.
		forGood bool
	}
	lastWords struct {
		leave []leavingFrom
		told  <-chan struct{}
	}
)

func (q closing) run(l *loop) (lastWords, error) {
	var f lastWords
	if q.forGood {
		f.leave = l.leaveForGood()
	} else {
		l.sayLeaving()
	}
	l.farewell.done = make(chan struct{})
	f.told = l.farewell.done
	l.checkFarewell()
	return f, nil
}

// sayLeaving answers the polls of the members of our rooms with a list of present members that no longer has this node.
func (l *loop) sayLeaving() {
	for _, r := range l.rooms {
		if r.owner() && r.desk.recovering == nil && !r.over() {
			r.desk.presence.leaving = true
			r.desk.presence.tell()
		}
	}
}

// leaveForGood closes the rooms of this node and returns the others.
func (l *loop) leaveForGood() (leave []leavingFrom) {
	for _, id := range l.order {
		r := l.rooms[id]
		if !r.owner() {
			leave = append(leave, leavingFrom{id, r.authority()})
			continue
		}
		if r.state().Closed() {
			continue
		}
		r.desk.closing = "the owner has left"
		if err := r.desk.step(authority.Close{Kind: protocol.Closed, Reason: r.desk.closing}); err != nil {
			l.n.log.Warn("close", "room", r.id, "err", err)
		}
	}
	return leave
}

// checkFarewell lets Close go on once all members that this node hears from, and the peers at its doors, have been told that
// their room or this node ends, and the authorities of other rooms have read our acknowledgements.
func (l *loop) checkFarewell() {
	if l.farewell.done == nil || len(l.farewell.unackedReasons) > 0 || len(l.farewell.unansweredJoins) > 0 {
		return
	}
	for _, r := range l.rooms {
		if !r.owner() {
			continue
		}
		for p := range r.desk.presence.heard {
			if r.desk.ledger.Owes(p, l.judgedAt()) || !r.desk.presence.knowsOfLeaving(p) {
				return
			}
		}
	}
	select {
	case <-l.farewell.done:
	default:
		close(l.farewell.done)
	}
}

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
