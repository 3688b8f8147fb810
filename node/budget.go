package node

import (
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
