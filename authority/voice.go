package authority

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A policy can let only some members talk: the owner, the deputies, and those that were given a voice. Who may say something is judged as under a
// mute, by spans of epochs with a cut-off, and by no clock. A voice belongs to a membership and ends with it.

// A Grant is the voice of a member, by the Voice record Seq; zero: it has none. It ends with an Unvoice record, which the authority
// writes when Until has come; the zero Until means without end. Ordered is set if a deputy has decided it.
type Grant struct {
	Seq     uint64
	At      time.Time
	Until   time.Time
	Ordered bool
}

// silences reports whether m may say nothing.
func (s *State) silences(m Member) bool {
	if m.Owner || m.Peer == s.authority {
		return false
	}
	return m.Muted || s.policy.VoicedOnly && m.Voice.Seq == 0 && !s.IsDeputy(m.Peer)
}

func (s *State) voice(r protocol.SignedRecord, b protocol.Voice) (Change, error) {
	m, ok := s.members[b.Peer]
	switch {
	case !ok:
		return Change{}, ErrNotMember
	case m.Owner || b.Peer == s.authority:
		return Change{}, fmt.Errorf("%w: the owner needs no voice", ErrRule)
	}
	s.ownMembers()
	s.revoice(r, b.Peer, protocol.Cut{}, func(m *Member) { m.Voice = Grant{Seq: r.Seq, At: r.At, Until: b.Until, Ordered: r.By != ""} })
	return Change{Kind: Voiced, Peer: m.Peer, Nick: m.Nick, Until: b.Until, NewKey: KeyDerived}, nil
}

func (s *State) unvoice(r protocol.SignedRecord, b protocol.Unvoice) (Change, error) {
	m, ok := s.members[b.Peer]
	switch {
	case !ok:
		return Change{}, ErrNotMember
	case m.Voice.Seq == 0:
		return Change{}, fmt.Errorf("%w: the member has no voice", ErrRule)
	}
	s.ownMembers()
	silenced := s.revoice(r, b.Peer, b.Cut, func(m *Member) { m.Voice = Grant{} })
	return Change{Kind: Unvoiced, Peer: m.Peer, Nick: m.Nick, Cut: b.Cut, Silenced: silenced, NewKey: KeyDerived}, nil
}

// ownMembers makes what revoice writes to a copy of this State's own.
func (s *State) ownMembers() {
	s.members, s.past, s.sorted = cloned(s.members), cloned(s.past), slices.Clone(s.sorted)
}

// revoice lets change act on the member p. If p is silent from then on, or no longer, the present span of its membership ends, and
// the next one begins with the epoch in force. cut is the last line that counts. It returns p if it has fallen silent.
func (s *State) revoice(r protocol.SignedRecord, p peer.ID, cut protocol.Cut, change func(*Member)) []peer.ID {
	m := s.members[p]
	i := s.place(m)
	before := m.Member
	change(&m.Member)
	if m.Silent = s.silences(m.Member); m.Silent != before.Silent {
		s.endSpan(Removal{Kind: protocol.Muted, Removal: r.Seq, At: r.At, Cut: cut}, before)
		m.SpanFrom = s.epoch
	}
	s.members[p] = m
	if m.Owner == before.Owner {
		s.sorted[i] = m.Member
	} else {
		s.sorted = slices.Delete(s.sorted, i, i+1)
		s.sorted = slices.Insert(s.sorted, s.place(m), m.Member)
	}
	if m.Silent && !before.Silent {
		return []peer.ID{p}
	}
	return nil
}

// revoiceAll is revoice for all members, after a change that may concern each. It returns those that have fallen silent; cuts are of them
// alone.
func (s *State) revoiceAll(r protocol.SignedRecord, all []protocol.MemberCut) (silenced []peer.ID, err error) {
	cuts := make(map[peer.ID]protocol.Cut, len(all))
	for _, cut := range all {
		cuts[cut.Peer] = cut.Cut
	}
	s.ownMembers()
	for _, m := range slices.Clone(s.sorted) {
		fell := s.revoice(r, m.Peer, cuts[m.Peer], func(*Member) {})
		if len(fell) > 0 {
			delete(cuts, m.Peer)
		}
		silenced = append(silenced, fell...)
	}
	if len(cuts) > 0 {
		return nil, fmt.Errorf("%w: the last line of a peer that may talk on, or could not", ErrRule)
	}
	return silenced, nil
}

// endSpan notes the span of m that ends before the epoch in force. Nothing that was said in a silent one counts. It writes to s.past.
func (s *State) endSpan(end Removal, m Member) {
	end.Peer, end.Nick, end.Admission = m.Peer, m.Nick, m.Admission
	end.FromEpoch, end.ToEpoch = m.SpanFrom, s.epoch-1
	if m.Silent {
		end.Cut = protocol.Cut{}
	}
	if s.pastLen == MaxPast {
		s.forgetOldest()
	}
	// Clip: an append must never write into an array that an older State has too.
	s.past[m.Peer] = append(slices.Clip(s.past[m.Peer]), end)
	s.pastLen++
}

// voice is the order.
func (s *step) voice(e Voice) error {
	if e.For < 0 || e.For > MaxBan {
		return fmt.Errorf("%w: a voice lasts at most %v, or without end", ErrRule, MaxBan)
	}
	m, ok := s.next.state.Member(e.Peer)
	switch {
	case !ok:
		return ErrNotMember
	case m.Voice.Seq != 0 && m.Voice.Until.IsZero() && e.For == 0:
		s.already(e.Peer, m.Voice.Seq)
		return nil
	}
	body := protocol.Voice{Peer: e.Peer}
	if e.For > 0 {
		body.Until = s.now.Add(e.For)
	}
	return s.commit(body)
}

// unvoicePassed takes the voices whose time has passed, of those members that cuts names, in the order of their records.
func (s *step) unvoicePassed(cuts map[peer.ID]protocol.Cut) error {
	for _, m := range s.next.VoicesPassed(s.now) {
		if cut, ok := cuts[m.Peer]; ok {
			if err := s.commit(protocol.Unvoice{Peer: m.Peer, Cut: cut}); err != nil {
				return err
			}
		}
	}
	return nil
}

// VoiceEnd returns when the voice of m ends, by the clock as it goes now; zero: without end.
func (l Ledger) VoiceEnd(m Member) time.Time {
	if m.Voice.Until.IsZero() {
		return time.Time{}
	}
	return m.Voice.Until.Add(l.banShift[m.Voice.Seq])
}

// VoicesPassed returns the members whose voice has lasted its time, in the order of their records: the next [Tick] takes it if it has
// their cuts.
func (l Ledger) VoicesPassed(now time.Time) []Member {
	var passed []Member
	for _, m := range l.state.sorted {
		if end := l.VoiceEnd(m); !end.IsZero() && !now.Before(end) {
			passed = append(passed, m)
		}
	}
	slices.SortFunc(passed, func(a, b Member) int { return cmp.Compare(a.Voice.Seq, b.Voice.Seq) })
	return passed
}
