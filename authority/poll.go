package authority

import (
	"fmt"
	"maps"
	"slices"

	"localchat/protocol"
)

// poll answers a poll of a member, or of a peer that lost its place. A claim is in the batch, and so on disk before the answer is
// sent: otherwise another client could get the reason after a crash.
func (s *step) poll(e Poll) error {
	state, q := s.next.state, e.Request
	if state.head == nil || q.Room != state.room {
		s.do(AnswerPoll{Peer: e.Peer, Outcome: PollRefused})
		return nil
	}
	if state.authority != s.env.Self {
		s.do(AnswerPoll{Peer: e.Peer, Outcome: PollMoved})
		return nil
	}
	if m, ok := state.Member(e.Peer); ok && !state.closed && m.Admission == q.Admission {
		switch f, owed := s.next.toTell(e.Peer, q.Admission, s.now); {
		case !owed:
		case f.Claimed && f.Nonce == q.Nonce:
			return s.answerAgain(f)
		case !f.Claimed:
			return s.answerWith(f, q.Nonce)
		}
		outcome := PollHold
		switch hash, ok := state.HashAt(q.HaveSeq); {
		case q.HaveSeq > state.Seq(), ok && !q.Head.IsZero() && hash != q.Head:
			outcome = PollDiffers
		case q.HaveSeq < state.Seq() || q.HaveKey < state.epoch:
			outcome = PollNews
		}
		s.do(AnswerPoll{Peer: e.Peer, Outcome: outcome})
		return nil
	}
	f, ok := s.next.failures[e.Peer]
	switch {
	case !ok, f.Admission != q.Admission, f.Acked, s.next.expired(f, s.now):
	case f.Claimed && f.Nonce == q.Nonce: // the answer was lost
		return s.answerAgain(f)
	case !f.Claimed:
		return s.answerWith(f, q.Nonce)
	}
	s.do(AnswerPoll{Peer: e.Peer, Outcome: PollRefused})
	return nil
}

// answerWith answers the poll with nonce with the reason of f, which it claims.
func (s *step) answerWith(f Failure, nonce protocol.Nonce) error {
	if err := s.claim(&f, nonce); err != nil {
		return err
	}
	s.setFailure(f.Peer, &f)
	s.do(AnswerPoll{Peer: f.Peer, Outcome: PollReason, Reason: f.Answer})
	s.do(f.told())
	return nil
}

// answerAgain answers the poll that has claimed f. If f was claimed at an earlier owner, its reason is signed anew, with the same content.
func (s *step) answerAgain(f Failure) error {
	if f.Answer == nil {
		if err := s.claim(&f, f.Nonce); err != nil {
			return err
		}
		s.setFailure(f.Peer, &f)
	}
	s.do(AnswerPoll{Peer: f.Peer, Outcome: PollReason, Reason: f.Answer})
	return nil
}

// claimHeld claims the failures of this step for the polls that the driver holds. The driver asks for the answers by [Poll].
func (s *step) claimHeld() error {
	if s.env.Held == nil {
		return nil
	}
	for _, p := range slices.Sorted(maps.Keys(s.batch.Failures)) {
		f, ok := s.next.failures[p]
		q, held := s.env.Held(p)
		if f.ofMember() {
			f, ok = s.next.toTell(p, q.Admission, s.now)
		}
		if !ok || !held || f.Claimed || q.Admission != f.Admission || f.Removal != s.next.state.Seq() {
			continue
		}
		if err := s.claim(&f, q.Nonce); err != nil {
			return err
		}
		s.setFailure(p, &f)
		s.do(f.told())
	}
	return nil
}

// claim signs the reason of f for the poll with nonce.
func (s *step) claim(f *Failure, nonce protocol.Nonce) error {
	signed, err := protocol.SignReason(protocol.Reason{
		Room: s.next.state.room, Peer: f.Peer, Kind: f.Kind, Text: f.Text, By: f.By, ByNick: f.ByNick,
		At: f.At, Until: f.Until, Removal: f.Removal, Nonce: nonce, For: f.For, ForNick: f.ForNick,
	}, s.env.Signer)
	if err != nil {
		return fmt.Errorf("authority: sign reason: %w", err)
	}
	f.Claimed, f.Nonce, f.Answer = true, nonce, signed.Bytes()
	return nil
}

// ack ends a failure. An acknowledgement of another removal, or with a nonce that has not claimed the failure, does not count.
func (s *step) ack(e Ack) {
	f, ok := s.next.failures[e.Peer]
	if !ok || e.Ack.Room != s.next.state.room || !f.Claimed || f.Acked || f.Removal != e.Ack.Removal || f.Nonce != e.Ack.Nonce {
		return
	}
	f.Acked, f.Answer = true, nil
	if f.Kind == protocol.Banned {
		s.setFailure(e.Peer, &f)
	} else {
		s.setQueue(e.Peer, f.Waiting)
	}
	s.do(f.told())
}

func (f Failure) told() Told {
	return Told{Peer: f.Peer, Nick: f.Nick, Removal: f.Removal, Kind: f.Kind, Text: f.Text, Acked: f.Acked}
}
