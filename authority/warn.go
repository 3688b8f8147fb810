package authority

import (
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A warning changes nothing but a count. Its text is told to the member alone, as the reason of a mute is: in the answer to its own poll.
// A member may have several reasons to be told, which it is told in the order of their records.

// Warnings returns how often p was warned.
func (s State) Warnings(p peer.ID) int { return s.warned[p] }

func (s *State) warn(b protocol.Warn) (Change, error) {
	m, ok := s.members[b.Peer]
	switch {
	case !ok:
		return Change{}, ErrNotMember
	case m.Owner || b.Peer == s.authority:
		return Change{}, fmt.Errorf("%w: the owner cannot be warned", ErrRule)
	}
	s.warned = cloned(s.warned)
	s.warned[b.Peer]++
	return Change{Kind: Warned, Peer: b.Peer, Nick: m.Nick, Reason: protocol.Warned}, nil
}

func (s *step) warn(e Warn) error {
	text, err := reasonText(e.Text)
	if err != nil {
		return err
	}
	if text == "" {
		return fmt.Errorf("%w: a warning says what it is about", ErrRule)
	}
	if err := s.commit(protocol.Warn{Peer: e.Peer}); err != nil {
		return err
	}
	m, _ := s.next.state.Member(e.Peer)
	s.fail(Failure{Peer: m.Peer, Nick: m.Nick, Admission: m.Admission, Kind: protocol.Warned, Text: text})
	return nil
}

// ofMember reports whether f is told to a member, which keeps its place.
func (f Failure) ofMember() bool { return f.Kind == protocol.Muted || f.Kind == protocol.Warned }

// replaces reports whether f, a new failure, is told instead of old.
func (f Failure) replaces(old Failure) bool {
	return f.ofMember() == old.ofMember() && (!f.ofMember() || f.Kind == protocol.Muted && old.Kind == protocol.Muted)
}

// queue returns f and those that wait behind it, each by itself.
func (f Failure) queue() []Failure {
	all := append([]Failure{f}, f.Waiting...)
	all[0].Waiting = nil
	return all
}

// ReasonOf returns what p has to be told of the record removal; "" if it has been told, or there is nothing.
func (l Ledger) ReasonOf(p peer.ID, removal uint64) string {
	for _, f := range l.queue(p) {
		if f.Removal == removal {
			return f.Text
		}
	}
	return ""
}

// Reasons returns the reasons that are on disk, by the numbers of their records: those of bans in force, and those that wait to be told
// and acknowledged.
func (l Ledger) Reasons() map[uint64]string {
	reasons := make(map[uint64]string)
	for _, first := range l.failures {
		for _, f := range first.queue() {
			reasons[f.Removal] = f.Text
		}
	}
	return reasons
}

func (l Ledger) queue(p peer.ID) []Failure {
	if f, ok := l.failures[p]; ok {
		return f.queue()
	}
	return nil
}

// toTell returns what the member p of an admission is told next, with those that wait behind it.
func (l Ledger) toTell(p peer.ID, admission uint64, now time.Time) (Failure, bool) {
	all := l.queue(p)
	i := slices.IndexFunc(all, func(f Failure) bool { return f.ofMember() && f.Admission == admission && !l.expired(f, now) })
	if i < 0 {
		return Failure{}, false
	}
	f := all[i]
	f.Waiting = slices.Clip(all[i+1:])
	return f, true
}

// setQueue sets what p has to be told.
func (s *step) setQueue(p peer.ID, all []Failure) {
	if len(all) == 0 {
		s.setFailure(p, nil)
		return
	}
	f := all[0]
	f.Waiting = nil
	if len(all) > 1 {
		f.Waiting = slices.Clone(all[1:])
	}
	s.setFailure(p, &f)
}

// await puts f behind what its peer has to be told.
func (s *step) await(f Failure) {
	all := slices.DeleteFunc(s.next.queue(f.Peer), func(old Failure) bool { return !old.ofMember() || old.Admission != f.Admission || f.replaces(old) })
	all = append(all, f)
	s.setQueue(f.Peer, all[max(len(all)-MaxWaiting, 0):])
}
