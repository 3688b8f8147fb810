package discovery

import (
	"cmp"
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
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/internal/neterr"
)

// Service is the DNS-SD service type of a node.
const Service = "_localchat._udp"

// Config says where to look. The zero value looks everywhere.
type Config struct {
	// Interfaces are the names of the only interfaces to use; nil is every usable one. A name that is not there
	// (yet) is no error: interfaces come and go.
	Interfaces []string
	// Log gets changes of interfaces and of what fails, never a line for what somebody sends; nil discards.
	Log *slog.Logger
	// RuntimeDir is where the nodes of one machine find each other: each has a file RuntimeDir/localchat/*.addr with its
	// addresses while it runs. "" is the user's runtime directory, or a private folder among the temporary
	// files where the system has none.
	RuntimeDir string
	// Ephemeral leaves no file in RuntimeDir. The files of other nodes are read all the same.
	Ephemeral bool
}

// MDNS announces a node and finds others. Make it with New.
type MDNS struct {
	cfg   Config
	hurry chan struct{}

	// Set by Tell; nil: nobody wants to know.
	twin    func(peer.AddrInfo)
	trouble func(text string)

	// The functions that touch the network, so that tests can run the loop in simulated time.
	list   func(names []string) ([]nic, error)
	listen func(nic, *zone) (srv server, whole bool, err error)
	query  func(ctx context.Context, n nic, v6 bool, window time.Duration) ([]heard, error)
	call   func(n nic, v6 bool, instance string) error
}

// New returns an MDNS that does nothing until Run.
func New(cfg Config) *MDNS {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &MDNS{cfg: cfg, hurry: make(chan struct{}, 1), list: listNICs, listen: listenMDNS, query: queryMDNS, call: callMDNS}
}

// Hurry asks for a quick burst of queries now: the owner of a room was lost, or somebody looks at the list of rooms.
// Any goroutine may call it, as often as it likes; it never blocks.
func (d *MDNS) Hurry() {
	select {
	case d.hurry <- struct{}{}:
	default: // one is asked for already
	}
}

// Tell has more told than where others are; it is called before Run. twin is given what another node announces under the peer
// ID of self: a copy of its data directory, an earlier life of its own, or a lie. It is called from the goroutine of Run, and
// should not block. So is trouble, with why others cannot find this node, and with "" when they can again.
func (d *MDNS) Tell(twin func(peer.AddrInfo), trouble func(text string)) {
	d.twin, d.trouble = twin, trouble
}

// Run announces self and browses until ctx ends, and returns nil then, at the latest after the query under way
// (130 ms). Only one Run of an MDNS may be under way.
//
// self returns this node's peer ID and listen addresses; it is called from several goroutines, whenever an answer is
// made, and never after Run has returned. An unspecified address stands for all addresses of the usable interfaces and
// follows them at once, so host.Network().ListenAddresses() serves better than host.Addrs().
//
// found is called from one goroutine, the one of Run, with peers other than self: once when a peer or a new address of
// it is heard, and again at most every 5 s while it goes on being heard. It should not block, as nothing is asked meanwhile.
// Link-local IPv6 addresses carry the zone of the interface where they were heard. Nothing of it is proven.
//
// refused is called with the sender's address for each question that is not answered, and each peer that is not taken in,
// because a bound is reached. It is called from several goroutines and must not block.
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
	defer r.close()
	poll := time.NewTicker(pollInterfaces)
	defer poll.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	r.refresh()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.hurry:
			r.refresh() // a caller that hurries may know that they have changed
			r.hurry(next)
		case <-poll.C:
			if r.refresh() {
				r.heard = 0 // on the network that we were on
				r.hurry(next)
			}
		case <-next.C:
			r.last = time.Now()
			step := r.schedule.next(r.heard)
			r.next = r.last.Add(step.gap)
			next.Reset(step.gap)
			r.round(ctx, step.listen)
		}
	}
}

// newLabel returns a random name of an instance. It says nothing about the node, and two never clash.
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

// run is the state of one Run. All of it belongs to Run's goroutine.
type run struct {
	*MDNS
	self    func() peer.AddrInfo
	found   func(peer.AddrInfo)
	refused func(from netip.Addr)
	zone    *zone
	meet    *rendezvous

	nics     []nic
	servers  map[string]*served // by nic.key
	failing  map[string]string  // the last failure of each thing tried: logged when it changes
	schedule schedule
	last     time.Time // beginning of the last round
	heard    int       // peers, in it
	next     time.Time // beginning of the next
	reports  reports
	held     bool // it was told that the port of mDNS cannot be had
}

type served struct {
	server
	whole bool
}

func (r *run) close() {
	for _, s := range r.servers {
		r.note("shut down", s.Shutdown())
	}
	r.meet.close()
}

// hurry has the next round come as soon as hurryGap allows, however often it is called; where many answer, later.
func (r *run) hurry(next *time.Timer) {
	r.schedule.hurry()
	if soonest := r.last.Add(max(hurryGap, crowdGap(r.heard))); soonest.Before(r.next) {
		r.next = soonest
		next.Reset(max(0, time.Until(soonest)))
	}
}

// refresh follows the interfaces, and says whether they changed. A socket joined its group on an interface as it was:
// after renumbering or re-creation of the interface it is deaf, so the server is made anew.
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
	self := r.self()
	r.note("rendezvous", r.meet.announce(time.Now(), self.ID, expandHere(self.Addrs, r.nics)))
	return changed
}

// tellTrouble tells, when that changes, whether the port of mDNS cannot be had on any interface.
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

// round asks everywhere once and reports what was found.
func (r *run) round(ctx context.Context, window time.Duration) {
	type asked struct {
		heard []heard
		err   error
	}
	answers := make([]asked, 2*len(r.nics)) // one for each interface and family
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i].heard, answers[i].err = r.query(ctx, r.nics[i/2], i%2 == 1, window)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return
	}
	l := networksOf(r.nics)
	s := sightings{self: r.self().ID, addrs: map[peer.ID][]endpoint{}, from: map[netip.Addr]int{}}
	r.note("rendezvous", r.meet.look(time.Now(), l, func(id peer.ID, es []endpoint) { s.add(id, es, netip.Addr{}, "") }))
	for i, a := range answers {
		r.note("query "+r.nics[i/2].iface.Name+[]string{" IPv4", " IPv6"}[i%2], a.err)
		for _, h := range a.heard {
			if !h.ours() {
				continue
			}
			if id, es, ok := parseTXT(h.txt, l, h.nic); ok {
				if id == s.self && h.is(r.zone.instance) {
					continue
				}
				if !s.add(id, es, h.from, h.name) {
					r.refused(h.from)
				}
			}
		}
	}
	if s.twin != "" { // it may not ask by itself for half a minute
		for i := range answers {
			r.note("call", r.call(r.nics[i/2], i%2 == 1, s.twin))
		}
	}
	if len(s.twins) > 0 && r.twin != nil {
		r.twin(addrInfo(s.self, s.twins))
	}
	r.heard = len(s.order)
	now := time.Now()
	for _, id := range s.order {
		es := s.addrs[id]
		slices.SortFunc(es, endpoint.order)
		if r.reports.due(now, id, es) {
			r.found(addrInfo(id, es))
		}
	}
}

// note logs err when it is not what happened last time.
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

// sightings is what one round has heard, each peer once.
type sightings struct {
	self  peer.ID
	order []peer.ID
	addrs map[peer.ID][]endpoint
	from  map[netip.Addr]int // peers that each address was the first to announce
	twin  string             // the name of another instance that announces our own peer ID, "" for none
	twins []endpoint         // where it says that it is, maxPeerAddrs at most
}

// add takes in a peer that was announced from an address by an instance, the zero values for this machine. It reports false
// where a bound is reached.
func (s *sightings) add(id peer.ID, es []endpoint, from netip.Addr, instance string) bool {
	have, known := s.addrs[id]
	switch {
	case id == s.self:
		// It is announced by another instance.
		s.twin = cmp.Or(s.twin, instance)
		for _, e := range es[:min(len(es), maxPeerAddrs-len(s.twins))] {
			s.twins = appendNew(s.twins, e)
		}
		return true
	case !known && (len(s.order) == maxPeers || from.IsValid() && s.from[from] == maxPeersOfHost):
		return false
	}
	for _, e := range es {
		if len(have) == maxPeerAddrs {
			break
		}
		have = appendNew(have, e)
	}
	if !known {
		s.order = append(s.order, id)
		s.from[from]++
	}
	s.addrs[id] = have
	return true
}

// reports remembers what was reported, of maxPeers peers at most.
type reports map[peer.ID]report

type report struct {
	at    time.Time
	addrs []endpoint
}

// due says whether a peer is to be reported, and takes it as done.
func (r reports) due(now time.Time, id peer.ID, es []endpoint) bool {
	last, known := r[id]
	isNew := func(e endpoint) bool { return !slices.Contains(last.addrs, e) }
	if known && now.Sub(last.at) < reportAgain && !slices.ContainsFunc(es, isNew) {
		return false
	}
	if !known && len(r) == maxPeers {
		oldest := id
		for p, rep := range r {
			if oldest == id || rep.at.Before(r[oldest].at) {
				oldest = p
			}
		}
		delete(r, oldest)
	}
	r[id] = report{at: now, addrs: es}
	return true
}
