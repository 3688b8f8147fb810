package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A loop does what is due by two timers. At a beat it looks which peers of its rooms have been silent for too long, and pings them. At a
// tick it does everything else. While nothing happens both are rare, and a tick comes with a beat, or with that of the room's owner: the
// owner pings its members all at once, and what they do by the clock they do then, so that a silent room wakes its machines seldom.
type rhythm struct {
	tick *time.Timer
	// ticked is the time of the last tick, and gap what was to pass until the next one.
	ticked time.Time
	gap    time.Duration
	// stirred is when something last happened of which more may follow, and rests is set when that was long ago.
	stirred time.Time
	rests   bool
	beat    *time.Timer
	beatAt  time.Time // when beat fires
	beaten  time.Time // the last one
}

func (l *loop) startRhythm() {
	now := l.now()
	l.tempo = rhythm{tick: time.NewTimer(tickEvery), ticked: now, gap: tickEvery, stirred: now, beat: time.NewTimer(ownerEvery), beatAt: now.Add(ownerEvery), beaten: now}
}

func (l *loop) stopRhythm() {
	l.tempo.tick.Stop()
	l.tempo.beat.Stop()
}

// isRoutine reports whether ev happens in a silent room too.
func isRoutine(ev inboxEvent) bool {
	switch ev := ev.(type) {
	case pingedUs, pollAsked, talkDue, peerFound, roomsSaid, asked[pollStep], asked[*protocol.SyncReply], asked[*protocol.RoomsReply], asked[[]protocol.Message]:
		return true // what a user is told of because of them stirs; see tell
	case asked[[]RoomInfo], asked[[]PeerInfo], asked[MembersInfo], asked[PolicyInfo], asked[[]KnockInfo], asked[[]BanInfo], asked[[]InviteInfo]:
		return true // a face looks
	case asked[none]:
		_, part := ev.q.(handed) // of each comparison
		return part
	case pinged:
		return ev.stream != nil
	case synced:
		return ev.err == nil && !ev.fresh
	}
	return false
}

// stir makes the ticks frequent for a while. It leaves a tick that is late as it is: this node has stood still, and watchClock has to
// see that.
func (l *loop) stir() {
	l.tempo.stirred = l.now()
	l.rest(false)
	if l.tempo.gap > tickEvery && l.tempo.stirred.Sub(l.tempo.ticked) < l.tempo.gap {
		l.setTick(max(0, tickEvery-l.tempo.stirred.Sub(l.tempo.ticked)))
	}
}

// setTick makes the next tick come after in.
func (l *loop) setTick(in time.Duration) {
	l.tempo.gap = l.now().Add(in).Sub(l.tempo.ticked)
	l.tempo.tick.Reset(in)
}

// tickNow does what is due, and sets the next tick.
func (l *loop) tickNow() {
	l.tick()
	now := l.now()
	l.tempo.ticked = now
	in := l.untilTick(now)
	l.rest(in > tickEvery)
	l.setTick(in)
}

// rest notes whether the node is at rest, and says so if it has not been said.
func (l *loop) rest(is bool) {
	if is == l.tempo.rests {
		return
	}
	l.tempo.rests = is
	if l.n.cfg.AtRest != nil {
		l.n.cfg.AtRest(is)
	}
}

// untilTick returns how long nothing has to be done but by a beat.
func (l *loop) untilTick(now time.Time) time.Duration {
	if now.Sub(l.tempo.stirred) < stirFor || l.directory.looking || len(l.notices) > 0 || l.twin.met() {
		return tickEvery
	}
	for _, r := range l.rooms {
		if r.restless() {
			return tickEvery
		}
	}
	in := restTick
	if l.n.toldOfWaking {
		in = restTickTold
	}
	for _, e := range l.book.entries {
		if (e.wanted || e.fixed) && !e.dialing && !l.n.connected(e.peer) {
			in = min(in, max(tickEvery, e.next.Sub(now)))
		}
	}
	for _, t := range l.book.typed {
		if !t.done {
			in = min(in, max(tickEvery, t.next.Sub(now)))
		}
	}
	return in
}

// restless reports whether something in the room waits for a tick.
func (r *room) restless() bool {
	return r.desk.recovering != nil || len(r.outbox.waiting) > 0 || !r.membership.absence.since.IsZero() || len(r.desk.tracker.followed) > 0
}

// A clockJumped says that the clocks of this machine have gone on without this process, or that the wall clock was set.
type clockJumped struct{}

func (clockJumped) handle(l *loop) { l.tickNow() }

// pingedUs: a peer has pinged this node.
type pingedUs struct{ peer peer.ID }

func (e pingedUs) handle(l *loop) {
	l.markAlive(e.peer)
	// An owner pings its members at its beats, and this is that of the room.
	if now := l.now(); now.Sub(l.tempo.beaten) >= ownerEvery/2 && l.follows(e.peer) {
		l.beat(now)
	}
}

// follows reports whether p is the authority of one of our rooms.
func (l *loop) follows(p peer.ID) bool {
	for _, r := range l.rooms {
		if r.authority() == p {
			return true
		}
	}
	return false
}

// beat pings the peers of our rooms that have been silent for too long, or will have been before the next beat, and ticks.
func (l *loop) beat(now time.Time) {
	if now.Sub(l.tempo.ticked) >= tickEvery {
		l.tickNow()
	}
	l.tempo.beaten = now
	next := now.Add(time.Hour) // with nobody to ping
	var often, seldom []*bookEntry
	patience := l.patience(now)
	for _, e := range l.book.entries {
		if !e.wanted && !e.pinging && e.pings != nil {
			_ = e.pings.Reset()
			e.pings = nil
		}
		if !e.wanted || e.pinging || !l.n.connected(e.peer) {
			continue
		}
		wait := patience(e)
		due := e.alive
		if e.pinged.After(due) {
			due = e.pinged
		}
		// What is due before the next beat is done now, so that it needs none of its own.
		switch due = due.Add(wait); {
		case wait < pingEvery && !due.After(now.Add(ownerEvery/2)):
			often = append(often, e)
			next = earlier(next, now.Add(wait))
		case wait >= pingEvery && !due.After(now.Add(ownerEvery)):
			seldom = append(seldom, e)
			next = earlier(next, now.Add(wait))
		default:
			next = earlier(next, due)
		}
	}
	turn := func(es []*bookEntry, most int) {
		for _, e := range longestAgo(es, most, func(e *bookEntry) time.Time { return e.pinged }) {
			l.ping(e, now)
		}
		if len(es) > most {
			next = now.Add(pingsAgain)
		}
	}
	turn(often, ownerPingsAtOnce)
	turn(seldom, pingsAtOnce)
	l.tempo.beatAt = next
	l.tempo.beat.Reset(next.Sub(now))
}

// beatBy makes the next beat come at t at the latest.
func (l *loop) beatBy(t time.Time) {
	if t.Before(l.tempo.beatAt) {
		l.tempo.beatAt = t
		l.tempo.beat.Reset(max(0, t.Sub(l.now())))
	}
}

// patience returns how long a peer may be silent before it is pinged; see tuning.go.
func (l *loop) patience(now time.Time) func(*bookEntry) time.Duration {
	ours, authorities, spoken := false, make(map[peer.ID]bool, len(l.rooms)), make(map[*room]bool)
	for _, r := range l.rooms {
		ours = ours || r.owner()
		authorities[r.authority()] = true
		if now.Sub(r.outbox.spoke) < speakFor {
			spoken[r] = true
		}
	}
	in := func(p peer.ID, of func(r *room) bool) bool {
		for _, r := range l.rooms {
			if of(r) {
				if _, member := r.state().Member(p); member {
					return true
				}
			}
		}
		return false
	}
	return func(e *bookEntry) time.Duration {
		switch {
		case ours && in(e.peer, (*room).owner), len(spoken) > 0 && in(e.peer, func(r *room) bool { return spoken[r] }):
			return ownerEvery
		case authorities[e.peer]:
			return ownerSilent
		case l.n.self < e.peer:
			return pingEvery
		}
		return pingEvery + ownerEvery // the other pings first
	}
}
