package node

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/gologshim"
	"golang.org/x/time/rate"

	"localchat/node/internal/clock"
	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// Discovery finds peers on the network.
type Discovery interface {
	// Run announces self and browses until ctx ends. It calls self for each answer, found with hints to dial, from one goroutine,
	// and refused with the address of a sender each time that it sends more than it may.
	Run(ctx context.Context, self func() peer.AddrInfo, found func(peer.AddrInfo), refused func(from netip.Addr)) error
	// Hurry asks for a round of questions now, since the network has changed, or a user looks at the list of rooms.
	Hurry()
}

// A Teller is a [Discovery] with two more reports. Tell is called before Run.
type Teller interface {
	// Tell sets two callbacks. twin gets announcements of another node under our own peer ID. trouble gets the reason why others
	// cannot find us, or "" when they can again.
	Tell(twin func(peer.AddrInfo), trouble func(text string))
}

// A Herald is a [Discovery] that hands on what nodes say of their rooms.
type Herald interface {
	// Announce says text to all others, from now on: it changes when the rooms change that this node would list, and is "" if there are
	// none. It is called before Run, and must not block.
	Announce(text string)
	// Hear sets a function that gets what another peer says, before Run's found gets that peer. Nothing of it is proven. Hear is called
	// before Run.
	Hear(said func(p peer.ID, text string))
}

// Config has the settings of a node.
type Config struct {
	// DataDir is the folder of the identity and the store. If it is empty, all is kept in memory.
	DataDir string
	// Nick is the nick in rooms that are entered without one.
	Nick string
	// Listen are the multiaddrs to listen on; none means every interface, with QUIC and TCP, and ports chosen by the system.
	Listen []string
	// Peers are multiaddrs, or HOST:PORT, that are dialled at the start, and again whenever the connection is lost.
	Peers []string
	// FromAnywhere lets nodes of all networks connect. If it is not set, only nodes can connect that are on a network of this
	// machine, or at an address that a person typed. It does not change which addresses this node dials.
	FromAnywhere bool
	// Remember keeps the addresses of peers for the next start. If it is not set, those that were kept are removed.
	Remember bool
	// Discovery may be nil.
	Discovery Discovery
	// Known has known owners and verified peers for a node without a data directory; see [ReadKnown].
	Known Known
	// NoResume leaves the stored rooms asleep.
	NoResume bool
	// Version is the version that Info reports.
	Version string
	// AtRest, if it is set, is called with true when nothing has happened for a while in the rooms of the node, and with false when
	// something happens again. It is called in turn, and must not block.
	AtRest func(rests bool)
	// Log may be nil. No line of a room and no key is ever logged.
	Log *slog.Logger
	// Host replaces the host that New makes; the node closes it. For simulated networks.
	Host host.Host

	// gate is that of Host; nil means one for the networks of this machine.
	gate *lan.Gate
	// newCaller makes the host that checks whether a twin answers; nil means [lan.NewCaller].
	newCaller func(*lan.Gate) (host.Host, error)
	// unbuffered makes the inbox a channel without a queue, with which deadlocks show sooner. For tests.
	unbuffered bool
}

// A Node is a running peer. Its methods may be called from any goroutine.
type Node struct {
	cfg    Config
	host   host.Host
	gate   *lan.Gate
	self   peer.ID
	signer protocol.KeySigner
	log    *slog.Logger
	words  *wordBook
	// toldOfWaking: the system tells when it has woken, or its wall clock was set.
	toldOfWaking bool
	// inbox is the only input of the loop. It is never closed; senders stop when ctx ends.
	inbox chan inboxEvent
	// admission decides which requests of other nodes are served.
	admission *admission
	says      *rate.Limiter // this node's own lines, in all rooms
	waiters   *lan.Waiters
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	wg        sync.WaitGroup // every goroutine of this node; see Node.spawn
	ended     chan struct{}  // closed when the loop has returned
	once      sync.Once
	err       error
}

// New makes a node, enters the stored rooms and starts to listen. Its errors are [Error] values: for a damaged identity
// (Identity), a data directory in use (Locked), or no address to listen on (Unavailable).
func New(cfg Config) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.newCaller == nil {
		cfg.newCaller = lan.NewCaller
	}
	gologshim.SetDefaultHandler(cfg.Log.Handler())
	disk, err := store.Open(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	g := cfg.gate
	if g == nil {
		g = lan.NewGate(nil, cfg.FromAnywhere)
	}
	h, key, err := makeHost(cfg, g)
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	n := &Node{
		cfg: cfg, host: h, gate: g, self: h.ID(), signer: protocol.KeySigner{PrivKey: key}, log: cfg.Log, words: newWordBook(),
		inbox: make(chan inboxEvent, inboxSize), ended: make(chan struct{}),
		waiters: lan.NewWaiters(),
		says:    rate.NewLimiter(sayRate, sayBurst),
	}
	n.admission = newAdmission(n)
	if cfg.unbuffered {
		n.inbox = make(chan inboxEvent)
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	l, err := newLoop(n, disk)
	if err != nil {
		n.cancel()
		return nil, errors.Join(err, h.Close(), disk.Close())
	}
	l.publishGuests()
	l.sayRooms()
	n.listen()
	g.OnRefusal(n.admission.refuseFrom)
	if rm := resourcesOf(h); rm != nil {
		rm.judge.Store(n.admission)
		rm.recount()
	}
	var wakes func(context.Context, func())
	if cfg.Host == nil { // a simulated node has no clocks of its own
		wakes = clock.WatchWaking()
		n.toldOfWaking = wakes != nil
	}
	if err := n.watchHost(); err != nil {
		n.cancel()
		return nil, errors.Join(err, h.Close(), disk.Close())
	}
	n.spawn(func(ctx context.Context) { l.run(ctx) })
	n.spawn(n.watchNetwork)
	if wakes != nil {
		n.spawn(func(ctx context.Context) { wakes(ctx, func() { n.post(clockJumped{}) }) })
	}
	if cfg.Discovery != nil {
		n.spawn(n.discover)
	}
	return n, nil
}

func makeHost(cfg Config, g *lan.Gate) (host.Host, crypto.PrivKey, error) {
	if cfg.Host != nil {
		return cfg.Host, cfg.Host.Peerstore().PrivKey(cfg.Host.ID()), nil
	}
	if err := mayListen(cfg.Listen); err != nil {
		return nil, nil, err
	}
	key, err := store.Identity(cfg.DataDir)
	if err != nil {
		return nil, nil, err
	}
	rm, err := newResourceManager()
	if err != nil {
		return nil, nil, err
	}
	says := agent
	if cfg.DataDir == "" {
		says = ephemeralAgent
	}
	options := append(g.Options(), libp2p.ResourceManager(g.Guard(rm)), libp2p.UserAgent(says))
	h, err := lan.NewHost(key, cfg.Listen, options...)
	if err != nil {
		cfg.Log.Error("listen", "err", err)
		return nil, nil, &Error{Code: CodeUnavailable, Network: true, Text: "cannot listen at any address", Reason: fault.CannotListen}
	}
	return h, key, nil
}

// spawn starts a goroutine of the node. Every one is started by it, and Close waits for all.
func (n *Node) spawn(f func(context.Context)) {
	n.wg.Go(func() { f(n.ctx) })
}

func (n *Node) discover(ctx context.Context) {
	if t, ok := n.cfg.Discovery.(Teller); ok {
		t.Tell(func(ai peer.AddrInfo) { n.post(twinFound{ai}) }, func(text string) { n.post(mdnsTrouble{text}) })
	}
	if h, ok := n.cfg.Discovery.(Herald); ok {
		h.Hear(func(p peer.ID, text string) { n.post(roomsSaid{p, text}) })
	}
	err := n.cfg.Discovery.Run(ctx, n.addrInfo,
		func(ai peer.AddrInfo) { n.post(peerFound{ai}) },
		func(from netip.Addr) { n.admission.refuse(visitor{from: originAt(from)}, anAnnouncement) })
	if err != nil && ctx.Err() == nil {
		n.log.Warn("discovery ended", "err", err)
		n.post(noDiscovery{err})
	}
}

// addrInfo returns the addresses at which this node listens now. Unspecified ones are not resolved: discovery does that better
// than the host, which leaves out link-local ones and notices a new address late.
func (n *Node) addrInfo() peer.AddrInfo {
	return peer.AddrInfo{ID: n.self, Addrs: n.host.Network().ListenAddresses()}
}

// Close ends the node and waits for every goroutine. It waits for at most leaveTimeout until the latest lines of this node have
// reached another node. The rooms are entered again at the next start. An ephemeral node has no next start, so it leaves the
// rooms of others, closes its own, and waits for a moment until their members are told.
func (n *Node) Close() error {
	n.once.Do(func() {
		n.farewell()
		n.cancel()
		<-n.ended
		n.err = n.host.Close()
		n.wg.Wait()
	})
	return n.err
}

// random is the source of keys, nonces and tokens.
var random io.Reader = rand.Reader

// listen sets the handlers of the stream protocols. Those of gossip are pubsub's, and that of identify is libp2p's.
func (n *Node) listen() {
	n.admission.serve(protocol.PollID, pollQuota, n.servePoll)
	n.admission.serve(protocol.JoinID, joinQuota, n.serveJoin)
	n.admission.serve(protocol.AskID, askQuota, n.serveAsk)
	n.admission.serve(protocol.OrderID, orderQuota, n.serveOrder)
	n.admission.serve(protocol.TakeID, takeQuota, n.serveTake)
	n.admission.serve(protocol.SyncID, syncQuota, n.serveSync)
	n.admission.serve(protocol.PassID, passQuota, n.servePass)
	n.admission.serve(protocol.TellID, tellQuota, n.serveTell)
	n.admission.serve(protocol.RoomsID, roomsQuota, n.serveRooms)
	n.admission.serve(pingID, pingQuota, n.servePing)
}
