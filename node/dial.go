package node

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
	"localchat/protocol"
)

// A book lists the peers that this node wants to be connected to, and when to try again. It is owned by the loop.
type book struct {
	self    peer.ID
	entries map[peer.ID]*bookEntry
	dials   int // under way, to peers that we want; hints, to others
	hints   int
	typed   []*typedPeer
}

// A bookEntry is one peer.
type bookEntry struct {
	peer    peer.ID
	addrs   []multiaddr.Multiaddr
	wanted  bool // a peer of one of our rooms; the others are hints, kept while there is space
	fixed   bool // named with --peer
	dialing bool
	next    time.Time // not before
	pause   time.Duration
	seen    time.Time
	// moved is set if the peer was announced at another address while it was connected, and tried is when its connections were tried
	// for that.
	moved   bool
	tried   time.Time
	rtt     time.Duration
	pinging bool
	alive   time.Time // when it last gave a sign of life, and when it was last asked for one
	pinged  time.Time
	pings   network.Stream // for pings; with the goroutine that pings while one is under way, nil until the first

	// heralds is set if the peer says of its rooms whether they have changed, and says is what it said last. fresh is set if it has not
	// been asked since; see said.go.
	heralds bool
	says    string
	fresh   bool
	// newOwn is how many times at most the peer is dialled, or asked which rooms it owns now, although nobody looks, and
	// visited is when it last was; see namesake.go.
	newOwn  int
	visited time.Time

	// These are for the listing of rooms. heard is set if the peer has listed its rooms, or could not be reached.
	asking bool
	asked  time.Time
	heard  bool
	shown  map[protocol.RoomID]bool // the rooms on its first page, at most protocol.MaxRooms; nil: there was no answer
	whole  bool                     // that page had all rooms that the peer owns
	more   int                      // number of rooms after that page
	// nextPage is the last room of the last page, if another page follows; otherwise zero.
	nextPage protocol.RoomID
}

// A typedPeer is an address without a peer ID, from --peer or a user. Dialling it shows which peer answers there.
type typedPeer struct {
	addr    multiaddr.Multiaddr
	dialing bool
	done    bool
	next    time.Time
	pause   time.Duration
}

// newBook returns a book with the peers of --peer, which it lets pass the gate g.
func newBook(self peer.ID, peers []string, g *lan.Gate) (*book, error) {
	b := &book{self: self, entries: make(map[peer.ID]*bookEntry)}
	for _, s := range peers {
		addr, err := parseAddr(s)
		if err != nil {
			return nil, err
		}
		g.TypeIn(transportsFor(addr)...)
		if ai, err := peer.AddrInfoFromP2pAddr(addr); err == nil {
			b.want(ai.ID, ai.Addrs)
			if e := b.entry(ai.ID); e != nil {
				e.fixed = true
			}
			continue
		}
		b.typed = append(b.typed, &typedPeer{addr: addr})
	}
	return b, nil
}

// entry returns the entry of p, or nil if there is none.
func (b *book) entry(p peer.ID) *bookEntry { return b.entries[p] }

// add notes the hint that p is at addrs.
func (b *book) add(p peer.ID, addrs []multiaddr.Multiaddr, now time.Time) *bookEntry {
	if p == b.self {
		return nil
	}
	e := b.entries[p]
	if e == nil {
		if len(b.entries) >= MaxPeers && !b.makeRoom() {
			return nil
		}
		e = &bookEntry{peer: p, pause: dialBackoffMin}
		b.entries[p] = e
	}
	e.seen = now
	e.learn(addrs)
	return e
}

// learn puts new addresses first and forgets the oldest.
func (e *bookEntry) learn(addrs []multiaddr.Multiaddr) {
	fresh := make([]multiaddr.Multiaddr, 0, protocol.MaxAddrs)
	for _, a := range append(slices.Clone(addrs), e.addrs...) {
		if len(fresh) < protocol.MaxAddrs && !slices.ContainsFunc(fresh, a.Equal) {
			fresh = append(fresh, a)
		}
	}
	e.addrs = fresh
}

// moves reports whether a wanted peer has an address that we do not know yet. Then it is not worth waiting for a dial of the others.
func (e *bookEntry) moves(addrs []multiaddr.Multiaddr) bool {
	return e != nil && (e.wanted || e.fixed) && e.lacks(addrs)
}

// lacks reports whether one of addrs is not known yet.
func (e *bookEntry) lacks(addrs []multiaddr.Multiaddr) bool {
	return slices.ContainsFunc(addrs, func(a multiaddr.Multiaddr) bool { return !slices.ContainsFunc(e.addrs, a.Equal) })
}

// makeRoom forgets the oldest hint: one to a peer without rooms, if there is one.
func (b *book) makeRoom() bool {
	var oldest *bookEntry
	for _, e := range b.entries {
		if !e.wanted && !e.fixed && !e.dialing && (oldest == nil || e.before(oldest)) {
			oldest = e
		}
	}
	if oldest == nil {
		return false
	}
	delete(b.entries, oldest.peer)
	return true
}

// before reports whether e is to be forgotten before o.
func (e *bookEntry) before(o *bookEntry) bool {
	if idle := e.heralds && e.says == ""; idle != (o.heralds && o.says == "") {
		return idle
	}
	return e.seen.Before(o.seen)
}

// want keeps us connected to p.
func (b *book) want(p peer.ID, addrs []multiaddr.Multiaddr) {
	if p == b.self {
		return
	}
	e := b.entries[p]
	if e == nil {
		e = &bookEntry{peer: p, pause: dialBackoffMin}
		b.entries[p] = e
	}
	e.wanted = true
	e.learn(addrs)
}

// release makes p a mere hint again.
func (b *book) release(p peer.ID) {
	if e := b.entries[p]; e != nil {
		e.wanted = false
	}
}

// dialDue dials wanted peers that are not connected, as far as dials are free.
func (b *book) dialDue(l *loop, now time.Time) {
	var hints []*bookEntry
	for _, e := range b.entries {
		switch {
		case e.dialing || now.Before(e.next) || l.n.connected(e.peer) || len(e.addrs) == 0 && !l.knowsAddrs(e.peer):
		case e.wanted || e.fixed:
			if b.dials < maxDials {
				l.dial(e)
			}
		case now.Sub(e.seen) < hintLife && l.mayHint(e, now):
			hints = append(hints, e)
		}
	}
	// First those that have failed least often, in random order: so a flood of false hints delays a true one, but does not hide it.
	rand.Shuffle(len(hints), func(i, j int) { hints[i], hints[j] = hints[j], hints[i] })
	slices.SortStableFunc(hints, func(x, y *bookEntry) int { return cmp.Compare(x.pause, y.pause) })
	for _, e := range hints[:min(len(hints), max(0, maxHintDials-b.hints))] {
		l.dial(e)
	}
	for _, t := range b.typed {
		if !t.done && !t.dialing && !now.Before(t.next) {
			l.tryTyped(t)
		}
	}
}

// hasUnqueried reports whether a peer may have rooms that this node does not know: one that has been announced, and has neither listed
// its rooms nor failed to answer.
func (b *book) hasUnqueried(now time.Time) bool {
	for _, e := range b.entries {
		if !e.heard && (e.asking || len(e.addrs) > 0 && (!e.heralds || e.fresh)) && now.Sub(e.seen) < hintLife {
			return true
		}
	}
	return false
}

// longestAgo returns the n entries of es whose last turn is the longest ago, or all if there are fewer. It sorts es.
func longestAgo(es []*bookEntry, n int, turn func(*bookEntry) time.Time) []*bookEntry {
	slices.SortFunc(es, func(a, b *bookEntry) int { return turn(a).Compare(turn(b)) })
	return es[:min(len(es), n)]
}

func (l *loop) knowsAddrs(p peer.ID) bool { return len(l.n.host.Peerstore().Addrs(p)) > 0 }

// dial dials e in a goroutine of its own. Two nodes that dial each other at the same time have two connections, and streams on both; a
// pause that prevents that would cost more.
func (l *loop) dial(e *bookEntry) {
	e.dialing = true
	p, addrs, hint, patience := e.peer, slices.Clone(e.addrs), !e.wanted && !e.fixed, hintTimeout
	if len(l.book.entries) > 2*maxHintDials {
		patience = crowdTimeout
	}
	if hint {
		l.book.hints++
	} else {
		l.book.dials++
	}
	l.n.spawn(func(ctx context.Context) {
		if hint {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, patience)
			defer cancel()
		}
		err := l.n.connect(ctx, p, addrs)
		l.n.post(dialed{p, hint, err})
	})
}

func (l *loop) tryTyped(t *typedPeer) {
	t.dialing = true
	l.n.spawn(func(ctx context.Context) {
		p, err := l.n.dialUnknown(ctx, t.addr)
		l.n.post(typedDialed{t, p, err})
	})
}

type (
	// peerFound: mDNS has seen somebody.
	peerFound struct{ info peer.AddrInfo }
	// noDiscovery: mDNS cannot run.
	noDiscovery struct{ err error }
	// dialed: an attempt has ended.
	dialed struct {
		peer peer.ID
		hint bool
		err  error
	}
	typedDialed struct {
		t    *typedPeer
		peer peer.ID
		err  error
	}
	// connectedness: libp2p says that a peer is connected, or no longer.
	connectedness struct {
		peer      peer.ID
		connected bool
	}
	// addrsChanged: an interface or an address of this machine has come or gone.
	addrsChanged struct{}
	// pinged: an answer to our ping, or none.
	pinged struct {
		peer   peer.ID
		stream network.Stream // for the next one; nil: there was no answer
		rtt    time.Duration
	}
)

func (e peerFound) handle(l *loop) {
	// Discovery reports loopback addresses only of nodes of this machine, from their files, and none that came over a network.
	l.n.gate.HereToo(e.info.ID, e.info.Addrs)
	moved := l.book.entry(e.info.ID).moves(e.info.Addrs)
	if b := l.book.entry(e.info.ID); b != nil && b.lacks(e.info.Addrs) && l.n.connected(b.peer) {
		l.mayHaveMoved(b)
	}
	b := l.book.add(e.info.ID, e.info.Addrs, l.now())
	if b == nil || b.dialing && !moved || l.n.connected(b.peer) {
		return
	}
	// An entry that cannot be dialled now is dialled at a tick; see dialDue.
	hint := !b.wanted && !b.fixed
	if hint && (!l.mayHint(b, l.now()) || l.book.hints >= maxHintDials || l.now().Before(b.next)) || !hint && l.book.dials >= maxDials {
		return
	}
	l.dial(b)
}

// mayHaveMoved tries the connections to a peer that is announced at another address: it may have been restarted. If they are dead, or end
// just now, it is dialled there at once, if it is one of our rooms.
func (l *loop) mayHaveMoved(b *bookEntry) {
	b.moved = true
	if now := l.now(); now.Sub(b.tried) >= triedAgain {
		b.tried = now
		l.tryConns(b.peer, now)
	}
}

func (e noDiscovery) handle(l *loop) {
	l.emit(nil, Warning{Code: "network", Text: "cannot find others by mDNS: " + e.err.Error()})
}

func (e dialed) handle(l *loop) {
	if e.hint {
		l.book.hints--
	} else {
		l.book.dials--
	}
	// Others may wait for this to end, and the next tick may be a second away.
	defer func() { l.book.dialDue(l, l.now()) }()
	b := l.book.entry(e.peer)
	if b == nil {
		return
	}
	b.dialing = false
	if e.err == nil {
		b.pause, b.next = dialBackoffMin, time.Time{}
		return
	}
	l.n.log.Debug("dial", "peer", e.peer, "err", e.err)
	b.heard = true
	b.next = l.now().Add(b.pause/2 + rand.N(b.pause))
	b.pause = min(2*b.pause, dialBackoffMax)
}

func (e typedDialed) handle(l *loop) {
	e.t.dialing = false
	if e.err != nil {
		l.n.log.Debug("dial", "addr", e.t.addr, "err", e.err)
		e.t.pause = min(max(2*e.t.pause, dialBackoffMin), dialBackoffMax)
		e.t.next = l.now().Add(e.t.pause)
		return
	}
	e.t.done = true
	l.keep(e.peer, transportsFor(e.t.addr))
}

// keepConnected makes p a peer of our rooms, and dials it now if its address is known: somebody may be about to talk to it.
func (l *loop) keepConnected(p peer.ID, addrs []multiaddr.Multiaddr) {
	l.book.want(p, addrs)
	if e := l.book.entry(p); e != nil && !e.dialing && len(e.addrs) > 0 && !l.now().Before(e.next) && l.book.dials < maxDials && !l.n.connected(p) {
		l.dial(e)
	}
}

// keep makes p a peer that we stay connected to.
func (l *loop) keep(p peer.ID, addrs []multiaddr.Multiaddr) {
	l.book.want(p, addrs)
	if e := l.book.entry(p); e != nil {
		e.fixed = true
	}
}

func (e connectedness) handle(l *loop) {
	if e.connected {
		b := l.book.add(e.peer, nil, l.now())
		if b != nil {
			b.pause, b.next, b.alive = dialBackoffMin, time.Time{}, l.now()
			l.beatBy(b.alive.Add(ownerEvery))
			if !b.asking && (l.directory.looking && l.due(b, l.now()) || b.wanted || b.fixed) {
				l.askRoomsOf(b, l.now(), false)
			}
		}
	} else if b := l.book.entry(e.peer); b != nil {
		b.rtt = 0
		if b.moved && (b.wanted || b.fixed) && !b.dialing && l.book.dials < maxDials {
			l.dial(b)
		}
		b.moved = false
	}
	for _, r := range l.rooms {
		if _, ok := r.state().Member(e.peer); !ok {
			continue
		}
		if e.connected && r.desk.recovering != nil {
			r.desk.recovering.askForHead(e.peer)
		} else if e.connected {
			r.talk.carry(r.talk.Greet(r.talk.world(), e.peer))
		} else if r.owner() {
			r.desk.presence.noteGone(e.peer)
		}
	}
}

func (addrsChanged) handle(l *loop) {
	l.networkChanged("addresses changed")
	l.pingNow()
}

// networkChanged makes every wanted peer due at once, since a peer that was out of reach may be in reach now.
func (l *loop) networkChanged(why string) {
	l.n.log.Info("network", "why", why)
	if l.n.cfg.Discovery != nil {
		l.n.cfg.Discovery.Hurry()
	}
	for _, e := range l.book.entries {
		e.next, e.pause = time.Time{}, dialBackoffMin
	}
	for _, r := range l.rooms {
		r.talk.carry(r.talk.CompareAround(r.talk.world()))
	}
}

// named returns those of the addresses that from has named for p which pass the gate. Others would only displace them.
func (l *loop) named(from, p peer.ID, addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	if slices.ContainsFunc(l.n.host.Network().ConnsToPeer(from), func(c network.Conn) bool { return manet.IsIPLoopback(c.RemoteMultiaddr()) }) {
		l.n.gate.HereToo(p, addrs)
	}
	return l.n.gate.Passing(p, addrs)
}

// addrsOf returns the known addresses of p. For this node itself, those are its listen addresses.
func (l *loop) addrsOf(p peer.ID) []multiaddr.Multiaddr {
	var known []multiaddr.Multiaddr
	if p == l.n.self {
		known = l.n.host.Addrs()
	} else {
		known = l.n.host.Peerstore().Addrs(p)
		if e := l.book.entry(p); e != nil {
			known = append(known, e.addrs...)
		}
		known = l.n.gate.Passing(p, known)
	}
	var addrs []multiaddr.Multiaddr
	for _, a := range known {
		if len(addrs) < protocol.MaxAddrs && len(a.Bytes()) <= protocol.MaxAddr && !slices.ContainsFunc(addrs, a.Equal) && lan.Dialable(a) {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

// toldAddrsOf returns the addresses of p that other nodes are told. An address that does not pass our own gate is not told:
// a peer that made it up could otherwise point others there through us.
func (l *loop) toldAddrsOf(p peer.ID) []multiaddr.Multiaddr {
	return lan.WithoutLinkLocal(l.addrsOf(p))
}

func parseAddrs(ss []string) []multiaddr.Multiaddr {
	var as []multiaddr.Multiaddr
	for _, s := range ss {
		if a, err := multiaddr.NewMultiaddr(s); err == nil {
			as = append(as, a)
		}
	}
	return as
}

func formatAddrs(as []multiaddr.Multiaddr) []string {
	ss := make([]string, len(as))
	for i, a := range as {
		ss[i] = a.String()
	}
	return ss
}

// Dial connects to a multiaddr, with or without its /p2p, or to HOST:PORT, and stays connected.
func (n *Node) Dial(ctx context.Context, addr string) (peer.ID, error) {
	a, err := parseAddr(addr)
	if err != nil {
		return "", err
	}
	if err := checkCard(a); err != nil {
		return "", err
	}
	at, err := n.dialTyped(ctx, a)
	if err != nil {
		return "", &Error{Code: CodeUnavailable, Text: "cannot connect to " + addr + ": " + fault.Network(err), Reason: fault.CannotDial}
	}
	_, err = ask(ctx, n, keepPeer{at})
	return at.ID, err
}

type keepPeer struct{ at peer.AddrInfo }

func (q keepPeer) run(l *loop) (none, error) {
	l.keep(q.at.ID, q.at.Addrs)
	return none{}, nil
}
