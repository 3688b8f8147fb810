package node

import (
	"bytes"
	"slices"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/protocol"
)

// The attacks of this file go by the room's gossip. They need a mallory and whatever network it is on; what they got
// is in its gains, and what the room took of them is for the driver to see.

// publishesOn says lines under every key it has, in the epoch of each and in the one since the removal.
func (m *mallory) publishesOn() {
	m.mu.Lock()
	keys := make(map[uint64]protocol.Key)
	for e, k := range m.keys {
		keys[e] = k
	}
	m.mu.Unlock()
	for e, k := range keys {
		m.spread(m.lines, m.seal(evil+" in an old epoch", e, k).Raw())
		m.spread(m.lines, m.seal(evil+" in the new epoch", m.removal.Epoch, k).Raw())
	}
}

// loot is all that mallory has seen: lines, records, its admission among them.
func (m *mallory) loot() (lines, records [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, raw := range m.heard {
		lines = append(lines, raw)
	}
	for _, r := range m.log {
		records = append(records, r.Bytes())
	}
	return lines, records
}

func (m *mallory) replays() {
	lines, records := m.loot()
	for _, raw := range lines {
		m.spread(m.lines, raw)
	}
	for _, raw := range records {
		m.spread(m.records, raw)
	}
}

// forgesAuthor puts others' names, headers and signatures together in the ways that there are.
func (m *mallory) forgesAuthor() {
	lines, _ := m.loot()
	for _, raw := range lines {
		msg := must(protocol.OpenMessage(m.room, raw))
		if msg.Author == m.host.ID() {
			continue
		}
		body := signedBody(messageDomain(m.room), raw)
		mine := must(must(m.key.Seal(&forged{messageDomain(m.room), body})).Marshal())
		m.spread(m.lines, mine) // another's line, signed by mallory
		theirs := slices.Clone(raw)
		theirs[len(theirs)-1] ^= 1
		m.spread(m.lines, theirs) // another's line, damaged
		epoch, key := m.latest()
		own := m.seal(evil+" under another's key", epoch, key).Raw()
		swapped := slices.Clone(own)
		copy(swapped[:len("\x0a\x24\x08\x01\x12\x20")+32], raw)
		m.spread(m.lines, swapped) // mallory's line, under another's public key
		next := msg.Header
		next.Ctr, next.Prev = msg.Ctr+1, msg.ID
		continued := must(protocol.SealMessage(next, protocol.Content{Kind: protocol.Say, Text: evil + " in another's chain", At: time.Now()}, key, m.host.ID(), m.key, random))
		m.spread(m.lines, continued.Raw())
	}
}

// forgesRecords signs what only the authority may: its own admission, another's removal, the end.
func (m *mallory) forgesRecords() {
	seq, head := m.at()
	from := m.removal
	if from == (Committed{}) { // a member
		from.Seq, from.Epoch = seq+1, m.state.Epoch()
	}
	for seq := from.Seq; seq <= from.Seq+1; seq++ {
		for _, b := range []protocol.Body{
			protocol.Admit{Peer: m.host.ID(), Nick: "mallory"},
			protocol.Close{Kind: protocol.Closed},
			protocol.Remove{Peer: m.nodes[1], Kind: protocol.Kicked},
			protocol.Rekey{},
		} {
			r := protocol.Record{
				Room: m.room, Seq: seq, Prev: head, Term: 1, Epoch: from.Epoch + 1, At: time.Now(), Author: m.host.ID(), Body: b,
			}
			if protocol.StartsEpoch(b) {
				r.KeyHash = protocol.CommitKey(r.Room, r.Epoch, protocol.Key{1})
			}
			m.spread(m.records, must(protocol.SignRecord(r, m.key)).Bytes())
			r.Author = m.owner // says so, and is not
			if _, err := protocol.SignRecord(r, m.key); err == nil {
				m.gained("the owner's signature")
			}
		}
	}
}

// graftsBare asks for the mesh and for the lines of those ids, without a word about topics.
func (m *mallory) graftsBare(ids []string) {
	topic := protocol.LinesTopic
	yes := true
	for _, p := range m.nodes {
		for _, rpc := range []*pb.RPC{
			{Control: &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}},
			{Subscriptions: []*pb.RPC_SubOpts{{Subscribe: &yes, Topicid: &topic}}},
			{Control: &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}},
			{Control: &pb.ControlMessage{Iwant: []*pb.ControlIWant{{MessageIDs: ids}}}},
			{Control: &pb.ControlMessage{Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: []string{"nothing"}}}}},
		} {
			_ = m.push(p, rpc) // to be refused is no failure of the attack
		}
	}
}

// lurks runs the room's gossip on a host that was never admitted, which has mallory's keys.
func (m *mallory) lurks() *mallory {
	twin := m.another()
	twin.enlist()
	return twin
}

// speaksBy says lines on the twin's host: the twin's own, and mallory's.
func (m *mallory) speaksBy(twin *mallory) {
	epoch, key := m.latest()
	twin.spread(twin.lines, twin.seal(evil+" by a stranger", epoch, key).Raw())
	twin.spread(twin.lines, m.seal(evil+" passed on by a stranger", epoch, key).Raw())
}

// overheard is what the twin was sent by those who do not know it.
func (m *mallory) overheard(twin *mallory) {
	lines, records := twin.loot()
	for _, raw := range lines {
		if a := must(protocol.OpenMessage(m.room, raw)).Author; a != twin.host.ID() && a != m.host.ID() {
			m.gained("a line of %s, sent to a stranger", a)
		}
	}
	if len(records) > 0 {
		m.gained("%d records, sent to a stranger", len(records))
	}
}

func (m *mallory) speaksFloodsub() {
	for _, p := range m.nodes {
		for _, id := range []libprotocol.ID{"/floodsub/1.0.0", "/meshsub/1.0.0", "/meshsub/1.1.0", "/meshsub/1.2.0", "/meshsub/1.3.0"} {
			if st, err := m.call(p, id); err == nil {
				st.Reset()
				m.gained("%s with %s", id, p)
			}
		}
	}
}

// floodsEpochs sends lines of epochs that nobody knows, some to all and all to one.
func (m *mallory) floodsEpochs(p peer.ID) {
	text := evil + string(bytes.Repeat([]byte("!"), 1<<10))
	for e := range uint64(maxEarly + 200) {
		raw := m.seal(text, m.removal.Epoch+1+e, protocol.Key{1}).Raw()
		_ = m.push(p, publication(protocol.LinesTopic, raw))
		if e < 50 {
			m.spread(m.lines, raw)
		}
	}
}
