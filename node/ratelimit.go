package node

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/node/internal/ratelimit"
	"localchat/protocol"
)

// keyed gives every peer, or every address, a budget of its own, over all its streams.
func keyed[K comparable](b budget) *ratelimit.Keyed[K] { return ratelimit.New[K](b.perSecond, b.burst) }

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
	if author == r.l.n.self || r.sayLimit.Limiter(author).AllowN(r.l.now(), sayCost(text)) {
		return true
	}
	r.l.n.admission.count(r.l.n.admission.visitorAt(author), aLine, sayCost(text))
	return false
}

// tooSoon is the answer to a join request beyond a budget. It is given before anybody looks which room is asked for.
func tooSoon(wait time.Duration) protocol.JoinReply {
	return protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: max(wait, time.Second)}
}
