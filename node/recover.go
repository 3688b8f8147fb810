package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// An older copy of an owner's disk may have been put back. If the owner signed its next record on that, the room would have two logs: a kick
// would be undone, or a banned peer admitted. So an owner that starts asks the members in reach for the records that it has signed since,
// applies them, and only then signs another. Until then every decision in the room waits.

// A recovery lasts from the owner's start until its first record. The loop owns it.
type recovery struct {
	r        *room
	started  time.Time
	answered time.Time // when the first member had answered; zero: none has
	asked    map[peer.ID]bool
	asking   int // requests under way
	// parked are events that wait for the end.
	parked []inboxEvent
}

func newRecovery(r *room) *recovery {
	return &recovery{r: r, started: r.l.now(), asked: make(map[peer.ID]bool)}
}

// errRecovering is the error of a request before the room is resumed; see park.
var errRecovering = &Error{Code: CodeUnavailable, Text: "the room is being resumed: its members are being asked for the latest decisions", Reason: fault.Recovering, RetryAfter: recoverWait}

// notReady returns the error of a request as long as the room is not resumed.
func (d *authorityDesk) notReady() error {
	if d.r.l.twin.live() {
		return d.r.l.twinError()
	}
	return waits{d.r, errRecovering}
}

// recover begins to ask the members. If there are none, and nothing else to wait for, it resumes the room at once.
func (d *authorityDesk) recover() error {
	if d.r.state().Len() < 2 && !d.r.l.twin.mayBe(d.r.l.now()) {
		d.recovering = nil
		return d.resume()
	}
	for _, m := range d.r.state().Members() {
		d.r.l.book.want(m.Peer, nil)
		d.recovering.askForHead(m.Peer)
	}
	d.recovering.checkRecovered(recoverWait)
	d.recovering.checkRecovered(twinLook)
	return nil
}

// recoverAgain asks the members again, since this node's log may lack records.
func (d *authorityDesk) recoverAgain() {
	rec := newRecovery(d.r)
	if d.recovering != nil {
		rec.parked = d.recovering.parked
	}
	d.recovering = rec
	if err := d.recover(); err != nil {
		d.r.l.n.log.Error("take up a room again", "room", d.r.id, "err", err)
		d.r.l.warnDisk(d.r, err)
	}
}

// checkRecoveries looks in every room whether its recovery can end.
func (l *loop) checkRecoveries() {
	for _, id := range slices.Clone(l.order) {
		recoverDue{id}.handle(l)
	}
}

// refuseParked refuses the requests of this node's own user that wait: there is a twin, and the wait may be long.
func (l *loop) refuseParked() {
	for _, r := range l.rooms {
		if rec := r.desk.recovering; rec != nil {
			parked := *rec
			rec.parked = nil
			parked.unpark(l)
		}
	}
}

// askForHead compares heads with p once, if p is connected.
func (rec *recovery) askForHead(p peer.ID) {
	if _, member := rec.r.state().Member(p); !member || p == rec.r.l.n.self || rec.asked[p] || !rec.r.l.n.connected(p) {
		return
	}
	rec.asked[p] = true
	rec.asking++
	req, id, ctx, began := rec.r.headRequest(), rec.r.id, rec.r.ctx, rec.started
	rec.r.l.n.spawn(func(context.Context) {
		a := recoverAnswer{room: id, began: began, peer: p}
		ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "recover"), syncTimeout)
		defer cancel()
		a.err = rec.r.l.n.request(ctx, p, protocol.SyncID, &req, &a.reply)
		a.records, a.proof = openProof(a.reply.Records), openProof(a.reply.Proof)
		rec.r.l.n.post(a)
	})
}

type (
	// recoverAnswer: a member has said how far the log goes, or has not.
	recoverAnswer struct {
		room           protocol.RoomID
		began          time.Time // the recovery
		peer           peer.ID
		reply          protocol.SyncReply
		records, proof []protocol.SignedRecord
		err            error
	}
	// recoverDue: it is time to look whether to go on.
	recoverDue struct{ room protocol.RoomID }
)

func (e recoverAnswer) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil || r.desk.recovering == nil {
		return
	}
	rec := r.desk.recovering
	if rec.started != e.began {
		return // it was asked for another recovery
	}
	rec.asking--
	switch {
	case e.err != nil:
		l.n.log.Debug("ask for the head", "room", r.id, "peer", e.peer, "err", e.err)
		delete(rec.asked, e.peer) // it may not know yet that this node is the owner
	case e.reply.HaveSeq > 0:
		if rec.answered.IsZero() {
			rec.answered = l.now()
			rec.checkRecovered(recoverSettles)
		}
		r.fork.take(e.proof)
		r.talk.carry(r.talk.LastKnown(r.talk.world(), e.peer, e.reply.Last))
		before := r.state().Seq()
		if r.desk.takeBack(e.records); e.reply.HaveSeq > r.state().Seq() && r.state().Seq() > before {
			delete(rec.asked, e.peer)
			rec.askForHead(e.peer) // there is another page
		}
	}
	rec.checkRecovered(0)
}

// checkRecovered looks after d whether the recovery can end.
func (rec *recovery) checkRecovered(d time.Duration) {
	id := rec.r.id
	if d > 0 {
		time.AfterFunc(d, func() { rec.r.l.n.post(recoverDue{id}) })
		return
	}
	recoverDue{id}.handle(rec.r.l)
}

// handle resumes the room when every member in the log has answered, when none has for recoverWait, or recoverSettles after the first
// answer: another member may have more records than the first one.
func (e recoverDue) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil || r.desk.recovering == nil || (r.desk.recovering.asking > 0 || l.twin.asking) && l.now().Sub(r.desk.recovering.started) < 2*recoverWait {
		return
	}
	rec, now := r.desk.recovering, l.now()
	if l.twin.mayBe(now) {
		return
	}
	all := len(rec.asked) >= r.state().Len()-1
	settled := !rec.answered.IsZero() && now.Sub(rec.answered) >= recoverSettles
	if !all && !settled && now.Sub(rec.started) < recoverWait {
		return
	}
	r.desk.recovering = nil
	if err := r.desk.resume(); err != nil {
		l.n.log.Error("take up a room", "room", r.id, "err", err)
		l.warnDisk(r, err)
	}
	rec.unpark(l)
}

// endRecovery drops the requests that wait, when the room will not be taken up.
func (d *authorityDesk) endRecovery() {
	d.removeWaiting()
	if rec := d.recovering; rec != nil {
		d.recovering = nil
		rec.unpark(d.r.l)
	}
}

// unpark carries out what waits.
func (rec *recovery) unpark(l *loop) {
	for _, ev := range rec.parked {
		ev.handle(l)
	}
}

// resume signs the first record since the start, and enters the room.
func (d *authorityDesk) resume() error {
	if d.r.frozen() {
		d.r.becomeJoined()
		return nil
	}
	if err := d.step(authority.Resumed{}); err != nil {
		return err
	}
	d.r.becomeJoined()
	return nil
}

// takeBack applies records from a member that this node has signed and lost. If that happens while the room is served, a second copy of this
// node has signed them.
func (d *authorityDesk) takeBack(records []protocol.SignedRecord) {
	for len(records) > 0 && records[0].Seq <= d.r.state().Seq() {
		records = records[1:]
	}
	if len(records) == 0 || d.r.frozen() || records[0].Author != d.r.l.n.self || records[0].Seq != d.r.state().Seq()+1 {
		return
	}
	if records[0].Prev != d.r.state().Head() {
		return // another log: its record of our last number proves it, and comes by comparison
	}
	seq, served := d.r.state().Seq(), d.recovering == nil
	if err := d.step(authority.Recovered{Records: records}); err != nil {
		d.r.l.n.log.Warn("take back records", "room", d.r.id, "err", err)
		return
	}
	d.r.l.n.log.Warn("took back records that this node had signed and lost", "room", d.r.id, "after", seq, "to", d.r.state().Seq())
	d.r.l.emit(d.r, Warning{Code: "old_disk", Text: "this node's data was an old copy: the later decisions in " + d.r.label() + " were fetched from its members"})
	if served && d.r.owner() {
		d.recoverAgain() // there may be more of them
	}
}

// lostAnswer: a peer that is no member by our log has said what it has of it.
type lostAnswer struct {
	room           protocol.RoomID
	records, proof []protocol.SignedRecord
}

// askForLost asks p for later records than ours. p is no member by our log, but the records may say that it is one. One peer is asked at a
// time.
func (d *authorityDesk) askForLost(p peer.ID, haveSeq uint64) {
	if d.r.l.twin.asking || haveSeq <= d.r.state().Seq() {
		return
	}
	d.r.l.twin.asking = true
	req, id, ctx, n := d.r.headRequest(), d.r.id, d.r.ctx, d.r.l.n
	n.spawn(func(context.Context) {
		ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "lost"), syncTimeout)
		defer cancel()
		var reply protocol.SyncReply
		a := lostAnswer{room: id}
		if err := n.request(ctx, p, protocol.SyncID, &req, &reply); err == nil {
			a.records, a.proof = openProof(reply.Records), openProof(reply.Proof)
		}
		n.post(a)
	})
}

func (e lostAnswer) handle(l *loop) {
	l.twin.asking = false
	if r := l.rooms[e.room]; r != nil && r.owner() {
		r.fork.take(e.proof)
		r.desk.takeBack(e.records)
		if r.desk.recovering != nil {
			for _, m := range r.state().Members() {
				r.desk.recovering.askForHead(m.Peer) // one that has just been found
			}
		}
	}
	l.checkRecoveries()
}

// park keeps a request of p until the room is resumed; then the loop handles it. It reports false if there is no place.
func (rec *recovery) park(p peer.ID, ev inboxEvent) bool {
	n := len(rec.parked)
	if n >= maxParked && !rec.r.l.n.admission.isGuest(p) || n >= maxParked+2*protocol.MaxMembers {
		return false
	}
	rec.parked = append(rec.parked, ev)
	return true
}

// A waits is the error of a request that can be answered when the room is ready for it; see loop.park.
type waits struct {
	r   *room
	err *Error // what the request is answered with if it cannot wait
}

func (w waits) Error() string { return w.err.Error() }
func (w waits) Unwrap() error { return w.err }

// park keeps a request if why, the error that it got, says that it can wait: for its room to be resumed, or for the lines of the room's
// members.
func (l *loop) park(ev inboxEvent, why error) bool {
	var w waits
	if !errors.As(why, &w) {
		return false
	}
	switch d := &w.r.desk; {
	case w.err == errRecovering && d.recovering != nil:
		d.recovering.parked = append(d.recovering.parked, ev)
		return true
	case w.err == errGathering && d.gathers():
		id := w.r.id
		d.removals = append(d.removals, ev)
		time.AfterFunc(transcript.CatchUpFor, func() { l.n.post(removalsDue{id}) })
		return true
	}
	return false
}

// A removal, and a mute, name the last line of the member that the owner has, and no later line of it counts. An owner that has
// just started has none yet: if it removed the member then, all that this member has said would be hidden from everybody. So both
// wait for the first comparison, CatchUpFor at most.

// errGathering is what such an order gets meanwhile; see park.
var errGathering = &Error{Code: CodeUnavailable, Text: "the room is being resumed: the lines of its members are being fetched", Reason: fault.Recovering, RetryAfter: transcript.CatchUpFor}

// gathers reports whether removals have to wait.
func (d *authorityDesk) gathers() bool { return d.r.owner() && d.r.talk.Gathering(d.r.talk.world()) }

// cutOf returns the last line of p that counts if its membership, or its voice, ends now. It fails with errGathering while the lines of
// the members are being fetched.
func (d *authorityDesk) cutOf(p peer.ID) (protocol.Cut, error) {
	if _, member := d.r.state().Member(p); member && d.gathers() {
		return protocol.Cut{}, waits{d.r, errGathering}
	}
	return d.r.talk.Cut(p), nil
}

// removalsDue: the removals that wait are looked at again.
type removalsDue struct{ room protocol.RoomID }

func (e removalsDue) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.desk.removeWaiting()
	}
}

// removeWaiting carries out the removals that wait, or has them wait on.
func (d *authorityDesk) removeWaiting() {
	removals := d.removals
	d.removals = nil
	for _, ev := range removals {
		ev.handle(d.r.l)
	}
}
