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

// keyed makes a limiter that gives every peer, or every address, a budget of its own over all its streams.
func keyed[K comparable](b budget) *ratelimit.Keyed[K] { return ratelimit.New[K](b.perSecond, b.burst) }

// sayCost returns how many lines a text is charged for.
func sayCost(text string) int { return 1 + len(text)>>10 }

// pace waits until text may be said. It delays fast lines and does not refuse them, so that a pasted text loses no line. If the
// wait would be longer than sayPatience, it returns an error at once.
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

// inBudget charges another member's text to that member's budget. If the budget is used up, the member says more than an honest
// node allows. Then the line is dropped, and the user is told once in a while which member it is. A line that an honest node
// said, and that the network delayed, is fetched by a later comparison.
func (r *room) inBudget(author peer.ID, text string) bool {
	if author == r.l.n.self || r.sayLimit.Limiter(author).AllowN(r.l.now(), sayCost(text)) {
		return true
	}
	r.l.n.admission.count(r.l.n.admission.visitorAt(author), aLine, sayCost(text))
	return false
}

// tooSoon is the answer to a join request beyond a budget. It is given before this node looks up the room.
func tooSoon(wait time.Duration) protocol.JoinReply {
	return protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: max(wait, time.Second)}
}
