package authority

import (
	"fmt"
	"slices"

	"localchat/protocol"
)

// rivalNonce is of the other client of the same identity, lateNonce of clients that think of a new one.
const (
	rivalNonce = 99
	lateNonce  = 50
)

// A side is one member's client: its seat in memory and on disk by their rows, what its user has seen, what is on the wire
// to it and from it, and which clients got its reasons.
type side struct {
	seat, disk uint16
	lost       bool // no client: it was to be admitted and the answer did not arrive
	joined     uint8
	claimed    uint8  // the admission whose reason the rival client has been given
	shown      uint32 // removals, by bit
	wires      [maxWires]uint16
	given      [maxGiven]givenTo
}

// A givenTo says that the reason of a removal went to a nonce.
type givenTo struct{ removal, nonce uint8 }

// A wire is a message on the wire: a poll or an ack to the authority, or an answer to the member.
type wire struct {
	to       byte // 'a'uthority or 'm'ember
	poll     bool
	looked   bool // of a client that looks first and acts later
	admitted uint8
	nonce    uint8
	removal  uint8
	answer   uint32
}

func (w wire) String() string {
	about := fmt.Sprintf("%x of admission %d", w.nonce, w.admitted)
	switch {
	case w.answer == refusal:
		return "REFUSED for " + about
	case w.answer == membership:
		return "MEMBER for " + about
	case w.answer != 0:
		return "reason for " + about
	case w.poll:
		return "poll with " + about
	}
	return fmt.Sprintf("ack of removal %d", w.removal)
}

// A seatKey differs for seats that differ.
type seatKey struct {
	admission, nonce     uint8
	shown, keeping, done bool
	kept                 uint32
}

func (x *search) seat(s Seat) uint16 {
	k := seatKey{admission: uint8(s.Admission), nonce: s.Nonce[0], shown: s.Shown, keeping: s.keeping, done: s.done}
	if s.Kept != nil {
		k.kept = x.answerOf(s.Kept)
	}
	n, ok := x.seatOf[k]
	if !ok {
		n = uint16(len(x.seats))
		x.seats, x.seatOf[k] = append(x.seats, s), n
		x.seatKeys = append(x.seatKeys, k)
	}
	return n
}

func (x *search) wire(w wire) uint16 {
	n, ok := x.wireOf[w]
	if !ok {
		n = uint16(len(x.wires))
		x.wires, x.wireOf[w] = append(x.wires, w), n
	}
	return n
}

func (x *search) side(d side) uint32 {
	n, ok := x.sideOf[d]
	if !ok {
		n = uint32(len(x.sides))
		x.sides, x.sideOf[d] = append(x.sides, d), n
	}
	return n
}

// put adds a wire. Wires are sorted by their rows, since their order does not matter.
func (d *side) put(w uint16) {
	if d.wires[maxWires-1] != 0 {
		panic("too many wires")
	}
	d.wires[maxWires-1] = w
	slices.SortFunc(d.wires[:], func(a, b uint16) int { return int(b) - int(a) })
}

// take removes wire k.
func (d *side) take(k int) {
	copy(d.wires[k:], d.wires[k+1:])
	d.wires[maxWires-1] = 0
}

// mayAsk reports whether there is space on the wire for another question, besides those that are there and their answers.
func (x *search) mayAsk(d side) bool {
	polls := 0
	for _, n := range d.wires {
		if w := x.wires[n]; n != 0 && (w.poll || w.to == 'm') && w.nonce != rivalNonce {
			polls++
		}
	}
	return polls < x.polls
}

// A sideAct is something that happens to a side, with the message wire and the answer to it, or with the number of an admission.
type sideAct struct {
	side uint32
	what moveKind
	wire int8
	cut  cut
	arg  uint32
}

// A sideStep is the result of an act. nothing is set if the act is not possible, refused if the client gives up.
type sideStep struct {
	side             uint32
	nothing, refused bool
	broken           string
}

// act returns the side after a.
func (x *search) act(a sideAct) sideStep {
	r, ok := x.acts[a]
	if ok {
		return r
	}
	d := x.sides[a.side]
	switch a.what {
	case moveAsk:
		if r.nothing = d.lost || x.seats[d.seat].Done() || !x.mayAsk(d); !r.nothing {
			x.stepSeat(&d, &r, Asked{}, a.cut)
		}
	case moveMemberCrash:
		if r.nothing = d.lost; !r.nothing {
			d.seat = x.seat(x.variant.restore(x.seats[d.disk]))
		}
	case moveRival:
		if r.nothing = d.lost; !r.nothing {
			d.put(x.wire(wire{to: 'a', poll: true, admitted: uint8(x.seats[d.seat].Admission), nonce: rivalNonce}))
		}
	case moveLose:
		d.take(int(a.wire))
	case moveDrain:
		d.wires = [maxWires]uint16{}
	case moveHear:
		x.takeReply(&d, &r, a)
	case moveAnswer:
		x.putReply(&d, &r, a)
	case moveJoin:
		d.joined++
		d.lost, d.seat = a.arg == 0, 0
		if !d.lost {
			room := x.seats[1].Room
			d.seat = x.seat(Seat{Room: room, Authority: id("alice"), Admission: uint64(a.arg), Nonce: protocol.Nonce{d.joined}})
		}
		d.disk = d.seat
	}
	r.side = x.side(d)
	x.acts[a] = r
	return r
}

// putReply makes the authority get wire a.wire and answer it, up to a crash. It checks that the reason of a removal goes to one nonce.
func (x *search) putReply(d *side, r *sideStep, a sideAct) {
	w := x.wires[d.wires[a.wire]]
	d.take(int(a.wire))
	rival := w.nonce == rivalNonce
	if rival && a.arg >= firstReason && a.cut != beforeWritten {
		d.claimed = w.admitted // when the claim is on disk, whether or not it has the answer yet
	}
	if a.arg == 0 || a.cut != uncut {
		return
	}
	if !rival {
		d.put(x.wire(wire{to: 'm', admitted: w.admitted, nonce: w.nonce, answer: a.arg}))
	}
	if a.arg < firstReason {
		return
	}
	removal := uint8(x.answers[a.arg].reason.Removal)
	for i, g := range d.given {
		switch {
		case g.removal == removal && g.nonce != w.nonce:
			r.broken = fmt.Sprintf("removal %d is told to a second nonce", removal)
			return
		case g.removal == removal:
			return
		case g.removal == 0:
			d.given[i] = givenTo{removal, w.nonce}
			return
		}
	}
	panic("too many reasons")
}

// takeReply makes the client get reply a.wire, up to the cut.
func (x *search) takeReply(d *side, r *sideStep, a sideAct) {
	w := x.wires[d.wires[a.wire]]
	d.take(int(a.wire))
	seat := x.seats[d.seat]
	mine := uint64(w.admitted) == seat.Admission && w.nonce == seat.Nonce[0]
	switch v := x.variant; {
	case d.lost, v.unmoved && w.answer == refusal:
		r.nothing = a.cut != uncut
		return
	case v.looksFirst && !w.looked:
		if w.looked = true; mine {
			d.put(x.wire(w))
		}
		r.nothing = a.cut != uncut
		return
	}
	ev := Answered{Admission: uint64(w.admitted), Nonce: protocol.Nonce{w.nonce}}
	if x.variant.anyReply || w.looked {
		ev.Admission, ev.Nonce = seat.Admission, seat.Nonce
	}
	switch w.answer {
	case refusal:
	case membership:
		ev.Reply.Member = &protocol.PollMember{}
	default:
		ev.Reply.Reason = x.answers[w.answer].raw
	}
	x.stepSeat(d, r, ev, a.cut)
}

// stepSeat steps the client's seat with ev, up to the cut, after which the client starts again.
func (x *search) stepSeat(d *side, r *sideStep, ev SeatEvent, at cut) {
	seat := x.seats[d.seat]
	if a, ok := ev.(Answered); ok && a.Reply.Reason != nil {
		// The sides are alike whosever they are; that a reason goes to its own peer is held by outcome.
		if r, err := protocol.OpenReason(a.Reply.Reason); err == nil {
			seat.Self = r.Peer
		}
	}
	seat, effects := seat.Step(ev)
	seat.Self = ""
	if _, keeps := find2[Keep](effects); at != uncut && !keeps {
		r.nothing = true
		return
	}
	d.seat = x.seat(seat)
	x.carryOut(d, r, effects, at)
	if at != uncut {
		d.seat = x.seat(x.variant.restore(x.seats[d.disk]))
	}
}

// carryOut carries out the effects of a seat. It checks that a user sees a removal once, and none from before the admission, and that a
// client is refused only if it has been told.
func (x *search) carryOut(d *side, r *sideStep, effects []SeatEffect, at cut) {
	for _, e := range effects {
		switch e := e.(type) {
		case Ask:
			d.put(x.wire(wire{to: 'a', poll: true, admitted: uint8(e.Request.Admission), nonce: e.Request.Nonce[0]}))
		case Keep:
			if at == beforeKept {
				return
			}
			d.disk = d.seat
			if at == afterKept {
				return
			}
			seat, more := x.seats[d.seat].Step(Kept{e.Reason.Removal})
			d.seat = x.seat(seat)
			x.carryOut(d, r, more, at)
		case Show:
			admission := x.seats[d.seat].Admission
			if d.shown&(1<<e.Reason.Removal) != 0 {
				r.broken = fmt.Sprintf("removal %d is shown a second time", e.Reason.Removal)
			}
			if e.Reason.Removal <= admission {
				r.broken = fmt.Sprintf("removal %d is shown to one admitted at %d", e.Reason.Removal, admission)
			}
			d.shown |= 1 << e.Reason.Removal
			shown := x.seats[d.disk]
			shown.Shown = true
			d.disk = x.seat(shown)
			if at == afterShown {
				return
			}
		case SendAck:
			d.put(x.wire(wire{to: 'a', removal: uint8(e.Ack.Removal), nonce: e.Ack.Nonce[0]}))
		case ShowRefused:
			dropped := x.seats[d.disk]
			dropped.done = true
			d.disk, r.refused = x.seat(dropped), true
			if !x.knows(*d) {
				r.broken = "it is refused before it is told"
			}
		}
	}
}

// knows reports whether the user knows that the membership has ended, from this client or from the other one of the same identity.
func (x *search) knows(d side) bool {
	admission := x.seats[d.seat].Admission
	return uint64(d.claimed) == admission || d.shown>>(admission+1) != 0
}

// restored returns the seat that a process finds on its disk.
func restored(d Seat) Seat {
	return Seat{Room: d.Room, Authority: d.Authority, Self: d.Self, Admission: d.Admission, Nonce: d.Nonce, Kept: d.Kept, Shown: d.Shown, done: d.Kept == nil && d.done}
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
