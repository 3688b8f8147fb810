package authority

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"localchat/protocol"
)

// A books is the authority in one state of the search, in memory and on disk. Books that differ only in times and signatures count as
// the same.
type books struct {
	id     uint32
	ledger Ledger
	disk   disk
	mins   int // how often ReturnAfter has passed
	// steps has the books that each event leads to.
	steps map[bookEvent]booksStep
	// reborn is the books after a restart.
	reborn *books
	parts  [maxSides]part
}

// A bookEvent is something that happens to books: a message of a member, or an order.
type bookEvent struct {
	what moveKind
	who  int8
	wire uint16
}

// A booksStep is the result of an event for books. wrote is set if there was something to persist.
type booksStep struct {
	after, crashedBefore, crashedAfter *books
	answer                             uint32 // to a poll
	admission                          uint64
	wrote                              bool
	broken                             string
}

// A reply is what the authority says to a poll: row 0 of the table is no reply, and then come the replies without a reason.
type reply struct {
	raw    []byte
	reason protocol.SignedReason
}

const (
	refusal = iota + 1
	membership
	firstReason
)

func (x *search) answerOf(raw []byte) uint32 {
	if n, ok := x.answerBy[string(raw)]; ok {
		return n
	}
	r, err := protocol.OpenReason(raw)
	if err != nil {
		panic(err) // the ledger has just signed it
	}
	n := uint32(len(x.answers))
	x.answers, x.answerBy[string(raw)] = append(x.answers, reply{raw, r}), n
	return n
}

// intern returns the number of the books that are the same as b.
func (x *search) intern(b *books) uint32 {
	var k strings.Builder
	failures := func(fs []Failure) {
		slices.SortFunc(fs, func(a, b Failure) int { return strings.Compare(string(a.Peer), string(b.Peer)) })
		for _, f := range fs {
			fmt.Fprint(&k, "!", f.Peer, f.Admission, f.Removal, f.Kind, f.Claimed, f.Acked, f.Known, f.Nonce[0], len(f.Answer))
		}
	}
	for _, r := range b.disk.records {
		switch body := r.Body.(type) {
		case protocol.Admit:
			fmt.Fprint(&k, "+", body.Peer)
		case protocol.Remove:
			fmt.Fprint(&k, "-", body.Kind, body.Peer)
		default:
			fmt.Fprintf(&k, "%T", body)
		}
	}
	failures(b.disk.durable().Failures)
	fmt.Fprint(&k, "|", b.ledger.State().Seq(), b.mins)
	failures(b.ledger.Failures())
	if old, ok := x.bookOf[k.String()]; ok {
		return old
	}
	b.id, b.steps = uint32(len(x.books)), map[bookEvent]booksStep{}
	x.books, x.bookOf[k.String()] = append(x.books, b), b.id
	for i := range x.peers {
		b.parts[i] = x.part(b, i)
	}
	return b.id
}

func (b *books) env() Env {
	signer := signerOf("alice")
	return Env{Now: epochStart.Add(time.Duration(b.mins) * ReturnAfter), Rand: sameRandom{}, Signer: signer, Self: signer.Peer()}
}

// sameRandom makes every fresh key the same, so that two states do not differ only in their keys.
type sameRandom struct{}

func (sameRandom) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 1
	}
	return len(b), nil
}

func copyDisk(d disk) disk {
	return disk{records: slices.Clip(d.records), failures: maps.Clone(d.failures), invites: maps.Clone(d.invites), appeals: maps.Clone(d.appeals), banShift: d.banShift}
}

// event is what the ledger moveHear of ev.
func (x *search) event(b *books, ev bookEvent) Event {
	p, room := x.peers[ev.who], b.ledger.State().Room()
	switch ev.what {
	case moveKick:
		return Kick{Peer: p, Reason: "too loud"}
	case moveBan:
		return Ban{Peer: p, Reason: "too loud"}
	case moveClose:
		return Close{Reason: "too loud"}
	case moveJoin:
		return Knock{Peer: p, Request: protocol.JoinRequest{Room: room, Nick: cast[ev.who]}}
	case moveUnban:
		return Unban{p}
	}
	w := x.wires[ev.wire]
	if w.poll {
		return Poll{p, protocol.PollRequest{Room: room, Nonce: protocol.Nonce{w.nonce}, Admission: uint64(w.admitted)}}
	}
	return Ack{p, protocol.PollAck{Room: room, Removal: uint64(w.removal), Nonce: protocol.Nonce{w.nonce}}}
}

// step returns the books after ev: without a crash, and with a crash at each of the two places where one matters.
func (x *search) step(b *books, ev bookEvent) booksStep {
	if r, ok := b.steps[ev]; ok {
		return r
	}
	next, effects, err := b.ledger.Step(b.env(), x.variant.hears(b.ledger, x.event(b, ev)))
	r := booksStep{after: b}
	if err == nil {
		written := copyDisk(b.disk)
		p, wrote := find[Persist](effects)
		if r.wrote = wrote; wrote {
			written.write(p.Batch)
		}
		r.after = x.books[x.intern(&books{ledger: next, disk: written, mins: b.mins})]
		r.crashedBefore, r.crashedAfter = x.restart(b), x.restart(r.after)
		x.outcome(&r, ev, effects)
	}
	b.steps[ev] = r
	return r
}

// outcome returns the visible result of a step. It checks that a reason goes to its own peer, and not to one that is a member again.
func (x *search) outcome(r *booksStep, ev bookEvent, effects []Effect) {
	if a, ok := find[AnswerJoin](effects); ok && a.Reply.Code == protocol.JoinAdmitted {
		r.admission = a.Reply.Admission
	}
	a, ok := find[AnswerPoll](effects)
	switch {
	case !ok:
		return
	case a.Outcome == PollRefused:
		r.answer = refusal
		return
	case a.Outcome != PollReason:
		r.answer = membership
		return
	}
	r.answer = x.answerOf(a.Reason)
	reason := x.answers[r.answer].reason
	if m, in := r.after.ledger.State().Member(x.peers[ev.who]); reason.Peer != x.peers[ev.who] || in && m.Admission > reason.Removal {
		r.broken = fmt.Sprintf("%s is given the reason of removal %d", cast[ev.who], reason.Removal)
	}
	if x.variant.flipsOnSend {
		ack := x.wire(wire{to: 'a', removal: uint8(reason.Removal), nonce: reason.Nonce[0]})
		r.after = x.step(r.after, bookEvent{what: moveHear, who: ev.who, wire: ack}).after
		r.crashedAfter = x.restart(r.after)
	}
}

// admit admits a removed peer again, after its wait, and after an unban if it is banned.
func (x *search) admit(b *books, i int) booksStep {
	asks := bookEvent{what: moveJoin, who: int8(i)}
	if _, in := b.ledger.State().Member(x.peers[i]); in {
		return x.step(b, asks)
	}
	r, ok := b.steps[asks]
	if !ok {
		later := x.books[x.intern(&books{ledger: b.ledger, disk: b.disk, mins: b.mins + 1})]
		if _, banned := b.ledger.State().Banned(x.peers[i], later.env().Now); banned {
			later = x.step(later, bookEvent{what: moveUnban, who: int8(i)}).after
		}
		r = x.step(later, asks)
		b.steps[asks] = r
	}
	return r
}

// restart returns the books after a restart.
func (x *search) restart(b *books) *books {
	if b.reborn != nil {
		return b.reborn
	}
	l, err := Load(b.disk.durable())
	if err != nil {
		panic(err) // the world's own tests hold that it loads
	}
	l, effects, err := l.Step(b.env(), Resumed{})
	if err != nil {
		panic(err)
	}
	written := copyDisk(b.disk)
	if p, ok := find[Persist](effects); ok {
		written.write(p.Batch)
	}
	b.reborn = x.books[x.intern(&books{ledger: l, disk: written, mins: b.mins})]
	return b.reborn
}
