package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/node/internal/fault"
	"localchat/protocol"
)

// A turnstile gives every peer, or every address, a budget of its own, over all its streams.
type turnstile[K comparable] struct {
	budget

	// mu: the handlers of all peers' streams meet the loop, which sweeps.
	mu  sync.Mutex
	own map[K]*rate.Limiter // bounded by maxBudgets
	// rest is shared by all peers that come when there are no budgets left.
	rest *rate.Limiter
}

func newTurnstile[K comparable](b budget) *turnstile[K] {
	return &turnstile[K]{budget: b, own: make(map[K]*rate.Limiter), rest: b.limiter()}
}

func (t *turnstile[K]) of(k K) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.own[k]
	switch {
	case ok:
		return l
	case len(t.own) >= maxBudgets:
		return t.rest
	}
	l = t.limiter()
	t.own[k] = l
	return l
}

// sweep forgets the budgets that are full again: a new peer starts with a full one.
func (t *turnstile[K]) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, l := range t.own {
		if l.TokensAt(now) >= float64(t.burst) {
			delete(t.own, k)
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

// pace waits until text may be said: fast text is slowed down rather than refused, so that no paste loses a line. A caller
// that would have to wait for longer than sayPatience is refused at once.
func (n *Node) pace(ctx context.Context, text string) error {
	r := n.says.ReserveN(time.Now(), sayCost(text))
	wait := r.Delay()
	if wait == 0 {
		return nil
	}
	if wait > sayPatience {
		r.Cancel()
		return &Error{
			Code: CodeUnavailable, Text: fmt.Sprintf("not said: too much at once; this node sends %d lines a second, and the lines that already wait take %s", sayRate, sayPatience),
			Reason: fault.TooMuchAtOnce, RetryAfter: wait - sayPatience,
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

// inBudget charges another member's text to that member's budget. If the budget is used up, the member says more than an
// honest node lets anybody say. The line is dropped, and the user is told once in a while which member it is. If an honest
// node said it after all, and it is only late, it is fetched at a later comparison.
func (r *room) inBudget(author peer.ID, text string) bool {
	if author == r.l.n.self || r.said.of(author).AllowN(r.l.now(), sayCost(text)) {
		return true
	}
	r.l.n.admission.count(r.l.n.admission.visitorAt(author), aLine, sayCost(text))
	return false
}

// tooSoon is the answer to a join request beyond a budget. It is given before anybody looks which room is asked for.
func tooSoon(wait time.Duration) protocol.JoinReply {
	return protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: max(wait, time.Second)}
}
