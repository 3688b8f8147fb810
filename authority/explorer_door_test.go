package authority

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// invited is the model of one invite. Revoked, it is a notice for the first question that shows its token.
type invited struct {
	by      peer.ID
	expires time.Time
	revoked bool
	peer    peer.ID // its question has claimed the notice
	nonce   protocol.Nonce
	reason  string // "" when nobody has seen it
}

// question returns the nonce of a knock: a new one, or the last one again if the answer was lost.
func (e *explorer) question(c *client, again bool) protocol.Nonce {
	if !again || c.door == (protocol.Nonce{}) {
		e.nonces++
		c.door = protocol.Nonce{e.nonces}
	}
	return c.door
}

// invites updates the model of invites after ev.
func (e *explorer) invites(ev Event, effects []Effect) {
	if o, ordered := ev.(Ordered); ordered {
		ev = o.Order
	}
	switch ev := ev.(type) {
	case RevokeInvite:
		e.invited[ev.ID].revoked = true
	case Knock:
		i := e.invited[ev.Request.Token.ID()]
		a, _ := find[AnswerJoin](effects)
		if a.Reply.Code == protocol.JoinInviteBad && i != nil && i.revoked && i.peer == "" && e.now.Before(i.expires) {
			i.peer, i.nonce = ev.Peer, ev.Request.Nonce
		}
	}
	for _, effect := range effects {
		switch effect := effect.(type) {
		case Invited:
			e.invited[effect.Invite.ID] = &invited{by: effect.Invite.By, expires: effect.Invite.Expires}
		case Commit:
			e.revokedBy(effect.Record)
		}
	}
}

// revokedBy updates the model when a peer loses its place, or the room ends: its invites are revoked.
func (e *explorer) revokedBy(r protocol.SignedRecord) {
	out := peer.ID("")
	switch b := r.Body.(type) {
	case protocol.Admit:
		if i := e.invited[b.Invite]; i != nil && i.revoked {
			e.violated(18, "a revoked invite lets in")
		}
		delete(e.invited, b.Invite)
	case protocol.Leave:
		out = b.Peer
	case protocol.Remove:
		out = b.Peer
	case protocol.Close:
		clear(e.invited)
	}
	for _, i := range e.invited {
		i.revoked = i.revoked || i.by == out
	}
}

// atTheDoor checks an answer to a knock, and updates which peers are at the door.
func (e *explorer) atTheDoor(ev Event, a AnswerJoin) {
	f := e.folk[e.indexOf(a.Peer)]
	asked := f.standing
	knock, ok := ev.(Knock)
	if ok && knock.Peer == a.Peer {
		asked = knock.Request.Nonce
	}
	if f.standing = (protocol.Nonce{}); a.Reply.Code == protocol.JoinWaiting {
		f.standing = asked
	}
	if ok && a.Reply.Code == protocol.JoinInviteBad {
		e.shownInvite(knock, a)
	}
	if a.Reply.Reason == nil {
		return
	}
	r, err := protocol.OpenReason(a.Reply.Reason)
	order, ordered := ev.(Ordered)
	kinds := map[protocol.JoinCode][]protocol.ReasonKind{
		protocol.JoinBanned: {protocol.Banned}, protocol.JoinNoRoom: {protocol.Closed, protocol.Idle}, protocol.JoinInviteBad: {protocol.InviteRevoked},
	}
	switch {
	case err != nil || r.Peer != a.Peer || r.Nonce != asked || r.Room != e.heard.Room() || r.Signer != e.self.Self:
		e.violated(13, "%s is told at the door what is not for it, or not for this question", f.name)
	case ordered && (r.By != order.By || r.For != e.self.Self):
		e.violated(23, "%s is told at the door that %s has banned it", f.name, r.By)
	case !slices.Contains(kinds[a.Reply.Code], r.Kind):
		e.violated(13, "%s is told a %d at the door with code %d", f.name, r.Kind, a.Reply.Code)
	}
}

// contentOf is a signed reason without its signature: after a transfer, another owner signs it.
func contentOf(signed string) protocol.Reason {
	r, _ := protocol.OpenReason([]byte(signed))
	return r.Reason
}

// shownInvite checks that the notice of a revoked invite goes to one question, with the same content each time, and that every other
// question is answered as if there had been no invite.
func (e *explorer) shownInvite(k Knock, a AnswerJoin) {
	i := e.invited[k.Request.Token.ID()]
	due := i != nil && i.revoked && i.peer == k.Peer && i.nonce == k.Request.Nonce && e.now.Before(i.expires)
	switch got := string(a.Reply.Reason); {
	case due && got == "":
		e.violated(11, "%s is not told that its invite was revoked", e.folk[e.indexOf(k.Peer)].name)
	case !due && got != "":
		e.violated(10, "an invite's end is told twice")
	case due && i.reason != "" && contentOf(i.reason) != contentOf(got):
		e.violated(10, "an invite's end has two answers")
	case due:
		i.reason = got
	}
}
