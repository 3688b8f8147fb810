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

// A guard bounds the work and memory that the peers of one room cost its pubsub. Pubsub remembers the ID of each message before
// any validator is called, so the guard inspects each RPC before pubsub handles it. It counts by the sending peer, which is
// authenticated; the author that a line names is not, until its signature has been verified.
//
// A peer that exceeds a budget loses its stream, and may not open another one for penalty. The user is told.
type guard struct {
	room protocol.RoomID
	// spoken is the budget of each peer for lines, control that for subscriptions and control messages, and unwanted that for
	// publications that do not count.
	spoken, control, unwanted *ratelimit.Keyed[peer.ID]
	// strangers is the budget of all strangers together. None of their messages count.
	strangers *rate.Limiter
	// seen and share are the budgets for message IDs that pubsub remembers. share is reserved for each member.
	seen  *rate.Limiter
	share *ratelimit.Keyed[peer.ID]

	// mu guards shut, which pubsub's goroutines and the handlers of new streams use.
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

// perSeenLife returns the rate of n in SeenLife, for which pubsub remembers a message. A limiter with that rate and a burst of n
// allows at most 2n in any such time.
func perSeenLife(n int) rate.Limit { return rate.Limit(float64(n) / SeenLife.Seconds()) }

// errOverBudget makes pubsub drop an RPC; pubsub only logs it.
var errOverBudget = errors.New("the peer sends too much")

// rpc judges one RPC of p, and removes the parts that pubsub need not see. ok is false if the whole RPC is to be dropped. first
// is true if p has just exceeded its budget.
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

// own reports whether p names itself as the signer of a publication. Since no member forwards, no other publication is wanted.
// One that cannot be read is left to the validator, which lowers the score of its sender.
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

// unwantedBy counts a publication of p that does not count. It reports whether p has just exceeded its budget.
func (g *guard) unwantedBy(p peer.ID, cost int, now time.Time) (first bool) {
	return !g.unwanted.Limiter(p).AllowN(now, cost) && g.close(p, now)
}

// close shuts p out for penalty. It reports false if p was shut out already.
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

// sweep forgets the budgets that are full again.
func (g *guard) sweep(now time.Time) {
	for _, t := range []*ratelimit.Keyed[peer.ID]{g.spoken, g.control, g.unwanted, g.share} {
		t.Sweep(now)
	}
}

// inspect is called by pubsub before it handles an RPC, in pubsub's goroutine.
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
