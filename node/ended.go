package node

import (
	"cmp"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// The lines of a membership that has ended are those that the authority has, on every node: the cut-off alone would leave
// its author free to fill numbers below it, through a member that has not heard yet. A line of such a membership counts
// if it lies on the chain that leads down from the cut-off's hash, or if the authority itself hands it over; what was
// held before and is neither is in doubt until the authority has been asked.

// A doubt is an author whose lines here may be other than the authority's.
type doubt struct {
	ended     authority.Removal
	confirmed map[protocol.Hash]bool // by the authority
	upTo      uint64                 // the number up to which it has answered
}

// belongs reports whether a line of an ended membership is one of those that count. Of a membership that goes on, every
// line that passed the checks is.
func (r *room) belongs(a transcript.Opened) bool {
	ended, ok := r.current().Ended(a.Msg.Author, a.Msg.Epoch)
	return !ok || a.Vouched || r.onChain(ended, a.Msg.ID)
}

// A chain is what is known to lead down from the cut-off of an ended membership, along what each line says was before it.
// It only grows, so that each line is walked over once, however often it is asked for.
type chain struct {
	on   map[protocol.Hash]bool
	next protocol.Hash // on it too, and not here yet, or zero
}

// onChain reports whether a line is on the chain of a membership that has ended.
func (r *room) onChain(ended authority.Removal, id protocol.Hash) bool {
	c := r.chains[ended.Removal]
	if c == nil {
		c = &chain{on: make(map[protocol.Hash]bool), next: ended.Cut.Hash}
		r.chains[ended.Removal] = c
	}
	for l := r.log.Get(c.next); l != nil && !c.on[c.next]; l = r.log.Get(c.next) {
		c.on[c.next] = true
		c.next = l.Msg.Prev
	}
	return c.on[id] || id == c.next && !id.IsZero()
}

// sweepChains forgets the chains of lines that are here no more.
func (r *room) sweepChains() {
	for removal, c := range r.chains {
		here := false
		for id := range c.on {
			if here = r.log.Get(id) != nil; here {
				break
			}
		}
		if !here {
			delete(r.chains, removal)
		}
	}
}

// provable puts those of ms that belong to ended memberships last, the latest first: what a line says was before it shows
// that the next one counts.
func (r *room) provable(ms []protocol.Message) []protocol.Message {
	var live, ended []protocol.Message
	for _, m := range ms {
		if _, is := r.current().Ended(m.Author, m.Epoch); is {
			ended = append(ended, m)
		} else {
			live = append(live, m)
		}
	}
	slices.SortFunc(ended, func(a, b protocol.Message) int { return cmp.Compare(b.Ctr, a.Ctr) })
	return append(live, ended...)
}

// doubtLines looks at what is held of a membership that has just ended. The authority has nobody to ask: what it holds is
// what counts.
func (r *room) doubtLines(p peer.ID) {
	ended, ok := r.current().Removed(p)
	if !ok || r.owner() || r.current().Policy().History == protocol.HistoryNone {
		return
	}
	for _, l := range r.log.Of(p) {
		if of, ok := r.current().Ended(p, l.Msg.Epoch); ok && of.Removal == ended.Removal && !r.onChain(ended, l.Msg.ID) {
			r.doubts[p] = &doubt{ended: ended, confirmed: make(map[protocol.Hash]bool)}
			r.syncSoon(0)
			return
		}
	}
}

// askDoubts makes req ask the authority for all lines of the authors in doubt, and says from which number on.
func (r *room) askDoubts(p peer.ID, req *protocol.SyncRequest) map[peer.ID]uint64 {
	if p != r.authority() || len(r.doubts) == 0 {
		return nil
	}
	req.Heads = slices.DeleteFunc(req.Heads, func(h protocol.Head) bool { return r.doubts[h.Author] != nil })
	asked := make(map[peer.ID]uint64, len(r.doubts))
	for author, d := range r.doubts {
		asked[author] = d.upTo
		if d.upTo > 0 {
			req.Heads = append(req.Heads, protocol.Head{Author: author, Ctr: d.upTo})
		}
	}
	return asked
}

// settleDoubts takes the authority's answer: what it has of an ended membership stays, the rest is hidden.
func (r *room) settleDoubts(asked map[peer.ID]uint64, lines []protocol.Message, more bool) {
	for p, from := range asked {
		d := r.doubts[p]
		if d == nil || d.upTo != from {
			continue
		}
		for _, m := range lines {
			if m.Author == p {
				d.confirmed[m.ID] = true
				d.upTo = max(d.upTo, m.Ctr)
			}
		}
		if more {
			continue
		}
		delete(r.doubts, p)
		ids := r.log.Hide(p, func(l *transcript.Line) bool {
			of, ok := r.current().Ended(p, l.Msg.Epoch)
			return !ok || of.Removal != d.ended.Removal || d.confirmed[l.Msg.ID] || r.onChain(d.ended, l.Msg.ID)
		})
		if len(ids) > 0 {
			r.l.emit(r, Hidden{Peer: p, Nick: r.nickOf(p), IDs: ids})
		}
	}
}
