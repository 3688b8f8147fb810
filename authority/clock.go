package authority

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A wall clock may be set, by a person or by the network, and it may be wrong at a start. But the lives of bans, invites and reasons
// go by time that has passed. While the authority runs, its driver says by how much the clock was set ([ClockMoved]), and every end
// is moved by as much. Records cannot change, so the shift of a ban's end is kept beside them, on disk too.
//
// Between two runs of the authority only the wall clock says how much time has passed, and it may have been set meanwhile. So it is
// believed within bounds: a time of writing that is in the future counts as now, a ban or a mute lasts no longer than its length, an invite and
// a reason no longer than the longest life of one, and no reason ends within [ResumeGrace] of the start.

// clockMoved moves every end by d.
func (s *step) clockMoved(d time.Duration) {
	l := &s.next
	l.activeAt, l.graceUntil, l.freshSince = l.activeAt.Add(d), l.graceUntil.Add(d), l.freshSince.Add(d)
	l.out = cloned(l.out)
	for p, at := range l.out {
		l.out[p] = at.Add(d)
	}
	for p, f := range l.failures {
		all := f.queue()
		for i := range all {
			all[i].Expires = all[i].Expires.Add(d)
		}
		s.setQueue(p, all)
	}
	for id, i := range l.invites {
		i.Expires = i.Expires.Add(d)
		s.setInvite(id, &i)
	}
	for p, a := range l.appeals {
		a.Expires, a.At = a.Expires.Add(d), a.At.Add(d)
		s.setAppeal(p, &a)
	}
	shifts := cloned(l.banShift)
	for _, b := range l.state.bans {
		if !b.Until.IsZero() {
			shifts[b.Removal] += d
		}
	}
	for _, m := range l.state.mutes {
		if !m.Until.IsZero() {
			shifts[m.Mute] += d
		}
	}
	for _, m := range l.state.sorted {
		if !m.Voice.Until.IsZero() {
			shifts[m.Voice.Seq] += d
		}
	}
	s.setShifts(shifts)
}

// setShifts sets banShift, in the Ledger and in the batch.
func (s *step) setShifts(shifts map[uint64]time.Duration) {
	if !maps.Equal(s.next.banShift, shifts) {
		s.next.banShift, s.batch.BanShift = shifts, shifts
	}
}

// clockAtLoad moves the ends that were written while the clock was ahead: each is no later than if it were written now.
func (s *step) clockAtLoad() {
	l := &s.next
	shifts := cloned(l.banShift)
	for _, b := range l.state.bans {
		if at := b.At.Add(shifts[b.Removal]); !b.Until.IsZero() && at.After(s.now) {
			shifts[b.Removal] += s.now.Sub(at)
		}
	}
	for _, m := range l.state.mutes {
		if at := m.At.Add(shifts[m.Mute]); !m.Until.IsZero() && at.After(s.now) {
			shifts[m.Mute] += s.now.Sub(at)
		}
	}
	for _, m := range l.state.sorted {
		if at := m.Voice.At.Add(shifts[m.Voice.Seq]); !m.Voice.Until.IsZero() && at.After(s.now) {
			shifts[m.Voice.Seq] += s.now.Sub(at)
		}
	}
	s.setShifts(shifts)
	l.out = make(map[peer.ID]time.Time)
	for p := range l.state.past {
		if r, out := l.state.Removed(p); out && !r.Left && s.now.Sub(r.At) < FailureLife {
			s.noteOut(p, earlier(r.At, s.now))
		}
	}
	for p, f := range l.failures {
		all, late, last := f.queue(), false, s.now.Add(FailureLife)
		for i := range all {
			if all[i].Expires.After(last) {
				all[i].Expires, late = last, true
			}
		}
		if late {
			s.setQueue(p, all)
		}
	}
	for p, a := range l.appeals {
		if last := s.now.Add(FailureLife); a.Expires.After(last) {
			a.Expires = last
			s.setAppeal(p, &a)
		}
	}
	for id, i := range l.invites {
		if last := s.now.Add(protocol.MaxInviteExpiry); i.Expires.After(last) {
			i.Expires = last
			s.setInvite(id, &i)
		}
	}
}

// banned returns the ban of p that holds by the time that has passed, and how long it still lasts; 0: without end.
func (s *step) banned(p peer.ID) (b Banishment, left time.Duration, holds bool) {
	b, ok := s.next.state.bans[p]
	switch {
	case !ok:
		return b, 0, false
	case b.Until.IsZero():
		return b, 0, true
	}
	left = s.next.endOf(b).Sub(s.now)
	return b, left, left > 0
}

// endOf returns the end of b by the clock as it is set now.
func (l Ledger) endOf(b Banishment) time.Time { return b.Until.Add(l.banShift[b.Removal]) }

// Bans returns the bans that hold at now by the time that has passed, in the order of their records. Their ends are by the clock as
// it is set now.
func (l Ledger) Bans(now time.Time) []Banishment {
	var bs []Banishment
	for _, b := range l.state.bans {
		if !b.Until.IsZero() {
			b.Until = l.endOf(b)
		}
		if b.inForce(now) {
			bs = append(bs, b)
		}
	}
	slices.SortFunc(bs, func(a, b Banishment) int { return cmp.Compare(a.Removal, b.Removal) })
	return bs
}

// unban lifts a ban. A ban that is over by the records can still hold because of its shift; then removing the shift lifts it.
func (s *step) unban(p peer.ID) error {
	b, _, holds := s.banned(p)
	if _, bars := s.next.state.Banned(p, s.now); !holds || bars {
		return s.commit(protocol.Unban{Peer: p})
	}
	shifts := cloned(s.next.banShift)
	delete(shifts, b.Removal)
	s.setShifts(shifts)
	s.already(p, b.Removal)
	return nil
}

// noteOut notes that p lost its place at a time. If there are more than MaxFailures notes, it forgets the oldest.
func (s *step) noteOut(p peer.ID, at time.Time) {
	s.next.out = cloned(s.next.out)
	s.next.out[p] = at
	if len(s.next.out) > MaxFailures {
		oldest := p
		for q, t := range s.next.out {
			if c := t.Compare(s.next.out[oldest]); c < 0 || c == 0 && q < oldest {
				oldest = q
			}
		}
		delete(s.next.out, oldest)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// liftPassed lifts the bans that are over by the time that has passed, but not by the records.
func (s *step) liftPassed() error {
	shifts := make(map[uint64]time.Duration) // of the bans that still hold
	for p, b := range s.next.state.bans {
		shift, moved := s.next.banShift[b.Removal]
		if !moved {
			continue
		}
		_, _, holds := s.banned(p)
		_, bars := s.next.state.Banned(p, s.now)
		if shift < 0 && !holds && bars {
			if err := s.commit(protocol.Unban{Peer: p}); err != nil {
				return err
			}
		}
		if holds {
			shifts[b.Removal] = shift
		}
	}
	for _, m := range s.next.state.mutes {
		if shift, moved := s.next.banShift[m.Mute]; moved {
			shifts[m.Mute] = shift
		}
	}
	for _, m := range s.next.state.sorted {
		if shift, moved := s.next.banShift[m.Voice.Seq]; moved {
			shifts[m.Voice.Seq] = shift
		}
	}
	s.setShifts(shifts)
	return nil
}
