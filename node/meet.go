package node

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// meetings tells goroutines that wait for a connection to a peer that there is one, whoever has dialled: a dial of ours
// to where the peer was before would go on until its timeout. The mutex is where they and watchHost's goroutine meet.
type meetings struct {
	mu      sync.Mutex
	waiting map[peer.ID]map[*func()]struct{}
}

func newMeetings() *meetings { return &meetings{waiting: make(map[peer.ID]map[*func()]struct{})} }

// on has f called, which must not block, as soon as p is connected; once at most, and not after cancel has returned.
func (m *meetings) on(p peer.ID, f func()) (cancel func()) {
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

// met: p is connected.
func (m *meetings) met(p peer.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for f := range m.waiting[p] {
		(*f)()
	}
	delete(m.waiting, p)
}
