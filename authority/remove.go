package authority

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

func (s *step) kick(e Kick) error {
	reason, err := reasonText(e.Reason)
	if err != nil {
		return err
	}
	m, ok := s.next.state.Member(e.Peer)
	if !ok {
		return s.kickAgain(e.Peer, reason)
	}
	if err := s.undeputizeFirst(e.Peer, e.Cut); err != nil {
		return err
	}
	if err := s.commit(protocol.Remove{Peer: e.Peer, Kind: protocol.Kicked, Cut: e.Cut}); err != nil {
		return err
	}
	s.fail(Failure{Peer: m.Peer, Nick: m.Nick, Admission: m.Admission, Kind: protocol.Kicked, Text: reason})
	s.revokeBy(e.Peer)
	return nil
}

// kickAgain handles a kick of a peer that is no member. If the peer was removed before, there is no error and no new record.
func (s *step) kickAgain(p peer.ID, reason string) error {
	if ban, _, ok := s.banned(p); ok {
		s.already(p, ban.Removal)
		return nil
	}
	r, ok := s.next.state.Removed(p)
	if !ok || r.Left {
		return ErrNotMember
	}
	s.retell(p, protocol.Kicked, reason)
	s.already(p, r.Removal)
	return nil
}

func (s *step) ban(e Ban) error {
	reason, err := reasonText(e.Reason)
	if err != nil {
		return err
	}
	if e.For < 0 || e.For > MaxBan {
		return fmt.Errorf("%w: a ban lasts at most %v, or without end", ErrRule, MaxBan)
	}
	body := protocol.Remove{Peer: e.Peer, Kind: protocol.Banned, Cut: e.Cut}
	if e.For > 0 {
		body.Until = s.now.Add(e.For)
	}
	state := s.next.state
	if b, ok := state.Banned(e.Peer, s.now); ok && b.Until.IsZero() && e.For == 0 {
		s.retell(e.Peer, protocol.Banned, reason)
		s.already(e.Peer, b.Removal)
		return nil
	}
	if err := s.undeputizeFirst(e.Peer, e.Cut); err != nil {
		return err
	}
	m, member := state.Member(e.Peer)
	last, removed := state.Removed(e.Peer)
	if err := s.commit(body); err != nil {
		return err
	}
	reply := protocol.JoinReply{Code: protocol.JoinBanned, Wait: e.For}
	k, knocks := s.dropKnock(e.Peer)
	reply.Reason, err = s.doorReason(e.Peer, k.Nonce, protocol.Reason{
		Kind: protocol.Banned, Text: reason, At: s.now, Until: body.Until, Removal: s.next.state.Seq(),
	})
	if err != nil {
		return err
	}
	f := Failure{Peer: e.Peer, Kind: protocol.Banned, Text: reason, Until: body.Until}
	switch {
	case member:
		f.Nick, f.Admission = m.Nick, m.Admission
		s.fail(f)
	case removed && !last.Left:
		f.Nick, f.Admission, f.Known = last.Nick, last.Admission, s.wasTold(last)
		if reply.Reason != nil { // it is told at the door, and not a second time by a poll
			f.Known, f.Claimed, f.Nonce, f.Answer = true, true, k.Nonce, reply.Reason
		}
		s.fail(f)
	}
	s.revokeBy(e.Peer)
	if knocks {
		s.turnAway(k, reply)
	}
	return nil
}

// wasTold reports whether the peer has kept a reason for the end of that membership, after which it no longer asks.
func (s *step) wasTold(r Removal) bool {
	if f, ok := s.next.failures[r.Peer]; ok {
		return f.Acked || f.Known
	}
	// An acknowledged kick has no failure any more. Neither has one that has expired, but that is longer ago.
	_, lately := s.next.out[r.Peer]
	return lately
}

func (s *step) leave(e Leave) error {
	if err := s.commit(protocol.Leave{Peer: e.Peer, Cut: e.Cut}); err != nil {
		return err
	}
	s.forgetNotices(e.Peer)
	s.revokeBy(e.Peer)
	return nil
}

func (s *step) close(e Close) error {
	reason, err := reasonText(e.Reason)
	if err != nil {
		return err
	}
	if e.Kind != protocol.Idle {
		e.Kind = protocol.Closed
	}
	if err := s.commit(protocol.Close{Kind: e.Kind}); err != nil {
		return err
	}
	s.failAll(e.Kind, reason, s.now)
	for _, k := range s.next.Knocks() {
		why, err := s.doorReason(k.Peer, k.Nonce, protocol.Reason{Kind: e.Kind, Text: reason, At: s.now, Removal: s.next.state.Seq()})
		if err != nil {
			return err
		}
		s.dropKnock(k.Peer)
		s.turnAway(k, protocol.JoinReply{Code: protocol.JoinNoRoom, Reason: why})
	}
	return nil
}

// failAll notes a failure for every member but the authority, because the room ended at a time. It deletes the invites.
func (s *step) failAll(kind protocol.ReasonKind, reason string, at time.Time) {
	for _, m := range s.next.state.Members() {
		if m.Peer != s.env.Self {
			s.fail(Failure{Peer: m.Peer, Nick: m.Nick, Admission: m.Admission, Kind: kind, Text: reason, At: at})
		}
	}
	for id := range s.next.invites {
		s.setInvite(id, nil)
	}
}

// fail notes f for its peer's next poll, as the failure of the last record. It replaces an earlier failure of that peer; a mute replaces
// only a mute, and a warning replaces nothing. If the earlier one was not claimed, and f has no text, f gets its text. f is never of a
// lower severity than the earlier one: step.kick removes only members, and what waits for a member is a mute or a warning.
func (s *step) fail(f Failure) {
	f.decidedBy(s)
	for _, old := range s.next.queue(f.Peer) {
		if f.Text == "" && !old.Claimed && old.By == f.By && old.Admission == f.Admission && f.replaces(old) {
			f.Text = old.Text
		}
	}
	f.Removal = s.next.state.Seq()
	if f.At.IsZero() {
		f.At = s.now
	}
	f.Expires = s.now.Add(FailureLife)
	if f.ofMember() {
		s.await(f)
	} else {
		s.setFailure(f.Peer, &f)
	}
	for len(s.next.failures) > MaxFailures {
		s.setFailure(s.oldestFailure(), nil)
	}
}

// oldestFailure returns the peer whose failure is forgotten first: an acknowledged one, if there is one, and then the oldest.
func (s *step) oldestFailure() peer.ID {
	var oldest Failure
	for _, f := range s.next.failures {
		if oldest.Peer == "" || evictOrder(f, oldest) < 0 {
			oldest = f
		}
	}
	return oldest.Peer
}

func evictOrder(a, b Failure) int {
	switch {
	case a.Acked && !b.Acked:
		return -1
	case b.Acked && !a.Acked:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Removal, b.Removal), cmp.Compare(a.Peer, b.Peer))
}

// retell replaces the text of a failure that is not claimed yet, unless the failure is of a higher severity than kind. The text is
// then that of the peer that orders it now: a deputy replaces only its own, and the owner everybody's.
func (s *step) retell(p peer.ID, kind protocol.ReasonKind, reason string) {
	all := s.next.queue(p)
	i := slices.IndexFunc(all, func(f Failure) bool { return f.Kind == kind || !f.ofMember() && kind != protocol.Muted })
	if i < 0 || all[i].Claimed || reason == "" || all[i].Kind == protocol.Banned && kind != protocol.Banned || s.by != "" && all[i].By != s.by {
		return
	}
	all[i].Text = reason
	all[i].decidedBy(s)
	s.setQueue(p, all)
}

func reasonText(s string) (string, error) {
	reason, err := protocol.NormalizeReason(s)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRule, err)
	}
	return reason, nil
}
