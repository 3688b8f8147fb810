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

// An authorityDesk is this node's work as the authority of a room. Only the loop uses it. It is empty in rooms of others, but for what the
// authority tells the deputies, in a room whose deputy this node is. What is not in the ledger may be lost at a restart.
type authorityDesk struct {
	r          *room
	ledger     *authority.Ledger // nil in rooms of others
	recovering *recovery         // we have not begun to serve the room; nil otherwise
	polls      polls
	presence   presence
	tracker    tracker
	door       door
	hands      hands
	appeals    appeals
	told       deskTold
	attempts   map[peer.ID]time.Time // when the owner was last warned of each member
	ticked     time.Time
	inReach    time.Time // when a member was last in reach, in a room that is half idle
	closing    string    // the reason of our own Close
	handed     handedBooks
	// removals wait for the lines of their members.
	removals []inboxEvent
}

func newAuthorityDesk(r *room) authorityDesk {
	return authorityDesk{
		r: r, polls: newPolls(), presence: newPresence(r), tracker: tracker{r: r}, door: newDoor(r), hands: newHands(r), appeals: newAppeals(r), told: deskTold{number: firstNumber()},
		attempts: make(map[peer.ID]time.Time),
	}
}

// stop ends every poll and every knock that waits.
func (d *authorityDesk) stop() {
	d.polls.stop()
	d.door.stop()
	d.appeals.stop()
}

// step lets the ledger decide on an event, and carries out the effects. If it returns an error, nothing has happened.
func (d *authorityDesk) step(ev authority.Event) error {
	_, err := d.stepEffects(ev)
	return err
}

func (d *authorityDesk) stepEffects(ev authority.Event) ([]authority.Effect, error) {
	switch ev.(type) {
	case authority.ClockMoved, authority.Away:
	default:
		d.r.l.watchClock()
	}
	env := d.r.l.env()
	env.Held = d.polls.of
	next, effects, err := d.r.l.decide(env, *d.ledger, ev)
	var disk diskError
	switch {
	case errors.As(err, &disk):
		d.r.l.warnDisk(d.r, disk.error)
		return nil, disk.forPerson()
	case err != nil:
		return nil, ruleError(d.r.label(), err)
	}
	sameAppeals := next.SameAppeals(*d.ledger)
	changed := !sameAppeals || !next.SameDoor(*d.ledger)
	d.ledger = &next
	for _, e := range effects {
		d.carryOut(e)
	}
	d.tellDeskIf(changed || d.told.soon)
	if !sameAppeals {
		d.appeals.wake()
	}
	for _, e := range effects {
		if e, ok := e.(authority.GaveAway); ok {
			d.r.gaveAway(e.Seat)
		}
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
			if err := l.saveBatch(next.State(), p.Batch); err != nil {
				return ledger, nil, diskError{err}
			}
		}
	}
	return next, effects, nil
}

func (d *authorityDesk) carryOut(e authority.Effect) {
	switch e := e.(type) {
	case authority.Commit:
		d.committed(e)
	case authority.AnswerJoin:
		d.door.answer(e)
	case authority.KnockShown:
		if !d.door.bell.announces(e.Peer, e.From, d.r.l.now()) {
			d.r.l.n.admission.count(d.r.l.n.admission.visitorAt(e.Peer), aKnock, 1)
			return
		}
		d.r.l.emit(d.r, d.door.knockEvent(e.Peer, e.Nick))
		d.r.warnStandIn(e.Peer, e.Nick, "knocks")
	case authority.KnockTurned:
		d.door.bell.count(e.From, d.r.l.now())
		addr, _ := netip.ParseAddr(e.From)
		d.r.l.n.admission.count(visitor{from: originAt(addr)}, aKnock, 1)
	case authority.KnockDropped:
		if d.door.bell.told[e.Peer] {
			delete(d.door.bell.told, e.Peer)
			d.r.l.emit(d.r, KnockGone{Peer: e.Peer, Nick: e.Nick})
		}
	case authority.AppealShown:
		d.r.l.emit(d.r, Appeal(d.r.appealInfo(wireAppeal(e.Appeal))))
	case authority.AppealDropped:
		d.r.l.emit(d.r, AppealGone{Peer: e.Peer, Nick: e.Nick})
	case authority.PardonTold:
		d.r.l.emit(d.r, PardonTold{Peer: e.Peer, Nick: e.Nick, Seq: e.Pardon})
	case authority.Told:
		d.tracker.noteTold(e)
	case authority.Attempt:
		d.noteAttempt(e.Peer, e.What)
	}
}

// committed takes a record of this authority the same way as a received one.
func (d *authorityDesk) committed(c authority.Commit) {
	d.r.keep(c.Record)
	d.r.applied(c.Change, c.Key)
	if rm, ok := c.Record.Body.(protocol.Remove); ok {
		d.tracker.follow(c)
		delete(d.presence.heard, rm.Peer) // a non-member is never listed as present
		delete(d.polls.receiptsDue, rm.Peer)
		// The removed peer comes first, so that it hears the reason from its owner before it hears of the record from others.
		if h, held := d.polls.held[rm.Peer]; held {
			d.answerPoll(rm.Peer, h)
		}
	}
	d.hands.sweep()
	switch c.Change.Kind {
	case authority.Left, authority.Removed:
		delete(d.presence.aways, c.Change.Peer)
	case authority.Muted:
		d.presence.quiet(c.Change.Peer)
		d.tracker.follow(c)
		if h, held := d.polls.held[c.Change.Peer]; held {
			d.answerPoll(c.Change.Peer, h)
		}
	case authority.Unmuted:
		d.tracker.followed = slices.DeleteFunc(d.tracker.followed, func(p *progress) bool { return p.peer == c.Change.Peer && p.kind == KindMuted })
	}
	unasked := d.r.gossip != nil && d.unasked() // now, before they are answered
	d.wakePolls()
	if unasked {
		if err := d.r.gossip.PublishRecord(d.r.ctx, c.Record.Bytes()); err != nil {
			d.r.l.n.log.Warn("publish record", "room", d.r.id, "seq", c.Record.Seq, "err", err)
		}
	}
	d.r.relays.relay(protocol.PassRequest{Record: c.Record.Bytes()})
}

// unasked reports whether a record has to be gossiped, since a connected member has no poll here. A member with a poll gets the
// record in the answer, over the same connection that gossip would use. To send it twice would be half as much work again for
// all. unasked is called only if there is gossip.
func (d *authorityDesk) unasked() bool {
	for _, m := range d.r.state().Members() {
		if _, held := d.polls.held[m.Peer]; !held && m.Peer != d.r.l.n.self && d.r.l.n.connected(m.Peer) {
			return true
		}
	}
	return false
}

// wakePolls answers every held poll for which there is news now.
func (d *authorityDesk) wakePolls() {
	for p, h := range d.polls.held {
		d.answerPoll(p, h)
	}
}

// answerPoll answers h, or holds it until there is news.
func (d *authorityDesk) answerPoll(p peer.ID, h heldPoll) {
	effects, err := d.stepEffects(authority.Poll{Peer: p, Request: h.req})
	if err != nil {
		d.polls.held.drop(p, h) // as if the reply were lost: the same question comes again
		return
	}
	for _, e := range effects {
		a, ok := e.(authority.AnswerPoll)
		if !ok {
			continue
		}
		switch {
		case a.Outcome == authority.PollRefused && (h.req.HaveSeq > d.r.state().Seq() || d.r.l.twin.live()):
			// Our log may lack its admission: an older copy of the disk was put back, or a twin has signed it.
			d.askForLost(p, h.req.HaveSeq)
			d.polls.held.drop(p, h)
		case a.Outcome == authority.PollRefused:
			d.polls.held.reply(p, h, protocol.PollReply{})
		case a.Outcome == authority.PollMoved:
			d.polls.held.reply(p, h, protocol.PollReply{Moved: d.r.l.movedFrom(d.r.id)})
		case a.Outcome == authority.PollReason:
			d.polls.held.reply(p, h, protocol.PollReply{Reason: a.Reason})
		case d.r.frozen():
			d.polls.held.hold(p, h) // p gets the proof when it compares, and when the poll has waited long enough
		case a.Outcome == authority.PollDiffers && h.req.HaveSeq > d.r.state().Seq():
			d.polls.held.hold(p, h)
			d.r.talk.carry(d.r.talk.CompareWith(d.r.talk.world(), p)) // it has what we have signed and lost, or another log
		case a.Outcome == authority.PollDiffers, a.Outcome == authority.PollNews, h.req.HavePresence != d.presence.number, d.polls.receiptsDue[p], d.deskDue(p, h.req), d.offerDue(p, h.req):
			d.polls.held.reply(p, h, protocol.PollReply{Member: d.news(p, h.req)})
		default:
			d.polls.held.hold(p, h)
		}
	}
}

// news returns the records, keys and presence that p lacks.
func (d *authorityDesk) news(p peer.ID, req protocol.PollRequest) *protocol.PollMember {
	records, more := recordsAfter(d.r.records, req.HaveSeq)
	delete(d.polls.receiptsDue, p)
	news := &protocol.PollMember{
		Records: records, More: more,
		Keys:     d.r.keys.keysFor(p, req.HaveKey, nil),
		Presence: d.presence.number, Receipt: d.r.talk.Receipt(p), Last: d.r.talk.Cut(p), Proof: d.r.fork.twinRecord(req.HaveSeq, req.Head),
	}
	// The list is sent only if it has changed: with every record, the addresses of a whole room would be most of the bytes of a
	// removal.
	if req.HavePresence != d.presence.number {
		if d.presence.list == nil {
			d.presence.list = d.presence.withAddrs()
		}
		news.Present = d.presence.list
	}
	if d.deskDue(p, req) {
		news.Desk = d.toldDesk()
	}
	if d.offerDue(p, req) {
		news.Offer = d.offerTo(p)
	}
	return news
}

// noteAttempt warns the owner that a member tried an action of the owner, at most once in attemptEvery for each member.
func (d *authorityDesk) noteAttempt(p peer.ID, what string) {
	now := d.r.l.now()
	if last, ok := d.attempts[p]; ok && now.Sub(last) < attemptEvery || len(d.attempts) >= protocol.MaxMembers {
		return
	}
	d.attempts[p] = now
	d.r.l.emit(d.r, Warning{Code: "attempt", Peer: p, Text: fmt.Sprintf("%s tried to %s, and is not entitled to", d.r.nickOf(p), what)})
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
	case protocol.Pardon:
		return "pardon somebody"
	case protocol.Mute:
		return "mute somebody"
	case protocol.Unmute:
		return "lift a mute"
	case protocol.Warn:
		return "warn somebody"
	case protocol.SetNick:
		return "change a nick"
	case protocol.SetDeputies:
		return "name deputies"
	case protocol.Transfer:
		return "give the room away"
	case protocol.Voice:
		return "give a voice"
	case protocol.Unvoice:
		return "take a voice"
	case protocol.SetPolicy:
		return "change the policy"
	case protocol.Close:
		return "close the room"
	}
	return "change the room's log"
}

// renewPolls answers the polls that have waited long enough and, with them, those that have waited half as long: so the members ask again
// all at once.
func (d *authorityDesk) renewPolls(now time.Time) {
	due := false
	for _, h := range d.polls.held {
		due = due || now.Sub(h.since) >= pollHold
	}
	if !due {
		return
	}
	for p, h := range d.polls.held {
		if now.Sub(h.since) >= pollHold/2 {
			d.polls.held.reply(p, h, protocol.PollReply{Member: d.news(p, h.req)})
		}
	}
}

func (d *authorityDesk) tick(now time.Time) {
	d.renewPolls(now)
	for p, h := range d.presence.heard {
		_, held := d.polls.held[p]
		if !held && now.Sub(h.at) > pollPatience || d.r.l.n.host.Network().Connectedness(p) != network.Connected {
			d.presence.noteGone(p)
		}
	}
	d.presence.awayPace.Sweep(now)
	for p, at := range d.attempts {
		if now.Sub(at) >= attemptEvery {
			delete(d.attempts, p)
		}
	}
	d.door.tick(now)
	d.appeals.tick(now)
	d.tickOffer()
	d.tellDeskIf(d.told.due || d.told.soon)
	for _, p := range d.tracker.followed {
		if now.Sub(p.at) >= reasonNoteAfter {
			d.tracker.noteReason(p)
		}
	}
	d.tracker.followed = slices.DeleteFunc(d.tracker.followed, func(p *progress) bool {
		return p.shownComplete && p.noted || now.Sub(p.at) > progressKept
	})
	if now.Sub(d.ticked) < ledgerTick && !d.ledger.MuteDue(d.r.l.clock.Wall()) {
		return
	}
	d.ticked = now
	d.door.open.ofAddress.Sweep(now)
	if len(d.r.l.n.gate.Networks()) == 0 {
		if err := d.step(authority.Away{}); err != nil {
			d.r.l.n.log.Warn("away", "room", d.r.id, "err", err)
		}
	}
	tick := authority.Tick{LastLine: d.r.l.clock.At(d.r.talk.LastLine()), Unasked: d.mayBeTalking(d.r.l.clock.Even()), Cuts: d.voicesPassed()}
	if err := d.step(tick); err != nil {
		d.r.l.n.log.Warn("tick", "room", d.r.id, "err", err)
	}
	if d.r.state().Closed() && !d.owes(d.r.l.judgedAt()) {
		if err := d.r.l.store.DropRoom(d.r.id); err != nil {
			d.r.l.warnDisk(d.r, err)
		}
		d.r.l.forget(d.r)
	}
}

// mayBeTalking reports whether there may be later lines than the last one here, in a room that is about to be closed as idle,
// since this node slept or was cut off. It asks the members in reach, at least idleAsks of them. If none is in reach, the room
// waits for its idle time once more. now is by the clock that goes on while the machine sleeps.
func (d *authorityDesk) mayBeTalking(now time.Time) bool {
	idle := d.r.state().Policy().Idle
	if idle == 0 || now.Sub(d.r.talk.LastLine()) < idle/2 || d.r.state().Len() < 2 {
		return false
	}
	near := d.r.near()
	if len(near) > 0 || d.inReach.IsZero() {
		d.inReach = now
	}
	if len(near) == 0 {
		return now.Sub(d.inReach) < idle
	}
	asked, within := 0, min(idleAsked, idle/2)
	for _, p := range near {
		if now.Sub(d.r.talk.Gave(p)) <= within {
			asked++
		} else {
			d.r.talk.carry(d.r.talk.CompareWith(d.r.talk.world(), p))
		}
	}
	return asked < min(len(near), idleAsks)
}

// owes reports whether a removed peer has not been told the reason yet.
func (d *authorityDesk) owes(now time.Time) bool {
	for _, f := range d.ledger.Failures() {
		if d.ledger.Owes(f.Peer, now) {
			return true
		}
	}
	return false
}

// ruleError returns an [Error] with a sentence for an error of the ledger.
func ruleError(room string, err error) error {
	switch {
	case errors.Is(err, authority.ErrNotDeputy):
		return mayNot(err)
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
	case errors.Is(err, authority.ErrNoOffer):
		return &Error{Code: CodeNotFound, Text: room + " is not offered to that peer", Reason: fault.NotOffered}
	case errors.Is(err, authority.ErrChanged):
		return &Error{Code: CodeUnavailable, Text: room + " has changed meanwhile", Reason: fault.RoomChanged}
	case errors.Is(err, authority.ErrNotEntitled):
		return &Error{Code: CodeNotOwner, Text: room + " has another owner now", Reason: fault.OwnerOnly}
	case errors.Is(err, authority.ErrFull):
		return &Error{Code: CodeUnavailable, Text: fault.Text(err), Reason: fault.Full}
	case errors.Is(err, authority.ErrRule), errors.Is(err, authority.ErrFrozen):
		return &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadOrder}
	}
	return err
}
