package authority

import (
	"errors"

	"localchat/protocol"
)

// recovered takes back what this authority has signed since the disk that it was loaded from was current. The records say
// who lost its place, and not why: whoever has not been told yet is told without a text. A peer that has been told asks no
// more, so nobody is told twice.
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
	return nil
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
		if m, ok := before.Member(b.Peer); ok {
			s.fail(Failure{Peer: m.Peer, Nick: m.Nick, Admission: m.Admission, Kind: b.Kind, Until: b.Until, At: c.Record.At})
		}
		s.revokeBy(b.Peer)
	case protocol.Close:
		s.failAll(b.Kind, "", c.Record.At)
	}
}
