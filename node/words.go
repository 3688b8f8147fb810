package node

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A wordBook keeps the words of peers, since to compute them takes a millisecond or two, on purpose. The goroutines that serve
// and ask other peers compute the words of strangers before they post an event, so that a flood of strangers does not delay the
// loop. Its methods may be called from any goroutine.
type wordBook struct {
	mu    sync.Mutex
	words map[peer.ID]string
}

func newWordBook() *wordBook { return &wordBook{words: make(map[peer.ID]string)} }

// of returns the words of p.
func (b *wordBook) of(p peer.ID) string {
	b.mu.Lock()
	w, ok := b.words[p]
	b.mu.Unlock()
	if ok {
		return w
	}
	w = protocol.Words(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.words) >= maxWords {
		for old := range b.words { // any: a flood of strangers does not choose which
			delete(b.words, old)
			break
		}
	}
	b.words[p] = w
	return w
}
