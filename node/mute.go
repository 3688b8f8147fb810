package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Mute mutes a member until d has passed or, if d is 0, until it is unmuted (owner, deputies). The member stays in the room and can read. No
// node accepts its lines meanwhile, and only the owner's node accepts its direct messages. Its node tells it the reason, once.
// It fails with not_owner, not_found, ambiguous, invalid (the owner itself, or a bad length).
func (n *Node) Mute(ctx context.Context, room, who, reason string, d time.Duration) (Committed, error) {
	return n.order(ctx, mute{room, who, reason, d})
}

// Unmute lifts a mute (owner).
func (n *Node) Unmute(ctx context.Context, room, who string) (Committed, error) {
	return n.order(ctx, unmute{room, who})
}

type (
	mute struct {
		room, who, reason string
		d                 time.Duration
	}
	unmute struct{ room, who string }
)

func (q mute) run(l *loop) (orders, error) {
	r, reason, err := l.moderatedFor(q.room, q.reason)
	if err != nil {
		return orders{}, err
	}
	m, err := r.findMember(q.who)
	if err == nil {
		err = lengthOf(q.d, "a mute needs a length of at least a second", fault.BadMute)
	}
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderMute, Peer: m.Peer, Text: reason, For: q.d})
}

func (q unmute) run(l *loop) (orders, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return orders{}, err
	}
	var all []Named
	for _, m := range r.state().Mutes() {
		all = append(all, Named{m.Peer, cmp.Or(r.nickOf(m.Peer), m.Nick)})
	}
	c, err := FindWho(q.who, "among the muted", all)
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderUnmute, Peer: c.Peer})
}

// muted returns the mute of p, if p is muted. In a room that this node owns, the end of the mute follows from the time that has passed;
// in another room it is the one that the owner has set.
func (r *room) muted(p peer.ID) (authority.Silence, bool) {
	m, is := r.state().Muted(p)
	if is && r.owner() {
		all := r.desk.ledger.Mutes()
		m = all[slices.IndexFunc(all, func(o authority.Silence) bool { return o.Peer == p })]
	}
	return m, is
}

// mayTalk returns an error if this node may not say anything to the other members.
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

// maySay returns an error if this node may not say a line now.
func (r *room) maySay() error {
	if err := r.mayTalk(); err != nil {
		return err
	}
	if me, _ := r.me(); me.Silent {
		return &Error{Code: CodeRefused, Text: fmt.Sprintf("not said: only members with a voice may talk in %s", r.label()), Reason: fault.Voiceless}
	}
	if r.state().Policy().Slow == 0 {
		return nil
	}
	wait := r.talk.Slow(r.talk.world())
	if wait == 0 {
		return nil
	}
	return &Error{
		Code: CodeUnavailable, Text: fmt.Sprintf("not said: a member of %s may say one line every %s", r.label(), r.state().Policy().Slow),
		Reason: fault.Slow, RetryAfter: wait,
	}
}
