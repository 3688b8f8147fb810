package node

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"localchat/node/internal/fault"
	"localchat/node/internal/transcript"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A sayRequest is a line to be said. It may wait in the room for the key of the epoch, and is answered then.
type sayRequest struct {
	room    string
	content protocol.Content
	since   time.Time
	reply   chan answer[string] // of one
}

// Say says a line and returns its ID. If lines come faster than sayRate, it waits. It fails with not_member, closed or invalid,
// or with unavailable if no key has come within a few seconds, or if it would have to wait longer than sayPatience. Then the line
// is not said.
func (n *Node) Say(ctx context.Context, room, text string, action bool) (string, error) {
	if err := validSay(text); err != nil {
		return "", err
	}
	if err := n.pace(ctx, text); err != nil {
		return "", err
	}
	kind := protocol.Say
	if action {
		kind = protocol.Action
	}
	req := sayRequest{room: room, content: protocol.Content{Kind: kind, Text: text}, reply: make(chan answer[string], 1)}
	select {
	case n.inbox <- req:
	case <-ctx.Done():
		return "", ctx.Err()
	case <-n.ctx.Done():
		return "", errClosed
	}
	select {
	case a := <-req.reply:
		return a.value, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-n.ctx.Done():
		return "", errClosed
	}
}

func validSay(text string) error {
	if err := protocol.ValidText(text); err != nil {
		return &Error{Code: CodeInvalid, Text: fmt.Sprintf("not said: %v", err), Reason: fault.BadText, Limit: protocol.MaxText}
	}
	return nil
}

func (q sayRequest) handle(l *loop) {
	r, err := l.room(q.room)
	if err == nil {
		err = r.open()
	}
	if err == nil {
		err = r.maySay()
	}
	if err != nil {
		q.reply <- answer[string]{err: err}
		return
	}
	q.since = l.now()
	r.outbox.say(q)
}

// An outbox has the lines of this node that are not said yet, and the numbers for them. Only the loop uses it.
type outbox struct {
	r        *room
	waiting  []sayRequest // for the key of the epoch
	reserved reserved
	spoke    time.Time // when this node last said something here
}

// say seals, takes and publishes a line, or keeps it until the key is here: a line is never sealed for an epoch older than the
// latest applied one.
func (o *outbox) say(q sayRequest) {
	key, ok := o.r.keys.Get(o.r.state().Epoch())
	if !ok || o.r.gossip == nil {
		if len(o.waiting) >= maxWaiting {
			q.reply <- answer[string]{err: &Error{Code: CodeUnavailable, Text: "not said: too many lines wait for the room's key", Reason: fault.NoKey}}
			return
		}
		o.waiting = append(o.waiting, q)
		return
	}
	id, err := o.send(q.content, key)
	q.reply <- answer[string]{value: id, err: err}
}

func (o *outbox) flush() {
	waiting := o.waiting
	o.waiting = nil
	for _, w := range waiting {
		if err := o.r.maySay(); err != nil {
			w.reply <- answer[string]{err: err}
			continue
		}
		o.say(w)
	}
}

// send makes a line of this node, and takes it in the same way as a received one.
func (o *outbox) send(c protocol.Content, key protocol.Key) (string, error) {
	if o.r.talk.Used() >= o.reserved.ctr {
		if err := o.reserve(); err != nil {
			return "", &Error{Code: CodeUnavailable, Text: fmt.Sprintf("not said: cannot write to disk: %v", err), Reason: fault.DiskFull}
		}
	}
	now, next := o.r.talk.world(), o.r.talk.Next(o.r.state().Epoch())
	if !transcript.Counts(now.State.Check(o.r.l.n.self, next)) {
		return "", notMember(o.r.label())
	}
	c.At = o.r.talk.TimeOfNext(now)
	sealed, err := protocol.SealUnverified(next, c, key, o.r.l.n.self, o.r.l.n.signer, random)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	// First to the others, who wait for it: our own faces know what is said. If the signature were wrong, no node would take the line.
	if err := o.r.gossip.PublishLine(o.r.ctx, sealed); err != nil {
		o.r.l.n.log.Warn("publish", "room", o.r.id, "err", err)
	}
	runtime.Gosched() // to pubsub's goroutines, which send it
	msg, err := sealed.Verify()
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	effects, ok := o.r.talk.Say(now, msg)
	if !ok {
		return "", notMember(o.r.label())
	}
	o.r.talk.carry(effects)
	o.r.relays.relay(protocol.PassRequest{Line: msg.Raw()})
	o.spoke = o.r.l.now()
	o.r.l.beatBy(o.spoke.Add(speakSoon))
	return msg.ID.Short(), nil
}

// reserved says how far the numbers of our lines, and our Lamport clock, are reserved on disk. A later run begins above them.
type reserved struct{ ctr, clock uint64 }

// reserve reserves the next block of message numbers.
func (o *outbox) reserve() error {
	first, err := o.r.l.store.ReserveCounters(o.r.id, o.r.talk.Used(), ctrBlock)
	if err != nil {
		return err
	}
	o.r.talk.SkipTo(first)
	o.reserved.ctr = first + ctrBlock
	return nil
}

// keepClock reserves times of our Lamport clock on disk before they are used. The next run has none of the lines of this one, and
// its first line must come after them. keepClock is called once a second, so that many lines that are far ahead cost one write.
func (o *outbox) keepClock() {
	if o.r.talk.Lamport()+ctrBlock/2 < o.reserved.clock {
		return
	}
	first, err := o.r.l.store.ReserveClocks(o.r.id, o.r.talk.Lamport(), ctrBlock)
	if err != nil {
		o.r.l.n.log.Warn("keep the clock", "room", o.r.id, "err", err)
		return
	}
	if o.reserved.clock == 0 {
		o.r.talk.AdvanceTo(first)
	}
	o.reserved.clock = first + ctrBlock
}

// History returns the lines of a room that are here, in display order.
func (n *Node) History(ctx context.Context, room string) (HistoryInfo, error) {
	return ask(ctx, n, historyOf{room})
}

type historyOf struct{ room string }

func (q historyOf) run(l *loop) (HistoryInfo, error) {
	r, err := l.room(q.room)
	if err != nil {
		return HistoryInfo{}, err
	}
	h := HistoryInfo{
		Messages: []Message{}, Directs: r.keptDirects(), Fetching: r.talk.Fetching(r.talk.world()),
	}
	if retain := r.state().Policy().Retain; retain > 0 {
		h.More = r.talk.ShedSince(l.clock.Even().Add(-retain))
	}
	for _, ln := range r.talk.Ordered() {
		if ln.Shown() && !l.ignores(ln.Msg.Author) {
			h.Messages = append(h.Messages, r.talk.message(ln))
		}
	}
	return h, nil
}

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
func (c *conversation) inBudget(author peer.ID, text string) bool {
	if author == c.r.l.n.self || c.limit.Limiter(author).AllowN(c.r.l.now(), sayCost(text)) {
		return true
	}
	c.r.l.n.admission.count(c.r.l.n.admission.visitorAt(author), aLine, sayCost(text))
	return false
}
