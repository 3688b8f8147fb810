package gossip

import (
	"errors"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"

	"localchat/node/internal/ratelimit"
	"localchat/protocol"
)

// A guard bounds what the peers of one room make its pubsub do and keep. Pubsub remembers the ID of each message before
// any validator has seen it, so the guard inspects each RPC before pubsub handles it. It counts by the peer that sends to
// us, since that is authenticated; what a line says of its author is not, until its signature has been verified.
//
// A peer beyond a budget loses its stream, and may open no other for penalty. The user is told.
type guard struct {
	room protocol.RoomID
	// spoken is what each peer may publish, control what else it may send, and unwanted what it may send that does not
	// count.
	spoken, control, unwanted *ratelimit.Keyed[peer.ID]
	// strangers is what all of them together may send. None of it counts.
	strangers *rate.Limiter
	// seen and share together admit what pubsub remembers: share is what each member is sure of.
	seen  *rate.Limiter
	share *ratelimit.Keyed[peer.ID]

	// mu: pubsub's goroutines meet the handlers of new streams.
	mu   sync.Mutex
	shut map[peer.ID]time.Time // until when; bounded by maxShut
}

func newGuard(room protocol.RoomID, each Budget) *guard {
	g := &guard{
		room: room, shut: make(map[peer.ID]time.Time),
		spoken:  ratelimit.New[peer.ID](each.PerSecond, each.Burst),
		control: ratelimit.New[peer.ID](controlRate, controlBurst), unwanted: ratelimit.New[peer.ID](unwantedRate, UnwantedBurst),
		strangers: rate.NewLimiter(each.PerSecond, each.Burst),
		seen:      rate.NewLimiter(perSeenLife(maxSeen/4), maxSeen/4),
		share:     ratelimit.New[peer.ID](perSeenLife(maxSeen/4/protocol.MaxMembers), maxSeen/4/protocol.MaxMembers),
	}
	return g
}

// perSeenLife is n in the time that pubsub remembers a message: a limiter with that rate and a burst of n lets 2n through
// in any such time.
func perSeenLife(n int) rate.Limit { return rate.Limit(float64(n) / SeenLife.Seconds()) }

// errOverBudget is why pubsub drops an RPC; it is only logged.
var errOverBudget = errors.New("the peer sends too much")

// rpc judges one RPC of p, and takes out of it what pubsub need not see. ok is false where the whole RPC is to be dropped;
// first says that p has just gone beyond its budget.
func (g *guard) rpc(p peer.ID, member bool, rpc *pubsub.RPC, now time.Time) (ok, first bool) {
	if g.isShut(p, now) {
		return false, false
	}
	lines, others := rpcCost(rpc)
	if !member && !g.strangers.AllowN(now, lines+others) || !g.spoken.Limiter(p).AllowN(now, lines) || !g.control.Limiter(p).AllowN(now, others) {
		return false, g.close(p, now)
	}
	kept := rpc.Publish[:0]
	for _, m := range rpc.Publish {
		if member && g.own(p, m.GetTopic(), m.GetData()) && g.remember(p, now) {
			kept = append(kept, m)
		}
	}
	rpc.Publish = kept
	return true, false
}

// rpcCost is what an RPC takes from the budgets: one for each thing in it, and one more for each KiB.
func rpcCost(rpc *pubsub.RPC) (lines, others int) {
	others = len(rpc.Subscriptions)
	if c := rpc.Control; c != nil {
		others += len(c.Graft) + len(c.Prune)
		for _, h := range c.Ihave {
			others += 1 + len(h.MessageIDs)
		}
		for _, w := range c.Iwant {
			others += 1 + len(w.MessageIDs)
		}
		for _, d := range c.Idontwant {
			others += 1 + len(d.MessageIDs)
		}
		for _, pr := range c.Prune {
			others += len(pr.Peers)
		}
	}
	lines = len(rpc.Publish)
	if kib := proto.Size(&rpc.RPC) >> 10; lines > 0 {
		lines += kib
	} else {
		others = max(others, 1) + kib
	}
	return lines, others
}

// own reports whether p says that it has signed what it publishes. Where nobody forwards, nothing else is
// wanted. What cannot be read is left to the validator, which has its sender lose score.
func (g *guard) own(p peer.ID, topic string, data []byte) bool {
	if topic == protocol.RecordsTopic {
		said, err := protocol.ScanRecord(data)
		if err != nil {
			return true
		}
		signer := said.Signer()
		return string(signer[:]) == string(p)
	}
	said, err := protocol.ScanMessage(g.room, data)
	if err != nil {
		return true
	}
	signer := said.Signer()
	return string(signer[:]) == string(p)
}

// remember reports whether pubsub may keep the ID of one more message of p.
func (g *guard) remember(p peer.ID, now time.Time) bool {
	return g.share.Limiter(p).AllowN(now, 1) || g.seen.AllowN(now, 1)
}

// unwantedBy counts what p has sent and what did not count. It reports whether p has just gone beyond its budget.
func (g *guard) unwantedBy(p peer.ID, cost int, now time.Time) (first bool) {
	return !g.unwanted.Limiter(p).AllowN(now, cost) && g.close(p, now)
}

// close shuts p out for penalty. It reports whether p was not.
func (g *guard) close(p peer.ID, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.shut[p]) {
		return false
	}
	if len(g.shut) >= maxShut {
		for q, until := range g.shut {
			if !now.Before(until) {
				delete(g.shut, q)
			}
		}
	}
	if len(g.shut) < maxShut {
		g.shut[p] = now.Add(penalty)
	}
	return true
}

// isShut reports whether p is shut out.
func (g *guard) isShut(p peer.ID, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, ok := g.shut[p]
	if ok && !now.Before(until) {
		delete(g.shut, p)
	}
	return ok && now.Before(until)
}

// sweep forgets the budgets that are whole again.
func (g *guard) sweep(now time.Time) {
	for _, t := range []*ratelimit.Keyed[peer.ID]{g.spoken, g.control, g.unwanted, g.share} {
		t.Sweep(now)
	}
}

// inspect is what pubsub asks before it handles an RPC, in its own goroutine.
func (g *Room) inspect(from peer.ID, rpc *pubsub.RPC) error {
	ok, first := g.guard.rpc(from, g.snap.Load().member(from), rpc, time.Now())
	if first {
		g.shutOut(from)
	}
	if !ok {
		return errOverBudget
	}
	return nil
}

// shutOut ends the streams that p floods, and reports it.
func (g *Room) shutOut(p peer.ID) {
	resetAll(g.streamsOf(p))
	g.handler.Flood(p)
}
