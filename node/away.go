package node

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/protocol"
)

// There is no record that says whether the person at a node is away. Each member tells its authority, and the authority tells the others
// in the list of present members. After a start of a node, its person is not away.

// SetAway tells the members of all rooms of this node that its person is away, with a text that may be empty, or that it is back. An
// authority that is out of reach is told when it answers again. It fails with invalid if the text is too long.
func (n *Node) SetAway(ctx context.Context, away bool, text string) error {
	text, err := protocol.NormalizeAway(text)
	if err != nil {
		return &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadAway, Limit: protocol.MaxAway}
	}
	if !away {
		text = ""
	}
	_, err = ask(ctx, n, setAway{protocol.Away{Away: away, Text: text}})
	return err
}

type setAway struct{ away protocol.Away }

func (q setAway) run(l *loop) (none, error) {
	l.away = q.away
	for _, id := range l.order {
		r := l.rooms[id]
		if me, in := r.me(); in {
			r.l.emit(r, awayEvent(me.Nick, me.Peer, q.away, true))
			r.tellAway()
		}
	}
	return none{}, nil
}

func awayEvent(nick string, p peer.ID, a protocol.Away, self bool) MemberAway {
	return MemberAway{Peer: p, Nick: nick, Away: a.Away, Text: a.Text, Self: self}
}

// ownAway returns what the others in a room may know about the person at this node. If this node is muted there, that has no text.
func (r *room) ownAway() protocol.Away {
	a := r.l.away
	if me, _ := r.me(); me.Muted {
		a.Text = ""
	}
	return a
}

// tellAway tells the authority, if it does not know yet. If that fails, a later tick tells it again.
func (r *room) tellAway() {
	if r.owner() {
		r.desk.presence.setAway(r.l.n.self, r.ownAway())
		return
	}
	r.membership.absence.tellAway()
}

func (a *absence) tellAway() {
	away := a.r.ownAway()
	if a.toldAway == away {
		return
	}
	a.awayTold = a.r.l.now()
	id, ctx, n, to := a.r.id, a.r.ctx, a.r.l.n, a.r.authority()
	n.spawn(func(context.Context) {
		var reply protocol.AskReply
		if n.request(ctx, to, protocol.AskID, &protocol.AskRequest{Room: id, Away: &away}, &reply) == nil && reply.OK {
			n.post(awayTold{id, away})
		}
	})
}

// awayTold: the authority has been told.
type awayTold struct {
	room protocol.RoomID
	away protocol.Away
}

func (e awayTold) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil {
		r.membership.absence.toldAway = e.away
	}
}

// retellAway is called once a second.
func (a *absence) retellAway(now time.Time) {
	if _, in := a.r.me(); in && a.since.IsZero() && a.toldAway != a.r.ownAway() && now.Sub(a.awayTold) >= awayAgain {
		a.tellAway()
	}
}

// noteAways takes from a list of the authority which members are away, and shows the changes.
func (a *absence) noteAways(all []protocol.Presence) {
	was := a.aways
	a.aways, a.toldAway = make(map[peer.ID]protocol.Away), protocol.Away{}
	for _, p := range all {
		m, in := a.r.state().Member(p.Peer)
		switch {
		case !in:
		case p.Peer == a.r.l.n.self:
			a.toldAway = p.Away
		case p.Away.Away:
			a.aways[p.Peer] = p.Away
			if was[p.Peer] != p.Away {
				a.r.l.emit(a.r, awayEvent(m.Nick, m.Peer, p.Away, false))
			}
		}
	}
	for p := range was {
		if m, in := a.r.state().Member(p); in && !a.aways[p].Away {
			a.r.l.emit(a.r, awayEvent(m.Nick, p, protocol.Away{}, false))
		}
	}
}

// awayOf returns whether the person at a member's node is away.
func (r *room) awayOf(p peer.ID) protocol.Away {
	switch {
	case p == r.l.n.self:
		return r.l.away
	case r.owner():
		return r.desk.presence.aways[p]
	}
	return r.membership.absence.aways[p]
}

// answerAway: a direct message was sent to a member that may be away. The result is for the sender, once for each absence.
type answerAway struct {
	room protocol.RoomID
	peer peer.ID
}

func (q answerAway) run(l *loop) (protocol.Away, error) {
	r := l.rooms[q.room]
	if r == nil {
		return protocol.Away{}, nil
	}
	return r.membership.absence.answer(q.peer, r.awayOf(q.peer)), nil
}

// answer returns now, which is what is known of p. It returns the zero Away if the user was told that already.
func (a *absence) answer(p peer.ID, now protocol.Away) protocol.Away {
	if !now.Away {
		delete(a.answered, p)
		return now
	}
	if a.answered[p] == now {
		return protocol.Away{}
	}
	if a.answered == nil || len(a.answered) >= protocol.MaxMembers {
		a.answered = make(map[peer.ID]protocol.Away)
	}
	a.answered[p] = now
	return now
}

// setAway records whether the person at a member's node is away, and tells the others.
func (pr *presence) setAway(p peer.ID, a protocol.Away) {
	m, in := pr.r.state().Member(p)
	if m.Muted {
		a.Text = ""
	}
	if !in || pr.aways[p] == a {
		return
	}
	if a.Away {
		pr.aways[p] = a
	} else {
		delete(pr.aways, p)
	}
	if p != pr.r.l.n.self {
		pr.r.l.emit(pr.r, awayEvent(m.Nick, p, a, false))
	}
	pr.noteChange()
}

// quiet removes the text of a member that has been muted.
func (pr *presence) quiet(p peer.ID) {
	if a := pr.aways[p]; a.Text != "" {
		pr.setAway(p, protocol.Away{Away: true})
	}
}

// tellsAway takes a member's word on whether its person is away. A member that says it too often is refused, and says it again later.
func (pr *presence) tellsAway(p peer.ID, a protocol.Away) bool {
	if !pr.awayPace.Limiter(p).AllowN(pr.r.l.now(), 1) {
		return false
	}
	pr.setAway(p, a)
	return true
}
