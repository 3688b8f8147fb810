package node

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// An authorityDesk has the state of an authority that is not in its ledger, and that may be lost at a restart. Only the loop uses
// it. It is empty in rooms of others.
type authorityDesk struct {
	polls    polls
	presence presence
	tracker  tracker
	door     door
	attempts map[peer.ID]time.Time // when the owner was last warned of each member
	ticked   time.Time
	inReach  time.Time // when a member was last in reach, in a room that is half idle
	closing  string    // the reason of our own Close
	// removals wait for the lines of their members.
	removals []inboxEvent
}

func newAuthorityDesk(r *room) authorityDesk {
	return authorityDesk{
		polls: newPolls(), presence: newPresence(r), tracker: tracker{r: r}, door: newDoor(r), attempts: make(map[peer.ID]time.Time),
	}
}

// stop ends every poll and every knock that waits.
func (d *authorityDesk) stop() {
	d.polls.stop()
	d.door.stop()
}

// step lets the ledger decide on an event, and carries out the effects. If it returns an error, nothing has happened.
func (r *room) step(ev authority.Event) error {
	_, err := r.stepEffects(ev)
	return err
}

func (r *room) stepEffects(ev authority.Event) ([]authority.Effect, error) {
	switch ev.(type) {
	case authority.ClockMoved, authority.Away:
	default:
		r.l.watchClock()
	}
	env := r.l.env()
	env.Held = r.desk.polls.of
	next, effects, err := r.l.decide(env, *r.ledger, ev)
	var disk diskError
	switch {
	case errors.As(err, &disk):
		r.l.warnDisk(r, disk.error)
		return nil, disk.forPerson()
	case err != nil:
		return nil, ruleError(r.label(), err)
	}
	r.ledger = &next
	for _, e := range effects {
		r.carryOut(e)
	}
	return effects, nil
}

// decide steps a ledger and saves the decision before any effect of it is visible. If it returns an error, nothing has happened.
// A [diskError] says that the decision could not be saved.
func (l *loop) decide(env authority.Env, ledger authority.Ledger, ev authority.Event) (authority.Ledger, []authority.Effect, error) {
	next, effects, err := ledger.Step(env, ev)
	if err != nil {
		return ledger, nil, err
	}
	if l.twin.live() && signsBesideTwin(ev, effects) {
		return ledger, nil, l.twinError()
	}
	for _, e := range effects {
		if p, ok := e.(authority.Persist); ok {
			if err := l.store.SaveBatch(next.State().Room(), p.Batch); err != nil {
				return ledger, nil, diskError{err}
			}
		}
	}
	return next, effects, nil
}

func (r *room) carryOut(e authority.Effect) {
	switch e := e.(type) {
	case authority.Commit:
		r.committed(e)
	case authority.AnswerJoin:
		r.desk.door.answer(e)
	case authority.KnockShown:
		if !r.desk.door.bell.announces(e.Peer, e.From, r.l.now()) {
			r.l.n.admission.count(r.l.n.admission.visitorAt(e.Peer), aKnock, 1)
			return
		}
		r.l.emit(r, r.desk.door.knockEvent(e.Peer, e.Nick))
		r.warnStandIn(e.Peer, e.Nick, "knocks")
	case authority.KnockTurned:
		r.desk.door.bell.count(e.From, r.l.now())
		addr, _ := netip.ParseAddr(e.From)
		r.l.n.admission.count(visitor{from: originAt(addr)}, aKnock, 1)
	case authority.KnockDropped:
		if r.desk.door.bell.told[e.Peer] {
			delete(r.desk.door.bell.told, e.Peer)
			r.l.emit(r, KnockGone{Peer: e.Peer, Nick: e.Nick})
		}
	case authority.Told:
		r.desk.tracker.noteTold(e)
	case authority.Attempt:
		r.noteAttempt(e.Peer, e.What)
	}
}

// committed takes a record of this authority the same way as a received one.
func (r *room) committed(c authority.Commit) {
	r.records = append(r.records, c.Record)
	r.applied(c.Change, c.Key)
	if rm, ok := c.Record.Body.(protocol.Remove); ok {
		r.desk.tracker.follow(c)
		delete(r.desk.presence.heard, rm.Peer) // a non-member is never listed as present
		delete(r.desk.polls.receiptsDue, rm.Peer)
		// The removed peer comes first, so that it hears the reason from its owner before it hears of the record from others.
		if h, held := r.desk.polls.held[rm.Peer]; held {
			r.answerPoll(rm.Peer, h)
		}
	}
	switch c.Change.Kind {
	case authority.Muted:
		r.desk.tracker.follow(c)
		if h, held := r.desk.polls.held[c.Change.Peer]; held {
			r.answerPoll(c.Change.Peer, h)
		}
	case authority.Unmuted:
		r.desk.tracker.followed = slices.DeleteFunc(r.desk.tracker.followed, func(p *progress) bool { return p.peer == c.Change.Peer && p.kind == KindMuted })
	}
	unasked := r.gossip != nil && r.unasked() // now, before they are answered
	r.wakePolls()
	if unasked {
		if err := r.gossip.PublishRecord(r.ctx, c.Record.Bytes()); err != nil {
			r.l.n.log.Warn("publish record", "room", r.id, "seq", c.Record.Seq, "err", err)
		}
	}
	r.relay(protocol.PassRequest{Record: c.Record.Bytes()})
}

// unasked reports whether a record has to be gossiped, since a connected member has no poll here. A member with a poll gets the
// record in the answer, over the same connection that gossip would use. To send it twice would be half as much work again for
// all. unasked is called only if there is gossip.
func (r *room) unasked() bool {
	for _, m := range r.state().Members() {
		if _, held := r.desk.polls.held[m.Peer]; !held && m.Peer != r.l.n.self && r.l.n.connected(m.Peer) {
			return true
		}
	}
	return false
}

// wakePolls answers every held poll for which there is news now.
func (r *room) wakePolls() {
	for p, h := range r.desk.polls.held {
		r.answerPoll(p, h)
	}
}

// answerPoll answers h, or holds it until there is news.
func (r *room) answerPoll(p peer.ID, h heldPoll) {
	effects, err := r.stepEffects(authority.Poll{Peer: p, Request: h.req})
	if err != nil {
		r.desk.polls.drop(p, h) // as if the reply were lost: the same question comes again
		return
	}
	for _, e := range effects {
		a, ok := e.(authority.AnswerPoll)
		if !ok {
			continue
		}
		switch {
		case a.Outcome == authority.PollRefused && (h.req.HaveSeq > r.state().Seq() || r.l.twin.live()):
			// Our log may lack its admission: an older copy of the disk was put back, or a twin has signed it.
			r.askForLost(p, h.req.HaveSeq)
			r.desk.polls.drop(p, h)
		case a.Outcome == authority.PollRefused:
			r.desk.polls.reply(p, h, protocol.PollReply{})
		case a.Outcome == authority.PollReason:
			r.desk.polls.reply(p, h, protocol.PollReply{Reason: a.Reason})
		case r.frozen():
			r.desk.polls.hold(p, h) // p gets the proof when it compares, and when the poll has waited long enough
		case a.Outcome == authority.PollDiffers && h.req.HaveSeq > r.state().Seq():
			r.desk.polls.hold(p, h)
			r.carry(r.talk.CompareWith(r.world(), p)) // it has what we have signed and lost, or another log
		case a.Outcome == authority.PollDiffers, a.Outcome == authority.PollNews, h.req.HavePresence != r.desk.presence.number, r.desk.polls.receiptsDue[p]:
			r.desk.polls.reply(p, h, protocol.PollReply{Member: r.news(p, h.req)})
		default:
			r.desk.polls.hold(p, h)
		}
	}
}

// news returns the records, keys and presence that p lacks.
func (r *room) news(p peer.ID, req protocol.PollRequest) *protocol.PollMember {
	records, more := recordsAfter(r.records, req.HaveSeq)
	delete(r.desk.polls.receiptsDue, p)
	news := &protocol.PollMember{
		Records: records, More: more,
		Keys:     r.keysFor(p, req.HaveKey, nil),
		Presence: r.desk.presence.number, Receipt: r.talk.Receipt(p), Last: r.talk.Cut(p), Proof: r.twinRecord(req.HaveSeq, req.Head),
	}
	// The list is sent only if it has changed: with every record, the addresses of a whole room would be most of the bytes of a
	// removal.
	if req.HavePresence != r.desk.presence.number {
		if r.desk.presence.list == nil {
			r.desk.presence.list = r.desk.presence.withAddrs()
		}
		news.Present = r.desk.presence.list
	}
	return news
}

// noteAttempt warns the owner that a member tried an action of the owner, at most once in attemptEvery for each member.
func (r *room) noteAttempt(p peer.ID, what string) {
	now := r.l.now()
	if last, ok := r.desk.attempts[p]; ok && now.Sub(last) < attemptEvery || len(r.desk.attempts) >= protocol.MaxMembers {
		return
	}
	r.desk.attempts[p] = now
	r.l.emit(r, Warning{Code: "attempt", Peer: p, Text: fmt.Sprintf("%s tried to %s, which only the owner may", r.nickOf(p), what)})
}

// orderName returns the name of an order for a sentence.
func orderName(b protocol.Body) string {
	switch b := b.(type) {
	case protocol.Admit:
		return "admit somebody"
	case protocol.Remove:
		if b.Kind == protocol.Banned {
			return "ban somebody"
		}
		return "kick somebody"
	case protocol.Unban:
		return "lift a ban"
	case protocol.Mute:
		return "mute somebody"
	case protocol.Unmute:
		return "lift a mute"
	case protocol.SetNick:
		return "change a nick"
	case protocol.SetPolicy:
		return "change the policy"
	case protocol.Close:
		return "close the room"
	}
	return "change the room's log"
}

func (r *room) tickOwner(now time.Time) {
	for p, h := range r.desk.polls.held {
		if now.Sub(h.since) >= pollHold {
			r.desk.polls.reply(p, h, protocol.PollReply{Member: r.news(p, h.req)})
		}
	}
	for p, h := range r.desk.presence.heard {
		_, held := r.desk.polls.held[p]
		if !held && now.Sub(h.at) > pollPatience || r.l.n.host.Network().Connectedness(p) != network.Connected {
			r.desk.presence.noteGone(p)
		}
	}
	for p, at := range r.desk.attempts {
		if now.Sub(at) >= attemptEvery {
			delete(r.desk.attempts, p)
		}
	}
	r.desk.door.tick(now)
	for _, p := range r.desk.tracker.followed {
		if now.Sub(p.at) >= reasonNoteAfter {
			r.desk.tracker.noteReason(p)
		}
	}
	r.desk.tracker.followed = slices.DeleteFunc(r.desk.tracker.followed, func(p *progress) bool {
		return p.shownComplete && p.noted || now.Sub(p.at) > progressKept
	})
	if now.Sub(r.desk.ticked) < ledgerTick && !r.ledger.MuteDue(r.l.clock.wall()) {
		return
	}
	r.desk.ticked = now
	r.desk.door.open.ofAddress.Sweep(now)
	if len(r.l.n.gate.Networks()) == 0 {
		if err := r.step(authority.Away{}); err != nil {
			r.l.n.log.Warn("away", "room", r.id, "err", err)
		}
	}
	if err := r.step(authority.Tick{LastLine: r.l.clock.at(r.talk.LastLine()), Unasked: r.mayBeTalking(r.l.clock.even())}); err != nil {
		r.l.n.log.Warn("tick", "room", r.id, "err", err)
	}
	if r.state().Closed() && !r.owes(r.l.judgedAt()) {
		if err := r.l.store.DropRoom(r.id); err != nil {
			r.l.warnDisk(r, err)
		}
		r.l.forget(r)
	}
}

// mayBeTalking reports whether there may be later lines than the last one here, in a room that is about to be closed as idle,
// since this node slept or was cut off. It asks the members in reach, at least idleAsks of them. If none is in reach, the room
// waits for its idle time once more. now is by the clock that goes on while the machine sleeps.
func (r *room) mayBeTalking(now time.Time) bool {
	idle := r.state().Policy().Idle
	if idle == 0 || now.Sub(r.talk.LastLine()) < idle/2 || r.state().Len() < 2 {
		return false
	}
	near := r.near()
	if len(near) > 0 || r.desk.inReach.IsZero() {
		r.desk.inReach = now
	}
	if len(near) == 0 {
		return now.Sub(r.desk.inReach) < idle
	}
	asked, within := 0, min(idleAsked, idle/2)
	for _, p := range near {
		if now.Sub(r.talk.Gave(p)) <= within {
			asked++
		} else {
			r.carry(r.talk.CompareWith(r.world(), p))
		}
	}
	return asked < min(len(near), idleAsks)
}

// owes reports whether a removed peer has not been told the reason yet.
func (r *room) owes(now time.Time) bool {
	for _, f := range r.ledger.Failures() {
		if r.ledger.Owes(f.Peer, now) {
			return true
		}
	}
	return false
}

// ruleError returns an [Error] with a sentence for an error of the ledger.
func ruleError(room string, err error) error {
	switch {
	case errors.Is(err, authority.ErrNotMember):
		return &Error{Code: CodeNotFound, Text: "that peer is not a member of " + room, Reason: fault.NoMember}
	case errors.Is(err, authority.ErrClosed):
		return roomClosed(room)
	case errors.Is(err, authority.ErrNoKnock):
		return &Error{Code: CodeNotFound, Text: "nobody with that name is at the door", Reason: fault.NotAtTheDoor}
	case errors.Is(err, authority.ErrNoInvite):
		return &Error{Code: CodeNotFound, Text: "no such open invite", Reason: fault.NoSuchInvite}
	case errors.Is(err, authority.ErrNickTaken):
		return &Error{Code: CodeExists, Text: fault.Text(err), Reason: fault.NickChoice}
	case errors.Is(err, authority.ErrNickBad):
		return &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.NickChoice}
	case errors.Is(err, authority.ErrNickSoon):
		return &Error{Code: CodeUnavailable, Text: fault.Text(err), Reason: fault.NickSoon}
	case errors.Is(err, authority.ErrFull):
		return &Error{Code: CodeUnavailable, Text: fault.Text(err), Reason: fault.Full}
	case errors.Is(err, authority.ErrRule), errors.Is(err, authority.ErrFrozen):
		return &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadOrder}
	}
	return err
}
