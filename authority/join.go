package authority

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// knock answers a join request: at once if the room is open or an invite is valid, and otherwise when the owner has decided.
func (s *step) knock(e Knock) error {
	if reply, again := s.cachedDenial(e); again {
		s.dropKnock(e.Peer) // a later request of the same peer, by another program: only the latest is answered
		s.do(AnswerJoin{e.Peer, reply})
		return nil
	}
	reply, nick, invite := s.consider(e)
	if reply.Code == protocol.JoinInviteBad {
		if err := s.tellRevoked(e, &reply); err != nil {
			return err
		}
	}
	if reply.Code != 0 {
		s.dropKnock(e.Peer) // the new request replaces the old one
		s.do(AnswerJoin{e.Peer, reply})
		return nil
	}
	if !invite.IsZero() || s.next.state.policy.Access == protocol.Open || s.next.MayReturn(e.Peer, s.now) {
		return s.admit(e.Peer, nick, invite)
	}
	s.wait(Knocking{Peer: e.Peer, Nick: nick, Since: s.now, Nonce: e.Request.Nonce, From: e.From})
	return nil
}

// consider returns the answer, if it needs no decision of the owner. Otherwise the code of reply is 0, and consider returns the nick
// to assign and the invite to consume. It looks at the nick last: a stranger without an invite must not learn the members' nicks.
func (s *step) consider(e Knock) (reply protocol.JoinReply, nick string, invite protocol.InviteID) {
	state, q := s.next.state, e.Request
	no := func(code protocol.JoinCode, wait time.Duration) (protocol.JoinReply, string, protocol.InviteID) {
		return protocol.JoinReply{Code: code, Wait: wait}, "", protocol.InviteID{}
	}
	if state.head == nil || state.closed || q.Room != state.room {
		return no(protocol.JoinNoRoom, 0)
	}
	if state.authority != s.env.Self {
		return protocol.JoinReply{Code: protocol.JoinMoved, Moved: &protocol.Moved{Transfers: state.MovedFrom(s.env.Self)}}, "", protocol.InviteID{}
	}
	if m, ok := state.Member(e.Peer); ok { // a member that has lost its data
		return protocol.JoinReply{Code: protocol.JoinAdmitted, Admission: m.Admission}, "", protocol.InviteID{}
	}
	if _, left, ok := s.banned(e.Peer); ok {
		return no(protocol.JoinBanned, left)
	}
	nick, nickErr := NormalizeNick(q.Nick)
	switch {
	case s.next.MayReturn(e.Peer, s.now): // it needs neither an invite nor patience
	case !q.Token.IsZero():
		i, ok := s.next.invited(q, nick, s.now)
		if !ok {
			return no(protocol.JoinInviteBad, 0)
		}
		invite = i.ID
	case state.policy.Access == protocol.Invite:
		return no(protocol.JoinNeedsInvite, 0)
	case state.policy.Access == protocol.Open:
		if wait := s.returnWait(e.Peer); wait > 0 {
			return no(protocol.JoinTooSoon, wait)
		}
	}
	if nickErr != nil {
		return no(protocol.JoinNickBad, 0)
	}
	vacated, _ := state.vacated(nick, s.next.gone)
	if err := vacated.mayAdmit(e.Peer, nick, s.now); err != nil {
		return no(joinCode(err), 0)
	}
	if s.misleadsAtDoor(e.Peer, nick) {
		return no(protocol.JoinNickBad, 0)
	}
	return protocol.JoinReply{}, nick, invite
}

// misleadsAtDoor is State.misleads for the peers at the door.
func (s *step) misleadsAtDoor(p peer.ID, nick string) bool {
	me := newBadge(p, nick)
	return slices.ContainsFunc(s.next.knocks, func(k Knocking) bool { return k.Peer != p && me.readsAs(newBadge(k.Peer, k.Nick)) })
}

// joinCode returns the answer to a stranger for an error of mayAdmit.
func joinCode(err error) protocol.JoinCode {
	switch {
	case errors.Is(err, ErrFull):
		return protocol.JoinFull
	case errors.Is(err, ErrNickTaken):
		return protocol.JoinNickTaken
	case errors.Is(err, ErrNickBad):
		return protocol.JoinNickBad
	}
	return protocol.JoinNoRoom
}

// invited returns the open invite that q shows, if it is valid for nick. There is no bound on wrong tokens: nobody guesses one of 128
// bits, and a bound would only keep out peers with a valid one.
func (l Ledger) invited(q protocol.JoinRequest, nick string, now time.Time) (Invite, bool) {
	i, ok := l.inviteFor(q.Token, now)
	if !ok || !i.open() || i.Nick != "" && nickSortKey(i.Nick) != nickSortKey(nick) {
		return Invite{}, false
	}
	return i, true
}

// Invited reports whether q shows an open invite of this room that is valid for its nick. Then a driver need not charge q to a budget
// that strangers share.
func (l Ledger) Invited(q protocol.JoinRequest, now time.Time) bool {
	nick, err := NormalizeNick(q.Nick)
	if err != nil || q.Token.IsZero() || q.Room != l.state.room {
		return false
	}
	_, ok := l.invited(q, nick, now)
	return ok
}

// returnWait returns how long a kicked peer must still stay away from an open room.
func (s *step) returnWait(p peer.ID) time.Duration {
	r, ok := s.next.state.Removed(p)
	if !ok || r.Left || r.Kind != protocol.Kicked {
		return 0
	}
	at, lately := s.next.out[p]
	if !lately {
		return 0
	}
	// At most the whole wait, since the clock may have been set back.
	return min(at.Add(ReturnAfter).Sub(s.now), ReturnAfter)
}

// wait puts k at the end of the peers at the door, in place of an earlier request of the same peer. If there is no place, the peer is
// told to try again.
func (s *step) wait(k Knocking) {
	old := slices.IndexFunc(s.next.knocks, func(o Knocking) bool { return o.Peer == k.Peer })
	shown := old >= 0 && s.next.knocks[old].Nick == k.Nick
	var before Knocking
	if old >= 0 {
		before, _ = s.takeKnock(k.Peer)
	}
	if !s.placeFor(k.From) {
		if old >= 0 {
			s.do(KnockDropped{before.Peer, before.Nick})
		}
		s.later(k)
		return
	}
	s.next.knocks = append(slices.Clone(s.next.knocks), k)
	s.do(AnswerJoin{k.Peer, protocol.JoinReply{Code: protocol.JoinWaiting}})
	if !shown {
		s.do(KnockShown{k.Peer, k.Nick, k.From})
	}
}

// placeFor reports whether one more peer of that address may wait. If all places are taken, it frees one if another address has at
// least two more than this one: that of the latest peer of the address with the most.
func (s *step) placeFor(from string) bool {
	held := make(map[string]int)
	for _, k := range s.next.knocks {
		held[k.From]++
	}
	if held[from] >= MaxKnocksFrom {
		return false
	}
	if len(s.next.knocks) < MaxKnocks {
		return true
	}
	most := 0
	for _, n := range held {
		most = max(most, n)
	}
	if most <= held[from]+1 {
		return false
	}
	for _, k := range slices.Backward(s.next.knocks) {
		if held[k.From] == most {
			s.dropKnock(k.Peer)
			s.later(k)
			return true
		}
	}
	return false
}

// later tells k to try again later.
func (s *step) later(k Knocking) {
	s.do(AnswerJoin{k.Peer, protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: KnockAgain}})
	s.do(KnockTurned{k.From})
}

// admit makes p a member, and answers its request. It deletes a failure of p. A member that is [Gone] and has a nick like p's leaves.
// A peer at the door with a nick like p's is told to choose another.
func (s *step) admit(p peer.ID, nick string, invite protocol.InviteID) error {
	_, out := s.next.state.vacated(nick, s.next.gone)
	for _, p := range out {
		if err := s.leave(Leave{Peer: p, Cut: s.next.gone[p]}); err != nil {
			return err
		}
	}
	if err := s.commit(protocol.Admit{Peer: p, Nick: nick, Invite: invite}); err != nil {
		return err
	}
	if _, ok := s.next.failures[p]; ok {
		s.setFailure(p, nil)
	}
	if !invite.IsZero() {
		s.setInvite(invite, nil)
	}
	s.takeKnock(p)
	s.do(AnswerJoin{p, protocol.JoinReply{Code: protocol.JoinAdmitted, Admission: s.next.state.Seq()}})
	me := newBadge(p, nick)
	for _, k := range s.next.Knocks() {
		code := protocol.JoinNickTaken
		switch {
		case protocol.Alike(k.Nick, nick):
		case newBadge(k.Peer, k.Nick).readsAs(me):
			code = protocol.JoinNickBad
		default:
			continue
		}
		s.dropKnock(k.Peer)
		s.do(AnswerJoin{k.Peer, protocol.JoinReply{Code: code}})
	}
	return nil
}

func (s *step) accept(e Accept) error {
	i := slices.IndexFunc(s.next.knocks, func(k Knocking) bool { return k.Peer == e.Peer })
	if i < 0 {
		return ErrNoKnock
	}
	return s.admit(e.Peer, s.next.knocks[i].Nick, protocol.InviteID{})
}

func (s *step) deny(e Deny) error {
	reason, err := reasonText(e.Reason)
	if err != nil {
		return err
	}
	k, ok := s.takeKnock(e.Peer)
	if !ok {
		return ErrNoKnock
	}
	if s.by != "" { // the owner has not answered it
		s.do(KnockDropped{k.Peer, k.Nick})
	}
	s.turnAway(k, protocol.JoinReply{Code: protocol.JoinDenied, Text: reason})
	return nil
}

// takeKnock removes p from the door, and returns its knock.
func (s *step) takeKnock(p peer.ID) (Knocking, bool) {
	i := slices.IndexFunc(s.next.knocks, func(k Knocking) bool { return k.Peer == p })
	if i < 0 {
		return Knocking{}, false
	}
	k := s.next.knocks[i]
	s.next.knocks = slices.Delete(slices.Clone(s.next.knocks), i, i+1)
	return k, true
}

// dropKnock is takeKnock, with an effect that tells the owner that no answer is needed any more.
func (s *step) dropKnock(p peer.ID) (Knocking, bool) {
	k, ok := s.takeKnock(p)
	if ok {
		s.do(KnockDropped{k.Peer, k.Nick})
	}
	return k, ok
}

func (s *step) makeInvite(e MakeInvite) error {
	state := s.next.state
	if e.By == "" {
		e.By = s.env.Self
	}
	m, ok := state.Member(e.By)
	switch {
	case !ok:
		return ErrNotMember
	case !m.Owner && e.By != state.authority && !state.policy.MembersInvite && !state.IsDeputy(e.By):
		s.do(Attempt{e.By, "invite"})
		return nil
	case e.Expires < 0 || e.Expires > protocol.MaxInviteExpiry:
		return fmt.Errorf("%w: an invite holds at most %v", ErrRule, protocol.MaxInviteExpiry)
	}
	if e.Expires == 0 {
		e.Expires = DefaultInviteLife
	}
	if e.Nick != "" {
		nick, err := NormalizeNick(e.Nick)
		if err != nil {
			return err
		}
		if state.misleads(e.By, nick) || s.misleadsAtDoor(e.By, nick) {
			return errReadsAsID
		}
		e.Nick = nick
	}
	s.purge()
	if err := s.roomForInvite(m); err != nil {
		return err
	}
	i := Invite{Nick: e.Nick, By: e.By, Expires: s.now.Add(e.Expires)}
	if _, err := io.ReadFull(s.env.Rand, i.Token[:]); err != nil {
		return fmt.Errorf("authority: token: %w", err)
	}
	i.ID = i.Token.ID()
	s.setInvite(i.ID, &i)
	s.forgetRevoked()
	s.do(Invited{i})
	return nil
}

// roomForInvite returns an error unless m may have one more open invite.
func (s *step) roomForInvite(m Member) error {
	open, by := 0, 0
	for _, i := range s.next.invites {
		if !i.open() {
			continue
		}
		open++
		if i.By == m.Peer {
			by++
		}
	}
	if open >= MaxInvites {
		return fmt.Errorf("%w: %d invites are open", ErrFull, MaxInvites)
	}
	if !m.Owner && by >= MaxInvitesBy {
		return fmt.Errorf("%w: %d of your invites are open", ErrFull, by)
	}
	return nil
}
