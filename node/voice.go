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

// Voice gives a member a voice until d has passed or, if d is 0, until Unvoice or the end of the membership (owner, deputies). It matters where the
// policy lets only members with a voice talk, and may be given before. It fails with not_owner, not_found, ambiguous or invalid.
func (n *Node) Voice(ctx context.Context, room, who string, d time.Duration) (Committed, error) {
	return n.order(ctx, voice{room, who, d})
}

// Unvoice takes it back (owner; a deputy takes one that a deputy has given).
func (n *Node) Unvoice(ctx context.Context, room, who string) (Committed, error) {
	return n.order(ctx, unvoice{room, who})
}

// Hand asks the owner and the deputies for a voice, or with up false does so no more. It fails with invalid if this node may talk, refused if it is muted,
// and unavailable if the owner is away. The owner's node forgets hands when it is started again.
func (n *Node) Hand(ctx context.Context, room string, up bool) error {
	to, err := ask(ctx, n, raiseHand{room, up})
	if err != nil {
		return err
	}
	var reply protocol.AskReply
	if err := n.request(ctx, to.authority, protocol.AskID, &protocol.AskRequest{Room: to.room, Hand: &protocol.AskHand{Down: !up}}, &reply); err != nil {
		return &Error{Code: CodeUnavailable, Text: "the owner cannot be reached: " + fault.Network(err), Reason: fault.OwnerAway}
	}
	if !reply.OK {
		return mayTalkAlready()
	}
	return nil
}

// Hands returns the members that ask for a voice, in the order in which they asked (owner, deputies).
func (n *Node) Hands(ctx context.Context, room string) ([]Hand, error) {
	return ask(ctx, n, handsOf{room})
}

func mayTalkAlready() error {
	return &Error{Code: CodeInvalid, Text: "you may talk without asking", Reason: fault.MayTalk}
}

type (
	voice struct {
		room, who string
		d         time.Duration
	}
	unvoice   struct{ room, who string }
	raiseHand struct {
		room string
		up   bool
	}
	handsOf struct{ room string }
)

func (q voice) run(l *loop) (orders, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return orders{}, err
	}
	m, err := r.findMember(q.who)
	if err == nil {
		err = lengthOf(q.d, "a voice needs a length of at least a second", fault.BadVoice)
	}
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderVoice, Peer: m.Peer, For: q.d})
}

func (q unvoice) run(l *loop) (orders, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return orders{}, err
	}
	var all []Named
	for _, m := range r.state().Members() {
		if m.Voice.Seq != 0 {
			all = append(all, Named{m.Peer, m.Nick})
		}
	}
	c, err := FindWho(q.who, "among those with a voice", all)
	if err != nil {
		return orders{}, err
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderUnvoice, Peer: c.Peer})
}

func (q raiseHand) run(l *loop) (leavingFrom, error) {
	r, err := l.room(q.room)
	if err == nil {
		err = r.open()
	}
	if err == nil && q.up {
		err = r.mayTalk()
	}
	if err != nil {
		return leavingFrom{}, err
	}
	if me, _ := r.me(); q.up && !me.Silent || r.owner() {
		return leavingFrom{}, mayTalkAlready()
	}
	return leavingFrom{r.id, r.authority()}, nil
}

func (q handsOf) run(l *loop) ([]Hand, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return nil, err
	}
	up := []Hand{}
	for _, h := range r.desk.hands.up {
		up = append(up, Hand{Peer: h.peer, Nick: r.nickOf(h.peer)})
	}
	return up, nil
}

// voiceEnd returns when the voice of m ends: in a room that this node owns by the time that has passed.
func (r *room) voiceEnd(m authority.Member) time.Time {
	if r.owner() {
		return r.desk.ledger.VoiceEnd(m)
	}
	return m.Voice.Until
}

// voicesPassed returns the last lines of the members whose voice has lasted its time. While lines are being fetched, voices last on.
func (d *authorityDesk) voicesPassed() map[peer.ID]protocol.Cut {
	passed := d.ledger.VoicesPassed(d.r.l.clock.Wall())
	if len(passed) == 0 || d.gathers() {
		return nil
	}
	cuts := make(map[peer.ID]protocol.Cut, len(passed))
	for _, m := range passed {
		cuts[m.Peer] = d.r.talk.Cut(m.Peer)
	}
	return cuts
}

// hands are the members that ask for a voice, in the order in which they asked, in a room that this node owns or is a deputy in. Each is there once, so that there
// are at most as many as members. They are not in the log, and a restart forgets them.
type hands struct {
	r    *room
	up   []raised
	told map[peer.ID]time.Time // when the owner was last told of each, for handEvery
}

type raised struct {
	peer peer.ID
	told bool
}

func newHands(r *room) hands { return hands{r: r, told: make(map[peer.ID]time.Time)} }

func (h *hands) has(p peer.ID) bool {
	return slices.ContainsFunc(h.up, func(o raised) bool { return o.peer == p })
}

// ask is the wish of a member. It reports false for one that may talk, or is muted.
func (h *hands) ask(p peer.ID, up bool) bool {
	switch {
	case !up:
		h.lower(func(o peer.ID) bool { return o == p })
		return true
	case !h.mayAsk(p):
		return false
	case h.has(p):
		return true
	}
	now := h.r.l.now()
	last, before := h.told[p]
	tell := !before || now.Sub(last) >= handEvery
	h.up = append(h.up, raised{p, tell})
	if tell {
		h.told[p] = now
		h.r.desk.told.due = true
		h.r.l.emit(h.r, Hand{Peer: p, Nick: h.r.nickOf(p)})
	}
	return true
}

func (h *hands) mayAsk(p peer.ID) bool {
	m, member := h.r.state().Member(p)
	return member && m.Silent && !m.Muted
}

// sweep lowers the hands of those that have got a voice, are out, or are muted.
func (h *hands) sweep() {
	h.lower(func(p peer.ID) bool { return !h.mayAsk(p) })
	for p := range h.told {
		if _, member := h.r.state().Member(p); !member {
			delete(h.told, p)
		}
	}
}

func (h *hands) lower(which func(peer.ID) bool) {
	h.up = slices.DeleteFunc(h.up, func(o raised) bool {
		if !which(o.peer) {
			return false
		}
		if o.told {
			h.r.desk.told.due = true
			h.r.l.emit(h.r, HandGone{Peer: o.peer, Nick: h.r.nickOf(o.peer)})
		}
		return true
	})
}
