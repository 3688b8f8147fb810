package transcript

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// What is here is told to others number by number, with each gap. So a line that is missing is asked for as long as a line
// above it is retained, of every member that heads are compared with, and costs two numbers each time; no line that is here is
// given again; and no word and no time decides that a line is lost.

// Runs are the lines of author that are here or too old to be wanted.
func (g *log) Runs(author peer.ID) protocol.Runs {
	last, up := g.floors[author], protocol.Runs{}
	for _, l := range g.byAuthor[author] {
		if l.Msg.Ctr != last+1 {
			up = append(up, last, l.Msg.Ctr)
		}
		last = l.Msg.Ctr
	}
	if up = append(up, last); up[0] == 0 {
		up = up[1:] // the lowest gap has no line below it
	}
	slices.Reverse(up)
	return up
}

// Receipt is what an author is told of its lines here. If there are too many gaps, its lowest lines are not in it.
func (g *log) Receipt(author peer.ID) protocol.Runs {
	runs := g.Runs(author)
	return runs[:min(len(runs), protocol.MaxRuns)]
}

// lowerPart is the lower part of runs, of n numbers at most: for what lies above, it says that nothing is here.
func lowerPart(runs protocol.Runs, n int) protocol.Runs {
	over := max(0, len(runs)-n)
	return runs[over+over%2:]
}

// withBelow is runs and all numbers up to ctr.
func withBelow(runs protocol.Runs, ctr uint64) protocol.Runs {
	n := 0
	for n < len(runs) && runs[n] > ctr+uint64(n%2) {
		n++
	}
	if n%2 == 1 {
		return runs[:n]
	}
	return append(runs[:n:n], ctr)
}

// Heads say which lines of every author are here. They are not the caller's to change. An author of which nothing has been
// retained for long is left out: lines of such an author that are still given are refused.
func (g *log) Heads() []protocol.Head {
	g.refresh()
	return g.known
}

// refresh makes known and exact, if something has changed.
func (g *log) refresh() {
	if g.known != nil {
		return
	}
	authors := make([]peer.ID, 0, len(g.raised)+len(g.byAuthor))
	for a := range g.byAuthor {
		authors = append(authors, a)
	}
	for a := range g.raised {
		if g.byAuthor[a] == nil {
			authors = append(authors, a)
		}
	}
	slices.Sort(authors)
	g.exact = len(authors) <= protocol.MaxBatchItems
	authors = authors[:min(len(authors), protocol.MaxBatchItems)]
	g.known = make([]protocol.Head, len(authors))
	numbers, gapped := 0, 0
	for i, a := range authors {
		g.known[i] = protocol.Head{Author: a, Runs: g.Runs(a)}
		if numbers += len(g.known[i].Runs); len(g.known[i].Runs) > 1 {
			gapped++
		}
	}
	if numbers <= maxRuns {
		return
	}
	// Each author with gaps gets the same share of the numbers. Its lines above those are given again.
	g.exact = false
	share := 1 + (maxRuns-len(authors))/gapped
	for i, h := range g.known {
		g.known[i].Runs = lowerPart(h.Runs, share)
	}
	g.known = slices.DeleteFunc(g.known, func(h protocol.Head) bool { return len(h.Runs) == 0 })
}

// missing returns the lines that the caller's heads do not name, each author's in order, up to a frame's worth, and whether
// there are more.
func (g *log) missing(heads []protocol.Head, allowed func(*Line) bool) (lines []*Line, more bool) {
	same := func(a, b protocol.Head) bool { return a.Author == b.Author && slices.Equal(a.Runs, b.Runs) }
	if g.refresh(); g.exact && slices.EqualFunc(heads, g.known, same) {
		return nil, false
	}
	have := make(map[peer.ID]protocol.Runs, len(heads))
	for _, h := range heads {
		have[h.Author] = h.Runs
	}
	authors := make([]peer.ID, 0, len(g.byAuthor))
	for a := range g.byAuthor {
		authors = append(authors, a)
	}
	slices.Sort(authors)
	size := 0
	for _, a := range authors {
		runs := have[a]
		for _, l := range g.byAuthor[a] {
			if runs.Has(l.Msg.Ctr) || !allowed(l) {
				continue
			}
			size += len(l.Msg.Raw()) + 8
			if size > protocol.MaxBatch/2 || len(lines) == protocol.MaxBatchItems {
				return lines, true
			}
			lines = append(lines, l)
		}
	}
	return lines, false
}
