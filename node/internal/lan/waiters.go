package lan

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Waiters tells the goroutines that wait for a connection to a peer when there is one, whichever side has dialled. Without it, a
// dial of ours to an old address of the peer would go on until its timeout. Its methods may be called from any goroutine.
type Waiters struct {
	mu      sync.Mutex
	waiting map[peer.ID]map[*func()]struct{}
}

func NewWaiters() *Waiters { return &Waiters{waiting: make(map[peer.ID]map[*func()]struct{})} }

// Wait has f called as soon as p is connected: at most once, and not after cancel has returned. f must not block.
func (m *Waiters) Wait(p peer.ID, f func()) (cancel func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[p] == nil {
		m.waiting[p] = make(map[*func()]struct{})
	}
	m.waiting[p][&f] = struct{}{}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.waiting[p], &f)
		if len(m.waiting[p]) == 0 {
			delete(m.waiting, p)
		}
	}
}

// Connected calls those that wait for p.
func (m *Waiters) Connected(p peer.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for f := range m.waiting[p] {
		(*f)()
	}
	delete(m.waiting, p)
}
