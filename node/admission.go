package node

import (
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"golang.org/x/time/rate"

	"localchat/node/internal/lan"
	"localchat/node/internal/ratelimit"
	"localchat/protocol"
)

// An admission decides which streams of other peers are served, and how much they may ask. Every protocol of this program
// is registered with it. Guests and strangers have separate places (streams at once) and budgets (requests), so that strangers cannot use
// up those of guests. A refused stream is reset before anything is read from it, and without the loop.
//
// Guests are the peers of [loop.publishGuests]. They are known by their keys, so no other peer can
// use up a guest's share. New identities cost nothing, so strangers share by address; see [places].
type admission struct {
	n *Node
	// guests says how many of our rooms each guest is in. The loop replaces it and never changes it.
	guests atomic.Pointer[map[peer.ID]int]

	// mu guards the counts of the services, and floods. The handlers of all streams meet here.
	mu       sync.Mutex
	services map[protocolID]*service // not changed after listen
	floods   floods
	// closing limits how often the loop is asked to hang up.
	closing *rate.Limiter
	refused *ratelimit.Keyed[peer.ID]
	// answers has the budget of each peer for answers to its comparisons and polls, in bytes.
	answers *ratelimit.Keyed[peer.ID]
	large   *large
	// passes has the budgets of members for lines to relay.
	passes shares
}

// A visitor is a peer that has opened a stream.
type visitor struct {
	peer  peer.ID
	from  origin
	guest bool
	rooms int // of this node that it is in
}

// A service is one protocol, with the places and budgets that are in use.
type service struct {
	quota
	ofGuests, ofStrangers *places
	open                  map[peer.ID][]*admitted // in the order of coming

	guest, stranger *ratelimit.Keyed[peer.ID]
	address         *ratelimit.Keyed[netip.Addr]
	shared          *rate.Limiter
}

// An admitted stream holds a place until it is over.
type admitted struct {
	stream network.Stream
	visitor
	over bool
}

func newAdmission(n *Node) *admission {
	a := &admission{
		n: n, services: make(map[protocolID]*service), closing: rate.NewLimiter(hangUps, hangUps),
		refused: keyed[peer.ID](budget{refusals, refusalsBurst}), answers: keyed[peer.ID](budget{answerRate, answerBurst}), large: newLarge(), passes: newDirects(),
		floods: newFloods(),
	}
	a.guests.Store(&map[peer.ID]int{})
	return a
}

func newService(q quota) *service {
	return &service{
		quota: q, ofGuests: newPlaces(q.guests), ofStrangers: newPlaces(q.strangers), open: make(map[peer.ID][]*admitted),
		guest: keyed[peer.ID](q.guest), stranger: keyed[peer.ID](q.stranger),
		address: keyed[netip.Addr](q.address), shared: q.shared.limiter(),
	}
}

// serve registers a protocol.
func (a *admission) serve(id protocolID, q quota, handle network.StreamHandler) {
	v := newService(q)
	a.services[id] = v
	a.n.host.SetStreamHandler(id, func(s network.Stream) {
		who := a.visitor(s.Conn())
		if !q.counts && !a.allow(id, who) {
			_ = s.Reset()
			return
		}
		place := a.enter(v, s, who)
		if place == nil {
			_ = s.Reset()
			a.refuse(who, aStream)
			return
		}
		defer a.leave(v, place)
		handle(s)
	})
}

// visitor identifies the peer at the other end of c.
func (a *admission) visitor(c network.Conn) visitor {
	p := c.RemotePeer()
	rooms, guest := (*a.guests.Load())[p]
	return visitor{peer: p, from: originOfConn(c), guest: guest, rooms: rooms}
}

// visitorAt returns p as a visitor, at one of the addresses of its connections.
func (a *admission) visitorAt(p peer.ID) visitor {
	if a.n.host != nil {
		for _, c := range a.n.host.Network().ConnsToPeer(p) {
			return a.visitor(c)
		}
	}
	rooms, guest := (*a.guests.Load())[p]
	return visitor{peer: p, guest: guest, rooms: rooms}
}

// enter gives the visitor a place for s, or returns nil.
func (a *admission) enter(v *service, s network.Stream, who visitor) *admitted {
	a.mu.Lock()
	defer a.mu.Unlock()
	if held := v.open[who.peer]; len(held) >= max(v.each+v.room*who.rooms, 1) {
		if !v.newest {
			return nil
		}
		// The handler notices, and ends.
		_ = held[0].stream.Reset()
		v.release(held[0])
	}
	p := &admitted{stream: s, visitor: who}
	if !v.places(who).take(who.from) {
		return nil
	}
	v.open[who.peer] = append(v.open[who.peer], p)
	return p
}

func (v *service) places(who visitor) *places {
	if who.guest {
		return v.ofGuests
	}
	return v.ofStrangers
}

func (a *admission) leave(v *service, p *admitted) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v.release(p)
}

func (v *service) release(p *admitted) {
	if p.over {
		return
	}
	p.over = true
	v.places(p.visitor).release(p.from)
	held := v.open[p.peer]
	for i, h := range held {
		if h == p {
			held = append(held[:i], held[i+1:]...)
			break
		}
	}
	if v.open[p.peer] = held; len(held) == 0 {
		delete(v.open, p.peer)
	}
}

// allow charges one request to the visitor's budgets. It reports false if they are used up.
func (a *admission) allow(id protocolID, who visitor) bool {
	if !a.own(id, who).Allow() {
		a.refuse(who, askedAs(id))
		return false
	}
	_, ok := a.common(id, who)
	return ok
}

// own returns the visitor's own budget.
func (a *admission) own(id protocolID, who visitor) *rate.Limiter {
	v := a.services[id]
	if who.guest {
		return v.guest.Limiter(who.peer)
	}
	return v.stranger.Limiter(who.peer)
}

// common charges one request of a stranger to the budget of its address and, if that is empty, to the one of all strangers. It returns how
// long they stay empty. A guest is charged nothing.
func (a *admission) common(id protocolID, who visitor) (wait time.Duration, ok bool) {
	v := a.services[id]
	if who.guest || v.address.Limiter(who.from.addr).Allow() {
		return 0, true
	}
	wait, ok = ratelimit.Take(v.shared, time.Now())
	if !ok {
		a.refuse(who, askedAs(id))
	}
	return wait, ok
}

// mayPass charges a line of that size to what the visitor may hand over. A line beyond that is counted, and costs no
// connection: where many cannot reach each other, honest nodes pass on each line.
//
// The visitor is charged, and not the line's author: it is the visitor that has us read and verify the line, and copies that it
// hands over must not use up what the author may say. When the line has been verified and is new, the author is charged for having
// said it, as for a line that comes live.
func (a *admission) mayPass(who visitor, size int) bool {
	if a.passes.allow(who, 1+size>>10, time.Now()) {
		return true
	}
	a.count(who, aPass, 1)
	return false
}

// mayAnswer reports whether p may get more answers to comparisons and polls. answered and weighs charge an answer to its budget.
func (a *admission) mayAnswer(p peer.ID) bool { return a.answers.Limiter(p).Tokens() > 0 }

func (a *admission) answered(p peer.ID, r *protocol.SyncReply) {
	size := 0
	for _, list := range [][][]byte{r.Records, r.Lines} {
		for _, b := range list {
			size += len(b)
		}
	}
	a.weighs(p, size)
}

func (a *admission) weighs(p peer.ID, size int) { a.answers.Limiter(p).ReserveN(time.Now(), size) }

// sweep forgets the budgets that are full again.
func (a *admission) sweep(now time.Time) {
	for _, v := range a.services {
		v.guest.Sweep(now)
		v.stranger.Sweep(now)
		v.address.Sweep(now)
	}
	a.refused.Sweep(now)
	a.answers.Sweep(now)
	a.passes.sweep(now)
	if rm := resourcesOf(a.n.host); rm != nil {
		rm.sweep(now)
	}
}

// isGuest reports whether p is a guest, by the list that the loop has published last.
func (a *admission) isGuest(p peer.ID) bool {
	_, ok := (*a.guests.Load())[p]
	return ok
}

// nickOf is the nick of p in one of our rooms.
func (l *loop) nickOf(p peer.ID) string {
	for _, id := range l.order {
		if m, ok := l.rooms[id].state().Member(p); ok {
			return m.Nick
		}
	}
	return "a member"
}

// publishGuests stores the list of guests: the members of our rooms and their authorities, the peers that are owed a
// reason, may appeal or were pardoned, and the peers that this node wants to be connected to. The connection manager closes none of their connections.
func (l *loop) publishGuests() {
	l.guestsChanged = false
	guests, now := make(map[peer.ID]int), l.judgedAt()
	for _, r := range l.rooms {
		for _, m := range r.state().Members() {
			guests[m.Peer]++
		}
		guests[r.authority()] += 0
		if r.owner() {
			for _, f := range r.desk.ledger.Failures() {
				if r.desk.ledger.Owes(f.Peer, now) {
					guests[f.Peer]++
				}
			}
			for _, p := range r.desk.ledger.Heard(now) {
				guests[p] = max(guests[p], 1)
			}
		}
	}
	for p, e := range l.book.entries {
		if e.wanted || e.fixed {
			guests[p] += 0
		}
	}
	delete(guests, "")
	before := *l.n.admission.guests.Load()
	if maps.Equal(before, guests) {
		return
	}
	l.n.admission.guests.Store(&guests)
	cm := l.n.host.ConnManager()
	for p := range guests {
		if _, ok := before[p]; !ok {
			cm.Protect(p, guestTag)
		}
	}
	for p := range before {
		if _, ok := guests[p]; !ok {
			cm.Unprotect(p, guestTag)
		}
	}
	if rm := resourcesOf(l.n.host); rm != nil {
		rm.recount()
	}
}

// guestTag marks guests for the connection manager.
const guestTag = "guest"

// resourcesOf is the resource manager of h, if it is a [resources].
func resourcesOf(h host.Host) *resources {
	if h == nil {
		return nil
	}
	s, ok := h.Network().(*swarm.Swarm)
	if !ok {
		return nil
	}
	rm, _ := lan.Unguarded(s.ResourceManager()).(*resources)
	return rm
}
