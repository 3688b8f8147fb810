package authority

import (
	"fmt"

	"localchat/protocol"
)

// Which lines count may hang on the policy, and a line names its epoch alone. So a policy that changes this starts an epoch; one that does
// not, starts none.

// sameTalk reports whether the same lines count under two policies.
func sameTalk(a, b protocol.Policy) bool { return a.Slow == b.Slow }

func (s *State) setPolicy(b protocol.SetPolicy) (Change, error) {
	c := Change{Kind: PolicySet, Before: s.policy}
	if b.NewEpoch == sameTalk(s.policy, b.Policy) {
		return Change{}, fmt.Errorf("%w: a policy starts an epoch if, and only if, it changes which lines count", ErrRule)
	}
	if b.NewEpoch {
		c.NewKey = KeyDerived
	}
	s.policy = b.Policy
	return c, nil
}

// setPolicy is the order.
func (s *step) setPolicy(p protocol.Policy) error {
	state := s.next.state
	if p == state.policy {
		s.already("", state.Seq())
		return nil
	}
	return s.commit(protocol.SetPolicy{Policy: p, NewEpoch: !sameTalk(state.policy, p)})
}
