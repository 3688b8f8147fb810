package authority

import (
	"cmp"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Verdict is what the log says about a line: permission alone. Form and signature are verified before, duplicates
// and the key after.
type Verdict uint8

const (
	// VerdictIgnore: the line does not count. The peer that passed it on may be honest all the same.
	VerdictIgnore Verdict = iota
	// VerdictAccept: said by a member in the epoch in force.
	VerdictAccept
	// VerdictLate: said in an earlier epoch by a member of that epoch, and not past the cut-off.
	VerdictLate
	// VerdictUnknown: of an epoch that is not here yet. Keep the bytes and fetch records.
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

// Check says whether a line of author with header h counts. It does not allocate.
func (s State) Check(author peer.ID, h protocol.Header) Verdict {
	if s.closed || s.frozen || h.Room != s.room || s.head == nil {
		return VerdictIgnore
	}
	if h.Epoch > s.epoch {
		return VerdictUnknown
	}
	if m, ok := s.members[author]; ok && h.Epoch >= m.FromEpoch {
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

// Known finds a peer that is or was a member by the bytes of its ID, for which there need not be a peer.ID yet. It does
// not allocate.
func (s State) Known(id []byte) (peer.ID, bool) {
	if m, ok := s.members[peer.ID(id)]; ok {
		return m.Peer, true
	}
	if past := s.past[peer.ID(id)]; len(past) > 0 {
		return past[0].Peer, true
	}
	return "", false
}

// MemberAt reports whether p was a member in epoch. Of ended memberships the latest [MaxPast] are known.
func (s State) MemberAt(p peer.ID, epoch uint64) bool {
	if m, ok := s.members[p]; ok && m.FromEpoch <= epoch && epoch <= s.epoch {
		return true
	}
	_, ok := s.pastAt(p, epoch)
	return ok
}

// Ended is the membership of p that epoch belongs to, if that has ended. It does not allocate.
func (s State) Ended(p peer.ID, epoch uint64) (Removal, bool) {
	if m, ok := s.members[p]; ok && epoch >= m.FromEpoch {
		return Removal{}, false
	}
	return s.pastAt(p, epoch)
}

// pastAt finds the ended membership of p that epoch belongs to. They are in order and do not overlap.
func (s State) pastAt(p peer.ID, epoch uint64) (Removal, bool) {
	past := s.past[p]
	i, _ := slices.BinarySearchFunc(past, epoch, func(r Removal, e uint64) int { return cmp.Compare(r.ToEpoch, e) })
	if i == len(past) || epoch < past[i].FromEpoch {
		return Removal{}, false
	}
	return past[i], true
}
