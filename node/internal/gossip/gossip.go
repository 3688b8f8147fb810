package gossip

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
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/time/rate"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// A Handler receives the events of a room. Pubsub's goroutines call it, for one line or record at a time.
type Handler interface {
	// Line is called for a line that counts. from is the peer that sent it.
	Line(from peer.ID, line transcript.Opened)
	// Record is called for a record that the authority has signed, which need not be the next one.
	Record(r protocol.SignedRecord)
	// Early is called for a line that cannot be judged yet, since the record or the key of its epoch has not come. It must not
	// block: a present or former member can send any number of them.
	Early(m protocol.Message)
	// Attempt is called, at the authority only, if another member has signed a record. It must not block.
	Attempt(by peer.ID, r protocol.SignedRecord)
	// Subscribed is called when this node has subscribed: later lines arrive.
	Subscribed()
	// Flood is called if a peer has sent more than its budget, and is shut out for a moment.
	Flood(p peer.ID)
}

// A Budget is how many lines one peer may publish a second, and at once. Each KiB of a text counts as one more line.
type Budget struct {
	PerSecond rate.Limit
	Burst     int
}

// A Room is the gossip of one room: a pubsub instance of its own on the shared host.
type Room struct {
	ctx       context.Context // ends with the instance
	cancel    context.CancelFunc
	room      protocol.RoomID
	host      host.Host
	ps        *pubsub.PubSub
	lines     *pubsub.Topic
	records   *pubsub.Topic
	blacklist *blacklist
	guard     *guard
	announcer event.Emitter
	snap      atomic.Pointer[Snapshot]
	handler   Handler
	log       *slog.Logger
}

// Start makes the instance, with its topics joined and its validators set, but not yet subscribed.
func Start(ctx context.Context, h host.Host, s *Snapshot, each Budget, handler Handler, log *slog.Logger) (*Room, error) {
	g := &Room{room: s.Room, host: h, blacklist: newBlacklist(), guard: newGuard(s.Room, each), handler: handler, log: log}
	g.snap.Store(s)
	g.ctx, g.cancel = context.WithCancel(ctx)
	proto := protocol.GossipID(g.room)
	features := func(f pubsub.GossipSubFeature, p libprotocol.ID) bool {
		return p == proto && (f == pubsub.GossipSubFeatureMesh || f == pubsub.GossipSubFeatureIdontwant)
	}
	params := pubsub.DefaultGossipSubParams()
	params.PruneBackoff, params.UnsubscribeBackoff = pruneBackoff, unsubscribeBackoff
	params.D, params.Dlo, params.Dhi, params.Dout, params.Dscore = 0, 0, 0, 0, 0
	params.Dlazy, params.GossipFactor = 0, 0 // transcript fetches missing lines
	params.HeartbeatInterval, params.HistoryLength, params.HistoryGossip = heartbeat, 1, 1
	var err error
	g.announcer, err = h.EventBus().Emitter(new(event.EvtPeerProtocolsUpdated))
	if err != nil {
		return nil, err
	}
	// NewGossipSub would make the connection manager protect the peers that lines come from. That is not needed, since the manager
	// keeps the connections to a whole room.
	g.ps, err = pubsub.NewGossipSubWithRouter(
		g.ctx, watchedHost{h, g.guard, g.streamOpened}, pubsub.DefaultGossipSubRouter(h),
		pubsub.WithGossipSubProtocols([]libprotocol.ID{proto}, features),
		pubsub.WithGossipSubParams(params),
		pubsub.WithFloodPublish(true),
		pubsub.WithPeerScore(g.scores()),
		pubsub.WithBlacklist(g.blacklist),
		// Messages have a signature of our own inside, so that a line that is fetched later is signed too.
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(func(m *pb.Message) string { id := protocol.DataID(m.GetData()); return string(id[:]) }),
		pubsub.WithMaxMessageSize(protocol.MaxMessage+1<<10),
		pubsub.WithMaxControlMessageSize(maxControl),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(
			pubsub.NewAllowlistSubscriptionFilter(protocol.LinesTopic, protocol.RecordsTopic), maxTopics)),
		pubsub.WithPeerOutboundQueueSize(queueSize),
		pubsub.WithValidateQueueSize(queueSize),
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

// scores returns scoring by which a stranger gets no messages and is ignored, until the next heartbeat after its admission.
// (Filters on peers, subscriptions or RPCs each leave a hole; see go-libp2p-pubsub issue 449.)
func (g *Room) scores() (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	params := &pubsub.PeerScoreParams{
		AppSpecificScore: func(p peer.ID) float64 {
			if g.snap.Load().member(p) {
				return 0
			}
			return strangerScore
		},
		AppSpecificWeight: 1, DecayInterval: decayEvery, DecayToZero: decayToZero,
		Topics: map[string]*pubsub.TopicScoreParams{}, SeenMsgTTL: seenFor,
	}
	// No honest node sends messages that the validators reject. The square of their number counts, so that six in a row make
	// pubsub ignore the peer. (A peer that accepts no stream from us has no score; the guard counts its messages.)
	for _, topic := range []string{protocol.LinesTopic, protocol.RecordsTopic} {
		params.Topics[topic] = &pubsub.TopicScoreParams{
			SkipAtomicValidation: true, TopicWeight: 1, TimeInMeshQuantum: time.Second,
			InvalidMessageDeliveriesWeight: -1, InvalidMessageDeliveriesDecay: pubsub.ScoreParameterDecayWithBase(invalidDecay, decayEvery, decayToZero),
		}
	}
	return params, &pubsub.PeerScoreThresholds{GossipThreshold: gossipThreshold, PublishThreshold: publishThreshold, GraylistThreshold: graylistThreshold, AcceptPXThreshold: neverPX}
}

// Update replaces the snapshot.
func (g *Room) Update(s *Snapshot) { g.snap.Store(s) }

// Snapshot returns the snapshot that the validators use.
func (g *Room) Snapshot() *Snapshot { return g.snap.Load() }

// Sweep forgets the budgets that are full again.
func (g *Room) Sweep(now time.Time) { g.guard.sweep(now) }

// Run subscribes, and first waits until another peer is seen on the topic, unless alone is true. It returns when
// the instance ends, with the error of its context, or when it cannot subscribe.
func (g *Room) Run(alone bool) error {
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
	g.handler.Subscribed()
	<-g.ctx.Done()
	return g.ctx.Err()
}

// awaitPeer waits until a peer is on the lines topic, or for peerPatience.
func (g *Room) awaitPeer() error {
	events, err := g.lines.EventHandler()
	if err != nil {
		return err
	}
	defer events.Cancel()
	wait, cancel := context.WithTimeout(g.ctx, peerPatience)
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

// Linked returns the peers that a line published now is sent to, members or not: they are on the topic, and pubsub has a
// queue for them.
func (g *Room) Linked() map[peer.ID]bool {
	linked := make(map[peer.ID]bool)
	for _, p := range g.lines.ListPeers() {
		linked[p] = true
	}
	return linked
}

// PublishLine sends a line of this node to every peer that Linked returns. Here it is only seen whether it counts: the caller, which has
// sealed it, verifies and opens it.
func (g *Room) PublishLine(ctx context.Context, m protocol.UnverifiedMessage) error {
	return publish(ctx, g.lines, m.Raw(), pubsub.WithValidatorData(m))
}

// PublishRecord does the same for a record.
func (g *Room) PublishRecord(ctx context.Context, raw []byte) error {
	return publish(ctx, g.records, raw)
}

// publish validates a message in the caller's goroutine and sends it. It returns no error if validation ignores the message,
// which may be known already.
func publish(ctx context.Context, t *pubsub.Topic, raw []byte, o ...pubsub.PubOpt) error {
	err := t.Publish(ctx, raw, o...)
	var invalid pubsub.ValidationError
	if errors.As(err, &invalid) && invalid.Reason == pubsub.RejectValidationIgnored {
		return nil
	}
	return err
}
