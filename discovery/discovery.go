package discovery

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/internal/neterr"
	"localchat/internal/onlink"
)

// Service is the DNS-SD service type of a node.
const Service = "_localchat._udp"

// Config says where to look. The zero value looks everywhere.
type Config struct {
	// Interfaces are the names of the interfaces to use; nil: every usable one. A name without an interface is no error, since
	// interfaces come and go.
	Interfaces []string
	// Log gets a line when the interfaces change, or when an operation begins to fail or works again; never one for a packet of
	// another machine. nil: no log.
	Log *slog.Logger
	// RuntimeDir is the folder in which the nodes of one machine find each other: each has a file RuntimeDir/localchat/*.addr with
	// its addresses while it runs. "" is the user's runtime directory or, if the system has none, a private folder among the
	// temporary files.
	RuntimeDir string
	// Ephemeral writes no file in RuntimeDir. The files of other nodes are still read.
	Ephemeral bool
}

// An MDNS announces a node and finds others. New makes one.
type MDNS struct {
	cfg   Config
	hurry chan struct{}

	// says is what this node says of its rooms; nil: nothing yet. news gets a value when it is another.
	says atomic.Pointer[string]
	news chan struct{}

	// Set by Tell and Hear; nil: not called.
	twin    func(peer.AddrInfo)
	trouble func(text string)
	rooms   func(p peer.ID, rooms string)

	// The functions that touch the network, so that tests can run the loop in simulated time.
	list   func(names []string) ([]nic, error)
	watch  func(ctx context.Context, changed func()) bool
	listen func(nic, *zone) (srv server, whole bool, err error)
	query  func(ctx context.Context, n nic, v6 bool, question []byte, window time.Duration) ([]heard, error)
	call   func(n nic, v6 bool, instance string) error
}

// New returns an MDNS that does nothing until Run.
func New(cfg Config) *MDNS {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &MDNS{cfg: cfg, hurry: make(chan struct{}, 1), news: make(chan struct{}, 1), list: listNICs, watch: onlink.Watch, listen: listenMDNS, query: queryMDNS, call: callMDNS}
}

// Hurry makes Run send a quick burst of queries now, as when the owner of a room is out of reach or a person looks at the list of
// rooms. Any goroutine may call it, as often as it likes; it never blocks.
func (d *MDNS) Hurry() {
	select {
	case d.hurry <- struct{}{}:
	default: // Run will send one already
	}
}

// Tell sets two more functions for Run to call, from its goroutine; they should not block. It has to be called before Run.
//
// twin is called with what another instance announces under this node's own peer ID. That may be a node with a copy of the data
// directory, an earlier run of this node, or a false announcement. trouble is called with a text that says why others cannot find
// this node, and with "" when they can again.
func (d *MDNS) Tell(twin func(peer.AddrInfo), trouble func(text string)) {
	d.twin, d.trouble = twin, trouble
}

// Announce makes Run say rooms beside the addresses of this node from now on, and announce it now: a text that changes when the rooms
// change that this node would list, of lower-case letters and digits, at most maxRooms (16) of them; "" if there are none. Any goroutine
// may call it; it never blocks.
func (d *MDNS) Announce(rooms string) {
	d.says.Store(&rooms)
	select {
	case d.news <- struct{}{}:
	default: // Run will look
	}
}

// Hear sets a function that Run calls before found, with what that peer says of its rooms, if it says anything. It has to be called
// before Run.
func (d *MDNS) Hear(rooms func(p peer.ID, rooms string)) { d.rooms = rooms }

// Run announces this node and looks for others until ctx ends. Then it returns nil, at most queryWindow (130 ms) later. An MDNS may
// have only one Run at a time.
//
// self returns this node's peer ID and listen addresses. Run calls it from several goroutines, for each answer that it makes, and not
// after it has returned. An unspecified address stands for all addresses of the usable interfaces, also for later ones. So
// host.Network().ListenAddresses() is better than host.Addrs().
//
// Run calls found from its own goroutine with each other peer: when the peer or a new address of it is heard, and again at most
// every 5 s as long as it is heard. found should not block, since Run sends no query meanwhile. A link-local IPv6 address has the
// zone of the interface on which it was heard. Nothing of an announcement is proven.
//
// Run calls refused with the sender's address for each question that it does not answer, and each peer that it does not take,
// because a bound is reached. It calls refused from several goroutines; it must not block.
func (d *MDNS) Run(ctx context.Context, self func() peer.AddrInfo, found func(peer.AddrInfo), refused func(from netip.Addr)) error {
	label := newLabel()
	r := &run{
		MDNS:    d,
		self:    self,
		found:   found,
		refused: refused,
		zone:    newZone(label, self, refused),
		meet:    newRendezvous(d.cfg, label),
		servers: map[string]*served{},
		failing: map[string]string{},
		reports: reports{},
	}
	called := rate.NewLimiter(rate.Every(calledAgain), 1)
	r.zone.called = func() {
		if called.Allow() {
			d.Hurry()
		}
	}
	r.zone.says(d.says.Load())
	defer r.close()
	changed, unwatched, watched := watchLink(ctx, d.watch)
	defer watched.Wait()
	r.refresh()
	poll := time.NewTimer(r.pollAgain())
	defer poll.Stop()
	next, say := time.NewTimer(0), time.NewTimer(0)
	defer next.Stop()
	defer say.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.hurry:
			r.refresh() // a caller that hurries may know that they have changed
			r.hurry(next)
		case <-changed:
			poll.Reset(changeSettles)
		case <-unwatched:
			unwatched, r.unwatched = nil, true
			poll.Reset(0)
		case <-poll.C:
			if r.refresh() {
				r.hurried = time.Time{} // that was on another network
				r.hurry(next)
				r.announceAgain(say)
			}
			poll.Reset(r.pollAgain())
		case <-d.news:
			r.zone.says(d.says.Load())
			r.tellMachine()
			r.announceAgain(say)
		case <-say.C:
			say.Reset(r.announce())
		case h := <-r.zone.came:
			r.hear(h)
		case <-next.C:
			r.last = time.Now()
			step := r.schedule.next(len(r.reports))
			r.next = r.last.Add(step.gap)
			next.Reset(step.gap)
			r.round(ctx, step.listen)
		}
	}
}

// watchLink runs watch until ctx ends. changed gets a value when the interfaces may have changed, and unwatched is closed if watch no
// longer tells of that.
func watchLink(ctx context.Context, watch func(context.Context, func()) bool) (changed, unwatched chan struct{}, wg *sync.WaitGroup) {
	changed, unwatched, wg = make(chan struct{}, 1), make(chan struct{}), &sync.WaitGroup{}
	wg.Go(func() {
		defer close(unwatched)
		watch(ctx, func() {
			select {
			case changed <- struct{}{}:
			default: // they are looked at soon
			}
		})
	})
	return changed, unwatched, wg
}

// newLabel returns a random name for an instance. It says nothing about the node, and no two are the same.
func newLabel() string {
	var b [20]byte
	rand.Read(b[:]) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// isLabel reports whether a name is one that newLabel can make.
func isLabel(name string) bool {
	b, err := base32.StdEncoding.DecodeString(strings.ToUpper(name))
	return err == nil && len(b) == 20 && name == strings.ToLower(name)
}

// A run is the state of one Run. Run's goroutine owns all of it.
type run struct {
	*MDNS
	self    func() peer.AddrInfo
	found   func(peer.AddrInfo)
	refused func(from netip.Addr)
	zone    *zone
	meet    *rendezvous

	nics      []nic
	unwatched bool               // the system does not tell of changes of the interfaces
	servers   map[string]*served // by nic.key
	failing   map[string]string  // the last error of each operation; see note
	schedule  schedule
	last      time.Time // when the last round began
	next      time.Time // when the next round begins
	hurried   time.Time // when Hurry was last called to some effect
	reports   reports
	said      int       // announcements since the start or the last change
	saidAt    time.Time // when the last one was sent
	held      bool      // trouble was last told that another program holds the port of mDNS
}

type served struct {
	server
	whole bool // both families that the interface has are served
}

func (r *run) close() {
	for _, s := range r.servers {
		r.note("shut down", s.Shutdown())
	}
	r.meet.close()
}

// hurry makes the next round begin as soon as hurryGap allows, however often it is called; in a crowd, as soon as crowdGap does.
func (r *run) hurry(next *time.Timer) {
	now := time.Now()
	if crowd := len(r.reports); crowd > smallLAN && !r.hurried.IsZero() && now.Sub(r.hurried) < crowdGap(crowd) {
		return
	}
	r.hurried = now
	r.schedule.hurry()
	if soonest := r.last.Add(hurryGap); soonest.Before(r.next) {
		r.next = soonest
		next.Reset(max(0, time.Until(soonest)))
	}
}

// pollAgain returns the time until the interfaces are looked at again, if the system tells of no change: short if it does not, or if an
// interface is not served as it should be, which may work the next time.
func (r *run) pollAgain() time.Duration {
	whole := len(r.servers) == len(r.nics)
	for _, s := range r.servers {
		whole = whole && s.whole
	}
	if r.unwatched || !whole {
		return pollInterfaces
	}
	return tendEvery
}

// refresh looks at the interfaces, and reports whether they have changed. A socket is in its group on an interface as that was: after
// a change of the interface it hears nothing, so refresh starts a new server.
func (r *run) refresh() bool {
	nics, err := r.list(r.cfg.Interfaces)
	r.note("list interfaces", err)
	if err != nil {
		return false
	}
	keys := make(map[string]nic, len(nics))
	for _, n := range nics {
		keys[n.key()] = n
	}
	changed := !slices.EqualFunc(nics, r.nics, func(a, b nic) bool { return a.key() == b.key() })
	if changed {
		r.nics = nics
		r.zone.set(nics)
		clear(r.reports) // a known peer may have to be dialled from another address
		clear(r.failing)
		r.cfg.Log.Debug("discovery: interfaces changed", "interfaces", slices.Sorted(maps.Keys(keys)))
	}
	for key, s := range r.servers {
		n, ok := keys[key]
		if ok && (s.whole || !joinable(n)) {
			continue
		}
		r.note("shut down", s.Shutdown())
		delete(r.servers, key)
	}
	held := false
	for key, n := range keys {
		if r.servers[key] != nil {
			continue
		}
		srv, whole, err := r.listen(n, r.zone)
		r.note("serve "+n.iface.Name, err)
		held = held || neterr.InUse(err)
		if err == nil {
			r.servers[key] = &served{srv, whole}
		}
	}
	r.tellTrouble(held && len(r.servers) == 0)
	r.tellMachine()
	if r.meet.changed() {
		r.take(nil)
	}
	r.zone.crowd.Store(int64(r.reports.expire(time.Now())))
	return changed
}

// tellMachine writes this node's file for the nodes of this machine.
func (r *run) tellMachine() {
	self := r.self()
	r.note("rendezvous", r.meet.announce(time.Now(), self.ID, expandHere(self.Addrs, r.nics), r.says.Load()))
}

// tellTrouble calls trouble when held changes: whether another program holds the port of mDNS on every interface.
func (r *run) tellTrouble(held bool) {
	if held == r.held || r.trouble == nil {
		return
	}
	r.held = held
	text := ""
	if held {
		text = "another program uses UDP port 5353 and does not share it: others on this network cannot find this node by mDNS. localchat doctor says which program; joining by an invite or HOST:PORT still works"
	}
	r.trouble(text)
}

// round sends a query on each interface, and reports the peers that answer.
func (r *run) round(ctx context.Context, window time.Duration) {
	type asked struct {
		heard []heard
		err   error
	}
	question := ask
	if !r.hurried.IsZero() && time.Since(r.hurried) < roomsAsked {
		question = askRooms
	}
	answers := make([]asked, 2*len(r.nics)) // one for each interface and family
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i].heard, answers[i].err = r.query(ctx, r.nics[i/2], i%2 == 1, question, window)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return
	}
	var all []heard
	for i, a := range answers {
		r.note("query "+r.nics[i/2].iface.Name+[]string{" IPv4", " IPv6"}[i%2], a.err)
		all = append(all, a.heard...)
	}
	if twin := r.take(all); twin != "" { // otherwise it may not look for this node for half a minute
		for i := range answers {
			r.note("call", r.call(r.nics[i/2], i%2 == 1, twin))
		}
	}
}

// hear takes an announcement that has come to the group, and those that have come since.
func (r *run) hear(h heard) {
	all := []heard{h}
	for len(all) < maxCame {
		select {
		case h := <-r.zone.came:
			all = append(all, h)
			continue
		default:
		}
		break
	}
	r.take(all)
}

// take reports the peers in announcements, and those of this machine. It returns the name of another instance that announces this node's
// peer ID, or "".
func (r *run) take(hs []heard) (twin string) {
	l := networksOf(r.nics)
	s := sightings{self: r.self().ID, of: map[peer.ID]*heardPeer{}, from: map[netip.Addr]int{}}
	r.note("rendezvous", r.meet.look(time.Now(), l, func(id peer.ID, es []endpoint, txt []string) { s.add(id, es, txt, netip.Addr{}, "") }))
	for _, h := range hs {
		if !h.ours() {
			continue
		}
		if id, es, ok := parseTXT(h.txt, l, h.nic); ok {
			if id == s.self && h.is(r.zone.instance) {
				continue
			}
			if !s.add(id, es, h.txt, h.from, h.name) {
				r.refused(h.from)
			}
		}
	}
	if len(s.twins) > 0 && r.twin != nil {
		r.twin(addrInfo(s.self, s.twins))
	}
	now := time.Now()
	for _, id := range s.order {
		seen := s.of[id]
		slices.SortFunc(seen.addrs, endpoint.order)
		if !r.reports.due(now, id, seen) {
			continue
		}
		if r.rooms != nil {
			for _, rooms := range seen.rooms {
				r.rooms(id, rooms)
			}
		}
		r.found(addrInfo(id, seen.addrs))
	}
	r.zone.crowd.Store(int64(len(r.reports)))
	return s.twin
}

// announce sends this node's answer to the group of each interface, and returns the time until the next time.
func (r *run) announce() time.Duration {
	r.saidAt = time.Now()
	if a := r.zone.current(); len(a.all) > 0 {
		packet := packAnswer(0, a.all, maxAnswer)
		for name, s := range r.servers {
			r.note("announce "+name, s.Announce(packet))
		}
	}
	if r.said < len(announceGaps) {
		r.said++
		return jitter(announceGaps[r.said-1])
	}
	return announceGap(len(r.reports))
}

// announceAgain makes the next announcement come as soon as hurryGap allows, with those that follow one at a start.
func (r *run) announceAgain(say *time.Timer) {
	r.said = 0
	say.Reset(max(0, time.Until(r.saidAt.Add(hurryGap))))
}

// note logs the outcome of the operation what, if it differs from the last one.
func (r *run) note(what string, err error) {
	text := ""
	if err != nil && !errors.Is(err, context.Canceled) {
		text = err.Error()
	}
	if r.failing[what] == text {
		return
	}
	if text == "" {
		delete(r.failing, what)
	} else {
		r.failing[what] = text
	}
	r.cfg.Log.Debug("discovery: "+what, "err", text)
}
