package hostile

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Capture is an attempt to make a node compare with m alone. It counts how often it was asked.
type Capture struct {
	mu    sync.Mutex
	asked map[peer.ID]int
}

// Asked returns how often a victim compared with the peers of c.
func (c *Capture) Asked(victim peer.ID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[victim]
}

// Captures are ways to answer a comparison so that the node compares again.
var Captures = map[string]func(m *Peer, turn int, q protocol.SyncRequest) *protocol.SyncReply{
	// It says each time that there is more, and sends nothing.
	"more and nothing": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, More: true}
	},
	// It has a log that is longer each time.
	"more records each time": func(_ *Peer, turn int, q protocol.SyncRequest) *protocol.SyncReply {
		return &protocol.SyncReply{HaveSeq: q.HaveSeq + uint64(turn), Head: protocol.Hash{1, byte(turn)}, More: true}
	},
	// Its receipt grows, and counts lines that were never said.
	"a receipt that grows": func(m *Peer, turn int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Receipt: protocol.Runs{uint64(1000 + turn)}, More: true}
	},
	// It sends the log that the node already has, again and again.
	"records known before": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		_, records := m.Loot()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Records: records, More: true}
	},
	// It sends one new line of its own each time: the slowest answer that never ends.
	"a line of its own each time": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Lines: [][]byte{m.sealed("one more")}, More: true}
	},
	// It sends a line that cannot be opened each time.
	"a line without a key each time": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Lines: [][]byte{m.sealedIn(Evil+" that waits", m.epoch()+1, protocol.Key{1})}, More: true}
	},
	// It does not answer.
	"no answer": func(*Peer, int, protocol.SyncRequest) *protocol.SyncReply { return nil },
	// It answers at the last moment.
	"an answer at the last moment": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		m.Pause(1900 * time.Millisecond)
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, More: true}
	},
}

// Captures answers each comparison in the named way, and announces news ten times a second, until the context of m ends.
func (m *Peer) Captures(way string, victim peer.ID) *Capture {
	c := &Capture{asked: make(map[peer.ID]int)}
	answer := Captures[way]
	m.AnswersSync(func(p peer.ID, q protocol.SyncRequest) *protocol.SyncReply {
		c.mu.Lock()
		c.asked[p]++
		turn := c.asked[p]
		c.mu.Unlock()
		return answer(m, turn, q)
	})
	go func() {
		for m.Ctx.Err() == nil {
			m.SaysNews(victim)
			m.Pause(100 * time.Millisecond)
		}
	}()
	return c
}
