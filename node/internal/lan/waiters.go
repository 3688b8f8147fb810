package lan

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Waiters tells goroutines that wait for a connection to a peer that there is one, whichever side has dialled: a dial of
// ours to where the peer was before would go on until its timeout. They meet at the mutex, and the one that reports.
type Waiters struct {
	mu      sync.Mutex
	waiting map[peer.ID]map[*func()]struct{}
}

func NewWaiters() *Waiters { return &Waiters{waiting: make(map[peer.ID]map[*func()]struct{})} }

// Wait has f called, which must not block, as soon as p is connected; once at most, and not after cancel has returned.
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
