package hostile

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Capture is an attempt to have a node compare with m alone. Its counts are how often it was asked.
type Capture struct {
	mu    sync.Mutex
	asked map[peer.ID]int
}

// Asked is how often victims compared with the peers of c, by victim.
func (c *Capture) Asked(victim peer.ID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[victim]
}

// Captures are the ways to answer a comparison so that the node comes again.
var Captures = map[string]func(m *Peer, turn int, q protocol.SyncRequest) *protocol.SyncReply{
	// There is more, each time, and nothing of it.
	"more and nothing": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, More: true}
	},
	// There is more of a log that is longer each time.
	"more records each time": func(_ *Peer, turn int, q protocol.SyncRequest) *protocol.SyncReply {
		return &protocol.SyncReply{HaveSeq: q.HaveSeq + uint64(turn), Head: protocol.Hash{1, byte(turn)}, More: true}
	},
	// A receipt that grows, for lines that were never said.
	"a receipt that grows": func(m *Peer, turn int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Receipt: protocol.Runs{uint64(1000 + turn)}, More: true}
	},
	// The log that the node has, again and again.
	"records known before": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		_, records := m.Loot()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Records: records, More: true}
	},
	// One line of its own each time, which is new: as slow as an answer can be without an end.
	"a line of its own each time": func(m *Peer, _ int, _ protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Lines: [][]byte{m.sealed("one more")}, More: true}
	},
	// A line that cannot be opened each time.
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

// Captures answers each comparison in the way of that name, and says ten times a second that there is news, until the
// context of m ends.
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
