package node

import (
	"context"
	"fmt"
	"time"

	"localchat/node/internal/fault"
	"localchat/protocol"
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
	r.say(q)
}

// say seals, takes and publishes a line, or keeps it until the key is here: a line is never sealed for an epoch older than the
// latest applied one.
func (r *room) say(q sayRequest) {
	key, ok := r.keys.Get(r.state().Epoch())
	if !ok || r.gossip == nil {
		if len(r.waiting) >= maxWaiting {
			q.reply <- answer[string]{err: &Error{Code: CodeUnavailable, Text: "not said: too many lines wait for the room's key", Reason: fault.NoKey}}
			return
		}
		r.waiting = append(r.waiting, q)
		return
	}
	id, err := r.send(q.content, key)
	q.reply <- answer[string]{value: id, err: err}
}

func (r *room) flushWaiting() {
	waiting := r.waiting
	r.waiting = nil
	for _, w := range waiting {
		if err := r.maySay(); err != nil {
			w.reply <- answer[string]{err: err}
			continue
		}
		r.say(w)
	}
}

// send makes a line of this node, and takes it in the same way as a received one.
func (r *room) send(c protocol.Content, key protocol.Key) (string, error) {
	if r.talk.Used() >= r.reserved.ctr {
		if err := r.reserve(); err != nil {
			return "", &Error{Code: CodeUnavailable, Text: fmt.Sprintf("not said: cannot write to disk: %v", err), Reason: fault.DiskFull}
		}
	}
	c.At = r.talk.TimeOfNext(r.world())
	msg, err := protocol.SealMessage(r.talk.Next(r.state().Epoch()), c, key, r.l.n.self, r.l.n.signer, random)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	effects, ok := r.talk.Say(r.world(), msg)
	if !ok {
		return "", notMember(r.label())
	}
	r.carry(effects)
	if err := r.gossip.PublishLine(r.ctx, msg); err != nil {
		r.l.n.log.Warn("publish", "room", r.id, "err", err)
	}
	r.relay(protocol.PassRequest{Line: msg.Raw()})
	return msg.ID.Short(), nil
}

// reserved says how far the numbers of our lines, and our Lamport clock, are reserved on disk. A later run begins above them.
type reserved struct{ ctr, clock uint64 }

// reserve reserves the next block of message numbers.
func (r *room) reserve() error {
	first, err := r.l.store.ReserveCounters(r.id, r.talk.Used(), ctrBlock)
	if err != nil {
		return err
	}
	r.talk.SkipTo(first)
	r.reserved.ctr = first + ctrBlock
	return nil
}

// keepClock reserves times of our Lamport clock on disk before they are used. The next run has none of the lines of this one, and
// its first line must come after them. keepClock is called once a second, so that many lines that are far ahead cost one write.
func (r *room) keepClock() {
	if r.talk.Lamport()+ctrBlock/2 < r.reserved.clock {
		return
	}
	first, err := r.l.store.ReserveClocks(r.id, r.talk.Lamport(), ctrBlock)
	if err != nil {
		r.l.n.log.Warn("keep the clock", "room", r.id, "err", err)
		return
	}
	if r.reserved.clock == 0 {
		r.talk.AdvanceTo(first)
	}
	r.reserved.clock = first + ctrBlock
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
		Messages: []Message{}, Fetching: r.talk.Fetching(r.world()),
	}
	if retain := r.state().Policy().Retain; retain > 0 {
		h.More = r.talk.ShedSince(l.clock.even().Add(-retain))
	}
	for _, ln := range r.talk.Ordered() {
		if ln.Shown() && !l.ignores(ln.Msg.Author) {
			h.Messages = append(h.Messages, r.message(ln))
		}
	}
	return h, nil
}
