package authority

import (
	"cmp"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Verdict says whether the log permits a line. The form is validated and the signature verified before; duplicates and the key are
// looked at later.
type Verdict uint8

const (
	// VerdictIgnore: the line does not count. The peer that passed it on may still be honest.
	VerdictIgnore Verdict = iota
	// VerdictAccept: a member said the line in the epoch in force.
	VerdictAccept
	// VerdictLate: a member of an earlier epoch said the line in that epoch, and it is not past the cut-off.
	VerdictLate
	// VerdictUnknown: the line is of an epoch that this node does not have yet. Keep its bytes, and fetch records.
	VerdictUnknown
)

// String names the verdict.
func (v Verdict) String() string {
	switch v {
	case VerdictAccept:
		return "accept"
	case VerdictLate:
		return "late"
	case VerdictUnknown:
		return "unknown"
	}
	return "ignore"
}

// Check returns the verdict on a line of author with header h. It does not allocate.
func (s State) Check(author peer.ID, h protocol.Header) Verdict {
	if s.closed || s.frozen || h.Room != s.room || s.head == nil {
		return VerdictIgnore
	}
	if h.Epoch > s.epoch {
		return VerdictUnknown
	}
	if m, ok := s.members[author]; ok && h.Epoch >= m.SpanFrom {
		if m.Silent {
			return VerdictIgnore
		}
		if h.Epoch == s.epoch {
			return VerdictAccept
		}
		return VerdictLate
	}
	if r, ok := s.pastAt(author, h.Epoch); ok && h.Ctr <= r.Cut.Ctr {
		return VerdictLate
	}
	return VerdictIgnore
}

// Known returns the peer with the ID id, if it is or was a member. It does not allocate, not even a peer.ID.
func (s State) Known(id []byte) (peer.ID, bool) {
	if m, ok := s.members[peer.ID(id)]; ok {
		return m.Peer, true
	}
	if past := s.past[peer.ID(id)]; len(past) > 0 {
		return past[0].Peer, true
	}
	return "", false
}

// MemberAt reports whether p was a member in epoch. It knows only the latest [MaxPast] ended memberships.
func (s State) MemberAt(p peer.ID, epoch uint64) bool {
	if m, ok := s.members[p]; ok && m.FromEpoch <= epoch && epoch <= s.epoch {
		return true
	}
	_, ok := s.pastAt(p, epoch)
	return ok
}

// Ended returns the span of p that epoch belongs to, if that span has ended. It does not allocate.
func (s State) Ended(p peer.ID, epoch uint64) (Removal, bool) {
	if m, ok := s.members[p]; ok && epoch >= m.SpanFrom {
		return Removal{}, false
	}
	return s.pastAt(p, epoch)
}

// pastAt returns the ended span of p that epoch belongs to. Spans are in order and do not overlap.
func (s State) pastAt(p peer.ID, epoch uint64) (Removal, bool) {
	past := s.past[p]
	i, _ := slices.BinarySearchFunc(past, epoch, func(r Removal, e uint64) int { return cmp.Compare(r.ToEpoch, e) })
	if i == len(past) || epoch < past[i].FromEpoch {
		return Removal{}, false
	}
	return past[i], true
}
