package node

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// barred is a pubsub.Blacklist that can be lifted, and knows since when; the library's own cannot. The mutex is where
// pubsub's goroutines (Contains, Add) and the loop (lift) meet.
type barred struct {
	mu    sync.Mutex
	since map[peer.ID]time.Time
}

func newBarred() *barred { return &barred{since: make(map[peer.ID]time.Time)} }

// bar bars p from now on.
func (b *barred) bar(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since[p] = time.Now()
}

// Add implements pubsub.Blacklist. Pubsub calls it some time after it was told to blacklist p, when the bar may have been
// lifted again: a member can hear of a removal and of the readmission in one step. So it changes nothing; see [gossip.bar].
func (b *barred) Add(p peer.ID) bool { return b.Contains(p) }

// Contains implements pubsub.Blacklist.
func (b *barred) Contains(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.since[p]
	return ok
}

// lift returns since when p was barred; zero: it was not.
func (b *barred) lift(p peer.ID) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	since := b.since[p]
	delete(b.since, p)
	return since
}
