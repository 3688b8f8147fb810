package render

import (
	"slices"
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// A removal is a removal (or a mute) in a room that we own and that some members have not confirmed.
type removal struct {
	node.RemovalProgress
	since time.Time // when it was first reported
	late  bool      // a line has named the members that have not confirmed it
}

// Removals tracks the removals from a room that we own. Beside the line about the removal itself, the owner sees something only if
// members have not confirmed it after RemovalPatience.
type Removals []removal

// Note records the progress of a removal. It returns a line if the removal was overdue and is now complete.
func (rs *Removals) Note(p node.RemovalProgress, now time.Time) []safe.Text {
	r := removal{since: now}
	if i := slices.IndexFunc(*rs, func(r removal) bool { return r.Peer == p.Peer && r.Kind == p.Kind }); i >= 0 {
		r = (*rs)[i]
		*rs = slices.Delete(*rs, i, i+1)
	}
	r.RemovalProgress = p
	if !EverybodyHas(p) {
		*rs = append(*rs, r)
		*rs = (*rs)[max(len(*rs)-maxRemovals, 0):]
		return nil
	}
	if r.late {
		return []safe.Text{progressText(p)}
	}
	return nil
}

// Unmuted forgets the mute of a peer. It is over, and nobody has to confirm it any more.
func (rs *Removals) Unmuted(p node.PeerID) {
	*rs = slices.DeleteFunc(*rs, func(r removal) bool { return r.Peer == p && r.Kind == node.KindMuted })
}

// Overdue returns a line for each removal that has become overdue, with the members that have not confirmed it.
func (rs Removals) Overdue(now time.Time) (lines []safe.Text) {
	for i := range rs {
		if r := &rs[i]; !r.late && now.Sub(r.since) >= RemovalPatience {
			r.late = true
			lines = append(lines, progressText(r.RemovalProgress))
		}
	}
	return lines
}

// EverybodyHas reports whether the removed peer was told and every member has applied the removal.
func EverybodyHas(p node.RemovalProgress) bool { return p.Told && p.Applied >= p.Total }
