package hostile

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// AnswersSync answers every comparison with the result of answer. If that is nil, it sends nothing and keeps the stream.
func (m *Peer) AnswersSync(answer func(p peer.ID, q protocol.SyncRequest) *protocol.SyncReply) {
	m.Host.SetStreamHandler(protocol.SyncID, func(s network.Stream) {
		var q protocol.SyncRequest
		if protocol.ReadFrame(s, &q) != nil {
			_ = s.Reset()
			return
		}
		reply := answer(s.Conn().RemotePeer(), q)
		if reply == nil {
			return
		}
		defer s.Close()
		_ = protocol.WriteFrame(s, reply) // the node may have hung up
	})
}

// SaysNews makes p compare with m.
func (m *Peer) SaysNews(p peer.ID) {
	seq, head := m.at()
	q := protocol.SyncRequest{Room: m.Room, HaveSeq: seq, Head: head, News: true}
	var reply protocol.SyncReply
	_ = m.Ask(p, protocol.SyncID, &q, &reply) // only the question matters
}

// A KeyChoice is an attempt to choose the keys of a room.
type KeyChoice struct {
	// Epochs holds the epochs whose keys are chosen.
	Epochs []uint64
	// Key returns the key that a victim should take for that of an epoch.
	Key func(victim peer.ID, epoch uint64) protocol.Key
	// Way is how the line that proves a key is sent: gossip, pass or sync.
	Way string
	// KeyFirst is set if the key is sent before the line, and again after it.
	KeyFirst bool
	// Writer signs the lines; nil: m itself.
	Writer *Peer
}

// ChoosesKeys sends every victim keys of its own choice, and lines under them.
func (m *Peer) ChoosesKeys(c KeyChoice, victims ...peer.ID) {
	writer := m
	if c.Writer != nil {
		writer = c.Writer
	}
	seq, head := m.at()
	keys := make(map[peer.ID][]protocol.EpochKey)
	lines := make(map[peer.ID][][]byte)
	for _, p := range victims {
		for _, e := range c.Epochs {
			k := c.Key(p, e)
			m.chose(e, k)
			keys[p] = append(keys[p], protocol.EpochKey{Epoch: e, Key: k})
			lines[p] = append(lines[p], writer.sealedIn(Evil+" under a chosen key", e, k))
		}
	}
	m.AnswersSync(func(p peer.ID, q protocol.SyncRequest) *protocol.SyncReply {
		reply := &protocol.SyncReply{HaveSeq: seq, Head: head}
		for _, k := range keys[p] {
			if c.KeyFirst || slices.Contains(q.Keys, k.Epoch) {
				reply.Keys = append(reply.Keys, k)
			}
		}
		if c.Way == "sync" {
			reply.Lines = lines[p]
		}
		return reply
	})
	for _, p := range victims {
		if c.KeyFirst {
			m.SaysNews(p)
		}
		switch c.Way {
		case "gossip":
			_ = writer.Push(p, Publication(protocol.LinesTopic, lines[p]...))
		case "pass":
			for _, raw := range lines[p] {
				_ = writer.Ask(p, protocol.PassID, &protocol.PassRequest{Room: m.Room, Line: raw}, &protocol.PassReply{})
			}
		case "sync":
			m.SaysNews(p)
		default:
			panic("no such way: " + c.Way)
		}
	}
}

// choosesForEach chooses different keys of the next epochs for each node. If the nodes believed them, none would understand
// another.
func (m *Peer) choosesForEach() {
	c := KeyChoice{Way: "gossip", KeyFirst: true, Key: func(victim peer.ID, epoch uint64) protocol.Key {
		return sha256.Sum256(fmt.Append(nil, "chosen", victim, epoch))
	}}
	now, _ := m.Latest()
	for e := range uint64(8) {
		c.Epochs = append(c.Epochs, now+1+e)
	}
	m.ChoosesKeys(c, m.Nodes...)
	for range 3 {
		m.Pause(500 * time.Millisecond)
		m.Urges(m.Nodes...)
	}
}

// Urges makes victims compare with m once more.
func (m *Peer) Urges(victims ...peer.ID) {
	for _, p := range victims {
		m.SaysNews(p)
	}
}

// chose records a key that m has chosen.
func (m *Peer) chose(epoch uint64, k protocol.Key) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.chosen[k] = epoch
}

// Chose returns the epoch for which m has chosen a key.
func (m *Peer) Chose(k protocol.Key) (of uint64, ok bool) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	of, ok = m.chosen[k]
	return of, ok
}
