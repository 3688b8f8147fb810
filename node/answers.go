package node

import (
	"context"
	"sync"

	"localchat/protocol"
)

// Answers to polls are small, but for those to a member that has only come, or comes back: the whole log, and where everybody
// is. A member can ask for these again and again, and read none. So it has a budget of bytes, which is the one for its
// comparisons as well, and what is on its way at once has places, of which an address has its share.

// large counts the large answers to polls that have been made and not read. The handlers of all streams meet in it.
type large struct {
	mu    sync.Mutex
	held  *places
	freed chan struct{} // closed, and made anew, when a place is free again
}

func newLarge() *large { return &large{held: newPlaces(answersInFlight), freed: make(chan struct{})} }

// take waits for a place for an answer to the visitor. It reports false if none is free in time.
func (l *large) take(ctx context.Context, who visitor) bool {
	ctx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	for {
		l.mu.Lock()
		ok, freed := l.held.take(who.from), l.freed
		l.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (l *large) release(who visitor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held.release(who.from)
	close(l.freed)
	l.freed = make(chan struct{})
}

// sizeOfPoll is about how many bytes an answer to a poll takes.
func sizeOfPoll(r *protocol.PollReply) int {
	size := len(r.Reason)
	if r.Member == nil {
		return size
	}
	for _, b := range r.Member.Records {
		size += len(b)
	}
	for _, p := range r.Member.Present {
		size += len(p.Peer)
		for _, a := range p.Addrs {
			size += len(a.Bytes())
		}
	}
	return size + len(r.Member.Keys)*len(protocol.Key{})
}
