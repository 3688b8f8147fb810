package authority

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// TestTransfers plays the explorer's schedules in rooms that alice, the creator, gives to erin, and erin gives back.
// Each step of a transfer is an act of its own: the offer, the books, the acceptance and the next owner's first look at the record. So
// there may be any other act between two of them, and a crash at each write of both. Acceptances are lost, late and repeated. The model
// goes on as if there were one owner: a peer is told what it was owed before.
//
//	25  transfer                the room goes over only with the books as they are, which the next owner has on disk; from then on the
//	                            one before has none, orders nothing and sends each poll on; nobody obeys a peer that has not
//	                            been given the room, or has given it away; a room without an owner waits: handOver, handed,
//	                            misdirected, forgeTransfer, heal
func TestTransfers(t *testing.T) {
	runs := *exploreRuns
	if sampled() {
		runs = min(runs, sampleRuns)
	} else if runs == 200_000 {
		runs = 5000 // in every run of the tests; more by the flag
	}
	if told := exploreAll(t, runs, transferScheduleOf, "erin"); told < int64(runs)/4 {
		t.Errorf("only %d reasons in %d runs: the schedules explore nothing", told, runs)
	}
}

type giveAct uint8

const (
	giveOffer giveAct = iota + 1
	giveBooks
	giveAccept
	giveLearn
	giveForge
)

// transferScheduleOf returns schedule n of a seed, with a few transfers, of which most steps are in order.
func transferScheduleOf(seed, n uint64, size int) []act {
	acts := scheduleOf(seed, n, size)
	r := rand.New(rand.NewPCG(seed<<2+7, n))
	for range 1 + r.IntN(3) {
		at := 1 + r.IntN(size-1)
		for _, step := range []giveAct{giveOffer, giveBooks, giveAccept, giveLearn} {
			if at < size {
				acts[at].give = step
			}
			at += 1 + r.IntN(3)*r.IntN(3)
		}
	}
	for range 2 {
		acts[1+r.IntN(size-1)].give = giveAct(1 + r.IntN(int(giveForge)))
	}
	return acts
}

// giving is what the explorer knows of transfers.
type giving struct {
	on        bool
	standby   string // the member that may be the next owner
	candidate *Candidate
	accepts   []protocol.SignedAcceptance // on the wire
	// pending: the record is on the disk of the owner before, and the next one has not seen it.
	pending bool
	dead    map[peer.ID]Ledger // of those that were owners
	times   int
}

// isOwner reports whether p is one of the peers that are owners in turn.
func (e *explorer) isOwner(p peer.ID) bool { return p == id("alice") || p == id("erin") }

// idle reports whether an act has no effect while nobody owns the room.
func (e *explorer) idle(w uint8) bool {
	return e.gives.pending && !(w < 104 || w >= 120 && w < 128 || w >= 211 && w < 223 || w >= 236 && w < 245 || w >= 249 && w < 252)
}

func (e *explorer) giveActs(a act) {
	g, next := &e.gives, id(e.gives.standby)
	switch a.give {
	case giveOffer:
		if g.pending {
			return
		}
		to := next
		switch a.how % 8 {
		case 0:
			to = ""
		case 1:
			to = e.folk[int(a.who)%len(e.folk)].peer
		}
		e.order(Offer{to}, "the room is offered", a.how)
	case giveBooks:
		e.giveBooks(a)
	case giveAccept:
		if len(g.accepts) == 0 {
			return
		}
		k := int(a.who) % len(g.accepts)
		accepted := g.accepts[k]
		if a.how&1 == 0 {
			g.accepts = slices.Delete(slices.Clone(g.accepts), k, k+1)
		}
		e.handOver(accepted, doubtful(a.how>>1))
	case giveLearn:
		e.learnTransfer(doubtful(a.how))
	case giveForge:
		e.forgeTransfer(a)
	}
}

// giveBooks lets the next owner fetch the books, write them and sign.
func (e *explorer) giveBooks(a act) {
	g, next := &e.gives, id(e.gives.standby)
	if g.pending {
		return
	}
	head := e.ledger.state.Head()
	if a.how&64 != 0 && a.how&32 != 0 {
		head[0]++
	}
	effects, err := e.step(AskBooks{next, head}, doubtful(a.how>>1))
	e.note("the books are asked for: %v", err)
	books, ok := find[HandBooks](effects)
	if !ok {
		return
	}
	if head != e.ledger.state.Head() {
		e.violated(25, "books are handed out to a peer that lacks a record")
	}
	c, err := NewCandidate(e.disk.records, books.Books, e.now)
	if err != nil {
		e.violated(25, "the books are of no use: %v", err)
		return
	}
	crash := doubtful(a.how >> 3)
	if crash == crashBefore || crash == diskFails {
		return
	}
	if g.candidate = &c; crash == crashAfter {
		return
	}
	accepted, err := protocol.SignAcceptance(protocol.Acceptance{
		Room: e.ledger.state.Room(), From: e.self.Self, To: next, Prev: head, Books: protocol.BooksHash(books.Books), Until: books.Until,
	}, signerOf(g.standby))
	if err != nil {
		e.violated(25, "it cannot be accepted: %v", err)
		return
	}
	g.accepts = append(slices.Clip(g.accepts), accepted)
}

// handOver delivers an acceptance.
func (e *explorer) handOver(accepted protocol.SignedAcceptance, crash int) {
	g := &e.gives
	if g.pending || accepted.From != e.self.Self {
		if dead, was := g.dead[accepted.From]; was {
			env := e.self
			env.Signer, env.Self, env.Now = e.signerOf(accepted.From), accepted.From, e.now
			if _, _, err := dead.Step(env, HandOver{Accepted: accepted}); !errors.Is(err, ErrNotEntitled) {
				e.violated(25, "an owner before gives the room away again: %v", err)
			}
		}
		return
	}
	before, records := e.ledger, e.disk.records
	_, err := e.step(HandOver{Accepted: accepted}, crash)
	e.note("the acceptance arrives, crash %d: %v", crash, err)
	if e.ledger.state.Owner() == before.state.Owner() {
		if err == nil && crash > diskFails {
			e.violated(25, "the room was given away, and is not")
		}
		return
	}
	if c := g.candidate; c == nil || c.Prev != records[len(records)-1].Hash() {
		e.violated(25, "the next owner has no books of this record")
	} else if got, err := c.Durable(records); err != nil || !sameDurable(got, before.durable(records)) {
		want := before.durable(records)
		e.violated(25, "the next owner has other books (%v): %+v %+v %v, and not %+v %+v %v", err, got.Failures, got.Invites, got.BanShift, want.Failures, want.Invites, want.BanShift)
	}
	if !g.pending { // else the crash has done it
		e.handed(e.ledger)
	}
}

// sameDurable compares books without the signed answers, which the next owner makes anew.
func sameDurable(a, b Durable) bool {
	plain := func(d Durable) []any {
		fs := slices.Clone(d.Failures)
		for i := range fs {
			fs[i].Answer, fs[i].Waiting = nil, slices.Clone(fs[i].Waiting)
			for k := range fs[i].Waiting {
				fs[i].Waiting[k].Answer = nil
			}
			if len(fs[i].Waiting) == 0 {
				fs[i].Waiting = nil
			}
			if fs[i].Acked {
				fs[i].Claimed = fs[i].Nonce != protocol.Nonce{}
			}
		}
		shifts := map[uint64]time.Duration{}
		for seq, by := range d.BanShift {
			if by != 0 {
				shifts[seq] = by
			}
		}
		return []any{fs, d.Invites, shifts}
	}
	x, y := plain(a), plain(b)
	if len(a.Failures)+len(b.Failures) == 0 {
		x, y = x[1:], y[1:]
	}
	if len(a.Invites)+len(b.Invites) == 0 {
		x[len(x)-2], y[len(y)-2] = nil, nil
	}
	return reflect.DeepEqual(x, y)
}

// handed notes that the room was given away, with l the ledger of the owner before. The polls that it holds are sent on.
func (e *explorer) handed(l Ledger) {
	g := &e.gives
	e.ledger = l
	if g.dead == nil {
		g.dead = map[peer.ID]Ledger{}
	}
	g.dead[e.self.Self], g.pending = l, true
	g.times++
	if len(e.disk.failures)+len(e.disk.invites)+len(e.disk.appeals)+len(e.disk.banShift) > 0 || e.disk.seat == nil || e.disk.seat.Authority != id(g.standby) {
		e.violated(25, "the owner before keeps %d failures, %d invites, seat %+v", len(e.disk.failures), len(e.disk.invites), e.disk.seat)
	}
	for _, f := range e.folk {
		f.standing = protocol.Nonce{}
		if f.held != nil {
			p := *f.held
			f.held = nil
			e.misdirected(p)
		}
	}
}

// learnTransfer lets the next owner see the record, and go on with the books.
func (e *explorer) learnTransfer(crash int) {
	g := &e.gives
	if !g.pending || crash == crashBefore || crash == diskFails {
		return
	}
	d, err := g.candidate.Durable(e.disk.records)
	if err != nil {
		e.violated(25, "the books are of no use: %v", err)
		return
	}
	e.note("%s is the owner", g.standby)
	e.disk = disk{records: slices.Clip(d.Records), failures: map[peer.ID]Failure{}, invites: map[protocol.InviteID]Invite{}, appeals: map[peer.ID]Appeal{}, banShift: d.BanShift}
	for _, f := range d.Failures {
		e.disk.failures[f.Peer] = f
	}
	for _, i := range d.Invites {
		e.disk.invites[i.ID] = i
	}
	next := "alice"
	if e.self.Self == id("alice") {
		next = "erin"
	}
	g.standby, g.candidate, g.pending = map[string]string{"alice": "erin", "erin": "alice"}[next], nil, false
	e.self.Signer, e.self.Self = signerOf(next), id(next)
	h := sha256.Sum256(append(e.version[:], "owner"...))
	e.version = [16]byte(h[:])
	e.restart()
	if crash == crashAfter {
		e.restart()
	}
}

// misdirected answers a poll that comes to a peer that is not the owner: an owner before sends it on, and one that does not know yet that
// it is the owner says nothing.
func (e *explorer) misdirected(p parcel) {
	dead, was := e.gives.dead[p.to]
	if !was || !e.gives.pending && p.to == e.self.Self {
		return
	}
	env := e.self
	env.Signer, env.Self, env.Now, env.Held = e.signerOf(p.to), p.to, e.now, nil
	_, effects, err := dead.Step(env, Poll{e.folk[p.folk].peer, *p.ask.Request})
	a, _ := find[AnswerPoll](effects)
	want := PollMoved
	if p.ask.Request.Room != e.heard.Room() {
		want = PollRefused
	}
	if _, writes := find[Persist](effects); err != nil || writes || a.Outcome != want {
		e.violated(25, "an owner before answers a poll by %d: %v", a.Outcome, err)
	}
	if want != PollMoved {
		return
	}
	q := *p.ask.Request
	e.wires = append(e.wires, parcel{folk: p.folk, client: p.client, to: p.to, reply: &Answered{
		Admission: q.Admission, Nonce: q.Nonce, Reply: protocol.PollReply{Moved: &protocol.Moved{Transfers: dead.state.MovedFrom(p.to)}},
	}})
}

func (e *explorer) signerOf(p peer.ID) protocol.Signer {
	if p == id("alice") {
		return signerOf("alice")
	}
	return signerOf("erin")
}

// forgeTransfer: a member or a deputy, an owner before, and the member that may be the next owner sign what they may not.
func (e *explorer) forgeTransfer(a act) {
	g, s := &e.gives, e.heard
	f := e.folk[int(a.who)%len(e.folk)]
	for was, dead := range g.dead {
		if g.pending || was == e.self.Self {
			continue
		}
		env := e.self
		env.Signer, env.Self, env.Now, env.Held = e.signerOf(was), was, e.now, nil
		for _, ev := range []Event{Kick{Peer: f.peer}, Rekey{}, Offer{f.peer}, Resumed{}} {
			if _, _, err := dead.Step(env, ev); !errors.Is(err, ErrNotEntitled) {
				e.violated(25, "an owner before orders %T: %v", ev, err)
			}
		}
	}
	if s.Closed() || g.pending {
		return
	}
	// Records by peers that are not the owner.
	for name, to := range map[string]string{f.name: f.name, g.standby: g.standby} {
		accepted, err := protocol.SignAcceptance(protocol.Acceptance{
			Room: s.Room(), From: e.self.Self, To: id(to), Prev: s.Head(), Books: protocol.Hash{1}, Until: e.now.Add(time.Minute),
		}, signerOf(to))
		if err != nil {
			continue
		}
		r := protocol.Record{
			Room: s.Room(), Seq: s.Seq() + 1, Prev: s.Head(), Term: 1, Epoch: s.Epoch() + 1, At: e.now, Author: id(name),
			Body: protocol.Transfer{Accepted: accepted}, KeyHash: protocol.CommitKey(s.Room(), s.Epoch()+1, protocol.Key{1}),
		}
		signed, err := protocol.SignRecord(r, signerOf(name))
		if err != nil {
			e.violated(25, "cannot sign: %v", err)
			continue
		}
		if _, _, err := s.Apply(signed); err == nil {
			e.violated(25, "%s gives the room to %s", name, to)
		}
	}
	// Acceptances that are not for the next record, or not by the member that the room is offered to.
	base := protocol.Acceptance{Room: s.Room(), From: e.self.Self, To: id(g.standby), Prev: s.Head(), Books: e.ledger.offer.books, Until: e.now.Add(time.Minute)}
	signer := g.standby
	switch a.how % 6 {
	case 0:
		base.Room[0]++
	case 1:
		base.Prev[0]++
	case 2:
		base.Books[0]++
	case 3:
		base.Until = e.now
	case 4:
		base.To, signer = f.peer, f.name
	case 5:
		base.From = f.peer
	}
	forged, err := protocol.SignAcceptance(base, signerOf(signer))
	if err != nil {
		return // it cannot even be sent
	}
	before := e.ledger
	if to, _, _ := before.Offer(e.now); to == f.peer && a.how%6 == 4 {
		return // it is offered to that member, which harms nobody by accepting it
	}
	if _, err := e.step(HandOver{Accepted: forged}, 99); err == nil || e.ledger.state.Owner() != before.state.Owner() {
		e.violated(25, "a forged acceptance (%d) gives the room away", a.how%6)
	}
}
