package authority

import (
	"fmt"
	"maps"
	"slices"

	"localchat/protocol"
)

func copyDisk(d disk) disk {
	return disk{records: slices.Clip(d.records), failures: maps.Clone(d.failures), invites: maps.Clone(d.invites)}
}

// rivalNonce is of the other client of the same identity.
var rivalNonce = protocol.Nonce{99}

// expand makes every move from s.
func (x *search) expand(s *searchState) {
	for i := range s.wires {
		x.deliver(s, i)
		x.lose(s, i)
	}
	for i := range s.places {
		x.ask(s, i)
		x.crashMember(s, i)
		x.join(s, i)
		x.rival(s, i)
		x.order(s, Kick{Peer: x.peers[i], Reason: s.reason()}, "kick "+cast[i])
		x.order(s, Ban{Peer: x.peers[i], Reason: s.reason()}, "ban "+cast[i])
	}
	x.order(s, Close{Reason: s.reason()}, "close")
	if s.left.ownerCrashes > 0 {
		n := s.clone("the authority crashes and starts again")
		n.left.ownerCrashes--
		n.books = x.restart(s.books)
		x.add(n)
	}
}

// reason differs from order to order.
func (s *searchState) reason() string { return fmt.Sprintf("because %d", s.left.removals) }

// fair adds a state to which a step without a fault leads.
func (x *search) fair(s, n *searchState) {
	n = x.add(n)
	n.back = append(n.back, s)
}

func (x *search) order(s *searchState, ev Event, name string) {
	if s.left.removals == 0 {
		return
	}
	r := x.step(s.books, ev)
	if r.after == s.books {
		return // refused, or no change
	}
	n := s.clone(name)
	n.left.removals--
	n.books = r.after
	x.add(n)
	if r.wrote && s.left.ownerCrashes > 0 {
		n := s.clone(name + "; crash when it is on disk")
		n.left.removals--
		n.left.ownerCrashes--
		n.books = r.crashedAfter
		x.add(n)
	}
}

func (x *search) lose(s *searchState, i int) {
	if s.left.losses == 0 {
		return
	}
	n := s.clone("lost: " + s.wires[i].String())
	n.wires = slices.Delete(n.wires, i, i+1)
	n.left.losses--
	x.add(n)
}

func (x *search) deliver(s *searchState, i int) {
	w := s.wires[i]
	if w.to == 'm' {
		x.deliverReply(s, i)
		return
	}
	p := x.peers[w.who]
	room := s.books.ledger.State().Room()
	var ev Event = Ack{p, protocol.PollAck{Room: room, Removal: w.removal, Nonce: w.nonce}}
	if w.poll {
		ev = Poll{p, protocol.PollRequest{Room: room, Nonce: w.nonce, Admission: w.admitted}}
	}
	r := x.step(s.books, ev)
	after := func(by string) *searchState {
		n := s.clone(w.String() + by)
		n.wires = slices.Delete(n.wires, i, i+1)
		return n
	}
	n := after("")
	n.books = r.after
	x.sent(n, w, r.effects)
	x.fair(s, n)
	if !r.wrote || s.left.ownerCrashes == 0 {
		return
	}
	n = after("; the authority crashes before it is on disk")
	n.left.ownerCrashes--
	n.books = r.crashedBefore
	if x.variant.repliesFirst {
		x.sent(n, w, r.effects)
	}
	x.add(n)
	n = after("; the authority crashes when it is on disk")
	n.left.ownerCrashes--
	n.books = r.crashedAfter
	n.claimedByRival(w, r.effects)
	x.add(n)
}

// claimedByRival: the reason is the other client's from when the claim is on disk, whether or not it has it yet.
func (s *searchState) claimedByRival(w wire, effects []Effect) {
	if a, ok := find[AnswerPoll](effects); ok && a.Outcome == PollReason && w.nonce == rivalNonce {
		s.places[w.who].claimed = w.admitted
	}
}

// sent puts the answer to w, if there is one, on the wire, and holds what is true of every answer.
func (x *search) sent(n *searchState, w wire, effects []Effect) {
	a, ok := find[AnswerPoll](effects)
	if !ok {
		return
	}
	reply := wire{to: 'm', who: w.who, admitted: w.admitted, nonce: w.nonce, answer: "m"}
	switch a.Outcome {
	case PollRefused:
		reply.answer = "r"
	case PollReason:
		reply.answer = string(a.Reason)
		x.reasonGiven(n, w, a)
		if x.variant.flipsOnSend {
			r := x.reason(a.Reason)
			n.books = x.step(n.books, Ack{a.Peer, protocol.PollAck{Room: r.Room, Removal: r.Removal, Nonce: r.Nonce}}).after
		}
	}
	n.claimedByRival(w, effects)
	if w.nonce != rivalNonce {
		n.wires = append(n.wires, reply)
	}
}

// reasonGiven holds that a removal's reason goes to its own peer, to one nonce, and not to one who is in again.
func (x *search) reasonGiven(n *searchState, w wire, a AnswerPoll) {
	r := x.reason(a.Reason)
	if m, in := n.books.ledger.State().Member(a.Peer); r.Peer != a.Peer || in && m.Admission > r.Removal {
		x.violated(n, "%s is given the reason of removal %d", cast[w.who], r.Removal)
	}
	g := given{a.Peer, r.Removal}
	i := slices.Index(n.answered, g)
	if i < 0 {
		n.answered, n.nonces = append(n.answered, g), append(n.nonces, w.nonce)
		return
	}
	if n.nonces[i] != w.nonce {
		x.violated(n, "removal %d is told to a second nonce", r.Removal)
	}
}

func (x *search) rival(s *searchState, i int) {
	if s.left.rivals == 0 || s.places[i].lost {
		return
	}
	n := s.clone("the other client of " + cast[i] + " polls")
	n.left.rivals--
	n.wires = append(n.wires, wire{to: 'a', who: i, poll: true, admitted: s.places[i].seat.Admission, nonce: rivalNonce})
	x.add(n)
}

func (x *search) ask(s *searchState, i int) {
	p := s.places[i]
	if p.lost || p.seat.Done() || !s.mayAsk(i) {
		return
	}
	seat, effects := x.seatStep(p.seat, Asked{})
	n := s.clone(cast[i] + " asks")
	n.places[i].seat = seat
	x.act(n, i, effects, "")
	x.fair(s, n)
}

func (s *searchState) mayAsk(i int) bool {
	polls := 0
	for _, w := range s.wires {
		if w.who == i && (w.poll || w.to == 'm') && w.nonce != rivalNonce {
			polls++
		}
	}
	return polls < maxPolls
}

func (x *search) deliverReply(s *searchState, i int) {
	w := s.wires[i]
	p := s.places[w.who]
	if p.lost {
		n := s.clone(w.String() + ", where nobody waits")
		n.wires = slices.Delete(n.wires, i, i+1)
		x.fair(s, n)
		return
	}
	if x.variant.unmoved && w.answer == "r" {
		n := s.clone(w.String() + ", which it takes for no answer")
		n.wires = slices.Delete(n.wires, i, i+1)
		x.fair(s, n)
		return
	}
	ev := Answered{Admission: w.admitted, Nonce: w.nonce}
	if x.variant.anyReply {
		ev.Admission, ev.Nonce = p.seat.Admission, p.seat.Nonce
	}
	switch w.answer {
	case "r":
	case "m":
		ev.Reply.Member = &protocol.PollMember{}
	default:
		ev.Reply.Reason = []byte(w.answer)
	}
	seat, effects := x.seatStep(p.seat, ev)
	for _, crash := range []string{"", "; it crashes before it has kept it", "; it crashes when it has kept it", "; it crashes when it has shown it"} {
		if crash != "" && (len(effects) == 0 || s.left.memberCrashes == 0) {
			continue
		}
		if _, keeps := find2[Keep](effects); crash != "" && !keeps {
			continue
		}
		n := s.clone(w.String() + crash)
		n.wires = slices.Delete(n.wires, i, i+1)
		n.places[w.who].seat = seat
		x.act(n, w.who, effects, crash)
		if crash == "" {
			x.fair(s, n)
			continue
		}
		n.left.memberCrashes--
		n.places[w.who].seat = x.variant.restore(n.places[w.who])
		x.add(n)
	}
}

// act carries out what a seat has decided, up to the crash.
func (x *search) act(n *searchState, i int, effects []SeatEffect, crash string) {
	p := &n.places[i]
	for _, e := range effects {
		switch e := e.(type) {
		case Ask:
			n.wires = append(n.wires, wire{to: 'a', who: i, poll: true, admitted: e.Request.Admission, nonce: e.Request.Nonce})
		case Keep:
			if crash == "; it crashes before it has kept it" {
				return
			}
			p.disk = p.seat
			if crash == "; it crashes when it has kept it" {
				return
			}
			seat, more := x.seatStep(p.seat, Kept{e.Reason.Removal})
			p.seat = seat
			x.act(n, i, more, crash)
		case Show:
			if p.shown&(1<<e.Reason.Removal) != 0 {
				x.violated(n, "removal %d is shown to %s a second time", e.Reason.Removal, cast[i])
			}
			if e.Reason.Removal <= p.seat.Admission {
				x.violated(n, "%s, admitted at %d, is shown removal %d", cast[i], p.seat.Admission, e.Reason.Removal)
			}
			p.shown |= 1 << e.Reason.Removal
			p.disk.Shown = true
			if crash != "" {
				return
			}
		case SendAck:
			n.wires = append(n.wires, wire{to: 'a', who: i, removal: e.Ack.Removal, nonce: e.Ack.Nonce})
		case ShowRefused:
			p.disk.done = true // it is dropped
			x.refused(n, i)
		}
	}
}

// refused holds that nobody is refused who has not been told.
func (x *search) refused(n *searchState, i int) {
	p := n.places[i]
	if m, in := n.books.ledger.State().Member(x.peers[i]); in && !n.books.ledger.State().Closed() && m.Admission == p.seat.Admission {
		x.violated(n, "%s is refused and is a member", cast[i])
	}
	if p.claimed != p.seat.Admission && p.shown>>(p.seat.Admission+1) == 0 {
		x.violated(n, "%s is refused before it is told", cast[i])
	}
}

func (x *search) crashMember(s *searchState, i int) {
	if s.left.memberCrashes == 0 || s.places[i].lost {
		return
	}
	n := s.clone(cast[i] + " crashes and starts again")
	n.left.memberCrashes--
	n.places[i].seat = x.variant.restore(s.places[i])
	x.add(n)
}

// restored is the seat that a process finds on its disk.
func restored(p place) Seat {
	d := p.disk
	return Seat{Room: d.Room, Authority: d.Authority, Admission: d.Admission, Nonce: d.Nonce, Kept: d.Kept, Shown: d.Shown, done: d.Kept == nil && d.done}
}

// join lets a peer that is out in again, by an unban if need be: its client gives up the old place when it asks. The
// answer may be lost; then the client has no place, and asks again.
func (x *search) join(s *searchState, i int) {
	state := s.books.ledger.State()
	_, in := state.Member(x.peers[i])
	if state.Closed() || in && !s.places[i].lost || !in && s.left.admissions == 0 {
		return
	}
	b := s.books
	if !in {
		b = x.intern(&books{ledger: b.ledger, disk: b.disk, mins: b.mins + 1})
		if _, banned := state.Banned(x.peers[i], b.env().Now); banned {
			b = x.step(b, Unban{x.peers[i]}).after
		}
	}
	r := x.step(b, Knock{x.peers[i], protocol.JoinRequest{Room: state.Room(), Nick: cast[i]}})
	a, ok := find[AnswerJoin](r.effects)
	if !ok || a.Reply.Code != protocol.JoinAdmitted {
		return
	}
	admitted := func(by string) *searchState {
		n := s.clone(cast[i] + " is admitted" + by)
		n.books = r.after
		n.places[i].joined++
		if !in {
			n.left.admissions--
		}
		return n
	}
	n := admitted("")
	p := &n.places[i]
	p.seat = Seat{Room: state.Room(), Authority: id("alice"), Admission: a.Reply.Admission, Nonce: protocol.Nonce{p.joined}}
	p.disk, p.lost = p.seat, false
	x.add(n)
	if s.left.losses > 0 {
		n := admitted(", and does not hear of it")
		n.left.losses--
		n.places[i].lost, n.places[i].seat, n.places[i].disk = true, Seat{}, Seat{}
		x.add(n)
	}
}

func find2[E SeatEffect](effects []SeatEffect) (E, bool) {
	for _, e := range effects {
		if e, ok := e.(E); ok {
			return e, true
		}
	}
	var zero E
	return zero, false
}
