package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"google.golang.org/protobuf/proto"

	"localchat/authority"
	"localchat/protocol"
)

// A mallory is a member with its brakes off: a libp2p host that speaks the room's protocols with our own packages, keeps
// every key, record and line that ever reached it, and obeys nothing. It needs no more than a host: it runs on the
// simulated network and, as a process of its own, between real ones. Its readers and its driver meet at the mutex.
type mallory struct {
	host  host.Host
	key   protocol.KeySigner
	room  protocol.RoomID
	owner peer.ID
	nodes []peer.ID // whom it attacks; the owner first
	nonce protocol.Nonce
	ctx   context.Context
	// another makes one more of its kind, under another key.
	another func() *mallory
	// removal is where its own removal stands in the log: the driver's to say.
	removal Committed

	lines, records *pubsub.Topic // of its own instance of the room's gossip, without any filter

	mu        sync.Mutex
	admission uint64
	state     authority.State
	log       []protocol.SignedRecord
	keys      map[uint64]protocol.Key
	guessed   map[uint64]protocol.Key  // what the keys would be, were they derived
	heard     map[protocol.Hash][]byte // lines, as they came
	reason    []byte
	presence  uint64
	ctr       uint64
	prev      protocol.Hash

	// gains are what an attack got and should not have got.
	gains []string

	tokens []protocol.Token // of invites
	open   []network.Stream
}

// newMallory makes one of a host that no node uses, connected to nodes.
func newMallory(ctx context.Context, h host.Host, room protocol.RoomID, owner peer.ID, nodes []peer.AddrInfo) *mallory {
	m := &mallory{
		host: h, key: protocol.KeySigner{PrivKey: h.Peerstore().PrivKey(h.ID())}, ctx: ctx, room: room, owner: owner,
		nonce: protocol.Nonce{1},
		keys:  make(map[uint64]protocol.Key), guessed: make(map[uint64]protocol.Key), heard: make(map[protocol.Hash][]byte),
	}
	for _, ai := range nodes {
		m.nodes = append(m.nodes, ai.ID)
		must(struct{}{}, h.Connect(ctx, ai))
		h.Peerstore().AddAddrs(ai.ID, ai.Addrs, peerstore.PermanentAddrTTL) // whoever hangs up is called again
	}
	return m
}

// infiltrate makes a mallory of a host that no node uses, connected to everybody.
func (l *lan) infiltrate(host int, room RoomInfo) *mallory {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l.cancels = append(l.cancels, cancel)
	nodes := make([]peer.AddrInfo, len(l.nodes))
	for nick, n := range l.nodes {
		nodes[l.index[nick]] = peer.AddrInfo{ID: n.self, Addrs: n.host.Addrs()}
	}
	m := newMallory(ctx, l.hosts[host], room.ID, room.Owner, nodes)
	m.another = func() *mallory { return l.infiltrate(host+1, room) }
	return m
}

// gained notes what mallory got and should not have got.
func (m *mallory) gained(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if what := fmt.Sprintf(format, args...); !slices.Contains(m.gains, what) {
		m.gains = append(m.gains, what)
	}
}

// pause ends early with mallory.
func (m *mallory) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-m.ctx.Done():
	}
}

// call opens a stream to p.
func (m *mallory) call(p peer.ID, id libprotocol.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(m.ctx, patience)
	defer cancel()
	s, err := m.host.NewStream(ctx, p, id)
	if err != nil {
		return nil, err
	}
	return s, s.SetDeadline(time.Now().Add(patience))
}

// ask is one question on a stream of its own.
func (m *mallory) ask(p peer.ID, id libprotocol.ID, req, reply protocol.Frame) error {
	s, err := m.call(p, id)
	if err != nil {
		return err
	}
	defer s.Reset()
	if err := protocol.WriteFrame(s, req); err != nil {
		return err
	}
	return protocol.ReadFrame(s, reply)
}

// join asks to be let in, and takes what it is given. A stream that breaks is worth another: the last storm has ended a
// connection.
func (m *mallory) join(nick string, token protocol.Token) protocol.JoinCode {
	var reply protocol.JoinReply
	q := protocol.JoinRequest{Room: m.room, Nick: nick, Token: token}
	for tries := 0; ; tries++ {
		err := m.ask(m.owner, protocol.JoinID, &q, &reply)
		if err == nil {
			break
		}
		if tries == 10 {
			panic(fmt.Errorf("join: %w", err))
		}
		m.pause(time.Second)
	}
	if reply.Code == protocol.JoinAdmitted {
		m.mu.Lock()
		m.admission = reply.Admission
		m.mu.Unlock()
	}
	m.learn(reply.Records, reply.Keys)
	return reply.Code
}

// learn keeps what can be kept, and computes what can be computed.
func (m *mallory) learn(records [][]byte, keys []protocol.EpochKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range keys {
		m.keys[k.Epoch] = k.Key
	}
	for _, raw := range records {
		r, err := protocol.OpenRecord(raw)
		if err != nil {
			continue
		}
		st, change, err := m.state.Apply(r)
		if err != nil {
			continue
		}
		m.state, m.log = st, append(m.log, r)
		old, ok := m.keys[change.Epoch-1]
		switch {
		case ok && change.NewKey == authority.KeyDerived:
			m.keys[change.Epoch] = authority.Derive(old, r.Record)
		case ok:
			m.guessed[change.Epoch] = authority.Derive(old, r.Record)
		}
	}
}

// enlist runs the member's part: gossip of its own, without validators, filters or scores, and the poll.
func (m *mallory) enlist() {
	id := protocol.GossipID(m.room)
	all := func(_ pubsub.GossipSubFeature, p libprotocol.ID) bool { return p == id }
	ps := must(pubsub.NewGossipSub(
		m.ctx, m.host, pubsub.WithGossipSubProtocols([]libprotocol.ID{id}, all), pubsub.WithFloodPublish(true),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(func(d *pb.Message) string { id := protocol.DataID(d.GetData()); return string(id[:]) }),
	))
	m.lines, m.records = must(ps.Join(protocol.LinesTopic)), must(ps.Join(protocol.RecordsTopic))
	for _, t := range []*pubsub.Topic{m.lines, m.records} {
		sub := must(t.Subscribe())
		go func() {
			for {
				d, err := sub.Next(m.ctx)
				if err != nil {
					return
				}
				if t == m.records {
					m.learn([][]byte{d.GetData()}, nil)
				} else {
					m.hear(d.GetData())
				}
			}
		}()
	}
	go m.poll()
}

// hear keeps a line; its own forgeries come back too, and are none.
func (m *mallory) hear(raw []byte) {
	if _, err := protocol.OpenMessage(m.room, raw); err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard[protocol.DataID(raw)] = slices.Clone(raw)
}

// poll asks for news until there is a reason, and never acknowledges it.
func (m *mallory) poll() {
	for m.ctx.Err() == nil {
		reply, err := m.pollOnce(m.owner, m.nonce)
		switch {
		case err != nil:
			m.pause(time.Second)
		case reply.Reason != nil:
			m.mu.Lock()
			m.reason = reply.Reason
			m.mu.Unlock()
			return
		case reply.Member == nil:
			return
		default:
			m.learn(reply.Member.Records, reply.Member.Keys)
			m.mu.Lock()
			m.presence = reply.Member.Presence
			m.mu.Unlock()
		}
	}
}

func (m *mallory) pollOnce(p peer.ID, nonce protocol.Nonce) (protocol.PollReply, error) {
	m.mu.Lock()
	q := protocol.PollRequest{Room: m.room, Nonce: nonce, Admission: m.admission, HaveSeq: m.state.Seq(), Head: m.state.Head(), HaveKey: m.state.Epoch(), HavePresence: m.presence}
	m.mu.Unlock()
	return m.question(p, q)
}

func (m *mallory) question(p peer.ID, q protocol.PollRequest) (protocol.PollReply, error) {
	var reply protocol.PollReply
	err := m.ask(p, protocol.PollID, &protocol.PollAsk{Request: &q}, &reply)
	return reply, err
}

// seal makes a line of its own in an epoch, under whatever key it has.
func (m *mallory) seal(text string, epoch uint64, key protocol.Key) protocol.Message {
	m.ctr++
	h := protocol.Header{Room: m.room, Epoch: epoch, Ctr: m.ctr, Prev: m.prev, Lamport: m.ctr}
	msg := must(protocol.SealMessage(h, protocol.Content{Kind: protocol.Say, Text: text, At: time.Now()}, key, m.host.ID(), m.key, random))
	m.prev = msg.ID
	return msg
}

// latest is the newest epoch whose key it has.
func (m *mallory) latest() (uint64, protocol.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var epoch uint64
	for e := range m.keys {
		epoch = max(epoch, e)
	}
	return epoch, m.keys[epoch]
}

// at is up to where mallory has the log.
func (m *mallory) at() (seq uint64, head protocol.Hash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Seq(), m.state.Head()
}

// says spreads a line of its own under the newest key that it has.
func (m *mallory) says(text string) {
	epoch, key := m.latest()
	m.spread(m.lines, m.seal(text, epoch, key).Raw())
}

// opens reports which key of mallory's opens a line, by its epoch.
func (m *mallory) opens(msg protocol.Message) (of uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ring := range []map[uint64]protocol.Key{m.keys, m.guessed} {
		for e, k := range ring {
			if _, err := msg.Open(k); err == nil {
				return e, true
			}
		}
	}
	return 0, false
}

// has reports for which epoch mallory has a key, or a guess at one.
func (m *mallory) has(key protocol.Key) (of uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ring := range []map[uint64]protocol.Key{m.keys, m.guessed} {
		for e, k := range ring {
			if k == key {
				return e, true
			}
		}
	}
	return 0, false
}

// push writes RPCs to p past any pubsub instance, on a stream that subscribes to nothing.
func (m *mallory) push(p peer.ID, rpcs ...*pb.RPC) error {
	s, err := m.call(p, protocol.GossipID(m.room))
	if err != nil {
		return err
	}
	defer s.Close()
	for _, r := range rpcs {
		body := must(proto.Marshal(r))
		if _, err := s.Write(append(binary.AppendUvarint(nil, uint64(len(body))), body...)); err != nil {
			return err
		}
	}
	return nil
}

func publication(topic string, raws ...[]byte) *pb.RPC {
	r := &pb.RPC{}
	for _, raw := range raws {
		r.Publish = append(r.Publish, &pb.Message{Data: raw, Topic: &topic})
	}
	return r
}

// spread sends raw in both ways, gossip and bare RPC, to everybody.
func (m *mallory) spread(topic *pubsub.Topic, raw []byte) {
	// What its own pubsub or a node's refuses is the point, and no failure of the test.
	_ = topic.Publish(m.ctx, raw)
	for _, p := range m.nodes {
		_ = m.push(p, publication(topic.String(), raw))
	}
}
