package authority

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A wall clock is set, by a person, by the network, or it is found wrong after a start. What lasts for a time lasts for
// time that has passed while the authority runs: its driver says by how much the clock has moved, and whatever waits for an
// end moves with it. The records stay as they are, so a ban's end is moved in the books beside them.

// clockMoved moves what waits for an end by d.
func (s *step) clockMoved(d time.Duration) {
	l := &s.next
	l.activeAt, l.graceUntil = l.activeAt.Add(d), l.graceUntil.Add(d)
	for p, f := range l.failures {
		f.Expires = f.Expires.Add(d)
		s.setFailure(p, &f)
	}
	for id, i := range l.invites {
		i.Expires = i.Expires.Add(d)
		s.setInvite(id, &i)
	}
	l.banShift = cloned(l.banShift)
	for _, b := range l.state.bans {
		if !b.Until.IsZero() {
			l.banShift[b.Removal] += d
		}
	}
}

// clockAtLoad takes in what was written under a clock that was ahead: it ends no later than if it had been written now.
func (s *step) clockAtLoad() {
	l := &s.next
	l.banShift = cloned(l.banShift)
	for _, b := range l.state.bans {
		if !b.Until.IsZero() && b.At.After(s.now) {
			l.banShift[b.Removal] = s.now.Sub(b.At)
		}
	}
	for p, f := range l.failures {
		if last := s.now.Add(protocol.FailureLife); f.Expires.After(last) {
			f.Expires = last
			s.setFailure(p, &f)
		}
	}
	for id, i := range l.invites {
		if last := s.now.Add(protocol.MaxInviteExpiry); i.Expires.After(last) {
			i.Expires = last
			s.setInvite(id, &i)
		}
	}
}

// banned finds the ban of p that holds by the time that has passed, and how long it has still to go; 0 is without end.
func (s *step) banned(p peer.ID) (b Banishment, left time.Duration, holds bool) {
	b, ok := s.next.state.bans[p]
	switch {
	case !ok:
		return b, 0, false
	case b.Until.IsZero():
		return b, 0, true
	}
	left = b.Until.Add(s.next.banShift[b.Removal]).Sub(s.now)
	return b, left, left > 0
}

// liftPassed lifts the bans whose time has passed and whose records say otherwise.
func (s *step) liftPassed() error {
	shifts := make(map[uint64]time.Duration) // of the bans that are left
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
	s.next.banShift = shifts
	return nil
}
