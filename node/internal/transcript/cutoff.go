package transcript

import (
	"cmp"
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// Of a membership that has ended, those lines count, at every node, that the authority has. With the cut-off's number alone, the
// author could still fill lower numbers, through a member that has not heard of the end. So a line of such a membership counts if
// it is on the chain that leads down from the cut-off's hash, or if the authority itself hands it over. Any other line that is
// here is in doubt until the authority has been asked.

// A cutoff has what is known of the lines of ended memberships.
type cutoff struct {
	chains map[ending]*chain
	doubts map[peer.ID]*doubt // until the authority has been asked
	// unasked is set if a membership has ended since the last comparison with the authority.
	unasked bool
}

func newCutoff() cutoff {
	return cutoff{chains: make(map[ending]*chain), doubts: make(map[peer.ID]*doubt)}
}

// An ending is of one peer, by one record.
type ending struct {
	peer   peer.ID
	record uint64
}

// A doubt is an author whose lines here may differ from the authority's.
type doubt struct {
	ended     authority.Removal
	confirmed map[protocol.Hash]bool // by the authority
	upTo      uint64                 // the number up to which it has answered
}

// A chain has the lines that are known to lead down from the cut-off of an ended membership, each being the one that the line
// above names. It only grows, so that each line is looked at once, however often the chain is asked for.
type chain struct {
	on   map[protocol.Hash]bool
	next protocol.Hash // on it too, and not here yet, or zero
}

// InDoubt reports whether the authority still has to be asked which lines of an ended membership count.
func (t *Transcript) InDoubt() bool { return len(t.cutoff.doubts) > 0 || t.cutoff.unasked }

// countsAfterRemoval reports whether a line of an ended membership is one of those that count. Of a membership that goes on,
// every line that passed the checks is.
func (t *Transcript) countsAfterRemoval(env *Env, o Opened) bool {
	ended, ok := env.State.Ended(o.Msg.Author, o.Msg.Epoch)
	return !ok || o.Vouched || t.onChain(ended, o.Msg.ID)
}

// onChain reports whether a line is on the chain of a membership that has ended.
func (t *Transcript) onChain(ended authority.Removal, id protocol.Hash) bool {
	of := ending{ended.Peer, ended.Removal}
	c := t.cutoff.chains[of]
	if c == nil {
		c = &chain{on: make(map[protocol.Hash]bool), next: ended.Cut.Hash}
		t.cutoff.chains[of] = c
	}
	for l := t.byID[c.next]; l != nil && !c.on[c.next]; l = t.byID[c.next] {
		c.on[c.next] = true
		c.next = l.Msg.Prev
	}
	return c.on[id] || id == c.next && !id.IsZero()
}

// sweep forgets the chains of lines that are no longer here.
func (c *cutoff) sweep(g *log) {
	maps.DeleteFunc(c.chains, func(_ ending, c *chain) bool {
		for id := range c.on {
			if g.byID[id] != nil {
				return false
			}
		}
		return true
	})
}

// InProofOrder sorts ms so that those of ended memberships are last, the latest first: each names the one before it, and so shows
// that that one counts.
func (t *Transcript) InProofOrder(st authority.State, ms []protocol.Message) []protocol.Message {
	return inProofOrder(st, ms)
}

func inProofOrder(st authority.State, ms []protocol.Message) []protocol.Message {
	var live, ended []protocol.Message
	for _, m := range ms {
		if _, is := st.Ended(m.Author, m.Epoch); is {
			ended = append(ended, m)
		} else {
			live = append(live, m)
		}
	}
	slices.SortFunc(ended, func(a, b protocol.Message) int { return cmp.Compare(b.Ctr, a.Ctr) })
	return append(live, ended...)
}

// doubtLines checks the lines of a membership that has just ended. At the authority there is no doubt: the lines that it has are
// those that count.
func (t *Transcript) doubtLines(env *Env, p peer.ID) {
	ended, ok := env.State.Silenced(p)
	if !ok || t.owns(env) || env.State.Policy().History == protocol.HistoryNone {
		return
	}
	for _, l := range t.byAuthor[p] {
		if of, ok := env.State.Ended(p, l.Msg.Epoch); ok && of.Removal == ended.Removal && !t.onChain(ended, l.Msg.ID) {
			t.cutoff.doubts[p] = &doubt{ended: ended, confirmed: make(map[protocol.Hash]bool)}
			t.compareSoon(env, 0)
			return
		}
	}
}

// askDoubts makes req ask the authority for all lines of the authors in doubt, and says from which number on.
func (t *Transcript) askDoubts(env *Env, p peer.ID, req *protocol.SyncRequest) map[peer.ID]uint64 {
	doubts := t.cutoff.doubts
	if p != env.State.Authority() || len(doubts) == 0 {
		return nil
	}
	req.Heads = slices.DeleteFunc(slices.Clone(req.Heads), func(h protocol.Head) bool { return doubts[h.Author] != nil })
	asked := make(map[peer.ID]uint64, len(doubts))
	for _, author := range slices.Sorted(maps.Keys(doubts)) {
		d := doubts[author]
		asked[author] = d.upTo
		if d.upTo > 0 {
			req.Heads = append(req.Heads, protocol.Head{Author: author, Runs: protocol.Runs{d.upTo}})
		}
	}
	return asked
}

// settleDoubts takes the authority's answer: the lines that it has of an ended membership stay, and the others are hidden.
func (t *Transcript) settleDoubts(env *Env, asked map[peer.ID]uint64, lines []protocol.Message, more bool) {
	for _, p := range slices.Sorted(maps.Keys(asked)) {
		d := t.cutoff.doubts[p]
		if d == nil || d.upTo != asked[p] {
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
		delete(t.cutoff.doubts, p)
		t.hideLines(env, p, func(l *Line) bool {
			of, ok := env.State.Ended(p, l.Msg.Epoch)
			return !ok || of.Removal != d.ended.Removal || d.confirmed[l.Msg.ID] || t.onChain(d.ended, l.Msg.ID)
		})
	}
}
