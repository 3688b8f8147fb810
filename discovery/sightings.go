package discovery

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A sightings has the peers that have been heard in one go.
type sightings struct {
	self  peer.ID
	order []peer.ID
	of    map[peer.ID]*heardPeer
	from  map[netip.Addr]int // number of peers that each address was the first to announce
	twin  string             // the name of another instance that announces this node's peer ID, or ""
	twins []endpoint         // the addresses that it announces, at most maxPeerAddrs
}

// A heardPeer is what has been heard of one peer.
type heardPeer struct {
	from  netip.Addr // that announced it first
	addrs []endpoint
	rooms []string // what it says of its rooms, at most maxSaid texts: somebody else may have said one of them in its name
}

// add adds a peer that an instance announced from an address; both are zero for a node of this machine. It reports false if a bound
// is reached.
func (s *sightings) add(id peer.ID, es []endpoint, txt []string, from netip.Addr, instance string) bool {
	have, known := s.of[id]
	switch {
	case id == s.self:
		// Another instance announces this node's peer ID.
		s.twin = cmp.Or(s.twin, instance)
		for _, e := range es[:min(len(es), maxPeerAddrs-len(s.twins))] {
			s.twins = appendNew(s.twins, e)
		}
		return true
	case !known && (len(s.order) == maxPeers || from.IsValid() && s.from[from] == maxPeersOfHost):
		return false
	}
	if !known {
		have = &heardPeer{from: from}
		s.of[id] = have
		s.order = append(s.order, id)
		s.from[from]++
	}
	for _, e := range es {
		if len(have.addrs) == maxPeerAddrs {
			break
		}
		have.addrs = appendNew(have.addrs, e)
	}
	if rooms, said := roomsIn(txt); said && len(have.rooms) < maxSaid && !slices.Contains(have.rooms, rooms) {
		have.rooms = append(have.rooms, rooms)
	}
	return true
}

// reports has the last report of each peer, of at most maxPeers peers.
type reports map[peer.ID]report

type report struct {
	at, heard time.Time
	heardPeer
}

// due reports whether a peer has to be reported now. If so, it notes the report.
func (r reports) due(now time.Time, id peer.ID, seen *heardPeer) bool {
	last, known := r[id]
	newAddr := func(e endpoint) bool { return !slices.Contains(last.addrs, e) }
	newRooms := func(rooms string) bool { return !slices.Contains(last.rooms, rooms) }
	if known && now.Sub(last.at) < reportAgain && !slices.ContainsFunc(seen.addrs, newAddr) && !slices.ContainsFunc(seen.rooms, newRooms) {
		last.heard = now
		r[id] = last
		return false
	}
	if !known {
		r.makePlace(seen.from)
	}
	r[id] = report{at: now, heard: now, heardPeer: *seen}
	return true
}

// makePlace forgets the peer that was heard the longest ago, if all places are taken, or those of an address that announces one more.
func (r reports) makePlace(from netip.Addr) {
	var oldest, oldestOf peer.ID
	ofHost := 0
	for p, rep := range r {
		if oldest == "" || rep.heard.Before(r[oldest].heard) {
			oldest = p
		}
		if rep.from != from || !from.IsValid() {
			continue
		}
		if ofHost++; oldestOf == "" || rep.heard.Before(r[oldestOf].heard) {
			oldestOf = p
		}
	}
	switch {
	case ofHost >= maxPeersOfHost:
		delete(r, oldestOf)
	case len(r) >= maxPeers:
		delete(r, oldest)
	}
}

// expire forgets the peers that have not been heard for peerLife, and returns how many there still are.
func (r reports) expire(now time.Time) int {
	for id, last := range r {
		if now.Sub(last.heard) > peerLife {
			delete(r, id)
		}
	}
	return len(r)
}
