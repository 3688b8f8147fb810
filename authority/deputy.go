package authority

import (
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A deputy is a member that gives orders of its own to the authority, which alone signs. The record of an order names the deputy. That
// gives no rights: they are looked up in the state before the record, at the authority and again at every member.

// decider is the peer that decided what r does: its author, or the deputy that ordered it.
func decider(r protocol.SignedRecord) peer.ID {
	if r.By != "" {
		return r.By
	}
	return r.Author
}

// Deputies returns the deputies, in the order in which the owner has named them. The caller must not change the slice.
func (s State) Deputies() []peer.ID { return s.deputies }

// IsDeputy reports whether p is a deputy.
func (s State) IsDeputy(p peer.ID) bool { return slices.Contains(s.deputies, p) }

func (s *State) setDeputies(r protocol.SignedRecord, b protocol.SetDeputies) (Change, error) {
	if r.Author != s.owner {
		return Change{}, fmt.Errorf("%w: the owner alone names deputies", ErrRule)
	}
	for _, p := range b.Peers {
		switch {
		case p == s.owner:
			return Change{}, fmt.Errorf("%w: the owner is no deputy of its own", ErrRule)
		case !s.isMember(p):
			return Change{}, ErrNotMember
		}
	}
	c := Change{Kind: DeputiesSet, Named: without(b.Peers, s.deputies), Dropped: without(s.deputies, b.Peers), NewKey: KeyDerived}
	s.deputies = b.Peers
	var err error
	c.Silenced, err = s.revoiceAll(r, b.Cuts)
	return c, err
}

// without returns the peers of all that are not in some.
func without(all, some []peer.ID) []peer.ID {
	return slices.DeleteFunc(slices.Clone(all), func(p peer.ID) bool { return slices.Contains(some, p) })
}

func (s *State) dropDeputy(p peer.ID) {
	if s.IsDeputy(p) {
		s.deputies = without(s.deputies, []peer.ID{p})
	}
}

// mayOrder returns an error unless a deputy by may order a record with body b at time at. A deputy touches neither the owner nor a
// deputy, and undoes or replaces nothing that the owner has decided.
func (s State) mayOrder(by peer.ID, b protocol.Body, at time.Time) error {
	if !s.IsDeputy(by) {
		return fmt.Errorf("%w: it is none", ErrNotDeputy)
	}
	switch b := b.(type) {
	case protocol.Admit:
		return nil
	case protocol.Remove:
		ban, banned := s.Banned(b.Peer, at)
		return s.mayTouch(b.Peer, banned && !ban.Ordered)
	case protocol.Unban:
		ban, banned := s.Banned(b.Peer, at)
		return s.mayTouch(b.Peer, banned && !ban.Ordered)
	case protocol.Pardon:
		ban, banned := s.Banned(b.Peer, at)
		removed, out := s.Removed(b.Peer)
		return s.mayTouch(b.Peer, banned && !ban.Ordered || out && !removed.Left && !removed.Ordered)
	case protocol.Mute:
		return s.mayTouch(b.Peer, s.mutedByOwner(b.Peer))
	case protocol.Unmute:
		return s.mayTouch(b.Peer, s.mutedByOwner(b.Peer))
	case protocol.Warn:
		return s.mayTouch(b.Peer, false)
	case protocol.Voice:
		return s.mayTouch(b.Peer, s.voicedByOwner(b.Peer))
	case protocol.Unvoice:
		return s.mayTouch(b.Peer, s.voicedByOwner(b.Peer))
	case protocol.SetPolicy:
		same := s.policy
		same.Access, same.Subject = b.Policy.Access, b.Policy.Subject
		if same == b.Policy {
			return nil
		}
		return fmt.Errorf("%w: of the policy it changes the subject and the access alone", ErrNotDeputy)
	}
	return fmt.Errorf("%w: only the owner may", ErrNotDeputy)
}

func (s State) mutedByOwner(p peer.ID) bool {
	m, muted := s.mutes[p]
	return muted && !m.Ordered
}

func (s State) voicedByOwner(p peer.ID) bool {
	v := s.members[p].Voice
	return v.Seq != 0 && !v.Ordered
}

// mayTouch returns an error if a deputy may not decide about p. owners is set if the owner has decided about p.
func (s State) mayTouch(p peer.ID, owners bool) error {
	switch {
	case p == s.owner || p == s.authority:
		return fmt.Errorf("%w: that is the owner", ErrNotDeputy)
	case s.IsDeputy(p):
		return fmt.Errorf("%w: that is a deputy", ErrNotDeputy)
	case owners:
		return fmt.Errorf("%w: the owner has decided it", ErrNotDeputy)
	}
	return nil
}

// MayOrder returns an error unless a deputy by may give an order at time at. An order that makes no record, since it repeats an earlier
// one, needs the same rights.
func (s State) MayOrder(by peer.ID, order Event, at time.Time) error {
	var body protocol.Body
	switch o := order.(type) {
	case Accept, Deny:
		body = protocol.Admit{}
	case Kick:
		body = protocol.Remove{Peer: o.Peer, Kind: protocol.Kicked}
	case Ban:
		body = protocol.Remove{Peer: o.Peer, Kind: protocol.Banned}
	case Unban:
		body = protocol.Unban{Peer: o.Peer}
	case Pardon:
		body = protocol.Pardon{Peer: o.Peer}
	case Mute:
		body = protocol.Mute{Peer: o.Peer}
	case Unmute:
		body = protocol.Unmute{Peer: o.Peer}
	case Warn:
		body = protocol.Warn{Peer: o.Peer}
	case Voice:
		body = protocol.Voice{Peer: o.Peer}
	case Unvoice:
		body = protocol.Unvoice{Peer: o.Peer}
	case RevokeInvite: // it makes no record; whose invite it is, the ledger knows
		body = protocol.Admit{}
	case SetPolicy:
		body = protocol.SetPolicy{Policy: o.Policy}
	}
	return s.mayOrder(by, body, at)
}

// ordered carries out an order of a deputy.
func (s *step) ordered(e Ordered) error {
	if err := s.next.state.MayOrder(e.By, e.Order, s.now); err != nil {
		return err
	}
	if r, revokes := e.Order.(RevokeInvite); revokes && s.next.invites[r.ID].By == s.env.Self {
		return fmt.Errorf("%w: the owner has made the invite", ErrNotDeputy)
	}
	s.by = e.By
	return s.order(e.Order)
}

// deputize and undeputize are the orders of the owner.
func (s *step) deputize(p peer.ID) error {
	state := s.next.state
	switch {
	case state.IsDeputy(p):
		s.already(p, state.Seq())
		return nil
	case len(state.deputies) >= protocol.MaxDeputies:
		return fmt.Errorf("%w: there are %d deputies", ErrFull, protocol.MaxDeputies)
	}
	return s.commit(protocol.SetDeputies{Peers: append(slices.Clip(state.deputies), p)})
}

func (s *step) undeputize(p peer.ID, cut protocol.Cut) error {
	state := s.next.state
	if !state.IsDeputy(p) {
		return fmt.Errorf("%w: it is none", ErrNotDeputy)
	}
	body := protocol.SetDeputies{Peers: without(state.deputies, []peer.ID{p})}
	after := state
	after.deputies = body.Peers
	if m, _ := state.Member(p); cut.Ctr > 0 && !m.Silent && after.silences(m) {
		body.Cuts = []protocol.MemberCut{{Peer: p, Cut: cut}}
	}
	return s.commit(body)
}

// undeputizeFirst ends what a peer may order, before it is removed.
func (s *step) undeputizeFirst(p peer.ID, cut protocol.Cut) error {
	if !s.next.state.IsDeputy(p) {
		return nil
	}
	return s.undeputize(p, cut)
}

// decided is a Failure that says which peer has decided it: the authority, or the deputy whose order this step is.
func (s *step) decided() (f Failure) {
	f.By, f.ByNick = s.env.Self, s.next.state.nickOf(s.env.Self)
	if s.by != "" {
		f.By, f.ByNick, f.For, f.ForNick = s.by, s.next.state.nickOf(s.by), f.By, f.ByNick
	}
	return f
}

func (f *Failure) decidedBy(s *step) {
	d := s.decided()
	f.By, f.ByNick, f.For, f.ForNick = d.By, d.ByNick, d.For, d.ForNick
}
