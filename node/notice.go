package node

import (
	"context"
	"maps"
	"time"

	"localchat/node/internal/store"
	"localchat/protocol"
)

// A pendingNotice is a reason that is on disk and that no face is known to have shown. The node cannot know whether a person has read a
// reason. If it recorded a reason as shown before it is, and then died, nobody would ever see it. If it records it afterwards and dies
// before that, the reason is shown again after the next start. The second is the lesser evil, and [Removed].Removal shows that the two
// are the same. So a reason is recorded as shown when a reader has taken the event from its queue and has had [readTime] to show it. If
// no face is there, the reason waits for one.
type pendingNotice struct {
	ev      Event
	seat    store.Seat               // what is saved when the reason of a removal has been shown
	mute    bool                     // a mute or a warning, not a removal
	refusal bool                     // the place was lost, and no reason is known
	pardon  bool                     // an answer to our appeal
	at      map[*Subscription]uint64 // the number of ev among the events that were pushed to each subscription
	acked   bool                     // the authority has read our acknowledgement
	taken   bool                     // a reader has taken ev from its queue
	since   time.Time                // when that was noticed
}

// A noticeKey names a reason: its room, and the record of the removal or mute; 0 for a refusal.
type noticeKey struct {
	room protocol.RoomID
	seq  uint64
}

// notify tells every subscriber the reason of a removal, and keeps it for later ones until it has been shown.
func (l *loop) notify(r *room, body Removed) {
	u := &pendingNotice{seat: r.membership.saved()}
	u.seat.Seat.Shown = true
	l.addNotice(r.id, r.label(), u, body, body.Removal)
}

// notifyRefused tells every subscriber that this node is no member of a room, and keeps that for later ones. The answer may come before
// the first face of this run. The seat stays on disk as it is until then: after a crash the authority is asked again, and refuses again.
func (l *loop) notifyRefused(r *room) {
	l.addNotice(r.id, r.label(), &pendingNotice{refusal: true}, Refused{}, 0)
}

// notifyMute does the same for the reason of a mute.
func (l *loop) notifyMute(r *room, body Muted) {
	l.addNotice(r.id, r.label(), &pendingNotice{mute: true}, body, body.Seq)
}

// notifyWarned does the same for a warning.
func (l *loop) notifyWarned(r *room, body Warned) {
	l.addNotice(r.id, r.label(), &pendingNotice{mute: true}, body, body.Seq)
}

func (l *loop) addNotice(id protocol.RoomID, name string, u *pendingNotice, body EventBody, seq uint64) {
	u.ev = l.event(id, name, body)
	u.at = make(map[*Subscription]uint64)
	l.notices[noticeKey{id, seq}] = u
	for s := range l.subs {
		l.show(u, s)
	}
}

// removalNotice returns the pending notice of our removal from a room, or nil.
func (l *loop) removalNotice(room protocol.RoomID) *pendingNotice {
	for k, u := range l.notices {
		if k.room == room && !u.mute && !u.pardon {
			return u
		}
	}
	return nil
}

// noticeOf returns the pending notice whose event is ev, or nil.
func (l *loop) noticeOf(ev Event) *pendingNotice {
	for _, u := range l.notices {
		if u.ev.Seq == ev.Seq {
			return u
		}
	}
	return nil
}

// dropNotices forgets the pending notices of a room.
func (l *loop) dropNotices(room protocol.RoomID) {
	maps.DeleteFunc(l.notices, func(k noticeKey, _ *pendingNotice) bool { return k.room == room })
}

func (l *loop) show(u *pendingNotice, s *Subscription) {
	if s.push(u.ev) {
		u.at[s] = s.Pushed()
		l.readSoon()
	}
}

// readSoon checks the pending notices after [readTime]. The sooner a reason is recorded as shown, the less likely is the node to be
// killed before that.
func (l *loop) readSoon() {
	time.AfterFunc(readTime, func() { l.n.post(readDue{}) })
}

// readDue: it is time to see which reasons readers have taken, and which of them they have had the time to show.
type readDue struct{}

func (readDue) handle(l *loop) {
	if l.markTaken() {
		l.readSoon()
	}
	l.markReadShown(l.now())
}

// markTaken marks the reasons that a reader has taken, and reports whether there is a new one.
func (l *loop) markTaken() (more bool) {
	now := l.now()
	for _, u := range l.notices {
		for s, n := range u.at {
			if !u.taken && (!s.o.Acks || u.refusal) && s.Taken() >= n {
				u.taken, u.since, more = true, now, true
			}
		}
	}
	return more
}

// Shown records that a face has shown why we were removed from a room, or muted in it; see [SubscribeOptions]. It does nothing if
// removal is not the number of a pending reason: an earlier one is meant then.
func (n *Node) Shown(ctx context.Context, room RoomID, removal uint64) error {
	_, err := ask(ctx, n, shown{room, removal})
	return err
}

type shown struct {
	room    RoomID
	removal uint64
}

func (q shown) run(l *loop) (none, error) {
	if u := l.notices[noticeKey{q.room, q.removal}]; u != nil && !u.taken {
		u.taken, u.since = true, l.now()
		l.readSoon()
	}
	return none{}, nil
}

func (l *loop) tickNotices(now time.Time) {
	l.markTaken()
	for _, u := range l.notices {
		for s := range l.subs {
			if _, ok := u.at[s]; !ok {
				l.show(u, s) // its queue was full before
			}
		}
	}
	l.markReadShown(now)
}

func (l *loop) markReadShown(now time.Time) {
	for k, u := range l.notices {
		if now.Sub(u.since) >= readTime {
			l.markShown(k)
		}
	}
}

// markShown records a reason that has been taken as shown. If the authority has our acknowledgement too, the seat is forgotten: nothing
// is left to do for it.
func (l *loop) markShown(k noticeKey) {
	u, id := l.notices[k], k.room
	if !u.taken {
		return
	}
	delete(l.notices, k)
	if u.mute {
		if r := l.rooms[id]; r != nil {
			r.membership.muteShown(k.seq)
		}
		return
	}
	if u.pardon {
		l.pardonShown(id)
		return
	}
	if u.acked || u.refusal {
		l.dropSeat(id)
		return
	}
	if err := l.store.SaveSeat(id, u.seat); err != nil {
		l.n.log.Error("note a reason as shown", "err", err)
	}
}

// dropSeat forgets our seat in a room. If the room has removed us, it goes on as a place that we have lost.
func (l *loop) dropSeat(id protocol.RoomID) {
	err := error(nil)
	if p := l.places[id]; p != nil {
		err = l.store.EndSeat(id, p.PastPlace)
	} else {
		err = l.store.DropSeat(id)
	}
	if err != nil {
		l.n.log.Error("forget a seat", "err", err)
	}
}
