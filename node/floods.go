package node

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol"
)

// A thing is a kind of request or data of which others can send too much.
type thing int

const (
	aConnection thing = iota
	aStream
	anUnspokenStream
	aRequest
	aPing
	aDirectMessage
	aComparison
	aPass
	aGossip
	aLine
	anOldestLine
	aKnock
	anAnnouncement
	aShownRoom
	things
)

// thingKinds has the name of each thing, for a user, and the number of it within floodWindow that makes a flood: from one member, for each
// room that it shares with us, or from all strangers together.
var thingKinds = [things]struct {
	name string
	from int
}{
	aConnection:      {"connections", floodFrom},
	aStream:          {"streams", floodFrom},
	anUnspokenStream: {"streams of unknown protocols", unspokenFrom},
	aRequest:         {"requests", floodFrom},
	aPing:            {"pings", floodFrom},
	aDirectMessage:   {"direct messages", floodFrom},
	aComparison:      {"comparisons", comparedFrom},
	aPass:            {"lines to pass on", floodFrom},
	aGossip:          {"gossip", floodFrom},
	aLine:            {"lines", floodFrom},
	anOldestLine:     {"more lines than are kept", shedFrom},
	aKnock:           {"knocks", knocksFrom},
	anAnnouncement:   {"mDNS packets", floodFrom},
	aShownRoom:       {"rooms", floodFrom},
}

// askedAs returns the thing as which a request of a protocol counts.
func askedAs(id protocolID) thing {
	switch id {
	case pingID:
		return aPing
	case protocol.TellID:
		return aDirectMessage
	case protocol.SyncID:
		return aComparison
	case protocol.PassID:
		return aPass
	}
	return aRequest
}

// floods counts refused, dropped and useless things, so that the user is told of a flood once in attemptEvery: of strangers
// together, since identities cost them nothing, and of members together, by name. Every refusal at a bound is counted here;
// see [admission.refuse] and [admission.count].
//
// It is pure; the caller locks.
type floods struct {
	begun     time.Time // the window
	strangers tally
	members   map[peer.ID]*tally // maxFloodMembers at most
	told      map[bool]time.Time // when, of members (true) and of strangers
}

// A tally is what was counted of one member, or of all strangers, in the window.
type tally struct {
	counts [things]int
	rooms  int
	last   visitor            // the one that was counted last
	addrs  map[netip.Addr]int // where from; maxFloodAddrs at most
}

func newFloods() floods {
	return floods{members: make(map[peer.ID]*tally), told: make(map[bool]time.Time)}
}

// count adds n of a thing that came from a visitor.
func (f *floods) count(who visitor, what thing, n int) {
	t := &f.strangers
	if who.guest {
		t = f.members[who.peer]
	}
	if t == nil {
		if len(f.members) >= maxFloodMembers {
			return
		}
		t = &tally{}
		f.members[who.peer] = t
	}
	t.counts[what] += n
	if t.rooms = who.rooms; who.peer != "" || t.last.peer == "" {
		t.last = who
	}
	if _, known := t.addrs[who.from.addr]; who.from.addr.IsValid() && (known || len(t.addrs) < maxFloodAddrs) {
		if t.addrs == nil {
			t.addrs = make(map[netip.Addr]int)
		}
		t.addrs[who.from.addr] += n
	}
}

// flooding names the things that are a flood by their number.
func (t *tally) flooding() (names []string) {
	for i, n := range t.counts {
		if k := thingKinds[i]; n >= k.from*max(1, t.rooms) {
			names = append(names, k.name)
		}
	}
	return names
}

func (t *tally) sum() (n int) {
	for _, c := range t.counts {
		n += c
	}
	return n
}

// A flood is a flood to report: its things, and where they come from.
type flood struct {
	things  []string
	members []visitor // those with most first; none: it comes from strangers
	last    visitor
	addrs   []string // of strangers, those with most first
}

// due returns the floods that the user has to be told of now; they count as told. It is called about once a second, and begins
// the next window when one is over.
func (f *floods) due(now time.Time) (due []flood) {
	var members flood
	for _, p := range slices.SortedFunc(maps.Keys(f.members), func(p, q peer.ID) int {
		return cmp.Or(f.members[q].sum()-f.members[p].sum(), strings.Compare(string(p), string(q)))
	}) {
		if t := f.members[p]; len(t.flooding()) > 0 {
			members.members = append(members.members, t.last)
			for _, name := range t.flooding() {
				if !slices.Contains(members.things, name) {
					members.things = append(members.things, name)
				}
			}
		}
	}
	strangers := flood{things: f.strangers.flooding(), last: f.strangers.last}
	for _, a := range slices.SortedFunc(maps.Keys(f.strangers.addrs), func(a, b netip.Addr) int {
		return cmp.Or(f.strangers.addrs[b]-f.strangers.addrs[a], a.Compare(b))
	}) {
		strangers.addrs = append(strangers.addrs, a.String())
	}
	for _, fl := range []flood{members, strangers} {
		of := len(fl.members) > 0
		if last, before := f.told[of]; len(fl.things) > 0 && (!before || now.Sub(last) >= attemptEvery) {
			f.told[of] = now
			due = append(due, fl)
		}
	}
	if now.Sub(f.begun) >= floodWindow {
		f.begun, f.strangers = now, tally{}
		clear(f.members)
	}
	return due
}

// refuse counts a thing of a visitor that was refused. A peer that does not stop loses its connections.
func (a *admission) refuse(who visitor, what thing) {
	a.count(who, what, 1)
	if who.peer != "" && !a.refused.Limiter(who.peer).Allow() && a.closing.Allow() {
		a.n.offer(hangUp{who.peer})
	}
}

// refuseFrom notes that a connection from there was refused.
func (a *admission) refuseFrom(from multiaddr.Multiaddr) {
	a.refuse(visitor{from: originOf(from)}, aConnection)
}

// count counts n things of a visitor that were dropped, or of no use. The user is told when that goes on.
func (a *admission) count(who visitor, what thing, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.floods.count(who, what, n)
}

// tellFloods tells the user of the floods that are due.
func (l *loop) tellFloods(now time.Time) {
	a := l.n.admission
	a.mu.Lock()
	due := a.floods.due(now)
	a.mu.Unlock()
	for _, f := range due {
		text, verb := l.flooders(f)
		l.emit(nil, Warning{Code: "flood", Peer: f.by(), Text: fmt.Sprintf(
			"%s %s too much to this node: the excess (%s) is refused", text, verb, strings.Join(f.things, ", "))})
	}
}

// by is one of the peers that flood; "" where no key has been seen.
func (f flood) by() peer.ID {
	if len(f.members) > 0 {
		return f.members[0].peer
	}
	return f.last.peer
}

// flooders names the peers that flood, for a user, and the verb that goes with them.
func (l *loop) flooders(f flood) (who, verb string) {
	var names []string
	all, others := len(f.members), "other members"
	for _, m := range f.members[:min(all, maxFloodNames)] {
		name := fmt.Sprintf("%s (%s", l.nickOf(m.peer), endOf(m.peer))
		if m.from.addr.IsValid() {
			name += ", at " + m.from.String()
		}
		names = append(names, name+")")
	}
	if len(f.members) == 0 {
		all, others = len(f.addrs), "other addresses"
		who, names = "somebody at ", f.addrs[:min(all, maxFloodNames)]
		switch {
		case all == 0:
			names = []string{f.last.from.String()}
		case all == 1 && f.last.peer != "":
			names = []string{f.addrs[0] + " (" + endOf(f.last.peer) + ")"}
		}
	}
	if len(f.addrs) > 1 {
		who = "strangers at "
	}
	who += strings.Join(names, ", ")
	if more := all - len(names); more > 0 {
		who += fmt.Sprintf(" and %d %s", more, others)
	}
	if all > 1 {
		return who, "send"
	}
	return who, "sends"
}

// endOf returns the end of a peer ID, by which a person recognises it.
func endOf(p peer.ID) string {
	id := p.String()
	return "…" + id[max(0, len(id)-6):]
}

// hangUp: a peer has been refused so often that its connections are to end.
type hangUp struct{ peer peer.ID }

func (e hangUp) handle(l *loop) {
	l.n.log.Info("asks too much", "peer", e.peer)
	l.n.spawn(func(_ context.Context) {
		if err := l.n.host.Network().ClosePeer(e.peer); err != nil {
			l.n.log.Debug("close", "peer", e.peer, "err", err)
		}
	})
}
