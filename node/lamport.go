package node

import (
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A line's Lamport number is its author's claim. A line whose number is far ahead of all that is known here is placed where it
// arrived, and moves no clock: otherwise it would stay last for ever, below everything that is said later.

// A farLine is the last line that was too far ahead to be believed.
type farLine struct {
	author  peer.ID
	lamport uint64
}

// farAhead reports whether a line claims to follow more lines that are not here than there can be. Before a line of another
// author is here nothing is known. Two authors that agree are believed: then this node has missed that many lines.
func (r *room) farAhead(m protocol.Message) bool {
	if m.Author == r.l.n.self || !r.clocked || m.Lamport <= r.lamport+maxLamportAhead {
		return false
	}
	far := r.far
	near := max(far.lamport, m.Lamport)-min(far.lamport, m.Lamport) <= maxLamportAhead
	return far.author == "" || far.author == m.Author || !near
}

// placeInTime is where a line stands in place of its own clock; 0: that is right.
func (r *room) placeInTime(m protocol.Message) uint64 {
	switch {
	case r.farAhead(m):
		return r.lamport + 1
	case m.Lamport > r.lamport+maxLamportStep:
		return r.lamport + maxLamportStep
	}
	return 0
}

// keepUp moves our clock on to that of a line that has been taken.
func (r *room) keepUp(m protocol.Message) {
	if r.farAhead(m) {
		r.far = farLine{m.Author, m.Lamport}
		return
	}
	r.clocked = r.clocked || m.Author != r.l.n.self
	// No single line, however far ahead it claims to be, can use up everybody's numbers.
	r.lamport = max(r.lamport, min(m.Lamport, r.lamport+maxLamportStep))
}
