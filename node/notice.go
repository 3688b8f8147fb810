package node

import (
	"context"
	"maps"
	"time"

	"localchat/node/internal/store"
	"localchat/protocol"
)

// A pendingNotice is a reason that is kept on disk, and no face is known to have shown it. Whether a person has read it cannot
// be known, and a node that dies can do one of two things: note it as shown first, and risk that nobody ever sees it, or last,
// and risk that it is shown in two lives. The second is the lesser evil; [Removed].Removal says that it is the same. So it is
// noted once a reader has taken the event from its queue and has had [readTime] to show it. A reason that comes while nobody
// listens, or is taken up from disk before the first face is there, waits for one.
type pendingNotice struct {
	ev    Event
	seat  store.Seat               // of a removal
	mute  bool                     // it tells of a mute: our place is held
	at    map[*Subscription]uint64 // the number of ev among the events pushed there
	acked bool                     // the authority has read our acknowledgement
	taken bool                     // from one of the queues
	since time.Time                // when that was noticed
}

// A noticeKey is the room that a reason is about, and the record.
type noticeKey struct {
	room protocol.RoomID
	seq  uint64
}

// notify shows the reason of a removal to every face that is there, and remembers it for the one that is not.
func (l *loop) notify(r *room, body Removed) {
	u := &pendingNotice{seat: r.saved()}
	u.seat.Seat.Shown = true
	l.addNotice(r, u, body, body.Removal)
}

// notifyMute does so with the reason of a mute.
func (l *loop) notifyMute(r *room, body Muted) {
	l.addNotice(r, &pendingNotice{mute: true}, body, body.Seq)
}

func (l *loop) addNotice(r *room, u *pendingNotice, body EventBody, seq uint64) {
	u.ev = l.event(r.id, r.label(), body)
	u.at = make(map[*Subscription]uint64)
	l.notices[noticeKey{r.id, seq}] = u
	for s := range l.subs {
		l.show(u, s)
	}
}

// removalNotice is the notice of our removal from a room, if it is pending.
func (l *loop) removalNotice(room protocol.RoomID) *pendingNotice {
	for k, u := range l.notices {
		if k.room == room && !u.mute {
			return u
		}
	}
	return nil
}

// noticeOf is the pending notice that ev told of.
func (l *loop) noticeOf(ev Event) *pendingNotice {
	for _, u := range l.notices {
		if u.ev.Seq == ev.Seq {
			return u
		}
	}
	return nil
}

// dropNotices forgets those of a room.
func (l *loop) dropNotices(room protocol.RoomID) {
	maps.DeleteFunc(l.notices, func(k noticeKey, _ *pendingNotice) bool { return k.room == room })
}

func (l *loop) show(u *pendingNotice, s *Subscription) {
	if s.push(u.ev) {
		u.at[s] = s.Pushed()
		l.readSoon()
	}
}

// readSoon looks again after [readTime]: the sooner a reason is noted, the fewer nodes are killed before they have.
func (l *loop) readSoon() {
	time.AfterFunc(readTime, func() { l.n.post(readDue{}) })
}

// readDue: a reader may have taken a reason, or have had the time to show it.
type readDue struct{}

func (readDue) handle(l *loop) {
	if l.markTaken() {
		l.readSoon()
	}
	l.markReadShown(l.now())
}

// markTaken looks which reasons a reader has taken, and reports whether there is a new one.
func (l *loop) markTaken() (more bool) {
	now := l.now()
	for _, u := range l.notices {
		for s, n := range u.at {
			if !u.taken && !s.o.Acks && s.Taken() >= n {
				u.taken, u.since, more = true, now, true
			}
		}
	}
	return more
}

// Shown says that a face has shown why we were removed from a room, or muted in it; see [SubscribeOptions]. Another number than
// that of a reason which is being told means an earlier one.
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
				l.show(u, s) // its queue was full
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

// markShown notes a reason that has been taken as shown; with the acknowledgement out too, nothing is left to do for it.
func (l *loop) markShown(k noticeKey) {
	u, id := l.notices[k], k.room
	if !u.taken {
		return
	}
	delete(l.notices, k)
	if u.mute {
		if r := l.rooms[id]; r != nil {
			r.muteShown(k.seq)
		}
		return
	}
	if u.acked {
		l.dropSeat(id)
		return
	}
	if err := l.store.SaveSeat(id, u.seat); err != nil {
		l.n.log.Error("note a reason as shown", "err", err)
	}
}

func (l *loop) dropSeat(id protocol.RoomID) {
	if err := l.store.DropSeat(id); err != nil {
		l.n.log.Error("forget a seat", "err", err)
	}
}
