package node

import (
	"context"
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
	started  time.Time
	answered time.Time // when the first member had answered; zero: none has
	asked    map[peer.ID]bool
	asking   int // requests under way
	// parked are events that wait for the end.
	parked []inboxEvent
}

func newRecovery(now time.Time) *recovery {
	return &recovery{started: now, asked: make(map[peer.ID]bool)}
}

// errRecovering is the error of a request before the room is resumed; see park.
var errRecovering = &Error{Code: CodeUnavailable, Text: "the room is being resumed: its members are being asked for the latest decisions", Reason: fault.Recovering, RetryAfter: recoverWait}

// notReady returns the error of a request as long as the room is not resumed.
func (r *room) notReady() error {
	if r.l.twin.live() {
		return r.l.twinError()
	}
	return errRecovering
}

// recover begins to ask the members. If there are none, and nothing else to wait for, it resumes the room at once.
func (r *room) recover() error {
	if r.state().Len() < 2 && !r.l.twin.mayBe(r.l.now()) {
		r.recovering = nil
		return r.resume()
	}
	for _, m := range r.state().Members() {
		r.l.book.want(m.Peer, nil)
		r.askForHead(m.Peer)
	}
	r.checkRecovered(recoverWait)
	r.checkRecovered(twinLook)
	return nil
}

// recoverAgain asks the members again, since this node's log may lack records.
func (r *room) recoverAgain() {
	rec := newRecovery(r.l.now())
	if r.recovering != nil {
		rec.parked = r.recovering.parked
	}
	r.recovering = rec
	if err := r.recover(); err != nil {
		r.l.n.log.Error("take up a room again", "room", r.id, "err", err)
		r.l.warnDisk(r, err)
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
		if rec := r.recovering; rec != nil {
			parked := *rec
			rec.parked = nil
			parked.unpark(l)
		}
	}
}

// askForHead compares heads with p once, if p is connected.
func (r *room) askForHead(p peer.ID) {
	rec := r.recovering
	if _, member := r.state().Member(p); !member || p == r.l.n.self || rec.asked[p] || !r.l.n.connected(p) {
		return
	}
	rec.asked[p] = true
	rec.asking++
	req, id, ctx, began := r.headRequest(), r.id, r.ctx, rec.started
	r.l.n.spawn(func(context.Context) {
		a := recoverAnswer{room: id, began: began, peer: p}
		ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "recover"), syncTimeout)
		defer cancel()
		a.err = r.l.n.request(ctx, p, protocol.SyncID, &req, &a.reply)
		a.records, a.proof = openProof(a.reply.Records), openProof(a.reply.Proof)
		r.l.n.post(a)
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
	if r == nil || r.recovering == nil {
		return
	}
	rec := r.recovering
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
			r.checkRecovered(recoverSettles)
		}
		r.takeProof(e.proof)
		r.carry(r.talk.LastKnown(r.world(), e.peer, e.reply.Last))
		before := r.state().Seq()
		if r.takeBack(e.records); e.reply.HaveSeq > r.state().Seq() && r.state().Seq() > before {
			delete(rec.asked, e.peer)
			r.askForHead(e.peer) // there is another page
		}
	}
	r.checkRecovered(0)
}

// checkRecovered looks after d whether the recovery can end.
func (r *room) checkRecovered(d time.Duration) {
	id := r.id
	if d > 0 {
		time.AfterFunc(d, func() { r.l.n.post(recoverDue{id}) })
		return
	}
	recoverDue{id}.handle(r.l)
}

// handle resumes the room when every member in the log has answered, when none has for recoverWait, or recoverSettles after the first
// answer: another member may have more records than the first one.
func (e recoverDue) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil || r.recovering == nil || (r.recovering.asking > 0 || l.twin.asking) && l.now().Sub(r.recovering.started) < 2*recoverWait {
		return
	}
	rec, now := r.recovering, l.now()
	if l.twin.mayBe(now) {
		return
	}
	all := len(rec.asked) >= r.state().Len()-1
	settled := !rec.answered.IsZero() && now.Sub(rec.answered) >= recoverSettles
	if !all && !settled && now.Sub(rec.started) < recoverWait {
		return
	}
	r.recovering = nil
	if err := r.resume(); err != nil {
		l.n.log.Error("take up a room", "room", r.id, "err", err)
		l.warnDisk(r, err)
	}
	rec.unpark(l)
}

// endRecovery drops the requests that wait, when the room will not be taken up.
func (r *room) endRecovery() {
	r.removeWaiting()
	if rec := r.recovering; rec != nil {
		r.recovering = nil
		rec.unpark(r.l)
	}
}

// unpark carries out what waits.
func (rec *recovery) unpark(l *loop) {
	for _, ev := range rec.parked {
		ev.handle(l)
	}
}

// resume signs the first record since the start, and enters the room.
func (r *room) resume() error {
	if r.frozen() {
		r.becomeJoined()
		return nil
	}
	if err := r.step(authority.Resumed{}); err != nil {
		return err
	}
	r.becomeJoined()
	return nil
}

// takeBack applies records from a member that this node has signed and lost. If that happens while the room is served, a second copy of this
// node has signed them.
func (r *room) takeBack(records []protocol.SignedRecord) {
	for len(records) > 0 && records[0].Seq <= r.state().Seq() {
		records = records[1:]
	}
	if len(records) == 0 || r.frozen() || records[0].Author != r.l.n.self || records[0].Seq != r.state().Seq()+1 {
		return
	}
	if records[0].Prev != r.state().Head() {
		return // another log: its record of our last number proves it, and comes by comparison
	}
	seq, served := r.state().Seq(), r.recovering == nil
	if err := r.step(authority.Recovered{Records: records}); err != nil {
		r.l.n.log.Warn("take back records", "room", r.id, "err", err)
		return
	}
	r.l.n.log.Warn("took back records that this node had signed and lost", "room", r.id, "after", seq, "to", r.state().Seq())
	r.l.emit(r, Warning{Code: "old_disk", Text: "this node's data was an old copy: the later decisions in " + r.label() + " were fetched from its members"})
	if served {
		r.recoverAgain() // there may be more of them
	}
}

// lostAnswer: a peer that is no member by our log has said what it has of it.
type lostAnswer struct {
	room           protocol.RoomID
	records, proof []protocol.SignedRecord
}

// askForLost asks p for later records than ours. p is no member by our log, but the records may say that it is one. One peer is asked at a
// time.
func (r *room) askForLost(p peer.ID, haveSeq uint64) {
	if r.l.twin.asking || haveSeq <= r.state().Seq() {
		return
	}
	r.l.twin.asking = true
	req, id, ctx, n := r.headRequest(), r.id, r.ctx, r.l.n
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
		r.takeProof(e.proof)
		r.takeBack(e.records)
		if r.recovering != nil {
			for _, m := range r.state().Members() {
				r.askForHead(m.Peer) // one that has just been found
			}
		}
	}
	l.checkRecoveries()
}

// parkOf keeps a request of p until the room is resumed; then the loop handles it. It reports false if there is no place.
func (r *room) parkOf(p peer.ID, ev inboxEvent) bool {
	n := len(r.recovering.parked)
	if n >= maxParked && !r.l.n.admission.isGuest(p) || n >= maxParked+2*protocol.MaxMembers {
		return false
	}
	r.recovering.parked = append(r.recovering.parked, ev)
	return true
}

// park keeps a request about a room that is not resumed yet, or a removal from one whose lines are being fetched; why is the error
// that the request got.
func (l *loop) park(ev inboxEvent, why error) bool {
	for _, r := range l.rooms {
		switch {
		case why == error(errRecovering) && r.recovering != nil:
			r.recovering.parked = append(r.recovering.parked, ev)
			return true
		case why == error(errGathering) && r.gathers():
			id := r.id
			r.desk.removals = append(r.desk.removals, ev)
			time.AfterFunc(transcript.CatchUpFor, func() { l.n.post(removalsDue{id}) })
			return true
		}
	}
	return false
}

// A removal, and a mute, name the last line of the member that the owner has, and no later line of it counts. An owner that has
// just started has none yet: if it removed the member then, all that this member has said would be hidden from everybody. So both
// wait for the first comparison, CatchUpFor at most.

// errGathering is what such an order gets meanwhile; see park.
var errGathering = &Error{Code: CodeUnavailable, Text: "the room is being resumed: the lines of its members are being fetched", Reason: fault.Recovering, RetryAfter: transcript.CatchUpFor}

// gathers reports whether removals have to wait.
func (r *room) gathers() bool { return r.owner() && r.talk.Gathering(r.world()) }

// cutOf returns the last line of p that counts if its membership, or its voice, ends now. It fails with errGathering while the lines of
// the members are being fetched.
func (r *room) cutOf(p peer.ID) (protocol.Cut, error) {
	if _, member := r.state().Member(p); member && r.gathers() {
		return protocol.Cut{}, errGathering
	}
	return r.talk.Cut(p), nil
}

// removalsDue: the removals that wait are looked at again.
type removalsDue struct{ room protocol.RoomID }

func (e removalsDue) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.removeWaiting()
	}
}

// removeWaiting carries out the removals that wait, or has them wait on.
func (r *room) removeWaiting() {
	removals := r.desk.removals
	r.desk.removals = nil
	for _, ev := range removals {
		ev.handle(r.l)
	}
}
