package render

import (
	"slices"
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// A removal is one of a room of ours that not everybody is known to have heard of.
type removal struct {
	node.RemovalProgress
	since time.Time // its first news
	late  bool      // it was said who has not heard of it
}

// Removals follow those of a room, so that a person is told of them in a line: who it was, by whom and why. Beyond that
// only what is missing is said, after RemovalPatience.
type Removals []removal

// Note takes news of a removal in, and returns what is to be said of it: that all is well, where it was not.
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

// Overdue are those of which it is to be said now who has not heard of them.
func (rs Removals) Overdue(now time.Time) (lines []safe.Text) {
	for i := range rs {
		if r := &rs[i]; !r.late && now.Sub(r.since) >= RemovalPatience {
			r.late = true
			lines = append(lines, progressText(r.RemovalProgress))
		}
	}
	return lines
}

// EverybodyHas reports whether a removal is known everywhere.
func EverybodyHas(p node.RemovalProgress) bool { return p.Told && p.Applied >= p.Total }
