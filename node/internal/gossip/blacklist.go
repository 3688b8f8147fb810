package gossip

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A blacklist is a pubsub.Blacklist that can remove a peer, and knows since when each one is on it; those of the library cannot.
// Pubsub's goroutines call Contains and Add, and the loop of node calls bar and unbar.
type blacklist struct {
	mu    sync.Mutex
	since map[peer.ID]time.Time
}

func newBlacklist() *blacklist { return &blacklist{since: make(map[peer.ID]time.Time)} }

// bar adds p.
func (b *blacklist) bar(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since[p] = time.Now()
}

// Add implements pubsub.Blacklist. It changes nothing, since pubsub calls it some time after it was told to blacklist p, when
// unbar may have removed p again: a node can hear of a removal and of the readmission in one step. See [Room.Bar].
func (b *blacklist) Add(p peer.ID) bool { return b.Contains(p) }

// Contains implements pubsub.Blacklist.
func (b *blacklist) Contains(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.since[p]
	return ok
}

// unbar removes p, and returns since when p was on it; zero if it was not.
func (b *blacklist) unbar(p peer.ID) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	since := b.since[p]
	delete(b.since, p)
	return since
}
