package authority

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A muted member stays one: it reads, and it is answered. What it may say ends as a membership does, with a cut-off, and an
// Unmute begins it anew. Both start an epoch, so that which lines count does not hang on anybody's clock: a line counts by the
// epoch that it was said in. The authority alone decides when the time of a mute has passed.

// A Silence is a mute in the log. It ends with an Unmute record, which the authority writes when Until has come; the zero Until
// means without end. It stays with its peer, also while that is no member.
type Silence struct {
	Peer peer.ID
	Nick string
	By   peer.ID // the peer that decided it
	// Ordered is set if that was a deputy.
	Ordered bool
	At      time.Time
	Until   time.Time
	// Mute is the seq of the Mute record.
	Mute uint64
}

// Muted finds the mute of p.
func (s State) Muted(p peer.ID) (Silence, bool) {
	m, ok := s.mutes[p]
	return m, ok
}

func (s *State) mute(r protocol.SignedRecord, b protocol.Mute) (Change, error) {
	m, ok := s.members[b.Peer]
	switch {
	case !ok:
		return Change{}, ErrNotMember
	case m.Owner || b.Peer == s.authority:
		return Change{}, fmt.Errorf("%w: the owner cannot be muted", ErrRule)
	}
	s.mutes = cloned(s.mutes)
	s.mutes[b.Peer] = Silence{Peer: b.Peer, Nick: m.Nick, By: decider(r), Ordered: r.By != "", At: r.At, Until: b.Until, Mute: r.Seq}
	s.ownMembers()
	silenced := s.revoice(r, b.Peer, b.Cut, func(m *Member) { m.Muted = true })
	return Change{Kind: Muted, Peer: m.Peer, Nick: m.Nick, Reason: protocol.Muted, Until: b.Until, Cut: b.Cut, Silenced: silenced, NewKey: KeyDerived}, nil
}

func (s *State) unmute(r protocol.SignedRecord, b protocol.Unmute) (Change, error) {
	mute, ok := s.mutes[b.Peer]
	if !ok {
		return Change{}, fmt.Errorf("%w: the peer is not muted", ErrRule)
	}
	s.mutes = cloned(s.mutes)
	delete(s.mutes, b.Peer)
	if m, in := s.members[b.Peer]; in {
		s.ownMembers()
		s.revoice(r, b.Peer, protocol.Cut{}, func(m *Member) { m.Muted = false })
		mute.Nick = m.Nick
	}
	return Change{Kind: Unmuted, Peer: b.Peer, Nick: mute.Nick, NewKey: KeyDerived}, nil
}

// Silenced is the span of p that ended last: with the end of its membership, or with a mute.
func (s State) Silenced(p peer.ID) (Removal, bool) {
	past := s.past[p]
	if len(past) == 0 {
		return Removal{}, false
	}
	return past[len(past)-1], true
}

// mute is the order; the reason is told as that of a removal is.
func (s *step) mute(e Mute) error {
	reason, err := reasonText(e.Reason)
	if err != nil {
		return err
	}
	if e.For < 0 || e.For > MaxBan {
		return fmt.Errorf("%w: a mute lasts at most %v, or without end", ErrRule, MaxBan)
	}
	if !s.next.state.isMember(e.Peer) {
		return ErrNotMember
	}
	if old, ok := s.next.state.Muted(e.Peer); ok && old.Until.IsZero() && e.For == 0 {
		s.retell(e.Peer, protocol.Muted, reason)
		s.already(e.Peer, old.Mute)
		return nil
	}
	body := protocol.Mute{Peer: e.Peer, Cut: e.Cut}
	if e.For > 0 {
		body.Until = s.now.Add(e.For)
	}
	if err := s.commit(body); err != nil {
		return err
	}
	m, _ := s.next.state.Member(e.Peer)
	s.fail(Failure{Peer: m.Peer, Nick: m.Nick, Admission: m.Admission, Kind: protocol.Muted, Text: reason, Until: body.Until})
	return nil
}

// unmute lifts a mute. A reason that has not been asked for is about nothing any more.
func (s *step) unmute(p peer.ID) error {
	if err := s.commit(protocol.Unmute{Peer: p}); err != nil {
		return err
	}
	s.forgetMute(p)
	return nil
}

// forgetMute drops the reason of a mute that is over.
func (s *step) forgetMute(p peer.ID) {
	all := s.next.queue(p)
	if i := slices.IndexFunc(all, func(f Failure) bool { return f.Kind == protocol.Muted }); i >= 0 {
		s.setQueue(p, slices.Delete(all, i, i+1))
	}
}

// forgetNotices drops what a member has not been told, when it leaves.
func (s *step) forgetNotices(p peer.ID) {
	if f, ok := s.next.failures[p]; ok && f.ofMember() {
		s.setFailure(p, nil)
	}
}

// unmutePassed lifts the mutes whose time has passed, in the order of their records.
func (s *step) unmutePassed() error {
	for _, m := range s.next.Mutes() {
		if !m.Until.IsZero() && !s.now.Before(m.Until) {
			if err := s.unmute(m.Peer); err != nil {
				return err
			}
		}
	}
	return nil
}

// Mutes returns the mutes, in the order of their records.
func (s State) Mutes() []Silence {
	return slices.SortedFunc(maps.Values(s.mutes), func(a, b Silence) int { return cmp.Compare(a.Mute, b.Mute) })
}

// Mutes returns the mutes, in the order of their records, with their ends by the clock as it goes now.
func (l Ledger) Mutes() []Silence {
	all := l.state.Mutes()
	for i, m := range all {
		if !m.Until.IsZero() {
			all[i].Until = m.Until.Add(l.banShift[m.Mute])
		}
	}
	return all
}

// MuteDue reports whether the time of a mute has passed: the next [Tick] lifts it.
func (l Ledger) MuteDue(now time.Time) bool {
	for _, m := range l.state.mutes {
		if !m.Until.IsZero() && !now.Before(m.Until.Add(l.banShift[m.Mute])) {
			return true
		}
	}
	return false
}
