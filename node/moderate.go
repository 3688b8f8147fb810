package node

import (
	"context"
	"time"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Kick removes a member, which may ask to come back (owner, deputies). To kick a peer again before it has been told is no error; it is told
// the newer reason. It fails with not_owner, not_found, ambiguous or invalid (the owner itself).
func (n *Node) Kick(ctx context.Context, room, who, reason string) (Committed, error) {
	return n.order(ctx, kick{room, who, reason})
}

// Ban removes a peer (owner, deputies) and refuses it until d has passed or, if d is 0, until the ban is lifted. The peer may have left, been
// kicked, or be at the door.
func (n *Node) Ban(ctx context.Context, room, who, reason string, d time.Duration) (Committed, error) {
	return n.order(ctx, ban{room, who, reason, d})
}

// Unban lifts a ban (owner; a deputy lifts one that a deputy has ordered).
func (n *Node) Unban(ctx context.Context, room, who string) (Committed, error) {
	return n.order(ctx, unban{room, who})
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
		return "", &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadReason, Limit: protocol.MaxReason}
	}
	return reason, nil
}

// ownRoomFor returns a room that this node owns, for an order with a reason, and the reason in its normal form.
func (l *loop) ownRoomFor(name, reason string) (*room, string, error) {
	r, err := l.ownRoom(name)
	if err != nil {
		return nil, "", err
	}
	reason, err = cleanReason(reason)
	return r, reason, err
}

// toRemove returns the peer to be removed from a room in which this node's user may do that, and the reason in its normal form.
func (l *loop) toRemove(name, who, reason string) (r *room, p peer.ID, clean string, err error) {
	if r, clean, err = l.moderatedFor(name, reason); err != nil {
		return nil, "", "", err
	}
	c, err := r.findKnown(who)
	return r, c.Peer, clean, err
}

func (q kick) run(l *loop) (orders, error) {
	r, p, reason, err := l.toRemove(q.room, q.who, q.reason)
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderKick, Peer: p, Text: reason})
}

func (q ban) run(l *loop) (orders, error) {
	r, p, reason, err := l.toRemove(q.room, q.who, q.reason)
	if err == nil {
		err = lengthOf(q.d, "a ban needs a length of at least a second", fault.BadBan)
	}
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderBan, Peer: p, Text: reason, For: q.d})
}

func (q unban) run(l *loop) (orders, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return orders{}, err
	}
	var all []Named
	for _, b := range r.bans() {
		all = append(all, Named{b.Peer, b.Nick})
	}
	c, err := FindWho(q.who, "among the banned", all)
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderUnban, Peer: c.Peer})
}

// Bans lists the bans in force. Only the owner knows their reasons.
func (n *Node) Bans(ctx context.Context, room string) ([]BanInfo, error) {
	return ask(ctx, n, bansOf{room})
}

type bansOf struct{ room string }

func (q bansOf) run(l *loop) ([]BanInfo, error) {
	r, err := l.room(q.room)
	if err != nil {
		return nil, err
	}
	reasons := r.desk.banReasons()
	infos := []BanInfo{}
	for _, b := range r.bans() {
		infos = append(infos, BanInfo{Peer: b.Peer, Nick: b.Nick, By: b.By, Reason: reasons[b.Removal], Until: b.Until})
	}
	return infos, nil
}

// bans returns the bans in force: in a room of this node's own by the time that has passed, in another by this node's clock
// and the ends that its owner has set.
func (r *room) bans() []authority.Banishment {
	if r.owner() {
		return r.desk.ledger.Bans(r.l.judgedAt())
	}
	return r.state().Bans(r.l.now())
}

// banReasons returns the reasons of bans, by the numbers of the records that made them. Members do not know them.
func (d *authorityDesk) banReasons() map[uint64]string {
	if !d.r.owner() {
		return nil
	}
	return d.ledger.Reasons()
}

// CloseRoom ends a room for all members, and tells them the reason (owner). The node answers their polls until each has heard it,
// or for 24 h.
func (n *Node) CloseRoom(ctx context.Context, room, reason string) error {
	_, err := ask(ctx, n, closeRoom{room, reason})
	return err
}

type closeRoom struct{ room, reason string }

func (q closeRoom) run(l *loop) (none, error) {
	r, reason, err := l.ownRoomFor(q.room, q.reason)
	if err != nil {
		return none{}, err
	}
	r.desk.closing = reason
	return none{}, r.desk.step(authority.Close{Kind: protocol.Closed, Reason: reason})
}

// Accept admits a peer at the door; who "all" is every peer there (owner, deputies).
func (n *Node) Accept(ctx context.Context, room, who string) error {
	_, err := n.order(ctx, answerKnock{room: room, who: who, accept: true})
	return err
}

// Deny refuses a peer at the door, which is told the reason (owner, deputies).
func (n *Node) Deny(ctx context.Context, room, who, reason string) error {
	_, err := n.order(ctx, answerKnock{room: room, who: who, reason: reason})
	return err
}

type answerKnock struct {
	room, who, reason string
	accept            bool
}

func (q answerKnock) run(l *loop) (orders, error) {
	r, reason, err := l.moderatedFor(q.room, q.reason)
	if err != nil {
		return orders{}, err
	}
	order := protocol.OrderRequest{Kind: protocol.OrderDeny, Text: reason}
	if q.accept {
		order = protocol.OrderRequest{Kind: protocol.OrderAccept}
	}
	var all []protocol.OrderRequest
	if q.who == "all" && q.accept {
		for _, k := range r.desk.door.waiting() {
			order.Peer = k.Peer
			all = append(all, order)
		}
		return r.decide(all...)
	}
	n, where, err := r.whom(q.who, false)
	if err != nil {
		return orders{}, err
	}
	if where != atDoor {
		return orders{}, &Error{Code: CodeNotFound, Text: n.String() + " is in " + r.label() + " already, and not at its door", Reason: fault.AlreadyIn}
	}
	order.Peer = n.Peer
	return r.decide(order)
}

// Knocks lists the peers at the door (owner, deputies).
func (n *Node) Knocks(ctx context.Context, room string) ([]KnockInfo, error) {
	infos, err := ask(ctx, n, knocksOf{room})
	for i := range infos {
		infos[i].Words = n.words.of(infos[i].Peer)
	}
	return infos, err
}

type knocksOf struct{ room string }

func (q knocksOf) run(l *loop) ([]KnockInfo, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return nil, err
	}
	infos := []KnockInfo{}
	knocks := r.desk.door.waiting()
	doubles := doublesOf(knocks)
	for i, k := range knocks {
		infos = append(infos, KnockInfo{Peer: k.Peer, Nick: k.Nick, Alike: doubles[i], Trust: l.trusts.of(k.Peer, k.Nick)})
	}
	return infos, nil
}

// doublesOf returns for each knock whether another one has its nick, or one that looks like it.
func doublesOf(knocks []authority.Knocking) []bool {
	nicks := make([]string, len(knocks))
	for i, k := range knocks {
		nicks[i] = k.Nick
	}
	return Doubles(nicks)
}
