package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Create makes a room and enters it as its owner. It fails with invalid (a name, nick or policy that cannot be) or
// exists (we own a room of that name already).
func (n *Node) Create(ctx context.Context, o CreateOptions) (RoomInfo, error) {
	if o.Nick == "" {
		o.Nick = n.cfg.Nick
	}
	return ask(ctx, n, createRoom{o})
}

type createRoom struct{ CreateOptions }

func (q createRoom) run(l *loop) (RoomInfo, error) {
	name, err := protocol.NormalizeRoomName(q.Name)
	if err != nil {
		return RoomInfo{}, badRoomName(err)
	}
	for _, r := range l.rooms {
		if r.owner() && !r.over() && protocol.Alike(r.label(), name) {
			return RoomInfo{}, &Error{Code: Exists, Text: "you own a room called " + r.label() + " already", Hint: "/switch to it, /close it first, or choose another name"}
		}
	}
	policy, err := q.apply(protocol.DefaultPolicy())
	if err != nil {
		return RoomInfo{}, err
	}
	// The Create record is shown to everybody, as the proof of the room's name and owner, and stays as it is when the room
	// becomes one for invites only: what the room is about comes in a record of its own.
	founding := policy
	founding.Subject = ""
	next, effects, err := l.decide(authority.Ledger{}, authority.CreateRoom{Name: name, Nick: q.Nick, Policy: founding})
	var disk diskError
	switch {
	case errors.As(err, &disk):
		return RoomInfo{}, &Error{Code: Unavailable, Text: fmt.Sprintf("the room was not made: cannot write to disk: %v", disk.error), Hint: "make room in the data directory, or keep nothing with --ephemeral"}
	case err != nil:
		return RoomInfo{}, ruleError(name, err)
	}
	r := newRoom(l, next.State().Room())
	r.name = name
	r.ledger = &next
	for _, e := range effects {
		if c, ok := e.(authority.Commit); ok {
			r.records = append(r.records, c.Record)
			r.stepKeys(c.Change, c.Key)
		}
	}
	l.enter(r)
	l.saveKnown()
	if policy != founding {
		if err := r.step(authority.SetPolicy{Policy: policy}); err != nil {
			return RoomInfo{}, ruleError(name, err)
		}
	}
	info := r.info()
	info.Words = l.n.words.of(l.n.self) // made when the node was
	return info, nil
}

// apply changes p as asked.
func (c PolicyChange) apply(p protocol.Policy) (protocol.Policy, error) {
	var err error
	if c.Access != nil {
		if p.Access, err = parseAccess(*c.Access); err != nil {
			return p, err
		}
	}
	if c.History != nil {
		if p.History, err = parseHistory(*c.History); err != nil {
			return p, err
		}
	}
	if c.Subject != nil {
		if p.Subject, err = protocol.NormalizeSubject(*c.Subject); err != nil {
			return p, &Error{Code: Invalid, Text: fault.Text(err), Hint: fmt.Sprintf("a subject is one line of at most %d bytes", protocol.MaxSubject)}
		}
	}
	if c.IdleS != nil {
		if p.Idle, err = policyTime("a room cannot close by itself after", "0 for never, or ", *c.IdleS, 0); err != nil {
			return p, err
		}
	}
	if c.RetainS != nil {
		if p.Retain, err = policyTime("lines cannot be kept for", "", *c.RetainS, 1); err != nil {
			return p, err
		}
	}
	if c.MembersInvite != nil {
		p.MembersInvite = *c.MembersInvite
	}
	if c.HideReasons != nil {
		p.HideReasons = *c.HideReasons
	}
	return p, nil
}

func policyTime(cannot, or string, s, least int64) (time.Duration, error) {
	const longest = int64(protocol.MaxPolicyTime / time.Second)
	if s < least || s > longest {
		return 0, &Error{Code: Invalid, Text: fmt.Sprintf("%s %d seconds", cannot, s), Hint: "give " + or + "1 second to 365 days: 90s, 10m, 6h or 1d"}
	}
	return time.Duration(s) * time.Second, nil
}

// policyChanges are what two policies differ in, by the names that programs have for it.
func policyChanges(before, after protocol.Policy) (changed []string) {
	for _, c := range []struct {
		name string
		is   bool
	}{
		{"access", before.Access != after.Access},
		{"subject", before.Subject != after.Subject},
		{"idle_s", before.Idle != after.Idle},
		{"retain_s", before.Retain != after.Retain},
		{"history", before.History != after.History},
		{"members_invite", before.MembersInvite != after.MembersInvite},
		{"hide_reasons", before.HideReasons != after.HideReasons},
	} {
		if c.is {
			changed = append(changed, c.name)
		}
	}
	return changed
}

func policyInfo(p protocol.Policy) PolicyInfo {
	return PolicyInfo{
		Access: accessName(p.Access), Subject: p.Subject, IdleS: int64(p.Idle / time.Second), RetainS: int64(p.Retain / time.Second),
		History: historyName(p.History), MembersInvite: p.MembersInvite, HideReasons: p.HideReasons,
	}
}

// Kick removes a member: out now, may ask to come back. Kicking somebody again before it has been told is no error, and
// the newer reason is told. It fails with not_owner, not_found, ambiguous, invalid (the owner itself).
func (n *Node) Kick(ctx context.Context, room, who, reason string) (Committed, error) {
	return ask(ctx, n, kick{room, who, reason})
}

// Ban removes and refuses, until d has passed or, where d is 0, until lifted. who may have left, been kicked, or only
// knock.
func (n *Node) Ban(ctx context.Context, room, who, reason string, d time.Duration) (Committed, error) {
	return ask(ctx, n, ban{room, who, reason, d})
}

// Unban lifts a ban.
func (n *Node) Unban(ctx context.Context, room, who string) (Committed, error) {
	return ask(ctx, n, unban{room, who})
}

type (
	kick  struct{ room, who, reason string }
	unban struct{ room, who string }
	ban   struct {
		room, who, reason string
		d                 time.Duration
	}
)

func cleanReason(s string) (string, error) {
	reason, err := protocol.NormalizeReason(s)
	if err != nil {
		return "", &Error{Code: Invalid, Text: fault.Text(err), Hint: fmt.Sprintf("a reason is one line of at most %d bytes; nothing was done", protocol.MaxReason)}
	}
	return reason, nil
}

func (q kick) run(l *loop) (Committed, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return Committed{}, err
	}
	reason, err := cleanReason(q.reason)
	if err != nil {
		return Committed{}, err
	}
	c, err := r.findKnown(q.who)
	if err != nil {
		return Committed{}, err
	}
	return r.order(authority.Kick{Peer: c.Peer, Reason: reason, Cut: r.log.cut(c.Peer)})
}

func (q ban) run(l *loop) (Committed, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return Committed{}, err
	}
	reason, err := cleanReason(q.reason)
	if err != nil {
		return Committed{}, err
	}
	if q.d < 0 || q.d != 0 && q.d < time.Second {
		return Committed{}, &Error{Code: Invalid, Text: "a ban of no length", Hint: "give 10m, 2h or 1d, or nothing for a ban without end"}
	}
	c, err := r.findKnown(q.who)
	if err != nil {
		return Committed{}, err
	}
	return r.order(authority.Ban{Peer: c.Peer, Reason: reason, For: q.d, Cut: r.log.cut(c.Peer)})
}

func (q unban) run(l *loop) (Committed, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return Committed{}, err
	}
	var all []Named
	for _, b := range r.bans() {
		all = append(all, Named{b.Peer, b.Nick})
	}
	c, err := FindWho(q.who, "among the banned", all)
	if err != nil {
		return Committed{}, err
	}
	return r.order(authority.Unban{Peer: c.Peer})
}

// order steps the ledger and says where in the log that ended up.
func (r *room) order(ev authority.Event) (Committed, error) {
	effects, err := r.stepEffects(ev)
	if err != nil {
		return Committed{}, err
	}
	for _, e := range effects {
		switch e := e.(type) {
		case authority.Commit:
			return Committed{Seq: e.Record.Seq, Epoch: e.Change.Epoch}, nil
		case authority.Already:
			return Committed{Seq: e.Seq, Epoch: e.Epoch}, nil
		}
	}
	return Committed{Seq: r.current().Seq(), Epoch: r.current().Epoch()}, nil
}

// Bans lists the bans in force. Reasons are known to the owner alone.
func (n *Node) Bans(ctx context.Context, room string) ([]BanInfo, error) {
	return ask(ctx, n, bansOf{room})
}

type bansOf struct{ room string }

func (q bansOf) run(l *loop) ([]BanInfo, error) {
	r, err := l.room(q.room)
	if err != nil {
		return nil, err
	}
	reasons := r.banReasons()
	infos := []BanInfo{}
	for _, b := range r.bans() {
		infos = append(infos, BanInfo{Peer: b.Peer, Nick: b.Nick, By: b.By, Reason: reasons[b.Removal], Until: b.Until})
	}
	return infos, nil
}

// bans are those in force: in a room of ours by the time that has passed, in another by our clock and their ends, which are by its
// owner's.
func (r *room) bans() []authority.Banishment {
	if r.owner() {
		return r.ledger.Bans(r.l.judgedAt())
	}
	return r.current().Bans(r.l.now())
}

// banReasons are the texts of bans, by the records that made them. Members do not know them.
func (r *room) banReasons() map[uint64]string {
	reasons := make(map[uint64]string)
	if r.owner() {
		for _, f := range r.ledger.Failures() {
			reasons[f.Removal] = f.Text
		}
	}
	return reasons
}

// Policy is the policy in force, after change where that is not empty (owner).
func (n *Node) Policy(ctx context.Context, room string, change PolicyChange) (PolicyInfo, error) {
	return ask(ctx, n, policyOf{room, change})
}

type policyOf struct {
	room   string
	change PolicyChange
}

func (q policyOf) run(l *loop) (PolicyInfo, error) {
	if q.change == (PolicyChange{}) {
		r, err := l.room(q.room)
		if err != nil {
			return PolicyInfo{}, err
		}
		return policyInfo(r.current().Policy()), nil
	}
	r, err := l.ownRoom(q.room)
	if err != nil {
		return PolicyInfo{}, err
	}
	p, err := q.change.apply(r.current().Policy())
	if err == nil {
		err = r.step(authority.SetPolicy{Policy: p})
	}
	return policyInfo(r.current().Policy()), err
}

// CloseRoom ends a room for everybody, who are told why (owner). The node goes on answering their polls until each has
// heard, or for 24 h.
func (n *Node) CloseRoom(ctx context.Context, room, reason string) error {
	_, err := ask(ctx, n, closeRoom{room, reason})
	return err
}

type closeRoom struct{ room, reason string }

func (q closeRoom) run(l *loop) (none, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return none{}, err
	}
	reason, err := cleanReason(q.reason)
	if err != nil {
		return none{}, err
	}
	r.owned.closing = reason
	return none{}, r.step(authority.Close{Kind: protocol.Closed, Reason: reason})
}

// Accept admits somebody who knocks; who "all" is everybody at the door (owner).
func (n *Node) Accept(ctx context.Context, room, who string) error {
	_, err := ask(ctx, n, answerKnock{room: room, who: who, accept: true})
	return err
}

// Deny turns somebody away who knocks, with a reason that they are shown (owner).
func (n *Node) Deny(ctx context.Context, room, who, reason string) error {
	_, err := ask(ctx, n, answerKnock{room: room, who: who, reason: reason})
	return err
}

type answerKnock struct {
	room, who, reason string
	accept            bool
}

func (q answerKnock) run(l *loop) (none, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return none{}, err
	}
	reason, err := cleanReason(q.reason)
	if err != nil {
		return none{}, err
	}
	var peers []PeerID
	if q.who == "all" && q.accept {
		for _, k := range r.ledger.Knocks() {
			peers = append(peers, k.Peer)
		}
	} else {
		n, where, err := r.whom(q.who, false)
		if err != nil {
			return none{}, err
		}
		if where != atDoor {
			return none{}, &Error{Code: NotFound, Text: n.String() + " is in " + r.label() + " already, and not at its door", Hint: "/members lists who is in"}
		}
		peers = []PeerID{n.Peer}
	}
	r.noteGuests()
	for _, p := range peers {
		var ev authority.Event = authority.Deny{Peer: p, Reason: reason}
		if q.accept {
			ev = authority.Accept{Peer: p}
		}
		if err := r.step(ev); err != nil {
			return none{}, err
		}
	}
	return none{}, nil
}

// Knocks lists who is at the door (owner).
func (n *Node) Knocks(ctx context.Context, room string) ([]KnockInfo, error) {
	infos, err := ask(ctx, n, knocksOf{room})
	for i := range infos {
		infos[i].Words = n.words.of(infos[i].Peer)
	}
	return infos, err
}

type knocksOf struct{ room string }

func (q knocksOf) run(l *loop) ([]KnockInfo, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return nil, err
	}
	infos := []KnockInfo{}
	knocks := r.ledger.Knocks()
	doubles := doublesOf(knocks)
	for i, k := range knocks {
		infos = append(infos, KnockInfo{Peer: k.Peer, Nick: k.Nick, Alike: doubles[i], Trust: l.trusts.of(k.Peer, k.Nick)})
	}
	return infos, nil
}

// doublesOf says of each knock whether another has its nick, or one that looks like it.
func doublesOf(knocks []authority.Knocking) []bool {
	nicks := make([]string, len(knocks))
	for i, k := range knocks {
		nicks[i] = k.Nick
	}
	return Doubles(nicks)
}

// alikeAtDoor reports whether another at the door has the nick of p, or one that looks like it.
func (r *room) alikeAtDoor(p PeerID) bool {
	knocks := r.ledger.Knocks()
	i := slices.IndexFunc(knocks, func(k authority.Knocking) bool { return k.Peer == p })
	return i >= 0 && doublesOf(knocks)[i]
}

// maxExpiry of an invite, in seconds of a request; see protocol.MaxInviteExpiry.
const maxExpiry = int64(protocol.MaxInviteExpiry / time.Second)

func validExpiry(d time.Duration) (time.Duration, error) {
	if d == 0 {
		return defaultInvite, nil
	}
	if d < time.Second || d > protocol.MaxInviteExpiry {
		return 0, &Error{Code: Invalid, Text: fmt.Sprintf("an invite cannot last %s", d), Hint: fmt.Sprintf("give 1 to %d seconds", maxExpiry)}
	}
	return d, nil
}
