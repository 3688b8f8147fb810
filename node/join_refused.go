package node

import (
	"context"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// turnedAway returns the error of a refused join. If this node loses its knock or a valid invite by it, the reason that the
// authority has signed is sent as an event too, once. over is true if the room has ended.
func (n *Node) turnedAway(ctx context.Context, t *joinTarget, reply protocol.JoinReply) (over bool, err error) {
	reason, ok := t.reason(n.self, reply)
	over = ok && (reason.Kind == protocol.Closed || reason.Kind == protocol.Idle) || reply.Code == protocol.JoinNoRoom
	err = proposing(joinRefused(t.name, reply), t.nick, reply)
	if ok {
		var name string
		if name, err = ask(ctx, n, tellTurnedAway{t.room, reason}); err == nil {
			err = doorClosed(name, reason)
		}
	}
	if over {
		if _, err := ask(ctx, n, noSuchRoom{t.room, t.owner()}); err != nil {
			return over, err
		}
	}
	return over, err
}

// proposing adds to a refusal the nick that the owner says is free. It accepts only the requested nick with a number after it, so
// that a peer cannot choose the text that a user is told to type.
func proposing(err error, asked string, reply protocol.JoinReply) error {
	e := AsError(err)
	nick, bad := authority.NormalizeNick(asked)
	if reply.Code != protocol.JoinNickTaken || bad != nil {
		return err
	}
	for n := 2; n <= authority.MaxProposed; n++ {
		if free := authority.Numbered(nick, n); free == reply.Text {
			e.Nick = free
			break
		}
	}
	return e
}

// reason returns the reason in reply, and whether the authority has signed it for this node and this request.
func (t *joinTarget) reason(self peer.ID, reply protocol.JoinReply) (protocol.SignedReason, bool) {
	r, err := protocol.OpenReason(reply.Reason)
	return r, err == nil && r.Room == t.room && r.Signer == t.owner() && r.Peer == self && r.Nonce == t.nonce
}

type tellTurnedAway struct {
	room   protocol.RoomID
	reason protocol.SignedReason
}

// run returns the room's name, or "" if only an invite to it is known.
func (q tellTurnedAway) run(l *loop) (string, error) {
	ev := removedEvent(q.reason, l.now())
	ev.AtDoor = true
	l.emitFound(q.room, ev)
	if f := l.directory.found[q.room]; f != nil {
		return f.name, nil
	}
	return "", nil
}

// doorClosed returns an [Error] with a sentence for a reason that was given at the door.
func doorClosed(room string, r protocol.SignedReason) error {
	because := ""
	if r.Text != "" {
		because = ": " + r.Text
	}
	e := &Error{Code: CodeRefused}
	switch r.Kind {
	case protocol.InviteRevoked:
		e.Text, e.Reason = "your invite", fault.InviteNotValid
		if room != "" {
			e.Text += " to " + room
		}
		e.Text += " was revoked by " + r.ByNick + because
		return e
	case protocol.Closed, protocol.Idle:
		e.Text, e.Reason = orThis(room)+" was closed by "+r.ByNick+because, fault.RoomGone
		if r.Kind == protocol.Idle {
			e.Text = orThis(room) + " was closed: nobody said anything for too long"
		}
		return e
	}
	e.Text, e.Reason = "you were banned from "+orThis(room)+" by "+r.ByNick, fault.Banned
	if !r.Until.IsZero() {
		wait := r.Until.Sub(r.At) // both by the owner's clock
		e = banned(e, wait)
		e.Reason = fault.BannedFor
	}
	e.Text += because
	return e
}

func orThis(room string) string {
	if room == "" {
		return "this room"
	}
	return room
}
