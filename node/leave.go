package node

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Leave leaves a room in order: what was said last reaches another node, if it can within leaveTimeout; the authority is told;
// keys and roster are dropped; nothing is resumed. An owner cannot leave its own room before it has ended (invalid): the members
// would lose their places without a word. CloseRoom ends it.
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

// sayGoodbye asks the authority for a Leave record. If it cannot be reached we leave all the same: it will note that we
// are no longer heard from.
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
	if r.seat != nil {
		// No reason is waited for any more: this is our own wish.
		seat, _ := r.seat.Step(authority.Quit{})
		r.seat = &seat
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

// A farewell is what others have still to hear from this node before it may end.
type farewell struct {
	// done is closed when everybody has heard the end of our rooms; nil while there is no farewell.
	done chan struct{}
	// unackedReasons holds the rooms whose reason is kept here and whose authority has not read our acknowledgement yet.
	unackedReasons map[protocol.RoomID]bool
	// unansweredJoins holds the requests at our doors whose last answer has not been read yet.
	unansweredJoins map[chan protocol.JoinReply]bool
}

func newFarewell() farewell {
	return farewell{unackedReasons: make(map[protocol.RoomID]bool), unansweredJoins: make(map[chan protocol.JoinReply]bool)}
}

// farewell is what Close says before it ends everything. An acknowledgement that is on its way goes out, so that the
// owner of a console that ends with its removal sees that it was told; an ephemeral node leaves its rooms, since it
// will not be back; and the members of our rooms hear that we go.
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
		// forGood: leave, and close what is ours.
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

// sayLeaving tells the members of our rooms, whose polls wait here, that this node ends: it is no longer in the list of
// present members.
func (l *loop) sayLeaving() {
	for _, r := range l.rooms {
		if r.owner() && r.recovering == nil && !r.over() {
			r.desk.leaving = true
			r.tellPresence()
		}
	}
}

// knowsOfLeaving reports whether p has asked again since it was told that we go.
func (r *room) knowsOfLeaving(p peer.ID) bool {
	h, held := r.desk.polls[p]
	return !r.desk.leaving || held && h.req.HavePresence == r.desk.presence
}

// leaveForGood closes the rooms that are ours and lists the others.
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
		if err := r.step(authority.Close{Kind: protocol.Closed, Reason: r.desk.closing}); err != nil {
			l.n.log.Warn("close", "room", r.id, "err", err)
		}
	}
	return leave
}

// checkFarewell lets Close go on once every member that we hear from has been told of the end, or that we go, those at the
// door too, and our own acknowledgements have been read.
func (l *loop) checkFarewell() {
	if l.farewell.done == nil || len(l.farewell.unackedReasons) > 0 || len(l.farewell.unansweredJoins) > 0 {
		return
	}
	for _, r := range l.rooms {
		if !r.owner() {
			continue
		}
		for p := range r.desk.heard {
			if r.ledger.Owes(p, l.judgedAt()) || !r.knowsOfLeaving(p) {
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
