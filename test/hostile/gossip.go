package hostile

import (
	"bytes"
	"crypto/rand"
	"slices"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/protocol"
)

// The attacks in this file use the room's gossip. They work on any network. Their gains are in Peer.Gains; the test checks what the
// room has accepted.

// PublishesOn says lines under every key that it has, in the epoch of the key and in the epoch since the removal.
func (m *Peer) PublishesOn() {
	m.Mu.Lock()
	keys := make(map[uint64]protocol.Key)
	for e, k := range m.Keys {
		keys[e] = k
	}
	m.Mu.Unlock()
	for e, k := range keys {
		m.spread(m.Lines, m.Seal(Evil+" in an old epoch", e, k).Raw())
		m.spread(m.Lines, m.Seal(Evil+" in the new epoch", m.Removal.Epoch, k).Raw())
	}
}

// Loot returns all lines and records that mallory has received, including its admission.
func (m *Peer) Loot() (lines, records [][]byte) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, raw := range m.Heard {
		lines = append(lines, raw)
	}
	for _, r := range m.log {
		records = append(records, r.Bytes())
	}
	return lines, records
}

func (m *Peer) Replays() {
	lines, records := m.Loot()
	for _, raw := range lines {
		m.spread(m.Lines, raw)
	}
	for _, raw := range records {
		m.spread(m.records, raw)
	}
}

// ForgesAuthor combines its own and others' names, headers and signatures in every way.
func (m *Peer) ForgesAuthor() {
	lines, _ := m.Loot()
	for _, raw := range lines {
		msg := must(protocol.OpenMessage(m.Room, raw))
		if msg.Author == m.Host.ID() {
			continue
		}
		body := SignedBody(MessageDomain(m.Room), raw)
		mine := Forge(m.Key, MessageDomain(m.Room), body)
		m.spread(m.Lines, mine) // another's line, signed by mallory
		theirs := slices.Clone(raw)
		theirs[len(theirs)-1] ^= 1
		m.spread(m.Lines, theirs) // another's line, damaged
		epoch, key := m.Latest()
		own := m.Seal(Evil+" under another's key", epoch, key).Raw()
		swapped := slices.Clone(own)
		copy(swapped[:len("\x0a\x24\x08\x01\x12\x20")+32], raw)
		m.spread(m.Lines, swapped) // mallory's line, under another's public key
		next := msg.Header
		next.Ctr, next.Prev = msg.Ctr+1, msg.ID
		continued := must(protocol.SealMessage(next, protocol.Content{Kind: protocol.Say, Text: Evil + " in another's chain", At: time.Now()}, key, m.Host.ID(), m.Key, rand.Reader))
		m.spread(m.Lines, continued.Raw())
	}
}

// ForgesRecords signs records that only the authority may sign: its own admission, the removal of a member, the end of the room.
func (m *Peer) ForgesRecords() {
	seq, head := m.at()
	from := m.Removal
	if from == (Committed{}) { // still a member
		from.Seq, from.Epoch = seq+1, m.State.Epoch()
	}
	for seq := from.Seq; seq <= from.Seq+1; seq++ {
		for _, b := range []protocol.Body{
			protocol.Admit{Peer: m.Host.ID(), Nick: "mallory"},
			protocol.Close{Kind: protocol.Closed},
			protocol.Remove{Peer: m.Nodes[1], Kind: protocol.Kicked},
			protocol.Rekey{},
			protocol.SetNick{Peer: m.Host.ID(), Nick: "trusty"},
		} {
			r := m.recordOf(b, seq, head, from.Epoch+1)
			m.spread(m.records, must(protocol.SignRecord(r, m.Key)).Bytes())
			r.Author = m.Owner // a false claim
			if _, err := protocol.SignRecord(r, m.Key); err == nil {
				m.gained("the owner's signature")
			}
		}
	}
}

// recordOf is a record of m's own, with a key of its own if it starts an epoch; if it starts none, it is of the epoch before.
func (m *Peer) recordOf(b protocol.Body, seq uint64, head protocol.Hash, epoch uint64) protocol.Record {
	r := protocol.Record{Room: m.Room, Seq: seq, Prev: head, Term: 1, Epoch: epoch, At: time.Now(), Author: m.Host.ID(), Body: b}
	if protocol.StartsEpoch(b) {
		r.KeyHash = protocol.CommitKey(r.Room, r.Epoch, protocol.Key{1})
	} else {
		r.Epoch--
	}
	return r
}

// GraftsBare asks to join the mesh, and for the lines with those ids, without subscribing to a topic.
func (m *Peer) GraftsBare(ids []string) {
	topic := protocol.LinesTopic
	yes := true
	for _, p := range m.Nodes {
		for _, rpc := range []*pb.RPC{
			{Control: &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}},
			{Subscriptions: []*pb.RPC_SubOpts{{Subscribe: &yes, Topicid: &topic}}},
			{Control: &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}},
			{Control: &pb.ControlMessage{Iwant: []*pb.ControlIWant{{MessageIDs: ids}}}},
			{Control: &pb.ControlMessage{Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: []string{"nothing"}}}}},
		} {
			_ = m.Push(p, rpc) // a refusal is not a failure of the attack
		}
	}
}

// Lurks runs the room's gossip on a host that was never admitted and has mallory's keys.
func (m *Peer) Lurks() *Peer {
	twin := m.Another()
	twin.Enlist()
	return twin
}

// SpeaksBy says lines of the twin and of mallory from the twin's host.
func (m *Peer) SpeaksBy(twin *Peer) {
	epoch, key := m.Latest()
	twin.spread(twin.Lines, twin.Seal(Evil+" by a stranger", epoch, key).Raw())
	twin.spread(twin.Lines, m.Seal(Evil+" passed on by a stranger", epoch, key).Raw())
}

// Overheard checks which lines the twin has received from peers that do not know it.
func (m *Peer) Overheard(twin *Peer) {
	lines, records := twin.Loot()
	for _, raw := range lines {
		if a := must(protocol.OpenMessage(m.Room, raw)).Author; a != twin.Host.ID() && a != m.Host.ID() {
			m.gained("a line of %s, sent to a stranger", a)
		}
	}
	if len(records) > 0 {
		m.gained("%d records, sent to a stranger", len(records))
	}
}

func (m *Peer) SpeaksFloodsub() {
	for _, p := range m.Nodes {
		for _, id := range []libprotocol.ID{"/floodsub/1.0.0", "/meshsub/1.0.0", "/meshsub/1.1.0", "/meshsub/1.2.0", "/meshsub/1.3.0"} {
			if st, err := m.Call(p, id); err == nil {
				st.Reset()
				m.gained("%s with %s", id, p)
			}
		}
	}
}

// FloodsEpochs sends lines of unknown epochs: some to all nodes, and all to one.
func (m *Peer) FloodsEpochs(p peer.ID) {
	text := Evil + string(bytes.Repeat([]byte("!"), 1<<10))
	for e := range uint64(earlyLines) {
		raw := m.Seal(text, m.Removal.Epoch+1+e, protocol.Key{1}).Raw()
		_ = m.Push(p, Publication(protocol.LinesTopic, raw))
		if e < 50 {
			m.spread(m.Lines, raw)
		}
	}
}
