package authority

import (
	"errors"

	"localchat/protocol"
)

// recovered takes back what this authority has signed since the disk that it was loaded from was current. The records say
// which peers lost their places, and not why: a peer that has not been told yet is told without a text. A peer that has
// been told no longer asks, so nobody is told twice.
func (s *step) recovered(e Recovered) error {
	for _, r := range e.Records {
		next, change, err := s.next.state.Apply(r)
		switch {
		case errors.Is(err, ErrKnown):
			continue
		case err != nil:
			return err
		}
		before := s.next.state
		s.next.state = next
		s.batch.Records = append(s.batch.Records, r)
		s.lose(before, change)
		s.next.key = protocol.Key{} // that of the last epoch is gone with the disk
		s.do(Commit{Record: r, Change: change})
	}
	if s.batch.Records != nil {
		s.clearDoor()
	}
	return nil
}

// clearDoor sends everybody at the door away to ask again: what they have asked, the lost records may have answered.
func (s *step) clearDoor() {
	for _, k := range s.next.Knocks() {
		s.dropKnock(k.Peer)
		s.do(AnswerJoin{k.Peer, protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: KnockAgain}})
	}
}

// lose keeps the books of a record taken back: before is the state that the record was applied to.
func (s *step) lose(before State, c Change) {
	switch b := c.Record.Body.(type) {
	case protocol.Admit:
		if _, ok := s.next.failures[b.Peer]; ok {
			s.setFailure(b.Peer, nil)
		}
		if _, ok := s.next.invites[b.Invite]; ok {
			s.setInvite(b.Invite, nil)
		}
	case protocol.Leave:
		s.revokeBy(b.Peer)
	case protocol.Remove:
		f := Failure{Peer: b.Peer, Kind: b.Kind, Until: b.Until, At: c.Record.At}
		if m, ok := before.Member(b.Peer); ok {
			f.Nick, f.Admission = m.Nick, m.Admission
			s.fail(f)
		} else if last, ok := before.Removed(b.Peer); ok && !last.Left { // a ban after a kick
			f.Nick, f.Admission, f.Known = last.Nick, last.Admission, s.wasTold(last)
			s.fail(f)
		}
		s.revokeBy(b.Peer)
	case protocol.Close:
		s.failAll(b.Kind, "", c.Record.At)
	}
}
