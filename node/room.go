package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/gossip"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// A room is a room that this node is in, or is the authority of. The loop owns it.
type room struct {
	l      *loop
	id     protocol.RoomID
	ctx    context.Context // ends with our place in the room
	cancel context.CancelFunc

	// Exactly one of desk.ledger (we are the authority) and membership.seat (we are not) is set; a member's state is in
	// memberState, the authority's in its ledger. See state.
	desk        authorityDesk
	membership  membership
	memberState authority.State
	records     []protocol.SignedRecord // all applied ones, in order
	logBytes    int                     // of records, as they are signed
	pending     map[uint64]protocol.SignedRecord
	keys        keyring
	talk        conversation
	outbox      outbox
	relays      relays
	fork        fork
	gossip      *gossip.Room // nil until we are in

	name            string        // until the log is here
	looks           looks         // of label, once asked for; see skeletons
	joined, resumed bool          // in, and said so; taken up from disk
	whenJoined      chan struct{} // closed with joined
}

func newRoom(l *loop, id protocol.RoomID) *room {
	r := &room{l: l, id: id, pending: make(map[uint64]protocol.SignedRecord), whenJoined: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(l.n.ctx)
	r.desk = newAuthorityDesk(r)
	r.membership = membership{r: r, absence: absence{r: r}}
	r.keys, r.fork = keyring{r: r}, fork{r: r}
	r.talk = conversation{r: r, limit: keyed[peer.ID](budget{floodRate, floodBurst}), Transcript: transcript.New(id, l.n.self, l.numbers[id], l.clock.Even())}
	r.outbox = outbox{r: r, reserved: reserved{ctr: r.talk.Used()}}
	r.relays = relays{r: r, unreached: make(map[peer.ID]time.Time)}
	return r
}

// state is what the log says.
func (r *room) state() authority.State {
	if r.desk.ledger != nil {
		return r.desk.ledger.State()
	}
	return r.memberState
}

// authority returns the room's authority; of a room of another node, the one that the seat names.
func (r *room) authority() peer.ID {
	if r.membership.seat != nil {
		return r.membership.seat.Authority // which may know of a later transfer than the log here
	}
	return r.state().Authority()
}

func (r *room) owner() bool { return r.desk.ledger != nil }

// label is the room's name.
func (r *room) label() string {
	if s := r.state(); s.Seq() > 0 {
		return s.Name()
	}
	return r.name
}

// me returns the membership of this node.
func (r *room) me() (authority.Member, bool) { return r.state().Member(r.l.n.self) }

// open returns an error unless lines can be said: this node is a member, and the room has not ended.
func (r *room) open() error {
	s := r.state()
	switch {
	case s.Closed():
		return roomClosed(r.label())
	case r.frozen():
		return r.frozenError()
	}
	if _, ok := r.me(); !ok {
		return notMember(r.label())
	}
	return nil
}

// over reports whether the room has ended, or its log is forked, so that nothing will be said in it any more.
func (r *room) over() bool { return r.state().Closed() || r.frozen() }

func (r *room) frozenError() *Error {
	e := &Error{Code: CodeUnavailable, Text: frozenWords(r.label()), Reason: fault.RoomFrozen}
	if r.owner() {
		e.Reason = fault.OwnRoomFrozen
	}
	return e
}

func roomClosed(room string) error {
	return &Error{Code: CodeClosed, Text: room + " is closed", Reason: fault.RoomClosed}
}

func notMember(room string) error {
	return &Error{Code: CodeNotMember, Text: "you are not a member of " + room, Reason: fault.NotMember}
}

// start begins what runs while we have a place: the poll, and the gossip once the log is here.
func (r *room) start() {
	if r.membership.seat != nil {
		r.l.n.spawn(func(context.Context) { r.l.n.pollRoom(r.ctx, r.id) })
	}
	if r.owner() && r.desk.recovering == nil {
		r.becomeJoined()
	}
}

// stop ends it.
func (r *room) stop() {
	r.cancel()
	if r.gossip != nil {
		r.gossip.Leave()
	}
	r.desk.stop()
	for _, w := range r.outbox.waiting {
		w.reply <- answer[string]{err: notMember(r.label())}
	}
	r.outbox.waiting = nil
	r.membership.orderedUpTo(protocol.MaxCounter)
	r.talk.release()
}

// becomeJoined starts the gossip, once, when the log shows that this node is a member.
func (r *room) becomeJoined() {
	if r.gossip != nil || r.state().Closed() {
		return
	}
	// The disk may be an older copy. Which lines of its own this node lacks shows only when it has compared with a member.
	r.talk.SkipTo(r.state().Used(r.l.n.self))
	if err := r.outbox.reserve(); err != nil {
		r.l.warnDisk(r, err) // the first line tries again
	}
	r.outbox.keepClock()
	if !r.startGossip() {
		return
	}
	for _, m := range r.state().Members() {
		r.l.keepConnected(m.Peer, nil)
	}
	if r.owner() {
		r.sayJoined()
	}
}

// startGossip makes the room's pubsub.
func (r *room) startGossip() bool {
	alone := r.owner()
	g, err := gossip.Start(r.ctx, r.l.n.host, r.snapshot(), gossip.Budget{PerSecond: floodRate, Burst: floodBurst}, gossipHandler{r.l.n, r.id}, r.l.n.log)
	if err != nil {
		r.l.n.log.Error("start gossip", "room", r.id, "err", err)
		r.l.emit(r, Warning{Code: "network", Text: "lines of this room may be lost: " + fault.Text(err)})
		return false
	}
	r.gossip = g
	r.l.n.spawn(func(context.Context) {
		if err := g.Run(alone); err != nil && r.ctx.Err() == nil {
			r.l.n.log.Error("subscribe", "room", r.id, "err", err)
		}
	})
	return true
}

// sayJoined says that the room is joined. It is called when the gossip works: an earlier line would not reach anybody.
func (r *room) sayJoined() {
	if r.joined {
		return
	}
	r.joined = true
	r.talk.Enter(r.talk.world(), r.owner() && !r.resumed, r.resumed)
	close(r.whenJoined)
	r.l.emit(r, r.joinedEvent())
	r.warnStandIns()
	r.outbox.flush()
}

func (r *room) joinedEvent() Joined {
	s := r.state()
	me, _ := r.me()
	mute, muted := r.muted(r.l.n.self)
	return Joined{
		Name: s.Name(), Nick: me.Nick, Epoch: s.Epoch(), Owner: r.owner(), Deputy: s.IsDeputy(r.l.n.self), Resumed: r.resumed, RetainS: policyInfo(s.Policy()).RetainS,
		Muted: muted, MutedUntil: mute.Until, Voiceless: me.Silent && !me.Muted,
	}
}

// snapshot returns the state of the room for the validators.
func (r *room) snapshot() *gossip.Snapshot {
	return &gossip.Snapshot{
		Room: r.id, State: r.state(), Keys: r.keys.Keyring, Self: r.l.n.self,
		Records: r.records[:len(r.records):len(r.records)],
		Floors:  r.talk.Floors(),
	}
}

func (r *room) publishSnapshot() {
	if r.gossip != nil {
		r.gossip.Update(r.snapshot())
	}
}

// replayed takes over a log that has been applied already, without events.
func (r *room) replayed(records []protocol.SignedRecord) {
	r.keep(records...)
}

// keep adds records to the log that this node keeps.
func (r *room) keep(records ...protocol.SignedRecord) {
	for _, rec := range records {
		r.records = append(r.records, rec)
		r.logBytes += len(rec.Bytes())
	}
}

// logFull reports whether the log of r is as long as a member keeps one, or would be with so many more records or bytes.
func (r *room) logFull(spareRecords, spareBytes int) bool {
	return len(r.records) >= maxRecords-spareRecords || r.logBytes >= maxLogBytes-spareBytes
}

// hasRoomFor reports whether rec, which came before the record that it follows, may wait for that.
func (r *room) hasRoomFor(rec protocol.SignedRecord) bool {
	if len(r.pending) >= maxPending {
		return false
	}
	size := len(rec.Bytes())
	for _, p := range r.pending {
		size += len(p.Bytes())
	}
	return size <= maxPendingBytes
}

// takeRecord applies a record that came by gossip, poll or sync. At a member there is no other way in.
func (r *room) takeRecord(rec protocol.SignedRecord) {
	if rec.RoomID() != r.id {
		return
	}
	st, change, err := r.state().Apply(rec)
	switch {
	case errors.Is(err, authority.ErrKnown):
	case errors.Is(err, authority.ErrFork):
		r.fork.freeze(r.records[rec.Seq-1], rec)
	case r.owner() && rec.Author == r.l.n.self:
		r.desk.takeBack([]protocol.SignedRecord{rec})
		r.talk.seek() // there may be more, or another log
	case r.owner():
	case errors.Is(err, authority.ErrGap):
		if rec.Author == r.authority() && r.hasRoomFor(rec) {
			r.pending[rec.Seq] = rec
		}
		r.talk.seek()
	case errors.Is(err, authority.ErrChain):
		r.talk.seek() // there may be another log
	case err == nil && r.logFull(0, 0):
		r.leaveLongLog()
	case err != nil:
		r.l.n.log.Warn("record refused", "room", r.id, "seq", rec.Seq, "err", err)
	default:
		r.memberState = st
		delete(r.pending, rec.Seq)
		r.keep(rec)
		r.applied(change, protocol.Key{})
		r.membership.checkPromised()
		if next, ok := r.pending[rec.Seq+1]; ok {
			r.takeRecord(next)
		}
	}
}

// leaveLongLog leaves a room if its log has become longer than a member keeps.
func (r *room) leaveLongLog() {
	if r.ctx.Err() != nil {
		return
	}
	r.l.emit(r, Warning{Code: "log_full", Peer: r.authority(), Text: fmt.Sprintf("you are no longer in %s: its log of %d records is as long as this node keeps one; ask the owner for a new room", r.label(), len(r.records))})
	r.l.forget(r)
}

// applied does what follows from a change, whether ordered here or received: keys, snapshot, gossip, and the event for the
// user. made is the key that this node made as the authority.
func (r *room) applied(c authority.Change, made protocol.Key) {
	r.desk.presence.list = nil
	r.keys.step(c, made)
	r.publishSnapshot()
	r.membership.orderedUpTo(c.Record.Seq)
	r.l.guestsChanged = true
	r.l.beatBy(r.l.now().Add(ownerEvery)) // others are to be watched now
	switch c.Kind {
	case authority.Admitted:
		r.l.keepConnected(c.Peer, nil)
		delete(r.relays.unreached, c.Peer) // that was about an earlier membership
		if r.gossip != nil {
			r.gossip.Admit(c.Peer)
		}
	case authority.Left, authority.Removed:
		r.expel(c)
	case authority.Closed:
		r.noteEnd()
	case authority.Transferred:
		r.l.keepConnected(c.Peer, nil)
		if r.joined || r.resumed { // otherwise a join pins the owner that it has found
			r.pinOwner(r.owners())
		}
	}
	for _, p := range c.Silenced {
		r.talk.carry(r.talk.End(r.talk.world(), p))
	}
	if r.joined {
		r.tellChange(c)
	} else if _, in := r.me(); in && c.Peer == r.l.n.self && r.owner() {
		r.becomeJoined()
	}
	r.talk.retryEarly()
	r.outbox.flush()
	r.membership.heirOf(c)
}

// expel carries out the end of a membership on this node: no gossip with the peer, and no line past the cut-off.
func (r *room) expel(c authority.Change) {
	if c.Peer == r.l.n.self {
		return
	}
	if r.gossip != nil {
		r.gossip.Bar(c.Peer)
	}
	r.talk.carry(r.talk.End(r.talk.world(), c.Peer))
	if !r.l.sharesRoom(c.Peer) {
		r.l.book.release(c.Peer)
	}
}

// tellChange puts a change into words for the faces.
func (r *room) tellChange(c authority.Change) {
	who := MemberJoined{Peer: c.Peer, Nick: c.Nick}
	switch c.Kind {
	case authority.Admitted:
		r.l.emit(r, who)
		r.warnStandIn(c.Peer, c.Nick, "is here")
	case authority.Left:
		r.l.emit(r, MemberLeft(who))
	case authority.Removed:
		if c.Peer == r.l.n.self {
			return // the authority tells us itself, in the answer to our poll
		}
		by := r.decidedBy(c)
		r.l.emit(r, MemberRemoved{Peer: c.Peer, Nick: c.Nick, By: by.peer, ByNick: by.nick, For: by.owner, ForNick: by.ownerNick, Kind: kindFrom(c.Reason), Until: c.Until, Seq: c.Record.Seq})
	case authority.Pardoned:
		by := r.decidedBy(c)
		r.l.emit(r, MemberPardoned{Peer: c.Peer, Nick: c.Nick, By: by.peer, ByNick: by.nick, For: by.owner, ForNick: by.ownerNick, Seq: c.Record.Seq})
	case authority.Unbanned:
		r.l.emit(r, Unbanned(who))
	case authority.Renamed:
		r.l.emit(r, Renamed{Peer: c.Peer, Nick: c.Nick, OldNick: c.OldNick, Self: c.Peer == r.l.n.self})
		r.warnStandIn(c.Peer, c.Nick, "is here")
	case authority.Muted:
		if c.Peer != r.l.n.self {
			by := r.decidedBy(c)
			r.l.emit(r, MemberMuted{Peer: c.Peer, Nick: c.Nick, By: by.peer, ByNick: by.nick, For: by.owner, ForNick: by.ownerNick, Until: c.Until, Seq: c.Record.Seq})
		}
	case authority.Warned:
		r.tellWarned(c)
	case authority.Unmuted:
		r.l.emit(r, Unmuted{Peer: c.Peer, Nick: c.Nick, Self: c.Peer == r.l.n.self})
	case authority.Voiced:
		r.l.emit(r, Voiced{Peer: c.Peer, Nick: c.Nick, Until: c.Until, Self: c.Peer == r.l.n.self})
	case authority.Unvoiced:
		r.l.emit(r, Unvoiced{Peer: c.Peer, Nick: c.Nick, Self: c.Peer == r.l.n.self})
	case authority.PolicySet:
		by := r.decidedBy(c)
		r.l.emit(r, PolicyChanged{
			PolicyInfo: policyInfo(c.Policy), By: by.peer, ByNick: by.nick, For: by.owner, ForNick: by.ownerNick, Changed: policyChanges(c.Before, c.Policy),
		})
	case authority.DeputiesSet:
		r.tellDeputies(c)
	case authority.Transferred:
		from := c.Record.Author
		r.l.emit(r, OwnerChanged{Peer: c.Peer, Nick: c.Nick, From: from, FromNick: r.nickOf(from), Self: c.Peer == r.l.n.self})
	case authority.Closed:
		if r.owner() {
			r.l.emit(r, RoomClosed{Kind: kindFrom(c.Reason), Text: r.desk.closing})
			r.l.saveKnown()
		}
	}
	if c.NewKey != authority.KeySame {
		r.tellEpoch()
	}
}

// A decision says which peer has decided something and, if that was a deputy, for which owner.
type decision struct {
	peer, owner     peer.ID
	nick, ownerNick string
}

func (r *room) decidedBy(c authority.Change) decision {
	d := decision{peer: c.By(), nick: r.nickOf(c.By())}
	if author := c.Record.Author; d.peer != author {
		d.owner, d.ownerNick = author, r.nickOf(author)
	}
	return d
}

func (r *room) tellEpoch() {
	ev := Epoch{Epoch: r.state().Epoch()}
	if r.owner() {
		ev.Have, ev.Missing = r.desk.tracker.epochHolders()
	}
	r.l.emit(r, ev)
}

// tick does what is due in this room.
func (r *room) tick(now time.Time) {
	retain := r.state().Policy().Retain
	if retain > 0 {
		before := len(r.keys.Epochs())
		if r.keys.Keyring = r.keys.Drop(now.Add(-retain)); len(r.keys.Epochs()) != before {
			r.publishSnapshot()
		}
	}
	for len(r.outbox.waiting) > 0 && now.Sub(r.outbox.waiting[0].since) > streamTimeout {
		w := r.outbox.waiting[0]
		r.outbox.waiting = r.outbox.waiting[1:]
		w.reply <- answer[string]{err: &Error{Code: CodeUnavailable, Text: "not said: this node has no key for the room yet", Reason: fault.NoKey}}
	}
	r.talk.limit.Sweep(now)
	if r.gossip != nil {
		r.gossip.Sweep(now)
	}
	if r.owner() {
		r.desk.tick(now)
	} else {
		r.membership.absence.tick(now)
		r.membership.heirTick()
		r.desk.door.tick(now)
	}
	if r.joined {
		r.outbox.keepClock()
	}
	r.relays.sweep(now)
	r.expireDirects()
	r.talk.carry(r.talk.Tick(r.talk.world()))
}

// drop releases what only a member may have: keys, roster, log and lines. Dropping the room itself would not be enough, since libp2p still
// refers to it from pubsub.
func (r *room) drop() {
	r.name = r.label()
	r.memberState, r.keys.Keyring = authority.State{}, authority.Keyring{}
	r.talk.Transcript = transcript.New(r.id, r.l.n.self, r.talk.Used(), r.l.clock.Even())
	r.records, r.pending = nil, nil
	r.l.directLog.expire(r.id, r.l.clock.Even().Add(time.Second)) // all of them
	r.publishSnapshot()
}
