package node

import (
	"context"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// Warn warns a member (owner, deputies). Its node tells it text, once, as it tells the reason of a mute; besides it the owner alone is told
// text. That it was warned is in the log, and is told to the owner and the deputies. It fails with not_owner, not_found, ambiguous, or
// invalid (no text, or the owner itself).
func (n *Node) Warn(ctx context.Context, room, who, text string) (Committed, error) {
	return n.order(ctx, warn{room, who, text})
}

type warn struct{ room, who, text string }

func (q warn) run(l *loop) (orders, error) {
	r, text, err := l.moderatedFor(q.room, q.text)
	if err == nil && text == "" {
		err = &Error{Code: CodeInvalid, Text: "a warning says what it is about", Reason: fault.BadReason, Limit: protocol.MaxReason}
	}
	if err != nil {
		return orders{}, err
	}
	m, err := r.findMember(q.who)
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderWarn, Peer: m.Peer, Text: text})
}

// seesWarnings reports whether this node's user is told who is warned, and how often: it owns the room, or is a deputy.
func (r *room) seesWarnings() bool { return r.owner() || r.state().IsDeputy(r.l.n.self) }

// tellWarned tells a moderator that a member was warned. Only the owner's node knows the text.
func (r *room) tellWarned(c authority.Change) {
	if c.Peer == r.l.n.self || !r.seesWarnings() {
		return
	}
	by := r.decidedBy(c)
	w := MemberWarned{Peer: c.Peer, Nick: c.Nick, By: by.peer, ByNick: by.nick, For: by.owner, ForNick: by.ownerNick, Count: r.state().Warnings(c.Peer), Seq: c.Record.Seq}
	if r.owner() {
		w.Text = r.desk.ledger.ReasonOf(c.Peer, c.Record.Seq)
	}
	r.l.emit(r, w)
}

// showWarning tells this node's user what it is warned of.
func (ms *membership) showWarning(reason protocol.SignedReason) {
	ms.contradictReason(reason)
	ms.r.l.notifyWarned(ms.r, Warned{
		Text: reason.Text, By: reason.By, ByNick: reason.ByNick, For: reason.For, ForNick: reason.ForNick, Seq: reason.Removal,
		At: transcript.Within(reason.At, ms.r.l.now().Add(-authority.FailureLife), ms.r.l.now()),
	})
}
