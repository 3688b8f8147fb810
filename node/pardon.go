package node

import (
	"context"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// Pardon lets a removed member come back once without a knock, within a day, and lifts its ban (owner; a deputy pardons what a deputy has
// decided). A peer that has appealed is told. It fails with not_owner, not_found, ambiguous, or invalid (nobody has removed it).
func (n *Node) Pardon(ctx context.Context, room, who string) (Committed, error) {
	return n.order(ctx, pardon{room, who})
}

type pardon struct{ room, who string }

func (q pardon) run(l *loop) (orders, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return orders{}, err
	}
	var all []Named
	here := make(map[peer.ID]standing)
	for _, a := range r.appeals() {
		all, here[a.Peer] = append(all, Named{a.Peer, a.Nick}), gone
	}
	for _, m := range r.state().Members() {
		here[m.Peer] = asMember
	}
	for _, p := range r.leavers(here) {
		if rm, _ := r.state().Removed(p.Peer); !rm.Left {
			all = append(all, p)
		}
	}
	// A person who has appealed is meant before another that had the nick.
	if fits, _ := Fits(q.who, all[:len(r.appeals())]); len(fits) == 1 {
		all = all[:len(r.appeals())]
	}
	c, err := FindWho(q.who, "among those that were removed from "+r.label(), all)
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderPardon, Peer: c.Peer})
}

// Appeals lists the appeals that have no answer (owner, deputies).
func (n *Node) Appeals(ctx context.Context, room string) ([]AppealInfo, error) {
	return ask(ctx, n, appealsOf{room})
}

type appealsOf struct{ room string }

func (q appealsOf) run(l *loop) ([]AppealInfo, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return nil, err
	}
	infos := []AppealInfo{}
	for _, a := range r.appeals() {
		infos = append(infos, r.appealInfo(a))
	}
	return infos, nil
}

// appeals are those that have no answer, in the order in which they came, as far as this node knows.
func (r *room) appeals() []protocol.Appeal {
	if !r.owner() {
		return r.desk.door.appeals
	}
	var all []protocol.Appeal
	for _, a := range r.desk.ledger.Appeals(r.l.judgedAt()) {
		all = append(all, wireAppeal(a))
	}
	return all
}

func wireAppeal(a authority.Appeal) protocol.Appeal {
	return protocol.Appeal{Peer: a.Peer, Nick: a.Nick, Removal: a.Removal, Text: a.Text}
}

// appealInfo adds to an appeal what the log says of the removal, and the reason where it is known.
func (r *room) appealInfo(a protocol.Appeal) AppealInfo {
	info := AppealInfo{Peer: a.Peer, Nick: a.Nick, Text: a.Text, Removal: a.Removal, Kind: KindOther, Reason: r.reasons()[a.Removal]}
	if i := a.Removal - 1; i < uint64(len(r.records)) {
		rec := r.records[i]
		if rm, ok := rec.Body.(protocol.Remove); ok {
			info.Kind, info.At, info.By = kindFrom(rm.Kind), rec.At, rec.Author
			if rec.By != "" {
				info.By = rec.By
			}
			info.ByNick = r.nickOf(info.By)
		}
	}
	return info
}

// takeAppeals learns, as a deputy, which appeals there are.
func (d *door) takeAppeals(told []protocol.Appeal) {
	before := d.appeals
	d.appeals = told
	in := func(all []protocol.Appeal, a protocol.Appeal) bool {
		for _, o := range all {
			if o == a {
				return true
			}
		}
		return false
	}
	for _, a := range before {
		if !in(told, a) {
			d.r.l.emit(d.r, AppealGone{Peer: a.Peer, Nick: a.Nick})
		}
	}
	for _, a := range told {
		if !in(before, a) {
			d.r.l.emit(d.r, Appeal(d.r.appealInfo(a)))
		}
	}
}
