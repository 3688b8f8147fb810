package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A polls has the polls that wait for news: the newest of each member. Only the loop uses it.
type polls struct {
	held        map[peer.ID]heldPoll
	receiptsDue map[peer.ID]bool // authors that have not been given their receipt; if it is lost, the author asks
}

// A heldPoll is a poll that waits for news. reply takes one answer; if it is closed without one, the stream is dropped.
type heldPoll struct {
	req   protocol.PollRequest
	since time.Time
	reply chan protocol.PollReply // has space for one; the loop closes it
}

func newPolls() polls {
	return polls{held: make(map[peer.ID]heldPoll), receiptsDue: make(map[peer.ID]bool)}
}

// stop drops all polls.
func (q *polls) stop() {
	for p, h := range q.held {
		q.drop(p, h)
	}
}

// of returns the poll of p, if there is one.
func (q *polls) of(p peer.ID) (protocol.PollRequest, bool) {
	h, held := q.held[p]
	return h.req, held
}

// hold keeps h until there is news, in place of an older poll of p.
func (q *polls) hold(p peer.ID, h heldPoll) {
	if old, ok := q.held[p]; ok && old.reply != h.reply {
		close(old.reply)
	}
	q.held[p] = h
}

func (q *polls) reply(p peer.ID, h heldPoll, a protocol.PollReply) {
	h.reply <- a
	q.drop(p, h)
}

// drop closes h, and forgets it if it is the one held.
func (q *polls) drop(p peer.ID, h heldPoll) {
	if q.held[p].reply == h.reply {
		delete(q.held, p)
	}
	close(h.reply)
}
