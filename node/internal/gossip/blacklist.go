package gossip

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A blacklist is a pubsub.Blacklist from which a peer can be taken again, and that knows since when it is on it; the library's
// own cannot. The mutex is where pubsub's goroutines (Contains, Add) and the loop (ban, unban) meet.
type blacklist struct {
	mu    sync.Mutex
	since map[peer.ID]time.Time
}

func newBlacklist() *blacklist { return &blacklist{since: make(map[peer.ID]time.Time)} }

// ban puts p on it, from now on.
func (b *blacklist) ban(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since[p] = time.Now()
}

// Add implements pubsub.Blacklist. Pubsub calls it some time after it was told to blacklist p, when the ban may have been
// lifted again: a member can hear of a removal and of the readmission in one step. So it changes nothing; see [Room.Ban].
func (b *blacklist) Add(p peer.ID) bool { return b.Contains(p) }

// Contains implements pubsub.Blacklist.
func (b *blacklist) Contains(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.since[p]
	return ok
}

// unban takes p from it, and returns since when p was on it; zero: it was not.
func (b *blacklist) unban(p peer.ID) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	since := b.since[p]
	delete(b.since, p)
	return since
}
