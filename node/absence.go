package node

import (
	"time"

	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// absence is a member's view of the authority: the members that it says are present, and since when it has been silent.
type absence struct {
	r        *room
	presence uint64
	present  map[peer.ID]bool
	since    time.Time // of the first poll that failed; zero: it answers
	said     time.Duration
	// leaving: its last answer said that its node is about to end. That counts once it is silent.
	leaving bool
	// aways has the members whose persons are away, and toldAway what the authority knows of this node's person, which it was told
	// last at awayTold.
	aways    map[peer.ID]protocol.Away
	toldAway protocol.Away
	awayTold time.Time
	// answered has what this node's user was told of members that were away when it wrote to them. It is used in own rooms too.
	answered map[peer.ID]protocol.Away
}

// take learns the present members and their addresses, if they have changed.
func (a *absence) take(m *protocol.PollMember) {
	if m.Presence == a.presence {
		return
	}
	a.presence = m.Presence
	a.present = make(map[peer.ID]bool, len(m.Present))
	for _, p := range m.Present {
		if _, ok := a.r.state().Member(p.Peer); ok {
			a.present[p.Peer] = true
			a.r.l.keepConnected(p.Peer, a.r.l.named(a.r.authority(), p.Peer, p.Addrs))
		}
	}
	a.noteAways(m.Present)
	a.leaving = !a.present[a.r.authority()]
}

func (a *absence) noteAway() {
	if !a.since.IsZero() {
		return
	}
	a.since = a.r.l.now()
	if a.leaving {
		a.said = unreachableAfter
		a.r.l.emit(a.r, a.event())
	}
}

// event says that the authority is away, and for how long.
func (a *absence) event() OwnerUnreachable {
	if a.leaving {
		owner, _ := a.r.state().Member(a.r.authority())
		return OwnerUnreachable{Left: true, Nick: owner.Nick}
	}
	return OwnerUnreachable{ForS: int(a.r.l.now().Sub(a.since) / time.Second)}
}

func (a *absence) back() {
	if a.said > 0 {
		a.r.l.emit(a.r, OwnerBack{ForS: int(a.r.l.now().Sub(a.since) / time.Second)})
		a.r.talk.seek()
	}
	a.since, a.said, a.leaving = time.Time{}, 0, false
}

// tick tells the user that the authority is silent: at first, and then more and more rarely.
func (a *absence) tick(now time.Time) {
	a.retellAway(now)
	if a.since.IsZero() || a.leaving {
		return
	}
	silent := now.Sub(a.since)
	if silent < unreachableAfter || silent < 2*a.said {
		return
	}
	a.said = silent
	a.r.l.emit(a.r, a.event())
}
