package hostile

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// The attacks in this file are those of a member that may not say what it says: it is muted, or has no voice, or does not wait in a slow
// room. It has the keys of the room, and may have them.

// SpeaksAllWays says a text under each of its latest keys, in the epoch of the key and in that in force: by gossip, by bare RPCs, by nodes
// that are asked to pass it on, and to nodes that compare with m.
func (m *Peer) SpeaksAllWays(text string) {
	now, _ := m.Latest()
	for e := now; e > 0 && e+3 > now; e-- {
		m.Mu.Lock()
		key, known := m.Keys[e]
		m.Mu.Unlock()
		if known {
			m.speaks(m.Seal(text, e, key).Raw(), m.Seal(text, now, key).Raw())
		}
	}
}

// SpeaksAgain says a text in all ways under the newest key.
func (m *Peer) SpeaksAgain(text string) {
	m.speaks(m.sealed(text))
}

func (m *Peer) speaks(raws ...[]byte) {
	m.Mu.Lock()
	m.handed = append(m.handed, raws...)
	handed := slices.Clone(m.handed)
	m.Mu.Unlock()
	for _, raw := range raws {
		m.spread(m.Lines, raw)
		for _, p := range m.Nodes {
			for _, to := range [][]peer.ID{nil, m.Nodes} {
				_ = m.Ask(p, protocol.PassID, &protocol.PassRequest{Room: m.Room, Line: raw, To: to}, &protocol.PassReply{}) // a refusal is expected
			}
		}
	}
	m.AnswersSync(func(peer.ID, protocol.SyncRequest) *protocol.SyncReply {
		seq, head := m.at()
		return &protocol.SyncReply{HaveSeq: seq, Head: head, Lines: handed}
	})
	m.Urges(m.Nodes...)
}

// LiftsSilence signs the records that would let m talk, as if m were the authority, and as if the owner had signed them.
func (m *Peer) LiftsSilence() {
	seq, head := m.at()
	policy := m.State.Policy()
	policy.VoicedOnly, policy.Slow = false, 0
	for _, b := range []protocol.Body{
		protocol.Unmute{Peer: m.Host.ID()}, protocol.Voice{Peer: m.Host.ID()}, protocol.SetPolicy{Policy: policy, NewEpoch: true},
	} {
		r := m.recordOf(b, seq+1, head, m.epoch()+1)
		raw := must(protocol.SignRecord(r, m.Key)).Bytes()
		m.spread(m.records, raw)
		for _, p := range m.Nodes {
			_ = m.Ask(p, protocol.PassID, &protocol.PassRequest{Room: m.Room, Record: raw, To: m.Nodes}, &protocol.PassReply{})
		}
		r.Author = m.Owner
		if _, err := protocol.SignRecord(r, m.Key); err == nil {
			m.gained("the owner's signature")
		}
	}
}

// LinesOf returns how many lines of p m has heard of an epoch or a later one.
func (m *Peer) LinesOf(p peer.ID, epoch uint64) (n int) {
	lines, _ := m.Loot()
	for _, raw := range lines {
		if msg := must(protocol.OpenMessage(m.Room, raw)); msg.Author == p && msg.Epoch >= epoch {
			n++
		}
	}
	return n
}
