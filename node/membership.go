package node

import (
	"context"
	"time"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/store"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// A membership is this node's place in a room of another authority. Only the loop uses it. It is empty in this node's own rooms.
type membership struct {
	r        *room
	seat     *authority.Seat // nil in this node's own rooms
	nick     string          // that was asked for
	promised logHead         // the last record of the log by which the authority admitted this node
	absence  absence
	// ordered and unanswered are of orders that this node's user has given as a deputy.
	ordered    []awaitedRecord
	unanswered []unansweredOrder // at most maxUnanswered, the latest
	heir       heir
	// cutCtx is that of the poll's stream, and cut ends it.
	cutCtx context.Context
	cut    context.CancelFunc
}

// A logHead is the number and the hash of a log's last record.
type logHead struct {
	seq  uint64
	hash protocol.Hash
}

// checkLog refuses a log that is not that of the room we asked for.
func (ms *membership) checkLog(opened []protocol.SignedRecord, reply protocol.JoinReply) error {
	if len(reply.Records) == 0 {
		return &Error{Code: CodeInternal, Text: "the owner sent no log", Reason: fault.NoLog}
	}
	whole := uint64(len(opened)) == reply.Seq
	if len(opened) == 0 || opened[0].RoomID() != ms.r.id || whole && ownersOf(opened[0], opened[1:]).last() != ms.seat.Authority {
		return &Error{Code: CodeRefused, Identity: true, Text: "the log that was received is not that room's", Reason: fault.FalseLog}
	}
	return nil
}

// checkPromised looks, once the log is here up to the record of our admission, whether it is the log by which the authority admitted us. If
// not, the authority has one log for newcomers and another for members.
func (ms *membership) checkPromised() {
	hash, here := ms.r.state().HashAt(ms.promised.seq)
	if !here {
		return
	}
	if hash != ms.promised.hash {
		ms.r.l.emit(ms.r, Warning{Code: "other_log", Peer: ms.r.authority(), Text: "the owner of " + ms.r.label() + " has handed out a different log from the one at your admission: ask the owner in person"})
	}
	ms.promised = logHead{}
}

// step steps the seat and carries out its effects. It returns a question or an acknowledgement among them, for the goroutine of the
// poll.
func (ms *membership) step(ev authority.SeatEvent) pollStep {
	seat, effects := ms.seat.Step(ev)
	ms.seat = &seat
	step := pollStep{authority: ms.seat.Authority, addrs: ms.r.l.addrsOf(ms.seat.Authority)}
	if ms.cut == nil {
		// Not below the room's: that ends with our place, and the acknowledgement still goes out.
		ms.cutCtx, ms.cut = context.WithCancel(context.Background())
	}
	step.cut = ms.cutCtx
	for _, e := range effects {
		switch e := e.(type) {
		case authority.Ask:
			q := e.Request
			step.ask.Request = &q
			ms.polls()
		case authority.TakeNews:
			ms.takeNews(e.News)
		case authority.Keep:
			// Kept before shown and acknowledged: a crash in between does not lose the reason.
			if err := ms.save(); err != nil {
				ms.r.l.warnDisk(ms.r, err)
			}
			return ms.step(authority.Kept{Removal: e.Reason.Removal})
		case authority.SendAck:
			ack := e.Ack
			step.ask.Ack = &ack
			ms.r.l.farewell.unackedReasons[ms.r.id] = true
			if r, err := protocol.OpenReason(ms.seat.Kept); err == nil {
				ms.r.l.losePlace(ms.saved(), r)
			}
			if ms.r.l.rooms[ms.r.id] == ms.r {
				ms.r.l.forget(ms.r) // the reason was shown in an earlier life
			}
		case authority.Show:
			ms.r.l.losePlace(ms.saved(), e.Reason) // before the addresses are forgotten
			ms.showReason(e.Reason)
		case authority.MoveTo:
			ms.moveTo(e.Authority)
			next := ms.step(ms.asked())
			return next
		case authority.KeepMute:
			if err := ms.save(); err != nil {
				ms.r.l.warnDisk(ms.r, err)
			}
		case authority.ShowMute:
			if e.Reason.Kind == protocol.Warned {
				ms.showWarning(e.Reason)
			} else {
				ms.showMute(e.Reason)
			}
		case authority.AckMute:
			ack := e.Ack
			next := ms.step(ms.asked())
			next.muteAck = &ack
			return next
		case authority.ShowRefused:
			ms.showRefused()
			step.over = true
		}
	}
	step.over = step.over || ms.seat.Done() && step.ask.Ack == nil
	if len(effects) > 0 && !step.over && step.ask == (protocol.PollAsk{}) {
		return ms.step(ms.asked())
	}
	return step
}

// asked says what we have.
func (ms *membership) asked() authority.Asked {
	key, _ := ms.r.keys.Latest()
	return authority.Asked{HaveSeq: ms.r.state().Seq(), Head: ms.r.state().Head(), HaveKey: key, HavePresence: ms.absence.presence, HaveDesk: ms.r.desk.told.have, HaveOffer: ms.heir.have()}
}

// takeNews takes the records, keys and receipts in an answer of the authority.
func (ms *membership) takeNews(m *protocol.PollMember) {
	for _, raw := range m.Records {
		rec, err := protocol.OpenRecord(raw)
		if err != nil {
			ms.r.l.n.log.Warn("record of the authority", "room", ms.r.id, "err", err)
			return
		}
		ms.r.takeRecord(rec)
	}
	ms.r.fork.take(openProof(m.Proof))
	// This comes before the keys. Lines of this node may wait for a key, and must get numbers after those of the lines before a restart.
	ms.r.talk.carry(ms.r.talk.LastKnown(ms.r.talk.world(), ms.r.authority(), m.Last))
	ms.r.talk.carry(ms.r.talk.Confirmed(m.Receipt))
	ms.r.keys.take(ms.r.authority(), m.Keys)
	ms.absence.take(m)
	if m.Offer != nil {
		ms.takeOffer(*m.Offer)
	}
	if m.Desk != nil && !m.More && ms.r.state().IsDeputy(ms.r.l.n.self) {
		ms.r.desk.take(m.Desk)
	}
	if _, in := ms.r.me(); in && !m.More {
		ms.r.becomeJoined()
		ms.settle()
	}
}

// showReason ends this node's membership, and tells the user why.
func (ms *membership) showReason(reason protocol.SignedReason) {
	ms.contradictReason(reason)
	ms.r.l.notify(ms.r, removedEvent(reason, ms.r.l.now()))
	if reason.Kind == protocol.Closed || reason.Kind == protocol.Idle {
		ms.r.noteEnd()
	}
	ms.r.l.forget(ms.r)
	if f, ok := ms.r.l.pastRooms[ms.r.id]; ok && (reason.Kind == protocol.Closed || reason.Kind == protocol.Idle) {
		f.closed = true // the record of it may not have come before
		ms.r.l.pastRooms[ms.r.id] = f
	}
}

func removedEvent(reason protocol.SignedReason, now time.Time) Removed {
	return Removed{
		Kind: kindFrom(reason.Kind), Text: reason.Text, By: reason.By, ByNick: reason.ByNick, For: reason.For, ForNick: reason.ForNick,
		At: transcript.Within(reason.At, now.Add(-authority.FailureLife), now), Until: reason.Until,
		Removal: reason.Removal,
	}
}

// showRefused ends this node's membership, and tells the user that there is no reason.
func (ms *membership) showRefused() {
	ms.contradictRefusal()
	ms.r.l.notifyRefused(ms.r)
	ms.r.l.forget(ms.r)
}

// showMute tells the faces why this node is muted.
func (ms *membership) showMute(reason protocol.SignedReason) {
	ms.contradictReason(reason)
	ms.r.l.notifyMute(ms.r, Muted{
		Text: reason.Text, By: reason.By, ByNick: reason.ByNick, For: reason.For, ForNick: reason.ForNick,
		At: transcript.Within(reason.At, ms.r.l.now().Add(-authority.FailureLife), ms.r.l.now()), Until: reason.Until, Seq: reason.Removal,
	})
}

// muteShown records on disk that a face has shown the reason of a mute.
func (ms *membership) muteShown(seq uint64) {
	if ms.seat == nil {
		return
	}
	seat, _ := ms.seat.Step(authority.MuteShown{Mute: seq})
	ms.seat = &seat
	if err := ms.save(); err != nil {
		ms.r.l.n.log.Error("note a mute as shown", "err", err)
	}
}

func (ms *membership) save() error { return ms.r.l.store.SaveSeat(ms.r.id, ms.saved()) }

func (ms *membership) saved() store.Seat {
	addrs := ms.r.l.addrsOf(ms.r.authority())
	return store.Seat{
		Seat: *ms.seat, Name: ms.r.label(), Nick: ms.nick,
		Addrs: formatAddrs(addrs), Lasting: formatAddrs(ms.r.l.n.gate.Lasting(addrs)),
	}
}
