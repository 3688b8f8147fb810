package transcript

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// Confirmed says that the authority has those of our lines.
func (t *Transcript) Confirmed(receipt protocol.Runs) []Effect {
	t.deliver(func(l *Line) bool { return receipt.Has(l.Msg.Ctr) })
	return t.done()
}

// noteDelivered marks our own lines that another node says it has. That is the authority; while it is away, or if it is this
// node, any member.
func (t *Transcript) noteDelivered(env *Env, a *Answer) {
	if a.Peer != env.State.Authority() && !t.owns(env) && !env.Away {
		return
	}
	// A line that it has forgotten is in its receipt, and so is one that was never said to it.
	t.deliver(func(l *Line) bool {
		return a.Reply.Receipt.Has(l.Msg.Ctr) && l.Msg.Ctr > t.contested[a.Peer] && mayHave(env, a.Peer, l)
	})
	if t.awaitingReceipt && t.owns(env) {
		t.compareSoon(env, SyncSoon)
	}
}

// deliver: another node has those of our lines that has says.
func (t *Transcript) deliver(has func(*Line) bool) {
	for _, l := range t.byAuthor[t.self] {
		if l.delivered || l.taken || !has(l) {
			continue
		}
		l.delivered = true
		if l.Content.Kind != protocol.ReasonNote {
			t.emit(Delivered{l})
		}
	}
	t.awaitingReceipt = t.undelivered()
}

// unconfirmed returns those of our lines for which a receipt is worth asking: no other node is known to have them, and they are
// later than those that one has, or have not been reported as undelivered yet.
func (t *Transcript) unconfirmed() iter.Seq[*Line] {
	return func(yield func(*Line) bool) {
		latest := true
		for _, l := range slices.Backward(t.byAuthor[t.self]) {
			latest = latest && !l.delivered
			if !l.delivered && !l.taken && (latest || !l.warned) && !yield(l) {
				return
			}
		}
	}
}

func (t *Transcript) undelivered() bool {
	for range t.unconfirmed() {
		return true
	}
	return false
}

// OnTheirWay reports whether some of our lines have reached no other node, as far as is known, and may do so soon.
func (t *Transcript) OnTheirWay() bool {
	return slices.ContainsFunc(t.byAuthor[t.self], func(l *Line) bool { return !l.delivered && !l.taken && !l.warned })
}

// checkDelivery compares heads if no node has said for a while that it has our lines. It reports once that a line has reached
// nobody, if there is a member that it should have reached.
func (t *Transcript) checkDelivery(env *Env) {
	if env.State.Len() < 2 || !t.undelivered() {
		return
	}
	wait := false
	for _, l := range t.byAuthor[t.self] {
		if l.delivered || l.taken {
			continue
		}
		wait = wait || env.Now.Sub(l.Got) >= receiptBy
		if !l.warned && env.Now.Sub(l.Got) >= DeliverBy {
			l.warned = true
			t.emit(Undelivered{Line: l})
		}
	}
	if wait && !t.compare.busy {
		t.compareSoon(env, SyncSoon)
	}
}

// A receipts has what the authority tells the members of their lines.
type receipts struct {
	told    map[peer.ID]protocol.Runs // which of its lines we have, as each member has been told
	arrived map[peer.ID]bool          // the authors whose lines have come since
	last    time.Time                 // when authors were told last
}

func newReceipts() receipts {
	return receipts{told: make(map[peer.ID]protocol.Runs), arrived: make(map[peer.ID]bool)}
}

// forget forgets a former member.
func (r *receipts) forget(p peer.ID) {
	delete(r.told, p)
	delete(r.arrived, p)
}

// owesReceipt notes that a line of p has come. p gets a receipt at once or, if authors got receipts less than ReceiptEvery ago,
// together with the next lines.
func (t *Transcript) owesReceipt(env *Env, p peer.ID) {
	if !t.owns(env) || p == t.self {
		return
	}
	if len(t.receipts.arrived) == 0 {
		t.wake(max(t.receipts.last.Add(ReceiptEvery).Sub(env.Now), 0), Receipts)
	}
	t.receipts.arrived[p] = true
}

func (t *Transcript) receiptsDue(env *Env) {
	t.receipts.last = env.Now
	for _, p := range slices.Sorted(maps.Keys(t.receipts.arrived)) {
		receipt := t.Receipt(p)
		if _, member := env.State.Member(p); !member || slices.Equal(receipt, t.receipts.told[p]) {
			continue
		}
		t.receipts.told[p] = receipt
		t.emit(Receipt{p})
	}
	clear(t.receipts.arrived)
}
