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

	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// Discovery finds peers on the network.
type Discovery interface {
	// Run announces self and browses until ctx ends. self is called whenever an answer is made; found is given hints
	// to dial, from one goroutine. refused is given the address of a sender each time that it sends more than it may.
	Run(ctx context.Context, self func() peer.AddrInfo, found func(peer.AddrInfo), refused func(from netip.Addr)) error
	// Hurry asks for a quick round now: the network has changed, or somebody looks at the list of rooms.
	Hurry()
}

// A Teller is a [Discovery] that tells more. Tell is called before Run.
type Teller interface {
	// Tell sets two callbacks. twin gets what another node announces under our own peer ID. trouble gets the reason why others
	// cannot find us, or "" when they can again.
	Tell(twin func(peer.AddrInfo), trouble func(text string))
}

// Config is what a node is made of.
type Config struct {
	// DataDir holds the identity and the store; "" keeps all in memory.
	DataDir string
	// Nick is the nick where a room is entered without naming one.
	Nick string
	// Listen are the multiaddrs to listen on; none is every interface, QUIC and TCP, ports chosen by the system.
	Listen []string
	// Peers are multiaddrs, or HOST:PORT, that are dialled at the start and again whenever they are gone.
	Peers []string
	// FromAnywhere lets nodes of other networks connect. Without it only those connect that are on a network of this machine,
	// or at an address that a person typed. It does not change which addresses we dial.
	FromAnywhere bool
	// Remember keeps the addresses of peers for the next start. Without it none is kept, and what was is forgotten.
	Remember bool
	// Discovery may be nil.
	Discovery Discovery
	// Known is what a node without a data directory knows of others all the same; see [ReadKnown].
	Known Known
	// NoResume leaves the rooms of last time alone.
	NoResume bool
	// Version is what Info reports.
	Version string
	// Log may be nil. No line of a room and no key is ever logged.
	Log *slog.Logger
	// Host replaces the host that New makes; the node closes it. For simulated networks.
	Host host.Host

	// gate is that of Host; nil is one for the networks of this machine.
	gate *lan.Gate
	// newCaller makes the host that looks whether a twin answers; nil is [lan.NewCaller].
	newCaller func(*lan.Gate) (host.Host, error)
	// unbuffered makes the inbox one without a queue, which uncovers deadlocks sooner. For tests.
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
	// inbox is the loop's only input. Nobody closes it: senders watch ctx.
	inbox chan inboxEvent
	// admission decides what others may ask of us.
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

// New makes a node, takes up the rooms of last time and starts to listen. The errors are those of [Error]: a damaged
// identity (Identity), a data directory in use (Locked), no address to listen on (Unavailable).
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
	n.listen()
	g.OnRefusal(n.admission.refuseFrom)
	if rm := resourcesOf(h); rm != nil {
		rm.judge.Store(n.admission)
		rm.recount()
	}
	if err := n.watchHost(); err != nil {
		n.cancel()
		return nil, errors.Join(err, h.Close(), disk.Close())
	}
	n.spawn(func(ctx context.Context) { l.run(ctx) })
	n.spawn(n.watchNetwork)
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

// spawn starts a goroutine of the node. All are started here, and Close waits for each.
func (n *Node) spawn(f func(context.Context)) {
	n.wg.Go(func() { f(n.ctx) })
}

func (n *Node) discover(ctx context.Context) {
	if t, ok := n.cfg.Discovery.(Teller); ok {
		t.Tell(func(ai peer.AddrInfo) { n.post(twinFound{ai}) }, func(text string) { n.post(mdnsTrouble{text}) })
	}
	err := n.cfg.Discovery.Run(ctx, n.addrInfo,
		func(ai peer.AddrInfo) { n.post(peerFound{ai}) },
		func(from netip.Addr) { n.admission.refuse(visitor{from: originAt(from)}, anAnnouncement) })
	if err != nil && ctx.Err() == nil {
		n.log.Warn("discovery ended", "err", err)
		n.post(noDiscovery{err})
	}
}

// addrInfo is where we listen, as of now. Unspecified addresses stay: discovery knows the interfaces better than the
// host, which leaves out link-local ones and follows a new address late.
func (n *Node) addrInfo() peer.AddrInfo {
	return peer.AddrInfo{ID: n.self, Addrs: n.host.Network().ListenAddresses()}
}

// Close leaves in order and waits for every goroutine. What was said last reaches another node, if it can within leaveTimeout.
// Rooms are resumed next time; an ephemeral node, which has no next time, leaves the rooms of others and closes its own, and
// gives their members a moment to be told.
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

// random is where keys, nonces and tokens come from.
var random io.Reader = rand.Reader

// listen registers what other nodes may ask of us. Gossip is pubsub's, and identify is libp2p's.
func (n *Node) listen() {
	n.admission.serve(protocol.PollID, pollQuota, n.servePoll)
	n.admission.serve(protocol.JoinID, joinQuota, n.serveJoin)
	n.admission.serve(protocol.AskID, askQuota, n.serveAsk)
	n.admission.serve(protocol.SyncID, syncQuota, n.serveSync)
	n.admission.serve(protocol.PassID, passQuota, n.servePass)
	n.admission.serve(protocol.TellID, tellQuota, n.serveTell)
	n.admission.serve(protocol.RoomsID, roomsQuota, n.serveRooms)
	n.admission.serve(pingID, pingQuota, n.servePing)
}
