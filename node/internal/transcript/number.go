package transcript

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// numbers are those of our own lines, and our Lamport clock.
//
// A line's Lamport number is its author's claim. A line whose number is far ahead of all that is known here is placed where it
// arrived, and moves no clock: otherwise it would stay last for ever, below everything that is said later.
type numbers struct {
	ctr     uint64       // the last one used
	latest  protocol.Cut // the latest of our lines that is, or has been, here
	lamport uint64
	clocked bool // a line of somebody else has set it
	far     farLine
	// contested is up to which number a member has other lines as ours than we have, by its word.
	contested map[peer.ID]uint64
}

// A farLine is the last line that was too far ahead to be believed.
type farLine struct {
	author  peer.ID
	lamport uint64
}

// Used is the last number used of our lines, and Lamport our clock.
func (n *numbers) Used() uint64 { return n.ctr }

func (n *numbers) Lamport() uint64 { return n.lamport }

// SkipTo has our next line follow that number, if it is higher, and AdvanceTo does so with our clock.
func (n *numbers) SkipTo(ctr uint64) { n.ctr = max(n.ctr, ctr) }

func (n *numbers) AdvanceTo(lamport uint64) { n.lamport = max(n.lamport, lamport) }

// Next is the header of our next line.
func (t *Transcript) Next(epoch uint64) protocol.Header {
	return protocol.Header{Room: t.room, Epoch: epoch, Ctr: t.ctr + 1, Prev: t.latest.Hash, Lamport: t.lamport + 1}
}

// noteOwn takes note of a line of ours. Our next line names the latest one, one of an earlier life too: an unbroken chain is
// how the lines of a membership that has ended are known.
func (n *numbers) noteOwn(m protocol.Message) {
	n.ctr = max(n.ctr, m.Ctr) // a number that was used before this node's disk was put back is never used again
	if m.Ctr > n.latest.Ctr {
		n.latest = protocol.Cut{Ctr: m.Ctr, Hash: m.ID}
	}
}

// farAhead reports whether a line claims to follow more lines that are not here than there can be. Before a line of another
// author is here nothing is known. Two authors that agree are believed: then this node has missed that many lines.
func (n *numbers) farAhead(self peer.ID, m protocol.Message) bool {
	if m.Author == self || !n.clocked || m.Lamport <= n.lamport+maxLamportAhead {
		return false
	}
	near := max(n.far.lamport, m.Lamport)-min(n.far.lamport, m.Lamport) <= maxLamportAhead
	return n.far.author == "" || n.far.author == m.Author || !near
}

// placeInTime is where a line stands in place of its own clock; 0: that is right.
func (n *numbers) placeInTime(self peer.ID, m protocol.Message) uint64 {
	switch {
	case n.farAhead(self, m):
		return n.lamport + 1
	case m.Lamport > n.lamport+maxLamportStep:
		return n.lamport + maxLamportStep
	}
	return 0
}

// keepUp moves our clock on to that of a line that has been taken.
func (n *numbers) keepUp(self peer.ID, m protocol.Message) {
	if n.farAhead(self, m) {
		n.far = farLine{m.Author, m.Lamport}
		return
	}
	n.clocked = n.clocked || m.Author != self
	// No single line, however far ahead it claims to be, can use up everybody's numbers.
	n.lamport = max(n.lamport, min(m.Lamport, n.lamport+maxLamportStep))
}

// LastKnown learns the last of our lines that another node has. A number that this node has not used, or has used for
// another line, was used before this node's disk was put back: such a number is not used again.
//
// A word costs its giver nothing, and a member could say so of any line. So the authority alone is believed that a line of ours
// has a number that was taken. What another member says of its own lines here is then no proof that it has ours; a line of an
// earlier life is, when it comes (see takeLine).
func (t *Transcript) LastKnown(env Env, from peer.ID, last protocol.Cut) []Effect {
	if last.Ctr == 0 || last.Ctr > t.ctr+maxCtrStep {
		return nil
	}
	var at *Line
	for _, l := range slices.Backward(t.byAuthor[t.self]) {
		if l.Msg.Ctr <= last.Ctr {
			at = l
			break
		}
	}
	switch {
	case at != nil && at.Msg.Ctr == last.Ctr && at.Msg.ID == last.Hash:
		return nil
	case last.Ctr <= t.ctr && (at == nil || at.Msg.Ctr < last.Ctr):
		return nil // it has expired here, or it is from before our first line of this life
	}
	t.ctr = max(t.ctr, last.Ctr)
	if from == env.State.Authority() {
		t.numbersTaken(last.Ctr)
	} else {
		t.contested[from] = max(t.contested[from], last.Ctr)
	}
	return t.done()
}

// numbersTaken: the numbers up to that one were used before this node's disk was put back. A line that has taken one is not
// reported as delivered.
func (t *Transcript) numbersTaken(upTo uint64) {
	for _, l := range t.byAuthor[t.self] {
		if l.Msg.Ctr > upTo || l.Fetched || l.delivered || l.taken {
			continue
		}
		l.taken, l.warned = true, true
		if l.Shown() {
			t.emit(Undelivered{Line: l, Taken: true})
		}
	}
	t.awaitingReceipt = t.undelivered()
}
