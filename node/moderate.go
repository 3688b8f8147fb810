package node

import (
	"context"
	"time"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Kick removes a member, which may ask to come back (owner). To kick a peer again before it has been told is no error; it is told
// the newer reason. It fails with not_owner, not_found, ambiguous or invalid (the owner itself).
func (n *Node) Kick(ctx context.Context, room, who, reason string) (Committed, error) {
	return ask(ctx, n, kick{room, who, reason})
}

// Ban removes a peer and refuses it until d has passed or, if d is 0, until the ban is lifted. The peer may have left, been
// kicked, or be at the door.
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

// toRemove returns the peer to be removed from a room that this node owns, and the reason in its normal form.
func (l *loop) toRemove(name, who, reason string) (r *room, p peer.ID, clean string, err error) {
	if r, clean, err = l.ownRoomFor(name, reason); err != nil {
		return nil, "", "", err
	}
	c, err := r.findKnown(who)
	return r, c.Peer, clean, err
}

func (q kick) run(l *loop) (Committed, error) {
	r, p, reason, err := l.toRemove(q.room, q.who, q.reason)
	if err != nil {
		return Committed{}, err
	}
	cut, err := r.desk.cutOf(p)
	if err != nil {
		return Committed{}, err
	}
	return r.desk.order(authority.Kick{Peer: p, Reason: reason, Cut: cut})
}

func (q ban) run(l *loop) (Committed, error) {
	r, p, reason, err := l.toRemove(q.room, q.who, q.reason)
	if err != nil {
		return Committed{}, err
	}
	if q.d < 0 || q.d != 0 && q.d < time.Second {
		return Committed{}, &Error{Code: CodeInvalid, Text: "a ban needs a length of at least a second", Reason: fault.BadBan}
	}
	cut, err := r.desk.cutOf(p)
	if err != nil {
		return Committed{}, err
	}
	return r.desk.order(authority.Ban{Peer: p, Reason: reason, For: q.d, Cut: cut})
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
	return r.desk.order(authority.Unban{Peer: c.Peer})
}

// order steps the ledger and returns the place of the new record in the log.
func (d *authorityDesk) order(ev authority.Event) (Committed, error) {
	effects, err := d.stepEffects(ev)
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
	return Committed{Seq: d.r.state().Seq(), Epoch: d.r.state().Epoch()}, nil
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
	reasons := make(map[uint64]string)
	if d.r.owner() {
		for _, f := range d.ledger.Failures() {
			reasons[f.Removal] = f.Text
		}
	}
	return reasons
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

// Accept admits a peer at the door; who "all" is every peer there (owner).
func (n *Node) Accept(ctx context.Context, room, who string) error {
	_, err := ask(ctx, n, answerKnock{room: room, who: who, accept: true})
	return err
}

// Deny refuses a peer at the door, which is told the reason (owner).
func (n *Node) Deny(ctx context.Context, room, who, reason string) error {
	_, err := ask(ctx, n, answerKnock{room: room, who: who, reason: reason})
	return err
}

type answerKnock struct {
	room, who, reason string
	accept            bool
}

func (q answerKnock) run(l *loop) (none, error) {
	r, reason, err := l.ownRoomFor(q.room, q.reason)
	if err != nil {
		return none{}, err
	}
	var peers []peer.ID
	if q.who == "all" && q.accept {
		for _, k := range r.desk.ledger.Knocks() {
			peers = append(peers, k.Peer)
		}
	} else {
		n, where, err := r.whom(q.who, false)
		if err != nil {
			return none{}, err
		}
		if where != atDoor {
			return none{}, &Error{Code: CodeNotFound, Text: n.String() + " is in " + r.label() + " already, and not at its door", Reason: fault.AlreadyIn}
		}
		peers = []peer.ID{n.Peer}
	}
	r.desk.presence.noteEphemeral()
	for _, p := range peers {
		var ev authority.Event = authority.Deny{Peer: p, Reason: reason}
		if q.accept {
			ev = authority.Accept{Peer: p}
		}
		if err := r.desk.step(ev); err != nil {
			return none{}, err
		}
	}
	return none{}, nil
}

// Knocks lists the peers at the door (owner).
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
	knocks := r.desk.ledger.Knocks()
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
