package authority

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// What is told to those who are no members but lose something all the same: somebody at the door who is banned, or whose
// room ends, and somebody with a good invite that was revoked. They hear it in the answer to their own join request.

// turned is the last word to somebody who stood at the door.
type turned struct {
	peer  peer.ID
	nonce protocol.Nonce
	reply protocol.JoinReply
}

// turnAway ends a knock. Without a nonce there is nothing to bind a reason to, and none is given.
func (s *step) turnAway(k Knocking, reply protocol.JoinReply) {
	if k.Nonce == (protocol.Nonce{}) {
		reply.Reason = nil
	} else {
		s.next.turned = append(slices.Clip(s.next.turned), turned{k.Peer, k.Nonce, reply})
		s.next.turned = s.next.turned[max(len(s.next.turned)-MaxKnocks, 0):]
	}
	s.do(AnswerJoin{k.Peer, reply})
}

// askedAgain finds the answer to a knock that has been answered: the same question again means that the answer was lost,
// and whoever was turned away is not to stand at the door a second time for that.
func (s *step) askedAgain(e Knock) (protocol.JoinReply, bool) {
	q := e.Request
	if q.Nonce == (protocol.Nonce{}) || q.Room != s.next.state.room {
		return protocol.JoinReply{}, false
	}
	i := slices.IndexFunc(s.next.turned, func(t turned) bool { return t.peer == e.Peer && t.nonce == q.Nonce })
	if i < 0 {
		return protocol.JoinReply{}, false
	}
	return s.next.turned[i].reply, true
}

// doorReason signs why p, who is told by nonce, has lost what it had. r has kind, text and end.
func (s *step) doorReason(p peer.ID, nonce protocol.Nonce, r protocol.Reason) ([]byte, error) {
	if nonce == (protocol.Nonce{}) {
		return nil, nil
	}
	r.Room, r.Peer, r.Nonce = s.next.state.room, p, nonce
	r.By, r.ByNick = s.env.Self, s.next.state.nickOf(s.env.Self)
	signed, err := protocol.SignReason(r, s.env.Signer)
	if err != nil {
		return nil, fmt.Errorf("authority: sign reason: %w", err)
	}
	return signed.Bytes(), nil
}

// revoke closes an open invite. It is kept to its end, so that whoever comes with it is told.
func (s *step) revoke(i Invite, text string) {
	i.Revoked = Revocation{At: s.now, Text: text, Seq: s.next.state.Seq()}
	s.setInvite(i.ID, &i)
}

// revokeBy revokes the open invites that p has made: who is out lets nobody in.
func (s *step) revokeBy(p peer.ID) {
	for _, i := range s.next.invites {
		if i.By == p && i.open() {
			s.revoke(i, makerIsOut)
		}
	}
}

// makerIsOut is why the invites of one who lost its place are revoked.
const makerIsOut = "its maker is no longer a member"

// tellRevoked adds to the refusal of an invite that it was revoked, when and by whom. The first peer that shows the token
// is told, and gets the same bytes for the same question; for everybody else the invite is one that never was. The claim
// is in the batch, and the signature is one of Ed25519, which makes the same bytes of the same claim again.
func (s *step) tellRevoked(e Knock, reply *protocol.JoinReply) error {
	i, ok := s.next.shown(e.Request.Token, s.now)
	r, nonce := i.Revoked, e.Request.Nonce
	if !ok || i.open() || nonce == (protocol.Nonce{}) {
		return nil
	}
	switch {
	case r.Peer == "":
		i.Revoked.Peer, i.Revoked.Nonce = e.Peer, nonce
		s.setInvite(i.ID, &i)
	case r.Peer != e.Peer || r.Nonce != nonce:
		return nil
	}
	var err error
	reply.Reason, err = s.doorReason(e.Peer, nonce, protocol.Reason{Kind: protocol.InviteRevoked, Text: r.Text, At: r.At, Removal: r.Seq})
	return err
}

// shown finds the invite of token, open or revoked, before its end.
func (l Ledger) shown(token protocol.Token, now time.Time) (Invite, bool) {
	i, ok := l.invites[token.ID()]
	if !ok || subtle.ConstantTimeCompare(i.Token[:], token[:]) != 1 || !now.Before(i.Expires) {
		return Invite{}, false
	}
	return i, true
}

// forgetRevoked makes room for an open invite: of those that are revoked, the one whose end is next goes first.
func (s *step) forgetRevoked() {
	for len(s.next.invites) > MaxInvites {
		var first Invite
		for _, i := range s.next.invites {
			if !i.open() && (first.ID.IsZero() || i.Expires.Before(first.Expires)) {
				first = i
			}
		}
		s.setInvite(first.ID, nil)
	}
}
