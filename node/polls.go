package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A polls has the polls that wait for news: the newest of each member. Only the loop uses it.
type polls struct {
	held        questions[heldPoll]
	receiptsDue map[peer.ID]bool // authors that have not been given their receipt; if it is lost, the author asks
}

// A heldPoll is a poll that waits for news. reply takes one answer; if it is closed without one, the stream is dropped.
type heldPoll struct {
	req   protocol.PollRequest
	since time.Time
	reply chan protocol.PollReply // has space for one; the loop closes it
}

func newPolls() polls {
	return polls{held: make(questions[heldPoll]), receiptsDue: make(map[peer.ID]bool)}
}

// stop drops all polls.
func (q *polls) stop() {
	for p, h := range q.held {
		q.held.drop(p, h)
	}
}

// of returns the poll of p, if there is one.
func (q *polls) of(p peer.ID) (protocol.PollRequest, bool) {
	h, held := q.held[p]
	return h.req, held
}

// A question waits for its one answer.
type question interface {
	answer() chan protocol.PollReply // has space for one; the loop closes it
}

func (h heldPoll) answer() chan protocol.PollReply { return h.reply }

// questions has the newest question of each peer that waits for its answer.
type questions[Q question] map[peer.ID]Q

// hold keeps h until there is an answer, in place of an older question of p.
func (q questions[Q]) hold(p peer.ID, h Q) {
	if old, ok := q[p]; ok && old.answer() != h.answer() {
		close(old.answer())
	}
	q[p] = h
}

func (q questions[Q]) reply(p peer.ID, h Q, a protocol.PollReply) {
	h.answer() <- a
	q.drop(p, h)
}

// drop closes h, and forgets it if it is the one held.
func (q questions[Q]) drop(p peer.ID, h Q) {
	if held, ok := q[p]; ok && held.answer() == h.answer() {
		delete(q, p)
	}
	close(h.answer())
}
