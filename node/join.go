package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Join asks for admission to a room, and returns when this node is a member. Until ctx ends it waits for the room to be found, and for
// the owner to answer a knock. For a room that this node is in already, or is resuming, it returns at once. If the room that was found
// for a name turns out to have ended, Join looks for another one. It fails with not_found or timeout, ambiguous (two rooms of that
// name), refused (the text says why), or exists (the nick is taken).
func (n *Node) Join(ctx context.Context, o JoinOptions) (JoinedInfo, error) {
	find := ctx
	if o.Find > 0 {
		var cancel context.CancelFunc
		find, cancel = context.WithTimeout(ctx, o.Find)
		defer cancel()
	}
	var ended error // of a room of that name
	for {
		target, err := n.joinTarget(find, o)
		if ended != nil && err != nil && (AsError(err).Code == CodeNotFound || AsError(err).Code == CodeTimeout) {
			return JoinedInfo{}, ended
		}
		if err != nil {
			return JoinedInfo{}, err
		}
		if target.in {
			return n.joinedAs(ctx, target.room, o.Nick)
		}
		if o.Asked != nil {
			target.asked = sync.OnceFunc(func() { o.Asked(target.name, holdUntil(ctx)) })
		}
		info, over, err := n.join(ctx, target)
		if !over || !target.byName || target.waited || ctx.Err() != nil {
			return info, err
		}
		ended = err
	}
}

// join asks for admission to target, a room that this node is not in. over is set if the room has ended.
func (n *Node) join(ctx context.Context, target *joinTarget) (info JoinedInfo, over bool, err error) {
	if _, err := io.ReadFull(random, target.nonce[:]); err != nil {
		return info, false, fmt.Errorf("nonce: %w", err)
	}
	for {
		reply, err := n.knock(ctx, target)
		if err != nil && ctx.Err() == nil && (target.retry(err) || n.relocate(ctx, target, err)) {
			continue
		}
		if err == nil && reply.Code == protocol.JoinMoved {
			if err = n.follow(ctx, target, reply.Moved); err == nil {
				continue
			}
		}
		if err != nil {
			n.takeBack(ctx, target)
			return info, false, joinFailed(ctx, target, err)
		}
		if reply.Code == protocol.JoinNoRoom && n.relocate(ctx, target, nil) {
			continue // the owner of before has left the room
		}
		if reply.Code == protocol.JoinAdmitted {
			if info, err = n.takeSeat(ctx, target, reply); err != nil {
				n.takeBack(ctx, target)
			}
			return info, false, err
		}
		over, err = n.turnedAway(ctx, target, reply)
		return info, over, err
	}
}

// takeBack tells the owner, if ctx has ended, that this node does not enter the room. The owner may just have admitted it, and the room
// would keep a member that never came.
func (n *Node) takeBack(ctx context.Context, t *joinTarget) {
	if ctx.Err() == nil || n.host.Network().Connectedness(t.owner()) != network.Connected {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := ask(ctx, n, lookHere{t.room.String()}); err == nil {
		return // another request has been admitted
	}
	n.sayGoodbye(ctx, leavingFrom{t.room, t.owner()})
}

// holdUntil returns when a knock that is made now ends: after joinHold, or with ctx.
func holdUntil(ctx context.Context) time.Time {
	until := time.Now().Add(joinHold)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		return end
	}
	return until
}

// A joinTarget is the room to ask for, and the peers to ask.
type joinTarget struct {
	room   protocol.RoomID
	name   string
	owners owners // the last is dialled, and believed
	moved  uint64 // the record by which the last became the owner, as far as this join has followed transfers
	addrs  []multiaddr.Multiaddr
	nick   string
	token  protocol.Token
	// expires is the end of the invite by the owner's clock, which decides; zero: there is no invite.
	expires time.Time
	nonce   protocol.Nonce // the same for every attempt
	tries   int
	// byName is set if another room of that name would do.
	byName bool
	// relocated is set if this join has looked for the owner to which that of an invite has given the room.
	relocated bool
	// waited is set if this node has waited at the door. If the room ends then, that is the answer.
	waited bool
	asked  func() // nil, or called when the owner says that a person has to decide
	// in: we are a member already, and our lines come and go. resuming is closed when it is known whether that will be
	// so; nil when it is known.
	in       bool
	resuming <-chan struct{}
	another  <-chan struct{} // not nil: there is no such room yet; closed when another is found
}

func (t *joinTarget) owner() peer.ID { return t.owners.last() }

// retry counts a request that did not reach the owner, and reports whether to send another: the owner may just be coming back.
func (t *joinTarget) retry(err error) bool {
	var final *Error
	t.tries++
	return t.tries <= joinTries && !errors.As(err, &final)
}

// joinTarget finds the room. It waits for a room that no node has listed yet.
func (n *Node) joinTarget(ctx context.Context, o JoinOptions) (*joinTarget, error) {
	if err := CheckTarget(o); err != nil {
		return nil, err
	}
	nick := o.Nick
	if nick == "" {
		nick = n.cfg.Nick
	}
	if o.Invite != "" {
		return n.inviteTarget(ctx, o.Invite, nick)
	}
	o.Room = strings.TrimSpace(o.Room)
	if addr, ok := parseRoomAddr(o.Room); ok {
		t, err := n.addrTarget(ctx, o.Room, addr)
		if err != nil {
			return nil, joinFailed(ctx, &joinTarget{name: o.Room}, err)
		}
		if t.resuming == nil {
			t.nick = nick
			return t, nil
		}
		o.Room = t.room.String() // below we wait for it
	}
	if n.cfg.Discovery != nil {
		n.cfg.Discovery.Hurry()
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	begun := time.Now()
	for {
		t, err := ask(ctx, n, lookFor{o.Room})
		switch {
		case err == nil && t.resuming != nil:
			select {
			case <-t.resuming:
				continue
			case <-ctx.Done():
				return nil, joinFailed(ctx, t, ctx.Err())
			}
		case err == nil && t.another == nil:
			t.nick, t.byName = nick, t.room.String() != protocol.FoldName(o.Room)
			return t, nil
		case err != nil && AsError(err).Code != CodeNotFound && ctx.Err() == nil:
			return nil, joinFailed(ctx, &joinTarget{name: o.Room}, err)
		}
		if n.looksAround() && time.Since(begun) > networkWait && NoNetwork() {
			return nil, errNoNetwork()
		}
		var another <-chan struct{}
		if err == nil {
			another = t.another
		}
		select {
		case <-another:
		case <-tick.C:
		case <-ctx.Done():
			return nil, &Error{Code: CodeNotFound, Text: fmt.Sprintf("no room %q was found on this network", o.Room), Reason: fault.RoomNotFound}
		}
	}
}

func (n *Node) inviteTarget(ctx context.Context, text, nick string) (*joinTarget, error) {
	inv, err := protocol.ParseInvite(text)
	if err != nil {
		return nil, err
	}
	if nick == "" {
		nick = n.cfg.Nick
	}
	n.gate.TypeIn(inv.Addrs...)
	t := &joinTarget{room: inv.Room, name: "the room of this invite", owners: owners{inv.Owner}, addrs: inv.Addrs, nick: nick, token: inv.Token, expires: inv.Expires}
	here, err := ask(ctx, n, lookHere{inv.Room.String()})
	if err == nil && here.in {
		return here, nil
	}
	return t, nil
}

// knock dials the owner and sends the request. After a reply that says to wait, it waits for the next one.
func (n *Node) knock(ctx context.Context, t *joinTarget) (protocol.JoinReply, error) {
	if err := n.reach(ctx, t.owner(), t.addrs); err != nil {
		return protocol.JoinReply{}, fmt.Errorf("reach the owner: %w", err)
	}
	s, err := n.open(ctx, t.owner(), protocol.JoinID)
	if err != nil && n.otherVersion(t.owner()) {
		return protocol.JoinReply{}, otherVersionError("the owner of " + t.name)
	}
	if err != nil {
		return protocol.JoinReply{}, err
	}
	defer s.Close()
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	if err := s.SetWriteDeadline(time.Now().Add(streamTimeout)); err != nil {
		return protocol.JoinReply{}, err
	}
	req := protocol.JoinRequest{Room: t.room, Nick: t.nick, Token: t.token, Nonce: t.nonce}
	if err := protocol.WriteFrame(s, &req); err != nil {
		if errors.Is(err, protocol.ErrMalformed) || errors.Is(err, protocol.ErrTooLarge) {
			return protocol.JoinReply{Code: protocol.JoinNickBad}, nil
		}
		return protocol.JoinReply{}, err
	}
	for {
		var reply protocol.JoinReply
		if err := protocol.ReadFrame(s, &reply); err != nil {
			_ = s.Reset()
			return reply, err
		}
		if reply.Code != protocol.JoinWaiting {
			return reply, nil
		}
		t.waited = true
		if t.asked != nil {
			t.asked()
		}
	}
}

func joinFailed(ctx context.Context, t *joinTarget, err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case ctx.Err() != nil:
		return &Error{Code: CodeTimeout, Text: fmt.Sprintf("no answer from the owner of %s in time", t.name), Reason: fault.OwnerSilent}
	}
	e = &Error{Code: CodeNotFound, Text: fmt.Sprintf("cannot reach the owner of %s: %s", t.name, fault.Network(err)), Reason: fault.OwnerOutOfReach}
	if !t.expires.IsZero() && time.Now().After(t.expires) {
		e.Reason = fault.OwnerAndInviteGone
	}
	return e
}

// joinRefused puts an answer into a sentence.
func joinRefused(room string, r protocol.JoinReply) error {
	refused := func(text string, why fault.Reason) error { return &Error{Code: CodeRefused, Text: text, Reason: why} }
	switch r.Code {
	case protocol.JoinBanned:
		return banned(&Error{Code: CodeRefused, Text: "you are banned from " + room, Reason: fault.Banned}, r.Wait)
	case protocol.JoinTooSoon:
		// After a kick, or since too many ask at once.
		wait := max(r.Wait.Round(time.Second), time.Second)
		return &Error{Code: CodeRefused, Text: "it is too soon to join " + room, Reason: fault.TooSoon, RetryAfter: wait}
	case protocol.JoinInviteBad:
		return refused("this invite is not valid: used, expired, revoked, or for another nick", fault.InviteNotValid)
	case protocol.JoinNeedsInvite:
		return refused(room+" can be joined only with an invite", fault.InviteOnly)
	case protocol.JoinNickBad:
		return &Error{Code: CodeInvalid, Text: "that nick is not allowed", Reason: fault.NickRefused, Limit: protocol.MaxNickRunes}
	case protocol.JoinNickTaken:
		return &Error{Code: CodeExists, Text: "that nick, or one that looks like it, is taken in " + room, Reason: fault.NickTaken}
	case protocol.JoinFull:
		return refused(room+" is full", fault.RoomFull)
	case protocol.JoinNoRoom:
		return &Error{Code: CodeNotFound, Text: room + " no longer exists", Reason: fault.RoomGone}
	}
	text := "the owner of " + room + " did not let you in"
	if r.Text != "" {
		text += ": " + r.Text
	}
	return refused(text, fault.Denied)
}

// banned adds to e how long the ban still lasts; 0: without end.
func banned(e *Error, wait time.Duration) *Error {
	if wait > 0 {
		e.Text += fmt.Sprintf(" for %s", wait.Round(time.Second))
		e.RetryAfter, e.Until = wait, time.Now().Add(wait).Round(time.Second)
	}
	return e
}

// takeSeat enters the room that has admitted us and waits until its log is here.
func (n *Node) takeSeat(ctx context.Context, t *joinTarget, reply protocol.JoinReply) (JoinedInfo, error) {
	records, rest := openRecords(reply.Records)
	r, err := ask(ctx, n, prepareRoom{t, reply, records})
	if err != nil {
		return JoinedInfo{}, err
	}
	if err := n.feedAll(ctx, r, records); err != nil {
		r.cancel()
		return JoinedInfo{}, err
	}
	reply.Records = rest
	joined, err := ask(ctx, n, enterRoom{t, reply, r})
	if err != nil {
		r.cancel()
		return JoinedInfo{}, err
	}
	select {
	case <-joined:
	case <-ctx.Done():
		return JoinedInfo{}, ctx.Err()
	case <-n.ctx.Done():
		return JoinedInfo{}, errClosed
	}
	return n.joined(ctx, t.room)
}

// joinedAs is joined, but fails if this node has another nick in the room than the one asked for; "" is any.
func (n *Node) joinedAs(ctx context.Context, room protocol.RoomID, nick string) (JoinedInfo, error) {
	info, err := n.joined(ctx, room)
	info.Before = true
	if err != nil || nick == "" {
		return info, err
	}
	if wanted, err := authority.NormalizeNick(nick); err != nil || wanted != info.Nick {
		e := &Error{Code: CodeExists, Text: "you are in " + info.Name + " already, as " + info.Nick, Reason: fault.OtherNick}
		if info.Owner == n.self {
			e.Reason = fault.OwnersNick
		}
		return JoinedInfo{}, e
	}
	return info, nil
}

// joined is what is known of a room that we are in.
func (n *Node) joined(ctx context.Context, room protocol.RoomID) (JoinedInfo, error) {
	info, err := ask(ctx, n, joinedInfo{room})
	n.addWords(info.Members)
	return info, err
}

type (
	// lookHere finds one that we are in.
	lookHere struct{ room string }
	// prepareRoom makes the room that has admitted this node, with its records verified. It is not in the list of rooms yet.
	prepareRoom struct {
		t       *joinTarget
		reply   protocol.JoinReply
		records []protocol.SignedRecord
	}
	// enterRoom makes us a member of a room that has its log, with what else the authority handed over.
	enterRoom struct {
		t     *joinTarget
		reply protocol.JoinReply
		r     *room
	}
	joinedInfo struct{ room protocol.RoomID }
)

func (q lookHere) run(l *loop) (*joinTarget, error) {
	if err := l.wake(q.room); err != nil {
		return nil, err
	}
	r, err := l.room(q.room)
	if err != nil {
		return nil, err
	}
	if r.state().Closed() && q.room != r.id.String() {
		return nil, roomClosed(r.label()) // another room of that name may live
	}
	t := &joinTarget{room: r.id, name: r.label(), owners: owners{r.authority()}}
	_, member := r.me()
	t.in = member && (r.joined || r.state().Closed())
	if !t.in && r.desk.recovering != nil {
		return nil, r.desk.notReady()
	}
	if !t.in && !r.joined {
		t.resuming = r.settled()
	}
	return t, nil
}

// settled returns a channel that is closed when it is known whether this node still has the place that it had before its start.
func (r *room) settled() <-chan struct{} {
	known := make(chan struct{})
	r.l.n.spawn(func(context.Context) {
		defer close(known)
		select {
		case <-r.whenJoined:
		case <-r.ctx.Done():
		}
	})
	return known
}

func (q prepareRoom) run(l *loop) (*room, error) {
	if err := l.mayEnter(q.t.room); err != nil {
		return nil, err
	}
	seat, err := authority.NewSeat(q.t.room, q.t.owner(), l.n.self, q.reply.Admission, random)
	if err != nil {
		return nil, err
	}
	r := newRoom(l, q.t.room)
	r.membership.seat, r.name, r.membership.nick = &seat, q.t.name, q.t.nick
	if err := r.membership.checkLog(q.records, q.reply); err != nil {
		r.cancel()
		return nil, err
	}
	return r, nil
}

// mayEnter reports an error if the room is this node's own. An earlier membership whose end is not known here does not
// count: the new one takes its place.
func (l *loop) mayEnter(id protocol.RoomID) error {
	if old := l.rooms[id]; old != nil && old.owner() {
		return &Error{Code: CodeExists, Text: "that room is your own", Reason: fault.OwnRoom}
	}
	return nil
}

func (q enterRoom) run(l *loop) (<-chan struct{}, error) {
	r := q.r
	if err := l.mayEnter(r.id); err != nil {
		return nil, err
	}
	if r.ctx.Err() != nil {
		return nil, &Error{Code: CodeUnavailable, Text: "the log of " + q.t.name + " is longer than this node keeps", Reason: fault.LogTooLong}
	}
	if old := l.rooms[r.id]; old != nil {
		l.forget(old)
		r.talk.SkipTo(l.numbers[r.id])
		r.outbox.reserved.ctr = r.talk.Used()
	}
	if err := r.membership.save(); err != nil {
		l.warnDisk(r, err)
	}
	l.dropNotices(r.id) // its seat on disk has just made way
	l.forgetPlace(r.id)
	l.keepConnected(q.t.owner(), q.t.addrs)
	l.enter(r)
	r.membership.promised = logHead{q.reply.Seq, q.reply.Head}
	r.membership.takeNews(&protocol.PollMember{Records: q.reply.Records, Keys: q.reply.Keys, More: len(q.reply.Keys) == 0})
	r.membership.checkPromised()
	now := slices.Concat(r.owners(), q.t.owners) // of a long log, the transfers may still be to come
	if before := r.pinOwner(now); before != "" && before != now.last() && now.has(before) {
		l.emit(r, OwnerChanged{Peer: now.last(), Nick: r.nickOf(now.last()), From: before, FromNick: r.nickOf(before)})
	}
	return r.whenJoined, nil
}

func (q joinedInfo) run(l *loop) (JoinedInfo, error) {
	r := l.rooms[q.room]
	if r == nil {
		return JoinedInfo{}, notMember("the room")
	}
	me, ok := r.me()
	if !ok {
		return JoinedInfo{}, notMember(r.label())
	}
	st := r.state()
	return JoinedInfo{ID: r.id, Name: st.Name(), Nick: me.Nick, Owner: st.Owner(), Epoch: st.Epoch(), Members: r.memberInfos(), RetainS: policyInfo(st.Policy()).RetainS, Resumed: r.resumed}, nil
}
