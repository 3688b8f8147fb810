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

// A removed member may write to the authority once about its removal, within a day. The authority either pardons it or does nothing. A
// pardon is a record, which lifts a ban too. The peer may then come back once without a knock, within a day of the pardon.

// An Appeal is what the authority keeps about a removed peer that has appealed, that was pardoned, or both.
type Appeal struct {
	Peer peer.ID
	Nick string
	// Removal is the record that it is about: the one that the peer was told of.
	Removal uint64
	// Text is "" if the peer was pardoned and has not appealed.
	Text string
	// Nonce is that of the client that has appealed. Only that client gets the answer.
	Nonce protocol.Nonce
	At    time.Time
	// From is the address of the peer, in the form of [Knock]: the peers of one address share a few places.
	From    string
	Expires time.Time
	// Pardon is the number of the Pardon record, or 0, and ByNick and ForNick are the nicks of By and For at that time.
	Pardon   uint64
	PardonAt time.Time
	By, For  peer.ID `json:",omitzero"` // "" is no peer ID that JSON reads
	ByNick   string
	ForNick  string
	// Told is set if an answer with the pardon was made.
	Told bool
}

func (a Appeal) open() bool { return a.Text != "" && a.Pardon == 0 }

// Appeals returns the appeals that have no answer at now, in the order of their coming.
func (l Ledger) Appeals(now time.Time) []Appeal {
	var open []Appeal
	for _, a := range l.appeals {
		if a.open() && now.Before(a.Expires) {
			open = append(open, a)
		}
	}
	slices.SortFunc(open, func(a, b Appeal) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Peer, b.Peer)) })
	return open
}

// SameAppeals reports whether no appeal has come, been answered or been dropped since another state of the Ledger.
func (l Ledger) SameAppeals(o Ledger) bool {
	return maps.EqualFunc(l.appeals, o.appeals, func(a, b Appeal) bool { return a.open() == b.open() && a.At.Equal(b.At) })
}

// MayReturn reports whether p was pardoned, and may come back without a knock.
func (l Ledger) MayReturn(p peer.ID, now time.Time) bool {
	a, ok := l.appeals[p]
	return ok && a.Pardon != 0 && now.Before(a.Expires)
}

// Heard returns the removed peers that may appeal, wait for an answer, or may come back. The driver must not let strangers take what
// they need. Of those that have not appealed it returns the latest MaxUnheard.
func (l Ledger) Heard(now time.Time) []peer.ID {
	var heard, silent []peer.ID
	for p, a := range l.appeals {
		if now.Before(a.Expires) {
			heard = append(heard, p)
		}
	}
	for p, at := range l.out {
		if _, has := l.appeals[p]; !has && now.Before(at.Add(FailureLife)) && !l.state.isMember(p) {
			silent = append(silent, p)
		}
	}
	slices.SortFunc(silent, func(a, b peer.ID) int { return cmp.Or(l.out[b].Compare(l.out[a]), cmp.Compare(a, b)) })
	return append(heard, silent[:min(len(silent), MaxUnheard)]...)
}

// appealed answers an appeal, or the question for its answer. Whether the peer may appeal is looked up in the log and the books: nothing
// that it says counts for that. A peer that may not gets the answer of every other poll.
func (s *step) appealed(e Appealed) error {
	state, q := s.next.state, e.Ask
	refused := AnswerAppeal{Peer: e.Peer, Outcome: AppealRefused}
	if state.authority != s.env.Self && state.MovedFrom(s.env.Self) != nil && q.Room == state.room {
		s.do(AnswerAppeal{Peer: e.Peer, Outcome: AppealMoved})
		return nil
	}
	removed, ok := state.Removed(e.Peer)
	if !ok || removed.Left || q.Room != state.room || state.closed || state.frozen || state.authority != s.env.Self ||
		q.Removal != removed.Removal && q.Removal != state.bans[e.Peer].Removal || q.Text == "" {
		s.do(refused)
		return nil
	}
	if s.next.key == (protocol.Key{}) {
		return fmt.Errorf("%w: the room has not been resumed", ErrRule)
	}
	if a, has := s.next.appeals[e.Peer]; has && s.now.Before(a.Expires) {
		return s.appealedAgain(a, q)
	}
	at, lately := s.next.out[e.Peer]
	f, owed := s.next.failures[e.Peer]
	told := !owed || f.Known || f.Claimed && f.Nonce == q.Nonce
	switch {
	case !lately || !s.now.Before(at.Add(FailureLife)) || !told:
		s.do(refused)
		return nil
	case !s.placeForAppeal(e.From):
		s.do(AnswerAppeal{Peer: e.Peer, Outcome: AppealFull})
		return nil
	}
	a := Appeal{
		Peer: e.Peer, Nick: removed.Nick, Removal: q.Removal, Text: q.Text, Nonce: q.Nonce, At: s.now, From: e.From, Expires: s.now.Add(FailureLife),
	}
	s.setAppeal(e.Peer, &a)
	s.do(AnswerAppeal{Peer: e.Peer, Outcome: AppealKept})
	s.do(AppealShown{a})
	return nil
}

// appealedAgain answers a peer that has appealed already, or was pardoned before it has. The same question gets the same answer, also
// with the same bytes.
func (s *step) appealedAgain(a Appeal, q protocol.PollAppeal) error {
	switch {
	case a.Nonce != protocol.Nonce{} && a.Nonce != q.Nonce:
		s.do(AnswerAppeal{Peer: a.Peer, Outcome: AppealRefused})
		return nil
	case a.Text != "" && (a.Text != q.Text || a.Removal != q.Removal):
		s.do(AnswerAppeal{Peer: a.Peer, Outcome: AppealTwice})
		return nil
	case a.Pardon == 0:
		s.do(AnswerAppeal{Peer: a.Peer, Outcome: AppealKept})
		return nil
	}
	signed, err := protocol.SignReason(protocol.Reason{
		Room: s.next.state.room, Peer: a.Peer, Kind: protocol.Pardoned, By: a.By, ByNick: a.ByNick, For: a.For, ForNick: a.ForNick,
		At: a.PardonAt, Until: a.PardonAt.Add(PardonLife), Removal: a.Pardon, Nonce: q.Nonce,
	}, s.env.Signer)
	if err != nil {
		return fmt.Errorf("authority: sign pardon: %w", err)
	}
	first := !a.Told
	if first {
		a.Told, a.Nonce = true, q.Nonce
		s.setAppeal(a.Peer, &a)
	}
	s.do(AnswerAppeal{Peer: a.Peer, Outcome: AppealPardoned, Reason: signed.Bytes()})
	if first {
		s.do(PardonTold{Peer: a.Peer, Nick: a.Nick, Pardon: a.Pardon})
	}
	return nil
}

// placeForAppeal reports whether the authority keeps one more appeal from that address. An address may take less than a quarter of the
// free places, so that there is one left for an address that has none, whatever ten others take.
func (s *step) placeForAppeal(from string) bool {
	kept, held := 0, 0
	for _, a := range s.next.appeals {
		if a.Text == "" {
			continue
		}
		kept++
		if a.From == from {
			held++
		}
	}
	free := MaxAppeals - kept
	return free > 0 && 4*held < free
}

// pardon lets a removed peer come back, and lifts its ban.
func (s *step) pardon(p peer.ID) error {
	if a, ok := s.next.appeals[p]; ok && a.Pardon != 0 && s.now.Before(a.Expires) {
		s.already(p, a.Pardon)
		return nil
	}
	removed, _ := s.next.state.Removed(p)
	if err := s.commit(protocol.Pardon{Peer: p}); err != nil {
		return err
	}
	by := s.decided()
	s.setPardon(Appeal{Peer: p, Nick: removed.Nick, Removal: removed.Removal, PardonAt: s.now, By: by.By, ByNick: by.ByNick, For: by.For, ForNick: by.ForNick})
	return nil
}

// setPardon notes that the last record pardons a peer, in what is kept of its appeal.
func (s *step) setPardon(by Appeal) {
	a, ok := s.next.appeals[by.Peer]
	if !ok {
		a = by
	}
	a.Pardon, a.PardonAt, a.Expires, a.Told = s.next.state.Seq(), by.PardonAt, by.PardonAt.Add(PardonLife), false
	a.By, a.ByNick, a.For, a.ForNick = by.By, by.ByNick, by.For, by.ForNick
	s.setAppeal(by.Peer, &a)
	for {
		var oldest Appeal
		silent := 0
		for _, a := range s.next.appeals {
			if a.Text != "" {
				continue
			}
			if silent++; oldest.Pardon == 0 || a.Pardon < oldest.Pardon {
				oldest = a
			}
		}
		if silent <= MaxPardons {
			return
		}
		s.setAppeal(oldest.Peer, nil)
	}
}

// appealsAfter brings the appeals up to date with a record: a peer that is in again, or was removed again, starts anew. After the ban of
// a peer that is out already, its appeal stays, so that it does not appeal twice, and a pardon is over.
func (s *step) appealsAfter(c Change) {
	switch c.Kind {
	case Admitted, Removed:
		a, ok := s.next.appeals[c.Peer]
		switch {
		case !ok:
		case c.Kind == Removed && !c.WasMember && a.Text != "":
			a.Pardon = 0
			s.setAppeal(c.Peer, &a)
		default:
			s.dropAppeal(a)
		}
	case Closed:
		for _, p := range slices.Sorted(maps.Keys(s.next.appeals)) {
			s.dropAppeal(s.next.appeals[p])
		}
	}
}

// dropAppeal forgets a. The owner is told if it has not answered it.
func (s *step) dropAppeal(a Appeal) {
	s.setAppeal(a.Peer, nil)
	if a.open() {
		s.do(AppealDropped{Peer: a.Peer, Nick: a.Nick})
	}
}

// setAppeal is setFailure for an appeal.
func (s *step) setAppeal(p peer.ID, a *Appeal) { set(&s.batch.Appeals, &s.next.appeals, p, a) }

// pardon is Apply for a Pardon.
func (s *State) pardon(b protocol.Pardon) (Change, error) {
	removed, ok := s.Removed(b.Peer)
	if !ok || removed.Left {
		return Change{}, fmt.Errorf("%w: only a member that was removed can be pardoned", ErrRule)
	}
	if _, ok := s.bans[b.Peer]; ok {
		s.bans = cloned(s.bans)
		delete(s.bans, b.Peer)
	}
	return Change{Kind: Pardoned, Peer: b.Peer, Nick: removed.Nick}, nil
}
