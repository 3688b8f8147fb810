package authority

import (
	"cmp"
	"fmt"
)

// A moveKind says what happens in a move of the search, to its books or to its sides.
type moveKind uint8

const (
	moveAsk moveKind = iota + 1
	moveHear
	moveAnswer
	moveLose
	moveMemberCrash
	moveRival
	moveJoin
	moveUnban
	moveKick
	moveBan
	moveClose
	moveCrash
	moveDrain // and everything under way with it
)

// A cut says where in a move a crash happens.
type cut uint8

const (
	uncut cut = iota
	beforeKept
	afterKept
	afterShown
	beforeWritten
	afterWritten
	unheard // the answer is lost
)

var cutNames = [...]string{
	"", "; it crashes before it has kept it", "; it crashes when it has kept it", "; it crashes when it has shown it",
	"; the authority crashes before it is on disk", "; the authority crashes when it is on disk", ", and does not hear of it",
}

// A move is one step of the search.
type move struct {
	what moveKind
	who  int8
	wire int8
	cut  cut
}

// fair reports whether m happens in the end if there are no further faults.
func (m move) fair() bool { return m.cut == uncut && (m.what == moveAsk || m.what == moveHear) }

// describe returns a text that says what m does in s.
func (x *search) describe(s searchState, m move) string {
	name := cast[m.who]
	var w wire
	if m.what == moveHear || m.what == moveLose {
		w = x.wires[x.sides[s.sides[m.who]].wires[m.wire]]
	}
	return map[moveKind]string{
		moveAsk: name + " asks", moveHear: fmt.Sprint(name, ": ", w), moveLose: fmt.Sprint(name, ": lost: ", w),
		moveMemberCrash: name + " crashes and starts again", moveRival: "the other client of " + name + " polls",
		moveJoin: name + " is admitted", moveKick: "kick " + name, moveBan: "ban " + name, moveClose: "close",
		moveCrash: "the authority crashes and starts again", moveDrain: "the authority crashes with all that is under way, and starts again",
	}[m.what] + cutNames[m.cut]
}

// An emitter is called with the state that a move leads to, and with what is wrong with the move.
type emitter func(n searchState, m move, broken string)

// expand makes every move from s.
func (x *search) expand(s searchState, emit emitter) {
	for i := range x.members {
		d := &x.sides[s.sides[i]]
		for k, w := range d.wires {
			if w == 0 || k > 0 && w == d.wires[k-1] {
				continue
			}
			if x.wires[w].to == 'm' {
				x.toMember(s, move{what: moveHear, who: int8(i), wire: int8(k)}, emit)
			} else {
				x.toAuthority(s, move{what: moveHear, who: int8(i), wire: int8(k)}, emit)
			}
			if s.left.losses > 0 {
				n := s
				n.left.losses--
				x.oneSided(n, move{what: moveLose, who: int8(i), wire: int8(k)}, emit)
			}
		}
		x.toMember(s, move{what: moveAsk, who: int8(i)}, emit)
		if s.left.crashes > 0 {
			n := s
			n.left.crashes--
			x.oneSided(n, move{what: moveMemberCrash, who: int8(i)}, emit)
		}
		if s.left.rivals > 0 {
			n := s
			n.left.rivals--
			x.oneSided(n, move{what: moveRival, who: int8(i)}, emit)
		}
		x.join(s, i, emit)
		x.order(s, move{what: moveKick, who: int8(i)}, emit)
		x.order(s, move{what: moveBan, who: int8(i)}, emit)
	}
	x.order(s, move{what: moveClose}, emit)
	x.crash(s, emit)
}

// oneSided makes the moves that change only one member's side.
func (x *search) oneSided(s searchState, m move, emit emitter) {
	r := x.act(sideAct{side: s.sides[m.who], what: m.what, wire: m.wire, cut: m.cut})
	if r.nothing {
		return
	}
	s.sides[m.who] = r.side
	// A member is not refused, and a client that gives up has been told.
	if b := x.books[s.books]; r.refused && b.parts[m.who].admission == x.seats[x.sides[r.side].seat].Admission {
		r.broken = "it is refused and is a member"
	}
	emit(s, m, r.broken)
}

// toMember makes the moves in which a message reaches a client, with crashes.
func (x *search) toMember(s searchState, m move, emit emitter) {
	x.oneSided(s, m, emit)
	if s.left.crashes == 0 {
		return
	}
	s.left.crashes--
	for m.cut = beforeKept; m.cut <= afterShown; m.cut++ {
		x.oneSided(s, m, emit)
	}
}

// toAuthority makes the moves in which a poll or an ack reaches the authority, with crashes.
func (x *search) toAuthority(s searchState, m move, emit emitter) {
	d := s.sides[m.who]
	r := x.step(x.books[s.books], bookEvent{what: moveHear, who: m.who, wire: x.sides[d].wires[m.wire]})
	arrives := func(b *books, at cut) {
		n, m := s, m
		m.cut = at
		if at != uncut {
			n.left.crashes--
			if x.variant.repliesFirst {
				at = uncut
			}
		}
		side := x.act(sideAct{side: d, what: moveAnswer, wire: m.wire, cut: at, arg: r.answer})
		n.books, n.sides[m.who] = b.id, side.side
		emit(n, m, cmp.Or(r.broken, side.broken))
	}
	arrives(r.after, uncut)
	if !r.wrote || s.left.crashes == 0 {
		return
	}
	arrives(r.crashedBefore, beforeWritten)
	arrives(r.crashedAfter, afterWritten)
}

// order makes the moves in which the owner removes a member or closes the room. An order that changes nothing is left out.
func (x *search) order(s searchState, m move, emit emitter) {
	if s.left.removals == 0 {
		return
	}
	r := x.step(x.books[s.books], bookEvent{what: m.what, who: m.who})
	if r.after.id == s.books {
		return
	}
	n := s
	n.left.removals--
	n.books = r.after.id
	emit(n, m, "")
	if r.wrote && s.left.crashes > 0 {
		n.left.crashes--
		n.books, m.cut = r.crashedAfter.id, afterWritten
		emit(n, m, "")
	}
}

// crash makes the moves in which the authority crashes, and the messages on the wire stay or are lost.
func (x *search) crash(s searchState, emit emitter) {
	if s.left.crashes == 0 {
		return
	}
	s.left.crashes--
	s.books = x.restart(x.books[s.books]).id
	emit(s, move{what: moveCrash}, "")
	for i := range x.members {
		s.sides[i] = x.act(sideAct{side: s.sides[i], what: moveDrain}).side
	}
	emit(s, move{what: moveDrain}, "")
}

// join makes the moves in which a removed peer is admitted again. Its client gives up the old seat when it asks. If the answer is lost,
// the client has no seat, and asks again.
func (x *search) join(s searchState, i int, emit emitter) {
	b := x.books[s.books]
	in := b.parts[i].admission != 0
	if b.ledger.State().Closed() || in && !x.sides[s.sides[i]].lost || !in && s.left.admissions == 0 {
		return
	}
	r := x.admit(b, i)
	if r.admission == 0 {
		return
	}
	n := s
	n.books = r.after.id
	if !in {
		n.left.admissions--
	}
	n.sides[i] = x.act(sideAct{side: s.sides[i], what: moveJoin, arg: uint32(r.admission)}).side
	emit(n, move{what: moveJoin, who: int8(i)}, "")
	if s.left.losses > 0 {
		n.left.losses--
		n.sides[i] = x.act(sideAct{side: s.sides[i], what: moveJoin}).side
		emit(n, move{what: moveJoin, who: int8(i), cut: unheard}, "")
	}
}
