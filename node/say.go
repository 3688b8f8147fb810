package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"localchat/node/internal/fault"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// A sayRequest is a line on its way out. It may wait in the room for the key of the epoch, and is answered then.
type sayRequest struct {
	room    string
	content protocol.Content
	since   time.Time
	reply   chan answer[string] // of one
}

// Say says a line and returns its id. Beyond sayRate it waits. It fails with not_member, closed or invalid, or unavailable
// when no key has come within a few seconds, or more is being said than sayPatience allows; the text is then not said.
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
	if err != nil {
		q.reply <- answer[string]{err: err}
		return
	}
	q.since = l.now()
	r.say(q)
}

// say seals, takes and publishes a line, or keeps it until there is a key: nothing is ever sealed for an epoch older
// than one that was applied.
func (r *room) say(q sayRequest) {
	key, ok := r.keys.Get(r.current().Epoch())
	if !ok || r.gossip == nil {
		if len(r.waiting) >= maxEarlyAuthor {
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
		r.say(w)
	}
}

// send makes a line of ours and lets it in the way that everybody's comes in.
func (r *room) send(c protocol.Content, key protocol.Key) (string, error) {
	if r.ctr >= r.ctrLimit {
		if err := r.reserve(); err != nil {
			return "", &Error{Code: CodeUnavailable, Text: fmt.Sprintf("not said: cannot write to disk: %v", err), Reason: fault.DiskFull}
		}
	}
	c.At = r.l.now().UTC().Truncate(time.Millisecond)
	h := protocol.Header{Room: r.id, Epoch: r.current().Epoch(), Ctr: r.ctr + 1, Prev: r.prev, Lamport: r.lamport + 1}
	msg, err := protocol.SealMessage(h, c, key, r.l.n.self, r.l.n.signer, random)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	r.ctr, r.prev = h.Ctr, msg.ID
	line, ok := r.snap.Load().open(msg, r.current().Check(msg.Author, msg.Header))
	if !ok {
		return "", notMember(r.label())
	}
	r.takeLine(line, false)
	if err := r.gossip.publishLine(r.ctx, msg); err != nil {
		r.l.n.log.Warn("publish", "room", r.id, "err", err)
	}
	r.pass(protocol.PassRequest{Line: msg.Raw()})
	r.fresh = true
	if r.owner() || !r.away.since.IsZero() {
		r.syncSoon(syncSoon) // nobody tells us unasked who has it
	}
	return msg.ID.Short(), nil
}

// reserve takes the next block of message numbers.
func (r *room) reserve() error {
	first, err := r.l.store.ReserveCounters(r.id, r.ctr, ctrBlock)
	if err != nil {
		return err
	}
	r.ctr, r.ctrLimit = first, first+ctrBlock
	return nil
}

// keepClock keeps on disk how far our clock may go, well before it gets there: in our next life, in which nothing is left
// of what we have seen, the first line must not stand above that. It is called once a second, so that a line that is far
// ahead costs one write and not each of them one.
func (r *room) keepClock() {
	if r.lamport+ctrBlock/2 < r.clockLimit {
		return
	}
	first, err := r.l.store.ReserveClocks(r.id, r.lamport, ctrBlock)
	if err != nil {
		r.l.n.log.Warn("keep the clock", "room", r.id, "err", err)
		return
	}
	if r.clockLimit == 0 {
		r.lamport = first
	}
	r.clockLimit = first + ctrBlock
}

// takeLine lets a validated line into the room: the one way in, for live lines, fetched ones and our own.
func (r *room) takeLine(a transcript.Opened, late bool) {
	if !counts(r.current().Check(a.Msg.Author, a.Msg.Header)) || !r.belongs(a) {
		return // validated against a state that has passed, or no line of the membership that has ended
	}
	if r.tooOld(a.Age) {
		return
	}
	l := &transcript.Line{Opened: a, Got: r.l.clock.even()}
	l.Late, l.Doubted = late, r.doubtsAge(a)
	l.Content.At = shownAt(a.Content.At, r.l.now(), a.Age)
	l.Warned = r.current().Len() < 2 // there is nobody who could have it
	l.Stands = r.placeInTime(a.Msg)
	if !r.log.Add(l) {
		return
	}
	r.l.overfull = r.l.overfull || r.log.Size() > transcript.MaxLineBytes+lineOvershoot
	r.keepUp(a.Msg)
	if said := l.Said(); said.After(r.lastLine) {
		r.lastLine = said
	}
	r.owesReceipt(a.Msg.Author)
	if a.Msg.Author == r.l.n.self {
		// A number that an earlier life of ours has used is never used again.
		r.ctr = max(r.ctr, a.Msg.Ctr)
	}
	if a.Content.Kind == protocol.ReasonNote {
		r.takeReasonNote(l)
		return
	}
	if shown(l) {
		r.tellLine(l)
	}
}

// shown reports whether people see l as a line: kinds that a later version may add are kept and passed on, not shown.
func shown(l *transcript.Line) bool {
	return l.Content.Kind == protocol.Say || l.Content.Kind == protocol.Action
}

// takeReasonNote shows why somebody was removed, if it is the authority that says so.
func (r *room) takeReasonNote(l *transcript.Line) {
	if l.Msg.Author != r.current().Authority() || l.Content.Removal <= r.since || l.Content.Removal > uint64(len(r.records)) {
		return
	}
	rec := r.records[l.Content.Removal-1]
	if rm, ok := rec.Body.(protocol.Remove); ok {
		r.l.emit(r, RemovalReason{Peer: rm.Peer, Nick: r.nickOf(rm.Peer), Text: l.Content.Text, Removal: rec.Seq})
	}
}

// nickOf is the nick that p has or last had here.
func (r *room) nickOf(p PeerID) string {
	st := r.current()
	if m, ok := st.Member(p); ok {
		return m.Nick
	}
	rm, _ := st.Removed(p)
	return rm.Nick
}

func (r *room) message(l *transcript.Line) Message {
	return Message{
		ID: l.ID(), Peer: l.Msg.Author, Nick: r.nickOf(l.Msg.Author), Text: l.Content.Text,
		Action: l.Content.Kind == protocol.Action, At: l.Content.At,
		Self: l.Msg.Author == r.l.n.self, Late: l.Late || r.backlog(l), Backlog: r.backlog(l),
	}
}

// keepEarly keeps a line of an epoch that we lack, and looks for it. It reports false where there is no place.
func (r *room) keepEarly(m protocol.Message) bool {
	st := r.current()
	_, member := st.Member(m.Author)
	of, unknown, size, sought := 0, 0, len(m.Raw()), false
	for _, e := range r.early {
		if e.ID == m.ID {
			return true
		}
		if e.Author == m.Author {
			of++
		}
		if _, known := st.Member(e.Author); !known {
			unknown++
		}
		size += len(e.Raw())
		sought = sought || e.Epoch == m.Epoch
	}
	if of >= maxEarlyAuthor || !member && unknown >= maxEarlyNew {
		return false
	}
	for len(r.early) > 0 && (len(r.early) >= maxEarly || size > maxEarlyBytes) {
		size -= len(r.early[0].Raw())
		r.early = r.early[1:]
	}
	r.early = append(r.early, m)
	r.seek()
	if sought || m.Epoch > st.Epoch() {
		return true
	}
	for _, p := range r.near() { // those that came later have not got the key
		if st.MemberAt(p, m.Epoch) {
			r.compareWith(p, 0, false)
		}
	}
	return true
}

// retryEarly takes what can be judged now. Its author has sent it to everybody else.
func (r *room) retryEarly() {
	if r.gossip == nil || len(r.early) == 0 {
		return
	}
	st := r.current()
	var ready []protocol.Message
	r.early = slices.DeleteFunc(r.early, func(m protocol.Message) bool {
		_, known := r.keys.Get(m.Epoch)
		if known && m.Epoch <= st.Epoch() {
			ready = append(ready, m)
			return true
		}
		return m.Epoch <= st.Epoch() && !counts(st.Check(m.Author, m.Header))
	})
	for _, m := range r.provable(ready) {
		r.takeGiven(m, r.earlyAge(m.ID), false, false)
	}
	maps.DeleteFunc(r.earlyAges, func(id protocol.Hash, _ earlyAge) bool {
		return !slices.ContainsFunc(r.early, func(m protocol.Message) bool { return m.ID == id })
	})
}

// History is what is retained of a room, in display order.
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
		Messages: []Message{}, Fetching: r.pages.from != "" || !r.telling.caughtUp && len(r.near()) > 0,
	}
	if retain := r.current().Policy().Retain; retain > 0 {
		h.More = r.log.ShedSince(l.clock.even().Add(-retain))
	}
	for _, ln := range r.log.Ordered() {
		if shown(ln) {
			h.Messages = append(h.Messages, r.message(ln))
		}
	}
	return h, nil
}
