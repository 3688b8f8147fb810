package hostile

import (
	"context"
	"crypto/rand"
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

// A Peer is a member with its brakes off. It is a libp2p host that speaks the room's protocols with package protocol, keeps
// every key, record and line that ever reached it, and obeys nothing. Its readers and its driver meet at the mutex.
type Peer struct {
	Host  host.Host
	Key   protocol.KeySigner
	Room  protocol.RoomID
	Owner peer.ID
	Nodes []peer.ID // the nodes that it attacks; the owner first
	Nonce protocol.Nonce
	Ctx   context.Context
	// From is the address that it dials from, where it has chosen one.
	From string
	// Another makes one more of its kind, under another key.
	Another func() *Peer
	// Removal is where its own removal stands in the log: the driver's to say.
	Removal Committed

	Lines, records *pubsub.Topic // of its own instance of the room's gossip, without any filter

	Mu        sync.Mutex
	admission uint64
	State     authority.State
	log       []protocol.SignedRecord
	Keys      map[uint64]protocol.Key
	guessed   map[uint64]protocol.Key  // the keys as they would be if they were derived
	chosen    map[protocol.Key]uint64  // the keys that it tries to bring in
	Heard     map[protocol.Hash][]byte // lines, as they came
	Reason    []byte
	presence  uint64
	Ctr       uint64
	prev      protocol.Hash
	sealing   sync.Mutex // held while many goroutines make lines

	// Gains are what an attack got and should not have got.
	Gains []string

	Tokens []protocol.Token // of invites
	open   []network.Stream
}

// New makes a Peer of a host that no node uses, connected to nodes.
func New(ctx context.Context, h host.Host, room protocol.RoomID, owner peer.ID, nodes []peer.AddrInfo) *Peer {
	m := &Peer{
		Host: h, Key: protocol.KeySigner{PrivKey: h.Peerstore().PrivKey(h.ID())}, Ctx: ctx, Room: room, Owner: owner,
		Nonce: protocol.Nonce{1},
		Keys:  make(map[uint64]protocol.Key), guessed: make(map[uint64]protocol.Key), chosen: make(map[protocol.Key]uint64),
		Heard: make(map[protocol.Hash][]byte),
	}
	m.knows(nodes)
	for _, ai := range nodes {
		must(struct{}{}, h.Connect(ctx, ai))
	}
	return m
}

// knows makes nodes those that m attacks. A node that hangs up is called again.
func (m *Peer) knows(nodes []peer.AddrInfo) {
	for _, ai := range nodes {
		m.Nodes = append(m.Nodes, ai.ID)
		m.Host.Peerstore().AddAddrs(ai.ID, ai.Addrs, peerstore.PermanentAddrTTL)
	}
}

// gained notes what mallory got and should not have got.
func (m *Peer) gained(format string, args ...any) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if what := fmt.Sprintf(format, args...); !slices.Contains(m.Gains, what) {
		m.Gains = append(m.Gains, what)
	}
}

// pause ends early with mallory.
func (m *Peer) Pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-m.Ctx.Done():
	}
}

// call opens a stream to p.
func (m *Peer) Call(p peer.ID, id libprotocol.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(m.Ctx, patience)
	defer cancel()
	s, err := m.Host.NewStream(ctx, p, id)
	if err != nil {
		return nil, err
	}
	return s, s.SetDeadline(time.Now().Add(patience))
}

// Ask is one question on a stream of its own.
func (m *Peer) Ask(p peer.ID, id libprotocol.ID, req, reply protocol.Frame) error {
	s, err := m.Call(p, id)
	if err != nil {
		return err
	}
	defer s.Reset()
	if err := protocol.WriteFrame(s, req); err != nil {
		return err
	}
	return protocol.ReadFrame(s, reply)
}

// Join asks to be let in, and takes what it is given. A stream that breaks is worth another: the last storm has ended a
// connection.
func (m *Peer) Join(nick string, token protocol.Token) protocol.JoinCode {
	var reply protocol.JoinReply
	q := protocol.JoinRequest{Room: m.Room, Nick: nick, Token: token}
	for tries := 0; ; tries++ {
		err := m.Ask(m.Owner, protocol.JoinID, &q, &reply)
		if err == nil {
			break
		}
		if tries == 10 {
			panic(fmt.Errorf("join: %w", err))
		}
		m.Pause(time.Second)
	}
	if reply.Code == protocol.JoinAdmitted {
		m.Mu.Lock()
		m.admission = reply.Admission
		m.Mu.Unlock()
	}
	m.Learn(reply.Records, reply.Keys)
	return reply.Code
}

// Learn keeps what can be kept, and computes what can be computed.
func (m *Peer) Learn(records [][]byte, keys []protocol.EpochKey) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, k := range keys {
		m.Keys[k.Epoch] = k.Key
	}
	for _, raw := range records {
		r, err := protocol.OpenRecord(raw)
		if err != nil {
			continue
		}
		st, change, err := m.State.Apply(r)
		if err != nil {
			continue
		}
		m.State, m.log = st, append(m.log, r)
		old, ok := m.Keys[change.Epoch-1]
		switch {
		case ok && change.NewKey == authority.KeyDerived:
			m.Keys[change.Epoch] = authority.Derive(old, r.Record)
		case ok:
			m.guessed[change.Epoch] = authority.Derive(old, r.Record)
		}
	}
}

// Enlist runs the member's part: gossip of its own, without validators, filters or scores, and the poll.
func (m *Peer) Enlist() {
	id := protocol.GossipID(m.Room)
	all := func(_ pubsub.GossipSubFeature, p libprotocol.ID) bool { return p == id }
	ps := must(pubsub.NewGossipSub(
		m.Ctx, m.Host, pubsub.WithGossipSubProtocols([]libprotocol.ID{id}, all), pubsub.WithFloodPublish(true),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(func(d *pb.Message) string { id := protocol.DataID(d.GetData()); return string(id[:]) }),
	))
	m.Lines, m.records = must(ps.Join(protocol.LinesTopic)), must(ps.Join(protocol.RecordsTopic))
	for _, t := range []*pubsub.Topic{m.Lines, m.records} {
		sub := must(t.Subscribe())
		go func() {
			for {
				d, err := sub.Next(m.Ctx)
				if err != nil {
					return
				}
				if t == m.records {
					m.Learn([][]byte{d.GetData()}, nil)
				} else {
					m.hear(d.GetData())
				}
			}
		}()
	}
	go m.Poll()
}

// hear keeps a line; its own forgeries come back too, and are none.
func (m *Peer) hear(raw []byte) {
	if _, err := protocol.OpenMessage(m.Room, raw); err != nil {
		return
	}
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Heard[protocol.DataID(raw)] = slices.Clone(raw)
}

// Poll asks for news until there is a reason, and never acknowledges it.
func (m *Peer) Poll() {
	for m.Ctx.Err() == nil {
		reply, err := m.pollOnce(m.Owner, m.Nonce)
		switch {
		case err != nil:
			m.Pause(time.Second)
		case reply.Reason != nil:
			m.Mu.Lock()
			m.Reason = reply.Reason
			m.Mu.Unlock()
			return
		case reply.Member == nil:
			return
		default:
			m.Learn(reply.Member.Records, reply.Member.Keys)
			m.Mu.Lock()
			m.presence = reply.Member.Presence
			m.Mu.Unlock()
		}
	}
}

func (m *Peer) pollOnce(p peer.ID, nonce protocol.Nonce) (protocol.PollReply, error) {
	return m.question(p, m.pollRequest(nonce))
}

// pollRequest is the question of a member with m's log.
func (m *Peer) pollRequest(nonce protocol.Nonce) protocol.PollRequest {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return protocol.PollRequest{
		Room: m.Room, Nonce: nonce, Admission: m.admission, HaveSeq: m.State.Seq(), Head: m.State.Head(), HaveKey: m.State.Epoch(), HavePresence: m.presence,
	}
}

// epoch is the one in force, as far as m has the log.
func (m *Peer) epoch() uint64 {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.State.Epoch()
}

// sealed is the next line of m's, under the newest key that it has.
func (m *Peer) sealed(text string) []byte {
	epoch, key := m.Latest()
	return m.sealedIn(text, epoch, key)
}

// sealedIn is Seal for the many goroutines of a flood.
func (m *Peer) sealedIn(text string, epoch uint64, key protocol.Key) []byte {
	m.sealing.Lock()
	defer m.sealing.Unlock()
	return m.Seal(text, epoch, key).Raw()
}

// newcomer is Another, but its failure does not end the attack.
func (m *Peer) newcomer() (n *Peer, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("%v", e)
		}
	}()
	return m.Another(), nil
}

func (m *Peer) question(p peer.ID, q protocol.PollRequest) (protocol.PollReply, error) {
	var reply protocol.PollReply
	err := m.Ask(p, protocol.PollID, &protocol.PollAsk{Request: &q}, &reply)
	return reply, err
}

// Seal makes a line of its own in an epoch, under whatever key it has.
func (m *Peer) Seal(text string, epoch uint64, key protocol.Key) protocol.Message {
	m.Ctr++
	h := protocol.Header{Room: m.Room, Epoch: epoch, Ctr: m.Ctr, Prev: m.prev, Lamport: m.Ctr}
	msg := must(protocol.SealMessage(h, protocol.Content{Kind: protocol.Say, Text: text, At: time.Now()}, key, m.Host.ID(), m.Key, rand.Reader))
	m.prev = msg.ID
	return msg
}

// Latest is the newest epoch with a known key.
func (m *Peer) Latest() (uint64, protocol.Key) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	var epoch uint64
	for e := range m.Keys {
		epoch = max(epoch, e)
	}
	return epoch, m.Keys[epoch]
}

// at is up to where mallory has the log.
func (m *Peer) at() (seq uint64, head protocol.Hash) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.State.Seq(), m.State.Head()
}

// Says spreads a line of its own under the newest key that it has.
func (m *Peer) Says(text string) {
	epoch, key := m.Latest()
	m.spread(m.Lines, m.Seal(text, epoch, key).Raw())
}

// SaysAt spreads a line of mallory's that says it was written at a time.
func (m *Peer) SaysAt(text string, at time.Time) {
	epoch, key := m.Latest()
	m.Ctr++
	h := protocol.Header{Room: m.Room, Epoch: epoch, Ctr: m.Ctr, Prev: m.prev, Lamport: m.Ctr}
	msg := must(protocol.SealMessage(h, protocol.Content{Kind: protocol.Say, Text: text, At: at}, key, m.Host.ID(), m.Key, rand.Reader))
	m.prev = msg.ID
	m.spread(m.Lines, msg.Raw())
}

// Opens reports which key of mallory's opens a line, by its epoch.
func (m *Peer) Opens(msg protocol.Message) (of uint64, ok bool) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, ring := range []map[uint64]protocol.Key{m.Keys, m.guessed} {
		for e, k := range ring {
			if _, err := msg.Open(k); err == nil {
				return e, true
			}
		}
	}
	for k, e := range m.chosen {
		if _, err := msg.Open(k); err == nil {
			return e, true
		}
	}
	return 0, false
}

// Has reports for which epoch mallory has a key, or a guess at one.
func (m *Peer) Has(key protocol.Key) (of uint64, ok bool) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, ring := range []map[uint64]protocol.Key{m.Keys, m.guessed} {
		for e, k := range ring {
			if k == key {
				return e, true
			}
		}
	}
	of, ok = m.chosen[key]
	return of, ok
}

// Push writes RPCs to p past any pubsub instance, on a stream that subscribes to nothing.
func (m *Peer) Push(p peer.ID, rpcs ...*pb.RPC) error {
	s, err := m.Call(p, protocol.GossipID(m.Room))
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

func Publication(topic string, raws ...[]byte) *pb.RPC {
	r := &pb.RPC{}
	for _, raw := range raws {
		r.Publish = append(r.Publish, &pb.Message{Data: raw, Topic: &topic})
	}
	return r
}

// spread sends raw in both ways, gossip and bare RPC, to everybody.
func (m *Peer) spread(topic *pubsub.Topic, raw []byte) {
	// A refusal by its own pubsub or a node's is expected, and no failure of the test.
	_ = topic.Publish(m.Ctx, raw)
	for _, p := range m.Nodes {
		_ = m.Push(p, Publication(topic.String(), raw))
	}
}
