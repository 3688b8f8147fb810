package node

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// What the owner's node does not put into the log, and its user sees, the deputies see as well: who is at the door, who asks for a voice,
// and how far removals have got. They are told in the answers to their polls.

// A deskTold is what the deputies of a room are told, on both sides. Only the loop uses it.
type deskTold struct {
	// At the owner, number is that of what the deputies are told now, soon is set if the deputies have to be told after this step, and due if they have to be with the next tick.
	number    uint64
	soon, due bool
	// At a deputy, have is the number of what it was told last, 0 for nothing, and removals are those that it was told of.
	have     uint64
	removals []toldRemoval
}

type toldRemoval struct {
	seq uint64
	RemovalProgress
}

// deskDue reports whether p, a deputy, has to be told what has changed.
func (d *authorityDesk) deskDue(p peer.ID, req protocol.PollRequest) bool {
	return d.ledger.State().IsDeputy(p) && req.HaveDesk != d.told.number
}

// tellDeskIf tells the deputies what has changed, if it has.
func (d *authorityDesk) tellDeskIf(changed bool) {
	if !changed {
		return
	}
	d.told.soon, d.told.due = false, false
	d.told.number++
	for _, p := range d.ledger.State().Deputies() {
		if h, held := d.polls.held[p]; held {
			d.answerPoll(p, h)
		}
	}
}

// toldDesk is what the deputies are told.
func (d *authorityDesk) toldDesk() *protocol.Desk {
	desk := &protocol.Desk{Number: d.told.number}
	for _, k := range d.door.waiting() {
		desk.Knocks = append(desk.Knocks, protocol.Knocker{Peer: k.Peer, Nick: k.Nick})
	}
	desk.Appeals = d.r.appeals()
	for _, h := range d.hands.up {
		desk.Hands = append(desk.Hands, h.peer)
	}
	followed := d.tracker.followed
	for _, p := range followed[max(len(followed)-protocol.MaxTold, 0):] {
		desk.Removals = append(desk.Removals, d.tracker.toldProgress(p))
	}
	return desk
}

func (tr *tracker) toldProgress(p *progress) protocol.Progress {
	now := protocol.Progress{Seq: p.seq, Told: p.told}
	for _, m := range tr.r.state().Members() {
		now.Total++
		switch {
		case tr.has(m.Peer, p):
			now.Applied++
		case len(now.Missing) < protocol.MaxToldMissing:
			now.Missing = append(now.Missing, m.Peer)
		}
	}
	return now
}

// take learns, as a deputy, what the authority tells the deputies. With nil, this node is no deputy any more.
func (d *authorityDesk) take(desk *protocol.Desk) {
	first := d.told.have == 0
	if desk == nil {
		desk, d.door.appeals = &protocol.Desk{}, nil
	} else {
		d.door.takeAppeals(desk.Appeals)
	}
	d.told.have = desk.Number
	d.door.take(desk.Knocks)
	d.hands.take(desk.Hands)
	before := d.told.removals
	d.told.removals = nil
	for _, p := range desk.Removals {
		now, known := d.r.progressFrom(p)
		if !known {
			continue
		}
		d.told.removals = append(d.told.removals, now)
		i := slices.IndexFunc(before, func(o toldRemoval) bool { return o.seq == p.Seq })
		if !first && (i < 0 || before[i].Applied != now.Applied || before[i].Told != now.Told) {
			d.r.l.emit(d.r, now.RemovalProgress)
		}
	}
}

// progressFrom says what the progress of a record is about, which this node has unless the authority names a record of another kind.
func (r *room) progressFrom(p protocol.Progress) (toldRemoval, bool) {
	if p.Seq > uint64(len(r.records)) || p.Applied > p.Total {
		return toldRemoval{}, false
	}
	now := toldRemoval{p.Seq, RemovalProgress{Told: p.Told, Applied: int(p.Applied), Total: int(p.Total)}}
	switch b := r.records[p.Seq-1].Body.(type) {
	case protocol.Remove:
		now.Peer, now.Kind = b.Peer, kindFrom(b.Kind)
	case protocol.Mute:
		now.Peer, now.Kind = b.Peer, KindMuted
	default:
		return toldRemoval{}, false
	}
	now.Nick = r.nickOf(now.Peer)
	for _, m := range p.Missing {
		now.Missing = append(now.Missing, r.nickOf(m))
	}
	return now, true
}

// take learns, as a deputy, who is at the door.
func (d *door) take(knocks []protocol.Knocker) {
	before := d.seen
	d.seen = nil
	for _, k := range knocks {
		d.seen = append(d.seen, authority.Knocking{Peer: k.Peer, Nick: k.Nick})
	}
	in := func(all []authority.Knocking, k authority.Knocking) bool {
		return slices.ContainsFunc(all, func(o authority.Knocking) bool { return o.Peer == k.Peer && o.Nick == k.Nick })
	}
	for _, k := range before {
		if in(d.seen, k) || !d.bell.told[k.Peer] {
			continue
		}
		delete(d.bell.told, k.Peer)
		if _, member := d.r.state().Member(k.Peer); !member {
			d.r.l.emit(d.r, KnockGone{Peer: k.Peer, Nick: k.Nick})
		}
	}
	for _, k := range d.seen {
		if !in(before, k) && d.bell.announces(k.Peer, "this network", d.r.l.now()) {
			d.r.l.emit(d.r, d.knockEvent(k.Peer, k.Nick))
			d.r.warnStandIn(k.Peer, k.Nick, "knocks")
		}
	}
}

// take learns, as a deputy, who asks for a voice.
func (h *hands) take(up []peer.ID) {
	before := h.up
	h.up = nil
	for _, p := range up {
		h.up = append(h.up, raised{p, true})
		if !slices.ContainsFunc(before, func(o raised) bool { return o.peer == p }) {
			h.r.l.emit(h.r, Hand{Peer: p, Nick: h.r.nickOf(p)})
		}
	}
	for _, o := range before {
		if !slices.Contains(up, o.peer) {
			h.r.l.emit(h.r, HandGone{Peer: o.peer, Nick: h.r.nickOf(o.peer)})
		}
	}
}
