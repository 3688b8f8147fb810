package node

import (
	"context"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
)

// Deputize makes a member a deputy (owner): it may then moderate while the owner's node is up. A room has four deputies at most. To
// name a deputy again changes nothing. It fails with not_owner, not_found, ambiguous, unavailable (there are four), invalid (the owner).
func (n *Node) Deputize(ctx context.Context, room, who string) (Committed, error) {
	return ask(ctx, n, deputize{room, who})
}

// Undeputize ends that (owner).
func (n *Node) Undeputize(ctx context.Context, room, who string) (Committed, error) {
	return ask(ctx, n, undeputize{room, who})
}

// Deputies lists the deputies of a room.
func (n *Node) Deputies(ctx context.Context, room string) ([]DeputyInfo, error) {
	return ask(ctx, n, deputiesOf{room})
}

type (
	deputize   struct{ room, who string }
	undeputize struct{ room, who string }
	deputiesOf struct{ room string }
)

func (q deputize) run(l *loop) (Committed, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return Committed{}, err
	}
	m, err := r.findMember(q.who)
	if err != nil {
		return Committed{}, err
	}
	return r.desk.order(authority.Deputize{Peer: m.Peer})
}

func (q undeputize) run(l *loop) (Committed, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return Committed{}, err
	}
	d, err := FindWho(q.who, "among the deputies of "+r.label(), r.named(r.state().Deputies()))
	if err != nil {
		return Committed{}, err
	}
	cut, err := r.desk.cutOf(d.Peer)
	if err != nil {
		return Committed{}, err
	}
	return r.desk.order(authority.Undeputize{Peer: d.Peer, Cut: cut})
}

func (q deputiesOf) run(l *loop) ([]DeputyInfo, error) {
	r, err := l.room(q.room)
	if err != nil {
		return nil, err
	}
	present := r.membership.absence.present
	if r.owner() {
		present = r.desk.presence.present()
	}
	infos := []DeputyInfo{}
	for _, d := range r.named(r.state().Deputies()) {
		infos = append(infos, DeputyInfo{Peer: d.Peer, Nick: d.Nick, Present: present[d.Peer] || d.Peer == l.n.self})
	}
	return infos, nil
}

// named gives peers the nicks that they have or had in the room.
func (r *room) named(peers []peer.ID) []Named {
	named := []Named{}
	for _, p := range peers {
		named = append(named, Named{p, r.nickOf(p)})
	}
	return named
}

// tellDeputies puts a change of the deputies into words for the faces.
func (r *room) tellDeputies(c authority.Change) {
	self := r.l.n.self
	r.l.emit(r, Deputies{
		Deputies: r.named(r.state().Deputies()), Named: r.named(c.Named), Dropped: r.named(c.Dropped),
		Mine: r.state().IsDeputy(self), Changed: slices.Contains(c.Named, self) || slices.Contains(c.Dropped, self),
	})
	if slices.Contains(c.Dropped, self) {
		r.desk.take(nil)
	}
}

// mayNot is the error for an order that a deputy may not give.
func mayNot(err error) *Error {
	return &Error{Code: CodeNotOwner, Text: fault.Text(err), Reason: fault.DeputyMayNot}
}
