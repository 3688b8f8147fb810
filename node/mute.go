package node

import (
	"context"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Mute takes a member's voice until d has passed or, if d is 0, until it is unmuted (owner). The member stays in the room and
// reads on. No node takes a line of it meanwhile, nor a direct message but the owner's. Its node tells it why, once.
// It fails with not_owner, not_found, ambiguous, invalid (the owner itself, or a bad length).
func (n *Node) Mute(ctx context.Context, room, who, reason string, d time.Duration) (Committed, error) {
	return ask(ctx, n, mute{room, who, reason, d})
}

// Unmute gives it back (owner).
func (n *Node) Unmute(ctx context.Context, room, who string) (Committed, error) {
	return ask(ctx, n, unmute{room, who})
}

type (
	mute struct {
		room, who, reason string
		d                 time.Duration
	}
	unmute struct{ room, who string }
)

func (q mute) run(l *loop) (Committed, error) {
	r, reason, err := l.ownRoomFor(q.room, q.reason)
	if err != nil {
		return Committed{}, err
	}
	m, err := r.findMember(q.who)
	if err != nil {
		return Committed{}, err
	}
	if q.d < 0 || q.d != 0 && q.d < time.Second {
		return Committed{}, &Error{Code: CodeInvalid, Text: "a mute of no length", Reason: fault.BadMute}
	}
	cut, err := r.cutOf(m.Peer)
	if err != nil {
		return Committed{}, err
	}
	return r.order(authority.Mute{Peer: m.Peer, Reason: reason, For: q.d, Cut: cut})
}

func (q unmute) run(l *loop) (Committed, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return Committed{}, err
	}
	var all []Named
	for _, m := range r.ledger.Mutes() {
		all = append(all, Named{m.Peer, m.Nick})
	}
	c, err := FindWho(q.who, "among the muted", all)
	if err != nil {
		return Committed{}, err
	}
	return r.order(authority.Unmute{Peer: c.Peer})
}

// muted finds the mute of p, with its end: in a room of this node's own by the time that has passed, in another as its owner
// has set it.
func (r *room) muted(p peer.ID) (authority.Silence, bool) {
	m, is := r.state().Muted(p)
	if is && r.owner() {
		all := r.ledger.Mutes()
		m = all[slices.IndexFunc(all, func(o authority.Silence) bool { return o.Peer == p })]
	}
	return m, is
}

// mayTalk says why this node's user may not say anything now, or nil.
func (r *room) mayTalk() error {
	m, is := r.muted(r.l.n.self)
	if !is {
		return nil
	}
	e := &Error{Code: CodeRefused, Text: "not said: you are muted in " + r.label(), Reason: fault.Muted, Until: m.Until}
	if left := m.Until.Sub(r.l.now()); !m.Until.IsZero() && left > 0 {
		e.Reason, e.RetryAfter = fault.MutedFor, left
	}
	return e
}

// showMute tells this node's user why it is muted.
func (r *room) showMute(reason protocol.SignedReason) {
	r.contradictReason(reason)
	r.l.notifyMute(r, Muted{
		Text: reason.Text, By: reason.By, ByNick: reason.ByNick,
		At: between(reason.At, r.l.now().Add(-authority.FailureLife), r.l.now()), Until: reason.Until, Seq: reason.Removal,
	})
}

// muteShown notes that a face has shown it.
func (r *room) muteShown(seq uint64) {
	if r.seat == nil {
		return
	}
	seat, _ := r.seat.Step(authority.MuteShown{Mute: seq})
	r.seat = &seat
	if err := r.saveSeat(); err != nil {
		r.l.n.log.Error("note a mute as shown", "err", err)
	}
}
