package authority

import (
	"errors"

	"localchat/protocol"
)

// recovered applies records that this authority has signed and lost. The records say which peers lost their places, but not why: a
// peer that has not been told yet is told without a text. A peer that has been told no longer asks, so none is told twice.
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
		s.by = r.By
		s.lose(before, change)
		s.by = ""
		s.next.key = protocol.Key{} // the key of the last epoch is lost
		s.do(Commit{Record: r, Change: change})
	}
	if s.batch.Records != nil {
		s.clearDoor()
	}
	if s.next.state.authority != s.env.Self {
		return s.giveUp() // one of the records gave the room away
	}
	return nil
}

// clearDoor tells every peer at the door to ask again: the records that were lost may have answered it.
func (s *step) clearDoor() {
	for _, k := range s.next.Knocks() {
		s.dropKnock(k.Peer)
		s.do(AnswerJoin{k.Peer, protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: KnockAgain}})
	}
}

// lose brings failures and invites up to date with a record that was lost. before is the state before that record.
func (s *step) lose(before State, c Change) {
	s.appealsAfter(c)
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
		s.forgetNotices(b.Peer)
	case protocol.Warn:
		m, _ := before.Member(b.Peer)
		s.fail(Failure{Peer: b.Peer, Nick: m.Nick, Admission: m.Admission, Kind: protocol.Warned, At: c.Record.At})
	case protocol.Mute:
		m, _ := before.Member(b.Peer)
		s.fail(Failure{Peer: b.Peer, Nick: m.Nick, Admission: m.Admission, Kind: protocol.Muted, Until: b.Until, At: c.Record.At})
	case protocol.Pardon:
		removed, _ := before.Removed(b.Peer)
		by := s.decided()
		s.setPardon(Appeal{Peer: b.Peer, Nick: removed.Nick, Removal: removed.Removal, PardonAt: c.Record.At, By: by.By, ByNick: by.ByNick, For: by.For, ForNick: by.ForNick})
	case protocol.Unmute:
		s.forgetMute(b.Peer)
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
