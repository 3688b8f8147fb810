package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/protocol"
)

// A turnstile gives every peer a budget of its own, over all its streams.
type turnstile struct {
	perSecond rate.Limit
	burst     int

	// mu: the handlers of all peers' streams meet the loop, which sweeps.
	mu    sync.Mutex
	peers map[peer.ID]*rate.Limiter // bounded by maxBudgets
	// rest is shared by those for whom there is no budget of their own any more.
	rest *rate.Limiter
}

func newTurnstile(perSecond rate.Limit, burst int) *turnstile {
	return &turnstile{perSecond: perSecond, burst: burst, peers: make(map[peer.ID]*rate.Limiter), rest: rate.NewLimiter(perSecond, burst)}
}

func (t *turnstile) of(p peer.ID) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.peers[p]
	switch {
	case ok:
		return l
	case len(t.peers) >= maxBudgets:
		return t.rest
	}
	l = rate.NewLimiter(t.perSecond, t.burst)
	t.peers[p] = l
	return l
}

// sweep forgets whose budget is whole again: that is what a peer that comes for the first time has.
func (t *turnstile) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, l := range t.peers {
		if l.TokensAt(now) >= float64(t.burst) {
			delete(t.peers, p)
		}
	}
}

// take takes one from l, or says how long it is until there is one.
func take(l *rate.Limiter, now time.Time) (wait time.Duration, ok bool) {
	r := l.ReserveN(now, 1)
	wait = r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait, wait == 0
}

// sayCost is what a text takes from a budget of lines.
func sayCost(text string) int { return 1 + len(text)>>10 }

// pace waits until text may be said: what comes too fast is slowed down rather than refused, so that nobody's paste loses
// a line. Who has so much under way that it would wait for longer than sayPatience is refused at once.
func (n *Node) pace(ctx context.Context, text string) error {
	r := n.says.ReserveN(time.Now(), sayCost(text))
	wait := r.Delay()
	if wait == 0 {
		return nil
	}
	if wait > sayPatience {
		r.Cancel()
		return &Error{
			Code: Unavailable, Text: fmt.Sprintf("not said: too much at once; this node says %d lines a second, and what waits already takes it %s", sayRate, sayPatience),
			Hint: "wait for the lines that are under way, then say it again",
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		r.Cancel()
		return ctx.Err()
	case <-n.ctx.Done():
		return errClosed
	}
}

// inBudget takes a text of a fellow member's from its budget. Where there is none the member says more than our own node
// would ever let anybody say. A line is dropped then, and the room is told once in a while by whom: if it was said by an
// honest node after all, and is only late, it is fetched at a later comparison.
func (r *room) inBudget(author peer.ID, text string) bool {
	now := r.l.now()
	if author == r.l.n.self || r.said.of(author).AllowN(now, sayCost(text)) {
		return true
	}
	r.flooded = now
	r.syncSoon(floodPause)
	r.tellFlood(author)
	return false
}

// tellFlood says once in a while that author says too much.
func (r *room) tellFlood(author peer.ID) {
	now := r.l.now()
	if last, ok := r.floodsTold[author]; !ok || now.Sub(last) >= attemptEvery {
		if len(r.floodsTold) >= protocol.MaxMembers {
			clear(r.floodsTold)
		}
		r.floodsTold[author] = now
		r.l.emit(r, Warning{Code: "flood", Peer: author, Text: r.nickOf(author) + " says too much at once: not all of it is shown"})
	}
}

// guest reports whether p is a member of a room of ours, or has still to be told why it is none: strangers, however many,
// take nothing of what is there for guests.
func (l *loop) guest(p peer.ID) bool {
	now := l.now()
	for _, r := range l.rooms {
		if !r.owner() {
			continue
		}
		if _, member := r.current().Member(p); member || r.ledger.Owes(p, now) {
			return true
		}
	}
	return false
}

// tooSoon is the answer to a join request beyond a budget. It is given before anybody looks which room is asked for.
func tooSoon(wait time.Duration) protocol.JoinReply {
	return protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: max(wait, time.Second)}
}
