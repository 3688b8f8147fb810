package authority

import (
	"cmp"
	"fmt"
	"slices"

	"localchat/protocol"
)

// Which lines count may hang on the policy, and a line names its epoch alone. So a policy that changes this starts an epoch, and one that
// does not starts none.

// sameTalk reports whether the same lines count under two policies.
func sameTalk(a, b protocol.Policy) bool { return a.Slow == b.Slow && a.VoicedOnly == b.VoicedOnly }

func (s *State) setPolicy(r protocol.SignedRecord, b protocol.SetPolicy) (Change, error) {
	before := s.policy
	if b.NewEpoch == sameTalk(before, b.Policy) {
		return Change{}, fmt.Errorf("%w: a policy starts an epoch if, and only if, it changes which lines count", ErrRule)
	}
	c := Change{Kind: PolicySet, Before: before}
	s.policy = b.Policy
	if !b.NewEpoch {
		return c, nil
	}
	c.NewKey = KeyDerived
	var err error
	c.Silenced, err = s.revoiceAll(r, b.Cuts)
	return c, err
}

// setPolicy is the order. Of the cuts that it has, the record names those of the members that fall silent.
func (s *step) setPolicy(e SetPolicy) error {
	state := s.next.state
	if e.Policy == state.policy {
		s.already("", state.Seq())
		return nil
	}
	body := protocol.SetPolicy{Policy: e.Policy, NewEpoch: !sameTalk(state.policy, e.Policy)}
	after := state
	after.policy = e.Policy
	for _, m := range state.sorted {
		if cut := e.Cuts[m.Peer]; cut.Ctr > 0 && !m.Silent && after.silences(m) {
			body.Cuts = append(body.Cuts, protocol.MemberCut{Peer: m.Peer, Cut: cut})
		}
	}
	slices.SortFunc(body.Cuts, func(a, b protocol.MemberCut) int { return cmp.Compare(a.Peer, b.Peer) })
	return s.commit(body)
}
