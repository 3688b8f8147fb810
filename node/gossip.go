package node

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/authority"
	"localchat/node/internal/lan"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

const (
	// gossipQueue, in messages, of each of pubsub's queues: its default of 32 loses two thirds of a burst.
	gossipQueue = 1024
	// neverPX is a score that no peer reaches: pubsub takes the addresses that come with a PRUNE from peers with such a score
	// alone. The book decides which peers are dialled.
	neverPX = 1e9
	// graftPatience: how long a newcomer waits to see somebody on the topic before it subscribes all the same.
	graftPatience = time.Second
)

// A snapshot is what the validators of a room may know. It never changes; the loop replaces it.
type snapshot struct {
	room    protocol.RoomID
	state   authority.State
	keys    authority.Keyring
	records []protocol.SignedRecord
	floors  map[peer.ID]uint64 // message numbers up to which an author's lines have expired
	self    peer.ID
}

// member is the gate of the room's gossip: what pubsub asks of every peer, often, from its own goroutines.
func (s *snapshot) member(p peer.ID) bool {
	_, ok := s.state.Member(p)
	return ok
}

// gossip is one room's own pubsub instance on the shared host.
//
// It is gossipsub without a mesh: an author floods what it says to all members on the topic, and nobody forwards it. In a
// room of 8 that is 1 copy a member instead of 4 to 6, a fifth of the bytes, a third of the allocations and half the
// time. (A router of our own behind the same API would save another third of the allocations, and cost the gate, the
// queues and the streams that gossipsub has.) Members that the author does not reach
// are what relay.go is for.
type gossip struct {
	ctx     context.Context // ends with the instance
	cancel  context.CancelFunc
	room    protocol.RoomID
	host    host.Host
	ps      *pubsub.PubSub
	lines   *pubsub.Topic
	records *pubsub.Topic
	barred  *barred
	guard   *guard
	// admission counts the peers that flood.
	admission *admission
	poke      event.Emitter
	snap      *atomic.Pointer[snapshot]
	post      func(inboxEvent) bool // never blocks; see Node.offer
	deliver   func(inboxEvent)      // waits for the loop; see Node.post
	log       *slog.Logger
}

// startGossip makes the instance, with its topics joined and its validators set, but not yet subscribed.
func startGossip(ctx context.Context, h host.Host, a *admission, snap *atomic.Pointer[snapshot], post func(inboxEvent) bool, deliver func(inboxEvent), log *slog.Logger) (*gossip, error) {
	g := &gossip{room: snap.Load().room, host: h, admission: a, snap: snap, barred: newBarred(), guard: newGuard(snap.Load().room), post: post, deliver: deliver, log: log}
	g.ctx, g.cancel = context.WithCancel(ctx)
	proto := protocol.GossipID(g.room)
	features := func(f pubsub.GossipSubFeature, p libprotocol.ID) bool {
		return p == proto && (f == pubsub.GossipSubFeatureMesh || f == pubsub.GossipSubFeatureIdontwant)
	}
	params := pubsub.DefaultGossipSubParams()
	// Left at a minute, a peer that is admitted again waits as long for the topic; left at ten seconds, one that leaves
	// and joins hears everything half a second late.
	params.PruneBackoff = 5 * time.Second
	params.UnsubscribeBackoff = time.Second
	params.D, params.Dlo, params.Dhi, params.Dout, params.Dscore = 0, 0, 0, 0, 0
	params.Dlazy, params.GossipFactor = 0, 0 // missing lines are fetched; see syncDue
	var err error
	g.poke, err = h.EventBus().Emitter(new(event.EvtPeerProtocolsUpdated))
	if err != nil {
		return nil, err
	}
	// Not by NewGossipSub, which makes the connection manager protect the peers that lines come from: it is set to keep a whole
	// room.
	g.ps, err = pubsub.NewGossipSubWithRouter(
		g.ctx, answering{h, g.guard, g.opened}, pubsub.DefaultGossipSubRouter(h),
		pubsub.WithGossipSubProtocols([]libprotocol.ID{proto}, features),
		pubsub.WithGossipSubParams(params),
		pubsub.WithFloodPublish(true),
		pubsub.WithPeerScore(g.scores()),
		pubsub.WithBlacklist(g.barred),
		// Our own signature is inside: a line keeps its proof when it is fetched later by another way.
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(func(m *pb.Message) string { id := protocol.DataID(m.GetData()); return string(id[:]) }),
		pubsub.WithMaxMessageSize(protocol.MaxMessage+1<<10),
		pubsub.WithMaxControlMessageSize(64<<10),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(
			pubsub.NewAllowlistSubscriptionFilter(protocol.LinesTopic, protocol.RecordsTopic), 8)),
		pubsub.WithPeerOutboundQueueSize(gossipQueue),
		pubsub.WithValidateQueueSize(gossipQueue),
		// One worker keeps the order of one author's lines.
		pubsub.WithValidateWorkers(1),
		pubsub.WithSeenMessagesTTL(seenFor),
		pubsub.WithAppSpecificRpcInspector(g.inspect),
		pubsub.WithLogger(log), pubsub.WithRPCLogger(log),
	)
	if err != nil {
		return nil, err
	}
	if err := g.ps.RegisterTopicValidator(protocol.LinesTopic, g.counted(g.endsHere(g.validateLine)), pubsub.WithValidatorInline(true)); err != nil {
		return nil, err
	}
	if err := g.ps.RegisterTopicValidator(protocol.RecordsTopic, g.counted(g.endsHere(g.validateRecord)), pubsub.WithValidatorInline(true)); err != nil {
		return nil, err
	}
	g.lines, err = g.ps.Join(protocol.LinesTopic)
	if err != nil {
		return nil, err
	}
	g.records, err = g.ps.Join(protocol.RecordsTopic)
	return g, err
}

// scores gates the instance: a stranger neither reads nor is heard, and is let in at the next heartbeat after its
// admission. (Filters on peers, subscriptions or RPCs each leave a hole; see go-libp2p-pubsub issue 449.)
func (g *gossip) scores() (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	params := &pubsub.PeerScoreParams{
		AppSpecificScore: func(p peer.ID) float64 {
			if g.snap.Load().member(p) {
				return 0
			}
			return -1000
		},
		AppSpecificWeight: 1, DecayInterval: time.Second, DecayToZero: 0.01,
		Topics: map[string]*pubsub.TopicScoreParams{}, SeenMsgTTL: seenFor,
	}
	// No honest node sends or forwards messages that the validators reject. The square of their number counts, so that six in
	// a row make pubsub ignore the peer. (A peer that accepts no stream from us has no score; the guard counts it.)
	for _, topic := range []string{protocol.LinesTopic, protocol.RecordsTopic} {
		params.Topics[topic] = &pubsub.TopicScoreParams{
			SkipAtomicValidation: true, TopicWeight: 1, TimeInMeshQuantum: time.Second,
			InvalidMessageDeliveriesWeight: -1, InvalidMessageDeliveriesDecay: pubsub.ScoreParameterDecay(invalidDecay),
		}
	}
	return params, &pubsub.PeerScoreThresholds{GossipThreshold: -10, PublishThreshold: -20, GraylistThreshold: -30, AcceptPXThreshold: neverPX}
}

// endsHere is validate for a room in which nobody forwards: validate has handed a received message to the loop, and pubsub
// has nothing more to do with it. So pubsub is told to ignore it. If it accepted the message, it would first look for peers
// to send it to, before the loop's turn: with 32 nodes on two cores that was a third of the time until a line is shown.
func (g *gossip) endsHere(validate pubsub.ValidatorEx) pubsub.ValidatorEx {
	return func(ctx context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		v := validate(ctx, from, m)
		if v == pubsub.ValidationAccept && from != g.snap.Load().self {
			m.ValidatorData = taken
			return pubsub.ValidationIgnore
		}
		return v
	}
}

// counted is validate, and counts what does not count for the guard.
func (g *gossip) counted(validate pubsub.ValidatorEx) pubsub.ValidatorEx {
	return func(ctx context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		v := validate(ctx, from, m)
		if v == pubsub.ValidationAccept || m.ValidatorData == taken || from == g.snap.Load().self {
			return v
		}
		cost := 1
		if v == pubsub.ValidationReject {
			cost = invalidCost
		}
		if g.guard.unwantedBy(from, cost, time.Now()) {
			g.shutOut(from)
		}
		return v
	}
}

// taken marks a message of another node that pubsub is told to ignore, and that is of use all the same.
var taken any = struct{ taken bool }{true}

// validateLine is the table of docs/design.md, "Which lines count". It runs in pubsub's validation
// goroutine, and for our own lines in the loop.
//
// The line's own claims are judged before its signature: verifying is by far the most expensive step, and a peer that sends
// lines that could not count in any case could make every node do it. So such a line is ignored, not rejected, even if its
// signature is bad.
func (g *gossip) validateLine(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	said, err := protocol.ScanMessage(g.room, m.GetData())
	if err != nil {
		return pubsub.ValidationReject
	}
	s := g.snap.Load()
	signer := said.Signer()
	author, _ := s.state.Known(signer[:]) // a stranger's is empty, and judged alike
	verdict := s.state.Check(author, said.Header)
	if verdict == authority.VerdictIgnore || verdict != authority.VerdictUnknown && said.Ctr <= s.floors[author] {
		return pubsub.ValidationIgnore
	}
	msg, err := said.Verify()
	if err != nil {
		return pubsub.ValidationReject
	}
	if _, known := s.keys.Get(msg.Epoch); !known || verdict == authority.VerdictUnknown {
		// Its record has not come, or its key has not. It counts as unwanted all the same: an honest member is heard early for
		// a moment, and only a flood goes on.
		g.post(earlyLine{room: g.room, msg: msg, from: from})
		return pubsub.ValidationIgnore
	}
	line, ok := s.open(msg, verdict)
	if !ok {
		return pubsub.ValidationIgnore
	}
	if from != s.self { // the loop itself publishes
		g.deliver(&lineArrived{room: g.room, line: line, from: from})
	}
	return pubsub.ValidationAccept
}

// open decrypts a line that may count.
func (s *snapshot) open(msg protocol.Message, v authority.Verdict) (transcript.Opened, bool) {
	return transcript.Open(msg, v, s.keys, s.floors[msg.Author])
}

// validateRecord lets through the records that the authority signed. Any other is ignored without blame for its sender; the
// authority's own node notes the author's attempt. As with lines, the signature comes last.
func (g *gossip) validateRecord(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	said, err := protocol.ScanRecord(m.GetData())
	if err != nil || said.RoomID() != g.room {
		return pubsub.ValidationReject
	}
	s := g.snap.Load()
	signer := said.Signer()
	author, known := s.state.Known(signer[:])
	entitled := known && author == s.state.Authority()
	switch {
	case !entitled && (s.state.Authority() != s.self || !s.member(author)):
		return pubsub.ValidationIgnore
	case entitled && said.Seq < s.state.Seq() && s.records[said.Seq-1].Hash() == said.Hash():
		return pubsub.ValidationIgnore
	}
	r, err := protocol.OpenRecord(m.GetData())
	if err != nil {
		return pubsub.ValidationReject
	}
	if !entitled {
		g.post(attempted{room: g.room, peer: author, record: r})
		return pubsub.ValidationIgnore
	}
	if from != s.self { // the loop itself publishes
		g.deliver(recordArrived{room: g.room, record: r})
	}
	return pubsub.ValidationAccept
}

// subscribe opens the room, and first waits until another peer is seen on the topic, unless alone is true. It returns when the
// instance ends.
func (g *gossip) subscribe(alone bool) error {
	if !alone {
		if err := g.awaitPeer(); err != nil {
			return err
		}
	}
	// Nothing is subscribed to: the validators hand over what comes. That saves two queues and a goroutine on the way.
	for _, t := range []*pubsub.Topic{g.lines, g.records} {
		cancel, err := t.Relay()
		if err != nil {
			return err
		}
		defer cancel()
	}
	g.deliver(subscribed{room: g.room})
	<-g.ctx.Done()
	return g.ctx.Err()
}

// awaitPeer waits until a peer is on the lines topic, or for graftPatience.
func (g *gossip) awaitPeer() error {
	events, err := g.lines.EventHandler()
	if err != nil {
		return err
	}
	defer events.Cancel()
	wait, cancel := context.WithTimeout(g.ctx, graftPatience)
	defer cancel()
	for {
		ev, err := events.NextPeerEvent(wait)
		if err != nil {
			return g.ctx.Err()
		}
		if ev.Type == pubsub.PeerJoin {
			return nil
		}
	}
}

// linked returns the peers that a line published now is sent to, members or not: they are on the topic, and pubsub has a
// queue for them.
func (g *gossip) linked() map[peer.ID]bool {
	linked := make(map[peer.ID]bool)
	for _, p := range g.lines.ListPeers() {
		linked[p] = true
	}
	return linked
}

func (g *gossip) publishLine(ctx context.Context, m protocol.Message) error {
	return publish(ctx, g.lines, m.Raw())
}

func (g *gossip) publishRecord(ctx context.Context, raw []byte) error {
	return publish(ctx, g.records, raw)
}

// publish validates in the caller's goroutine, and sends. That validation ignores a message is no error: it may be known
// already.
func publish(ctx context.Context, t *pubsub.Topic, raw []byte) error {
	err := t.Publish(ctx, raw)
	var invalid pubsub.ValidationError
	if errors.As(err, &invalid) && invalid.Reason == pubsub.RejectValidationIgnored {
		return nil
	}
	return err
}

// bar ends all gossip with p in this room and no other.
func (g *gossip) bar(p peer.ID) {
	g.barred.bar(p)
	g.ps.BlacklistPeer(p)
}

// admit lets p in, again if it was barred. Lifting the bar alone restores nothing (measured): pubsub has to look at the
// peer anew. admit makes it do so if p was here before its admission; a peer that comes later is seen by opened. For a peer
// that has not opened its stream yet, pubsub's own would fail; pubsub takes that for a disconnect and backs off.
func (g *gossip) admit(p peer.ID) {
	out := g.barred.lift(p)
	here := false
	for _, s := range g.streamsOf(p) {
		if s.Stat().Opened.Before(out) {
			// Of its earlier membership; or of this one, where it was back before we heard that it was out: then pubsub
			// has forgotten what it said, and it says it again on the next.
			_ = s.Reset()
			continue
		}
		here = true
	}
	if here {
		g.meet(p)
	}
}

// answer has pubsub open a stream to p again, if p has one to us.
func (g *gossip) answer(p peer.ID) {
	if len(g.streamsOf(p)) > 0 {
		g.meet(p)
	}
}

// streamsOf are the streams that p has opened to us.
func (g *gossip) streamsOf(p peer.ID) (open []network.Stream) {
	proto := protocol.GossipID(g.room)
	for _, c := range g.host.Network().ConnsToPeer(p) {
		for _, s := range c.GetStreams() {
			if s.Protocol() == proto && s.Stat().Direction == network.DirInbound {
				open = append(open, s)
			}
		}
	}
	return open
}

// opened: p speaks to us. A stranger is not met: pubsub takes a moment to know that it may not hear.
func (g *gossip) opened(p peer.ID) {
	if g.snap.Load().member(p) {
		g.meet(p)
	}
}

// meet has pubsub open a stream to p, if it has none.
func (g *gossip) meet(p peer.ID) {
	err := g.poke.Emit(event.EvtPeerProtocolsUpdated{Peer: p, Added: []libprotocol.ID{protocol.GossipID(g.room)}})
	if err != nil {
		g.log.Debug("cannot tell pubsub of a peer", "peer", p, "err", err)
	}
}

// An answering host reports the peers that open a stream to this node. Pubsub needs a stream each way, and learns that a
// connected peer has come into the room by an identify push alone. libp2p takes ten of these from a whole /24 and then one in
// five seconds: after a few newcomers, or with one stranger that pushes, the next would hear nothing live.
type answering struct {
	host.Host
	guard  *guard
	opened func(peer.ID)
}

// SetStreamHandler is how pubsub asks for the streams that others open.
func (h answering) SetStreamHandler(id libprotocol.ID, handle network.StreamHandler) {
	h.Host.SetStreamHandler(id, func(s network.Stream) {
		if h.guard.isShut(s.Conn().RemotePeer(), time.Now()) {
			_ = s.Reset()
			return
		}
		h.opened(s.Conn().RemotePeer())
		handle(s)
	})
}

// NewStream is how pubsub opens its own.
func (h answering) NewStream(ctx context.Context, p peer.ID, ids ...libprotocol.ID) (network.Stream, error) {
	return lan.OpenStream(ctx, h.Host, p, ids...)
}

// leave ends the instance of a room that we are out of. The others end their streams to us when they hear of it. If we did
// that before, they would open others in vain, and wait before they try again; and where we are let in again meanwhile, what
// they had begun then ends the stream that they have opened since (go-libp2p-pubsub takes any end for that of the peer).
func (g *gossip) leave() {
	theirs := g.end()
	time.AfterFunc(hangUpAfter, func() { resetAll(theirs) })
}

// end ends the instance and our streams, and returns those of the others: pubsub alone would leave them open.
func (g *gossip) end() (theirs []network.Stream) {
	g.cancel()
	proto := protocol.GossipID(g.room)
	g.host.RemoveStreamHandler(proto)
	for _, c := range g.host.Network().Conns() {
		for _, s := range c.GetStreams() {
			switch {
			case s.Protocol() != proto:
			case s.Stat().Direction == network.DirOutbound:
				_ = s.Reset()
			default:
				theirs = append(theirs, s)
			}
		}
	}
	if err := g.poke.Close(); err != nil {
		g.log.Debug("close emitter", "err", err)
	}
	return theirs
}

func resetAll(streams []network.Stream) {
	for _, s := range streams {
		_ = s.Reset()
	}
}
