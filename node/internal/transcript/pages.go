package transcript

import (
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A pages says how far a member has got that has more to give than one answer holds. Our own heads do not say that, since some of
// the lines that it gives may not count here yet.
//
// A member that says "more" is asked for more as long as its pages bring something new. Pages that bring nothing new may be
// honest (lines of an ended membership count only when the last one is here). But then they are full, and there are at most as
// many as a full room needs. Meanwhile comparisons with other members go on in turn; see [Transcript.partner].
type pages struct {
	from peer.ID
	last map[peer.ID]uint64 // by author
	idle int                // pages in a row that brought nothing new
	full bool               // the last one was as large as an honest member makes it, and the next follows without a pause
}

// heads are ours, moved on to the next page of p's.
func (g *pages) heads(p peer.ID, ours []protocol.Head) []protocol.Head {
	if p != g.from {
		return ours
	}
	left, moved := maps.Clone(g.last), slices.Clone(ours)
	for i, h := range moved {
		if last, is := left[h.Author]; is {
			moved[i].Runs = withBelow(h.Runs, last)
			delete(left, h.Author)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(left)) {
		if len(moved) < protocol.MaxBatchItems {
			moved = append(moved, protocol.Head{Author: a, Runs: protocol.Runs{left[a]}})
		}
	}
	return moved
}

// turn takes in a page. What was not let in is asked for again, as long as there is something that is.
func (g *pages) turn(a *Answer, in func(protocol.Message) bool) {
	page := g
	if g.from != a.Peer {
		page = &pages{from: a.Peer, last: make(map[peer.ID]uint64)}
	}
	moved := slices.ContainsFunc(a.Lines, func(m protocol.Message) bool { return m.Ctr > page.last[m.Author] })
	progress := slices.ContainsFunc(a.Lines, func(m protocol.Message) bool { return in(m) && m.Ctr > page.last[m.Author] })
	for _, m := range a.Lines {
		if in(m) || !progress {
			page.last[m.Author] = max(page.last[m.Author], m.Ctr)
		}
	}
	page.idle++
	if a.Fresh {
		page.idle = 0
	}
	page.full = fullPage(a.Reply.Lines) || fullPage(a.Reply.Records)
	goesOn := a.Reply.More && (a.Fresh || moved && page.full && page.idle <= MaxIdlePages)
	switch {
	case !goesOn && g.from == a.Peer:
		*g = pages{}
	case goesOn && g.from == "":
		*g = *page
	}
}

// fullPage reports whether so many lines or records are what an honest member gives before it says that there are more.
func fullPage(raws [][]byte) bool {
	size := protocol.MaxMessage
	for _, raw := range raws {
		size += len(raw) + 8
	}
	return len(raws) == protocol.MaxBatchItems || size >= protocol.MaxBatch/2
}
