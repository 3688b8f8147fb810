package authority

import (
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A member may take another nick. Everything else of it stays, since all that is known of a member is known by its key.

func (s *State) setNick(r protocol.SignedRecord, b protocol.SetNick) (Change, error) {
	m, ok := s.members[b.Peer]
	if !ok {
		return Change{}, ErrNotMember
	}
	if err := s.mayRename(b.Peer, b.Nick, r.At); err != nil {
		return Change{}, err
	}
	change := Change{Kind: Renamed, Peer: b.Peer, Nick: b.Nick, OldNick: m.Nick}
	s.unlist(m.Member)
	m.Nick = b.Nick
	s.enter(m.Member, r.At)
	return change, nil
}

// mayRename returns an error unless a record at time at may give the member p that nick. Its present nick does not count as taken.
func (s State) mayRename(p peer.ID, nick string, at time.Time) error {
	switch m := s.members[p]; {
	case m.Muted:
		return fmt.Errorf("%w: a muted member keeps its nick", ErrRule) // a nick is a word that everybody reads
	case s.NickWait(p, at) > 0:
		return ErrNickSoon
	}
	for _, key := range protocol.Skeletons(nick) {
		if holder, taken := s.nicks[key]; taken && holder != p {
			return ErrNickTaken
		}
	}
	if err := checkAssigned(nick); err != nil {
		return err
	}
	if s.members[p].Nick == nick {
		return fmt.Errorf("%w: it is the nick already", ErrNickBad)
	}
	if s.misleads(p, nick) {
		return errReadsAsID
	}
	return nil
}

// NickWait returns how long p has to wait at a time before it may take another nick. A clock that was set back makes nobody wait.
func (s State) NickWait(p peer.ID, at time.Time) time.Duration {
	last := s.members[p].renamed
	if passed := at.Sub(last); !last.IsZero() && passed >= 0 && passed < NickEvery {
		return NickEvery - passed
	}
	return 0
}

// setNick is the wish of a member. To wish for the nick that it has is no error.
func (s *step) setNick(e SetNick) error {
	nick, err := NormalizeNick(e.Nick)
	if err != nil {
		return err
	}
	if m, ok := s.next.state.Member(e.Peer); ok && m.Nick == nick {
		s.already(e.Peer, s.next.state.Seq())
		return nil
	}
	return s.commit(protocol.SetNick{Peer: e.Peer, Nick: nick})
}
