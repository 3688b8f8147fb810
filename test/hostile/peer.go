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

// A Peer is a member that keeps to no rule. It is a libp2p host that speaks the room's protocols with package protocol and keeps
// every key, record and line that it ever received. Its mutex is shared by its readers and the test.
type Peer struct {
	Host  host.Host
	Key   protocol.KeySigner
	Room  protocol.RoomID
	Owner peer.ID
	Nodes []peer.ID // the nodes that it attacks; the owner first
	Nonce protocol.Nonce
	Ctx   context.Context
	// From is the address that it dials from, or "" for any.
	From string
	// Another makes a Peer with another key.
	Another func() *Peer
	// Removal is the place of its own removal in the log. The test sets it.
	Removal Committed

	Lines, records *pubsub.Topic // topics of its own instance of the room's gossip, which filters nothing

	Mu        sync.Mutex
	admission uint64
	State     authority.State
	log       []protocol.SignedRecord
	Keys      map[uint64]protocol.Key
	guessed   map[uint64]protocol.Key  // the keys that follow from earlier ones by the rule for admissions
	chosen    map[protocol.Key]uint64  // keys of its own that it tries to spread
	Heard     map[protocol.Hash][]byte // lines, as they came
	Reason    []byte
	notices   [][]byte // what it was told as a member: mutes and warnings
	handed    [][]byte // what it gives to those that compare with it
	presence  uint64
	Ctr       uint64
	prev      protocol.Hash
	sealing   sync.Mutex // held while many goroutines make lines

	// Gains are the things that an attack has obtained and should not have.
	Gains []string

	Tokens []protocol.Token // the tokens of invites
	open   []network.Stream
}

// New makes a Peer of a host that no node uses, and connects it to nodes.
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

// knows sets the nodes that m attacks. If a node hangs up, m connects again.
func (m *Peer) knows(nodes []peer.AddrInfo) {
	for _, ai := range nodes {
		m.Nodes = append(m.Nodes, ai.ID)
		m.Host.Peerstore().AddAddrs(ai.ID, ai.Addrs, peerstore.PermanentAddrTTL)
	}
}

// gained records something that mallory has obtained and should not have.
func (m *Peer) gained(format string, args ...any) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if what := fmt.Sprintf(format, args...); !slices.Contains(m.Gains, what) {
		m.Gains = append(m.Gains, what)
	}
}

// Pause waits for d, or until mallory ends.
func (m *Peer) Pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-m.Ctx.Done():
	}
}

// Call opens a stream to p.
func (m *Peer) Call(p peer.ID, id libprotocol.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(m.Ctx, patience)
	defer cancel()
	s, err := m.Host.NewStream(ctx, p, id)
	if err != nil {
		return nil, err
	}
	return s, s.SetDeadline(time.Now().Add(patience))
}

// Ask sends one question on a stream of its own and reads the reply.
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

// Learn keeps records and keys, and derives the keys that follow from them.
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

// Enlist acts as a member: it polls, and runs gossip of its own without validators, filters or scores.
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

// hear keeps a line, unless it is one of its own forgeries, which come back too.
func (m *Peer) hear(raw []byte) {
	if _, err := protocol.OpenMessage(m.Room, raw); err != nil {
		return
	}
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Heard[protocol.DataID(raw)] = slices.Clone(raw)
}

// Poll polls until it gets the reason for its removal, and never acknowledges it. It acknowledges what a member is told, since the authority
// gives it nothing else before.
func (m *Peer) Poll() {
	for m.Ctx.Err() == nil {
		reply, err := m.pollOnce(m.Owner, m.Nonce)
		switch {
		case err != nil:
			m.Pause(time.Second)
		case reply.Reason != nil:
			if m.noticed(reply.Reason) {
				continue
			}
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

// noticed keeps and acknowledges a reason that a member is told. It reports false for that of a removal.
func (m *Peer) noticed(raw []byte) bool {
	r, err := protocol.OpenReason(raw)
	if err != nil || r.Kind != protocol.Muted && r.Kind != protocol.Warned {
		return false
	}
	m.Mu.Lock()
	m.notices = append(m.notices, raw)
	m.Mu.Unlock()
	s, err := m.Call(m.Owner, protocol.PollID)
	if err != nil {
		m.Pause(time.Second)
		return true // the same answer comes again
	}
	_ = protocol.WriteFrame(s, &protocol.PollAsk{Ack: &protocol.PollAck{Room: m.Room, Removal: r.Removal, Nonce: r.Nonce}})
	_ = s.CloseWrite()
	_, _ = s.Read(make([]byte, 1)) // until it has been read
	_ = s.Reset()
	return true
}

func (m *Peer) pollOnce(p peer.ID, nonce protocol.Nonce) (protocol.PollReply, error) {
	return m.question(p, m.pollRequest(nonce))
}

// pollRequest returns the poll of a member with the log of m.
func (m *Peer) pollRequest(nonce protocol.Nonce) protocol.PollRequest {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return protocol.PollRequest{
		Room: m.Room, Nonce: nonce, Admission: m.admission, HaveSeq: m.State.Seq(), Head: m.State.Head(), HaveKey: m.State.Epoch(), HavePresence: m.presence,
	}
}

// epoch returns the epoch in force, as far as m has the log.
func (m *Peer) epoch() uint64 {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.State.Epoch()
}

// sealed returns the next line of m, under its newest key.
func (m *Peer) sealed(text string) []byte {
	epoch, key := m.Latest()
	return m.sealedIn(text, epoch, key)
}

// sealedIn returns the next line of m in an epoch. Many goroutines of a flood may call it.
func (m *Peer) sealedIn(text string, epoch uint64, key protocol.Key) []byte {
	m.sealing.Lock()
	defer m.sealing.Unlock()
	return m.Seal(text, epoch, key).Raw()
}

// newcomer calls Another. Its failure does not end the attack.
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

// Seal makes a line of m in any epoch, under any key.
func (m *Peer) Seal(text string, epoch uint64, key protocol.Key) protocol.Message {
	m.Ctr++
	h := protocol.Header{Room: m.Room, Epoch: epoch, Ctr: m.Ctr, Prev: m.prev, Lamport: m.Ctr}
	msg := must(protocol.SealMessage(h, protocol.Content{Kind: protocol.Say, Text: text, At: time.Now()}, key, m.Host.ID(), m.Key, rand.Reader))
	m.prev = msg.ID
	return msg
}

// Latest returns the newest epoch with a known key, and the key.
func (m *Peer) Latest() (uint64, protocol.Key) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	var epoch uint64
	for e := range m.Keys {
		epoch = max(epoch, e)
	}
	return epoch, m.Keys[epoch]
}

// at returns the end of the log as far as mallory has it.
func (m *Peer) at() (seq uint64, head protocol.Hash) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.State.Seq(), m.State.Head()
}

// Says spreads a line of its own under its newest key.
func (m *Peer) Says(text string) {
	epoch, key := m.Latest()
	m.spread(m.Lines, m.Seal(text, epoch, key).Raw())
}

// SaysAt spreads a line of its own with a claimed time.
func (m *Peer) SaysAt(text string, at time.Time) {
	epoch, key := m.Latest()
	m.Ctr++
	h := protocol.Header{Room: m.Room, Epoch: epoch, Ctr: m.Ctr, Prev: m.prev, Lamport: m.Ctr}
	msg := must(protocol.SealMessage(h, protocol.Content{Kind: protocol.Say, Text: text, At: at}, key, m.Host.ID(), m.Key, rand.Reader))
	m.prev = msg.ID
	m.spread(m.Lines, msg.Raw())
}

// Opens returns the epoch of the key that opens a line, if mallory has such a key.
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

// Has returns the epoch of a key, if mallory has or has guessed that key.
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

// Push writes RPCs to p directly, on a stream that subscribes to nothing.
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

// Resubscribe has p hear again what mallory's pubsub subscribes to. A stream of Push replaces that of mallory's pubsub, which opens
// another and says it there. But p's pubsub forgets it if the end of Push's stream reaches it after that, as may happen if both
// come at the same moment.
func (m *Peer) Resubscribe(p peer.ID) { _ = m.Push(p, &pb.RPC{}) }

// spread sends raw to everybody, by gossip and by bare RPCs.
func (m *Peer) spread(topic *pubsub.Topic, raw []byte) {
	// A refusal, by its own pubsub or by a node's, is expected.
	_ = topic.Publish(m.Ctx, raw)
	for _, p := range m.Nodes {
		_ = m.Push(p, Publication(topic.String(), raw))
	}
}
