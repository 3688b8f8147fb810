package gossip

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A blacklist is a pubsub.Blacklist from which a peer can be taken again, and that knows since when it is on it; the library's
// own cannot. The mutex is where pubsub's goroutines (Contains, Add) and the loop (bar, unbar) meet.
type blacklist struct {
	mu    sync.Mutex
	since map[peer.ID]time.Time
}

func newBlacklist() *blacklist { return &blacklist{since: make(map[peer.ID]time.Time)} }

// bar puts p on it, from now on.
func (b *blacklist) bar(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since[p] = time.Now()
}

// Add implements pubsub.Blacklist. Pubsub calls it some time after it was told to blacklist p, when p may have been
// taken from it again: a member can hear of a removal and of the readmission in one step. So it changes nothing; see [Room.Bar].
func (b *blacklist) Add(p peer.ID) bool { return b.Contains(p) }

// Contains implements pubsub.Blacklist.
func (b *blacklist) Contains(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.since[p]
	return ok
}

// unbar takes p from it, and returns since when p was on it; zero: it was not.
func (b *blacklist) unbar(p peer.ID) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	since := b.since[p]
	delete(b.since, p)
	return since
}
