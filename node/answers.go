package node

import (
	"context"
	"sync"

	"localchat/protocol"
)

// Answers to polls are small, except those to a member that is new or comes back: they have the whole log, and the addresses of
// all members. A member could ask for them again and again without reading them. So it has a budget of bytes, which is also that
// of its comparisons, and the large answers under way at once are bounded, in all and for each address.

// large counts the large answers to polls that have been made and not read yet. The handlers of all streams use it.
type large struct {
	mu    sync.Mutex
	held  *places
	freed chan struct{} // closed, and made anew, when a place is free again
}

func newLarge() *large { return &large{held: newPlaces(answersInFlight), freed: make(chan struct{})} }

// take waits until one more answer to the visitor is allowed. It returns false if that takes too long.
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

// sizeOfPoll returns the approximate size of an answer to a poll, in bytes.
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
