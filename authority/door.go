package authority

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// This file is about peers that are no members and still lose something: a peer at the door that is banned or whose room ends, and a
// peer with a valid invite that was revoked. They are told the reason in the answer to their own join request.

// A denied is the last answer to a peer that was at the door.
type denied struct {
	peer  peer.ID
	nonce protocol.Nonce
	reply protocol.JoinReply
}

// turnAway ends a knock with reply. A request without a nonce gets no reason, since a reason is for one nonce.
func (s *step) turnAway(k Knocking, reply protocol.JoinReply) {
	if k.Nonce == (protocol.Nonce{}) {
		reply.Reason = nil
	} else {
		s.next.denied = append(slices.Clip(s.next.denied), denied{k.Peer, k.Nonce, reply})
		s.next.denied = s.next.denied[max(len(s.next.denied)-MaxKnocks, 0):]
	}
	s.do(AnswerJoin{k.Peer, reply})
}

// cachedDenial returns the answer to a knock that has been answered before. The same question again means that the answer was lost;
// it must not put the peer at the door a second time.
func (s *step) cachedDenial(e Knock) (protocol.JoinReply, bool) {
	q := e.Request
	if q.Nonce == (protocol.Nonce{}) || q.Room != s.next.state.room {
		return protocol.JoinReply{}, false
	}
	i := slices.IndexFunc(s.next.denied, func(d denied) bool { return d.peer == e.Peer && d.nonce == q.Nonce })
	if i < 0 {
		return protocol.JoinReply{}, false
	}
	return s.next.denied[i].reply, true
}

// doorReason returns r as a signed reason for p and nonce. The caller has set Kind, Text, At, Until and Removal, and By and what
// belongs to it if that was decided earlier. Without a nonce it returns nil.
func (s *step) doorReason(p peer.ID, nonce protocol.Nonce, r protocol.Reason) ([]byte, error) {
	if nonce == (protocol.Nonce{}) {
		return nil, nil
	}
	r.Room, r.Peer, r.Nonce = s.next.state.room, p, nonce
	if r.By == "" {
		by := s.decided()
		r.By, r.ByNick, r.For, r.ForNick = by.By, by.ByNick, by.For, by.ForNick
	}
	signed, err := protocol.SignReason(r, s.env.Signer)
	if err != nil {
		return nil, fmt.Errorf("authority: sign reason: %w", err)
	}
	return signed.Bytes(), nil
}

// revoke revokes an open invite. The invite is kept until its end, so that a peer that shows it can be told.
func (s *step) revoke(i Invite, text string) {
	by := s.decided()
	i.Revoked = Revocation{
		At: s.now, Text: text, By: by.By, ByNick: by.ByNick, For: by.For, ForNick: by.ForNick, Seq: s.next.state.Seq(),
	}
	s.setInvite(i.ID, &i)
}

// revokeBy revokes the open invites that p has made: a peer that is no member has none.
func (s *step) revokeBy(p peer.ID) {
	for _, i := range s.next.invites {
		if i.By == p && i.open() {
			s.revoke(i, makerIsOut)
		}
	}
}

// makerIsOut is the reason for which the invites of a peer that lost its place are revoked.
const makerIsOut = "its maker is no longer a member"

// tellRevoked adds a reason to the refusal of an invite, if the invite was revoked: when, and by which peer. The first peer that
// shows the token gets it, and gets the same bytes again for the same question, since Ed25519 is deterministic. Its claim is in the
// batch. Any other peer gets the answer for an unknown invite.
func (s *step) tellRevoked(e Knock, reply *protocol.JoinReply) error {
	i, ok := s.next.inviteFor(e.Request.Token, s.now)
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
	reply.Reason, err = s.doorReason(e.Peer, nonce, protocol.Reason{
		Kind: protocol.InviteRevoked, Text: r.Text, At: r.At, Removal: r.Seq, By: r.By, ByNick: r.ByNick, For: r.For, ForNick: r.ForNick,
	})
	return err
}

// inviteFor returns the invite of token, open or revoked, before its end.
func (l Ledger) inviteFor(token protocol.Token, now time.Time) (Invite, bool) {
	i, ok := l.invites[token.ID()]
	if !ok || subtle.ConstantTimeCompare(i.Token[:], token[:]) != 1 || !now.Before(i.Expires) {
		return Invite{}, false
	}
	return i, true
}

// forgetRevoked makes room for open invites: it forgets the revoked ones with the earliest ends.
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
