package node

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"localchat/node/internal/lan"
	"localchat/node/internal/ratelimit"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"golang.org/x/time/rate"
)

// resources is libp2p's resource manager with one more distinction. The library counts all peers alike, so strangers could use up the
// connections, and the streams that have not named their protocol. Here strangers are counted apart from guests, and have fewer places.
// Before the node has named its guests, only the library refuses anything.
type resources struct {
	network.ResourceManager
	judge atomic.Pointer[admission]

	// dials bounds how often each address may connect.
	dials *ratelimit.Keyed[netip.Addr]

	// mu guards the fields below: goroutines of libp2p use them, and the loop recounts.
	mu        sync.Mutex
	conns     map[peer.ID]map[*connScope]struct{}
	strangers *places // the connections of strangers to us

	// ofGuests and ofStrangers hold the places for streams that others open, and open counts these streams by peer.
	ofGuests, ofStrangers *places
	open                  map[peer.ID]int
	guest, stranger       *ratelimit.Keyed[peer.ID]
	address               *ratelimit.Keyed[netip.Addr]
	shared, sharedGuest   *rate.Limiter
	// others bounds streams of the protocols of libp2p and pubsub: under true those of guests, under false those of strangers.
	others map[bool]*ratelimit.Keyed[peer.ID]
}

func newResources(rm network.ResourceManager) *resources {
	return &resources{
		ResourceManager: rm, dials: keyed[netip.Addr](budget{connsPerSecond, connsAtOnce}),
		conns: make(map[peer.ID]map[*connScope]struct{}), strangers: newPlaces(strangerConns),
		ofGuests: newPlaces(guestStreams), ofStrangers: newPlaces(strangerStreams), open: make(map[peer.ID]int),
		guest:    keyed[peer.ID](budget{guestOpens, guestOpensBurst}),
		stranger: keyed[peer.ID](budget{strangerOpens, strangerOpensBurst}),
		address:  keyed[netip.Addr](budget{addressOpens, addressOpensBurst}),
		others: map[bool]*ratelimit.Keyed[peer.ID]{
			true: keyed[peer.ID](budget{guestOthers, guestOthersBurst}), false: keyed[peer.ID](budget{strangerOthers, strangerOthersBurst}),
		},
		shared: budget{sharedOpens, sharedOpensBurst}.limiter(), sharedGuest: budget{sharedGuestOpens, sharedGuestOpensBurst}.limiter(),
	}
}

// newResourceManager returns a resource manager that bounds what peers can use of this node.
func newResourceManager() (*resources, error) {
	rm, err := lan.NewResourceManager()
	if err != nil {
		return nil, err
	}
	return newResources(rm), nil
}

var errTooMuch = errors.New("too much from this peer or address")

// OpenConnection implements [network.ResourceManager].
func (r *resources) OpenConnection(dir network.Direction, fd bool, at multiaddr.Multiaddr) (network.ConnManagementScope, error) {
	from, judge := originOf(at), r.judge.Load()
	if dir != network.DirInbound {
		judge = nil
	}
	if judge != nil && !r.dials.Limiter(from.addr).Allow() {
		judge.refuse(visitor{from: from}, aConnection)
		return nil, errTooMuch
	}
	scope, err := r.ResourceManager.OpenConnection(dir, fd, at)
	if err != nil {
		if judge != nil {
			judge.refuse(visitor{from: from}, aConnection)
		}
		return nil, err
	}
	return &connScope{ConnManagementScope: scope, rm: r, from: from, inbound: dir == network.DirInbound}, nil
}

// A connScope is the scope of a connection. It knows the peer as soon as the peer's key is proven.
type connScope struct {
	network.ConnManagementScope
	rm      *resources
	from    origin
	inbound bool

	// rm.mu guards these.
	peer    peer.ID
	counted bool // the connection has a place of a stranger
}

// SetPeer is called when the peer's key has been proven. It refuses a stranger if no place for strangers is left.
func (c *connScope) SetPeer(p peer.ID) error {
	who := c.rm.who(p)
	who.from = c.from
	if err := c.ConnManagementScope.SetPeer(p); err != nil {
		if judge := c.rm.judge.Load(); judge != nil && c.inbound {
			judge.refuse(who, aConnection)
		}
		return err
	}
	c.rm.mu.Lock()
	stranger := c.inbound && !who.guest && c.rm.judge.Load() != nil
	if stranger && !c.rm.strangers.take(c.from) {
		c.rm.mu.Unlock()
		c.rm.judge.Load().refuse(who, aConnection)
		return errTooMuch
	}
	defer c.rm.mu.Unlock()
	c.peer, c.counted = p, stranger
	if c.rm.conns[p] == nil {
		c.rm.conns[p] = make(map[*connScope]struct{})
	}
	c.rm.conns[p][c] = struct{}{}
	return nil
}

// Done implements [network.ConnManagementScope].
func (c *connScope) Done() {
	c.ConnManagementScope.Done()
	c.rm.mu.Lock()
	defer c.rm.mu.Unlock()
	if c.counted {
		c.rm.strangers.release(c.from)
		c.counted = false
	}
	delete(c.rm.conns[c.peer], c)
	if len(c.rm.conns[c.peer]) == 0 {
		delete(c.rm.conns, c.peer)
	}
}

// recount is called by the loop when the set of guests has changed. A stranger that has become a guest gives its place back.
func (r *resources) recount() {
	r.mu.Lock()
	defer r.mu.Unlock()
	judge := r.judge.Load()
	if judge == nil {
		return
	}
	for p, cs := range r.conns {
		guest := judge.isGuest(p)
		for c := range cs {
			switch {
			case guest && c.counted:
				r.strangers.release(c.from)
				c.counted = false
			case !guest && !c.counted && c.inbound:
				r.strangers.add(c.from)
				c.counted = true
			}
		}
	}
}

// sweep forgets the budgets of which nothing is used.
func (r *resources) sweep(now time.Time) {
	r.dials.Sweep(now)
	r.guest.Sweep(now)
	r.stranger.Sweep(now)
	r.address.Sweep(now)
	r.others[true].Sweep(now)
	r.others[false].Sweep(now)
}

// who returns the visitor p. The address is filled in by the caller.
func (r *resources) who(p peer.ID) visitor {
	who := visitor{peer: p}
	if judge := r.judge.Load(); judge != nil {
		who.rooms, who.guest = (*judge.guests.Load())[p]
	}
	return who
}

// OpenStream implements [network.ResourceManager]. It is called before the stream has named its protocol.
func (r *resources) OpenStream(p peer.ID, dir network.Direction) (network.StreamManagementScope, error) {
	judge := r.judge.Load()
	if judge == nil || dir != network.DirInbound {
		return r.ResourceManager.OpenStream(p, dir)
	}
	who := r.who(p)
	if !r.admit(&who) {
		judge.refuse(who, aStream)
		return nil, errTooMuch
	}
	scope, err := r.ResourceManager.OpenStream(p, dir)
	if err != nil {
		r.leave(who)
		judge.refuse(who, aStream)
		return nil, err
	}
	return &streamScope{StreamManagementScope: scope, rm: r, who: who}, nil
}

// admit takes a place for a stream of a visitor, and sets the address that the place is charged to. It reports whether there was one.
func (r *resources) admit(who *visitor) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns[who.peer] {
		who.from = c.from
	}
	if who.guest {
		if r.open[who.peer] >= guestStreamsEach+guestStreamsRoom*who.rooms || !r.guest.Limiter(who.peer).Allow() && !r.sharedGuest.Allow() || !r.ofGuests.take(who.from) {
			return false
		}
	} else {
		if r.open[who.peer] >= strangerStreamsEach || !r.stranger.Limiter(who.peer).Allow() ||
			!r.address.Limiter(who.from.addr).Allow() && !r.shared.Allow() || !r.ofStrangers.take(who.from) {
			return false
		}
	}
	r.open[who.peer]++
	return true
}

func (r *resources) leave(who visitor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if who.guest {
		r.ofGuests.release(who.from)
	} else {
		r.ofStrangers.release(who.from)
	}
	if r.open[who.peer]--; r.open[who.peer] == 0 {
		delete(r.open, who.peer)
	}
}

// A streamScope is the scope of a stream. It gives its place back when the stream is over.
type streamScope struct {
	network.StreamManagementScope
	rm   *resources
	who  visitor
	over sync.Once
	// spoken is set when the stream has named its protocol, also if it was refused then.
	spoken atomic.Bool
}

// SetProtocol is called when the stream has named its protocol. The protocols of the libraries (pings, identify and gossip) have no
// budgets in [admission], so their streams are bounded here. A peer needs few of them.
func (s *streamScope) SetProtocol(id protocolID) error {
	judge := s.rm.judge.Load()
	s.spoken.Store(true)
	if _, ours := judge.services[id]; !ours && !s.rm.others[s.who.guest].Limiter(s.who.peer).Allow() {
		judge.refuse(s.who, aStream)
		return errTooMuch
	}
	err := s.StreamManagementScope.SetProtocol(id)
	if err != nil {
		judge.refuse(s.who, aStream)
	}
	return err
}

// Done implements [network.StreamManagementScope].
func (s *streamScope) Done() {
	s.StreamManagementScope.Done()
	s.over.Do(func() {
		s.rm.leave(s.who)
		if !s.spoken.Load() {
			s.rm.judge.Load().count(s.who, anUnspokenStream, 1)
		}
	})
}
