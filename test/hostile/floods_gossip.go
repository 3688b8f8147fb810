package hostile

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"localchat/protocol"
)

// pour writes RPCs to each node as fast as the node reads them, on one stream of the room's gossip.
func pour(next func(*Peer) *pb.RPC) func(*Peer, *Tally) {
	return func(m *Peer, t *Tally) {
		m.againstAll(t, func(p peer.ID) error {
			s, err := m.unhurried(p, protocol.GossipID(m.Room))
			if err != nil {
				return err
			}
			defer s.Reset()
			t.Add("streams", 1)
			for m.Ctx.Err() == nil {
				rpc := next(m)
				if err := s.SetWriteDeadline(time.Now().Add(patience)); err != nil {
					return err
				}
				if _, err := s.Write(delimited(rpc)); err != nil {
					return err
				}
				t.Add("RPCs", 1)
				t.Add("publications", len(rpc.Publish))
			}
			return nil
		})
	}
}

func delimited(m proto.Message) []byte {
	body := must(proto.Marshal(m))
	return append(varint(uint64(len(body))), body...)
}

func varint(n uint64) []byte { return binary.AppendUvarint(nil, n) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	must(rand.Read(b))
	return b
}

// garbage returns publications of 8 random bytes.
func garbage(topic string) func(*Peer) *pb.RPC {
	return func(*Peer) *pb.RPC {
		raws := make([][]byte, 500)
		for i := range raws {
			raws[i] = randomBytes(8)
		}
		return Publication(topic, raws...)
	}
}

// bulk returns a publication as large as a line may be.
func bulk(*Peer) *pb.RPC { return Publication(protocol.LinesTopic, randomBytes(protocol.MaxMessage)) }

// futureLine returns lines of future epochs, with valid signatures.
func (m *Peer) futureLine() *pb.RPC {
	var raws [][]byte
	now := m.epoch()
	for i := range uint64(20) {
		raws = append(raws, m.sealedIn(Evil+" of the future", now+1+i*i, protocol.Key{1}))
	}
	return Publication(protocol.LinesTopic, raws...)
}

// aLine returns valid lines.
func (m *Peer) aLine() *pb.RPC {
	var raws [][]byte
	for range 20 {
		raws = append(raws, m.sealed("and another thing"))
	}
	return Publication(protocol.LinesTopic, raws...)
}

// forgedRecord returns records that m may not sign: with its own signature, damaged, and with the owner's key.
func (m *Peer) forgedRecord() *pb.RPC {
	seq, head := m.at()
	_, records := m.Loot()
	var raws [][]byte
	for i := range uint64(10) {
		nick := fmt.Sprintf("m%x", randomBytes(4))
		r := protocol.Record{
			Room: m.Room, Seq: seq + 1 + i, Prev: head, Term: 1, Epoch: m.epoch() + 1 + i, At: time.Now(), Author: m.Host.ID(),
			Body: protocol.Admit{Peer: m.Host.ID(), Nick: nick},
		}
		r.KeyHash = protocol.CommitKey(r.Room, r.Epoch, protocol.Key{1})
		own := must(protocol.SignRecord(r, m.Key)).Bytes()
		damaged := append([]byte(nil), own...)
		damaged[len(damaged)-1] ^= 1
		raws = append(raws, own, damaged)
		if len(records) > 0 {
			owners := append([]byte(nil), own...)
			copy(owners[:publicKeyEnd], records[0])
			raws = append(raws, owners)
		}
	}
	return Publication(protocol.RecordsTopic, raws...)
}

// publicKeyEnd is the length, in bytes, of the public key at the beginning of an envelope.
const publicKeyEnd = len("\x0a\x24\x08\x01\x12\x20") + 32

func someIDs() []string {
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = string(randomBytes(32))
	}
	return ids
}

func control(c *pb.ControlMessage) *pb.RPC { return &pb.RPC{Control: c} }

func ihave(*Peer) *pb.RPC {
	topic := protocol.LinesTopic
	return control(&pb.ControlMessage{Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: someIDs()}}})
}

func iwant(*Peer) *pb.RPC {
	return control(&pb.ControlMessage{Iwant: []*pb.ControlIWant{{MessageIDs: someIDs()}}})
}

func idontwant(*Peer) *pb.RPC {
	return control(&pb.ControlMessage{Idontwant: []*pb.ControlIDontWant{{MessageIDs: someIDs()}}})
}

func graftPrune(*Peer) *pb.RPC {
	topic, backoff := protocol.LinesTopic, uint64(1<<40)
	other := fmt.Sprintf("%x", randomBytes(16))
	return control(&pb.ControlMessage{
		Graft: []*pb.ControlGraft{{TopicID: &topic}, {TopicID: &other}},
		Prune: []*pb.ControlPrune{{TopicID: &topic, Backoff: &backoff}, {TopicID: &other, Backoff: &backoff}},
	})
}

// prunePeers returns a PRUNE that offers peers that do not exist, each with a signed record of its unused addresses.
func prunePeers(*Peer) *pb.RPC {
	topic := protocol.LinesTopic
	prune := &pb.ControlPrune{TopicID: &topic}
	for range 16 {
		id, envelope := invented()
		prune.Peers = append(prune.Peers, &pb.PeerInfo{PeerID: []byte(id), SignedPeerRecord: envelope})
	}
	return control(&pb.ControlMessage{Prune: []*pb.ControlPrune{prune}})
}

// invented returns a peer that does not exist, and a signed record of its addresses.
func invented() (peer.ID, []byte) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	id := must(peer.IDFromPrivateKey(key))
	rec := &peer.PeerRecord{PeerID: id, Addrs: elsewhere(1), Seq: 1}
	return id, must(must(record.Seal(rec, key)).Marshal())
}

// elsewhere returns unused addresses of the network.
func elsewhere(n int) (addrs []multiaddr.Multiaddr) {
	for range n {
		b := randomBytes(3)
		addrs = append(addrs, multiaddr.StringCast(fmt.Sprintf("/ip4/10.77.0.%d/tcp/%d", 200+int(b[0])%50, 1024+int(b[1])<<7+int(b[2]))))
	}
	return addrs
}

func subscriptions(*Peer) *pb.RPC {
	rpc, yes := &pb.RPC{}, true
	for range 100 {
		topic := fmt.Sprintf("%x", randomBytes(50))
		rpc.Subscriptions = append(rpc.Subscriptions, &pb.RPC_SubOpts{Subscribe: &yes, Topicid: &topic})
	}
	return rpc
}
