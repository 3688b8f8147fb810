package authority

import (
	"cmp"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A view is one member's part of a state without the parts that no reducer can see: two states with equal views of their
// members, in any order, and equal budgets continue alike. A view leaves out
//
//   - the members' names. The ledger keeps what it keeps by peer, and compares peers only for being the same;
//   - the numbers of records. They are compared with each other, and so a number is replaced by how many later records
//     concern this member. Records that concern nobody (Rekey, at each restart) shift all others and mean nothing;
//   - which number a client's nonce has, but for whether it is the one of today;
//   - the time, since an admitted peer has waited;
//   - what has been shown and given of removals before the last admission: a later seat shows none of them, nor may
//     the books hold one, or the search ends with a violation there and then.
type view struct {
	closed, member, banned, left, lost, claimed bool

	kind         protocol.ReasonKind
	memory, disk owing
	odd          uint32 // books whose log in memory is not that on disk
	seat, found  seatView
	shown        uint8
	given        [maxGiven]givenTo
	wires        [maxWires]wireView
}

// An owing is a failure. In books it has numbers of records, in a view it has none.
type owing struct {
	there, claimed, acked, answered, known bool

	admission, removal, nonce uint8
	kind                      protocol.ReasonKind
}

type seatView struct {
	admission, nonce     uint8
	shown, keeping, done bool
	kept                 replyView
}

type replyView struct {
	answer         uint8 // firstReason for each reason
	removal, nonce uint8
	kind           protocol.ReasonKind
}

type wireView struct {
	wire  wire
	reply replyView
}

// A part has what books say of one member.
type part struct {
	view      view     // as far as it concerns the books, with numbers of records
	events    []uint64 // the records that concern the member
	admission uint64   // 0 for a peer that is no member, or when the room is closed
}

// part returns what b says of member i.
func (x *search) part(b *books, i int) part {
	p, state := x.peers[i], b.ledger.State()
	var q part
	for _, r := range b.disk.records {
		concerns := false
		switch body := r.Body.(type) {
		case protocol.Admit:
			concerns = body.Peer == p
		case protocol.Remove:
			concerns = body.Peer == p
		case protocol.Close:
			concerns = true
		}
		if concerns {
			q.events = append(q.events, r.Seq)
		}
	}
	m, in := state.Member(p)
	if in && !state.Closed() {
		q.admission = m.Admission
	}
	r, _ := state.Removed(p)
	_, banned := state.Banned(p, b.env().Now)
	q.view = view{
		closed: state.Closed(), member: in, banned: banned, left: r.Left, kind: r.Kind,
		memory: owingOf(b.ledger.failures, p), disk: owingOf(b.disk.failures, p),
	}
	if state.Seq() != uint64(len(b.disk.records)) {
		q.view.odd = b.id + 1
	}
	return q
}

func owingOf(failures map[peer.ID]Failure, p peer.ID) owing {
	f, there := failures[p]
	return owing{
		there: there, claimed: f.Claimed, acked: f.Acked, answered: f.Answer != nil, known: f.Known,
		admission: uint8(f.Admission), removal: uint8(f.Removal), nonce: f.Nonce[0], kind: f.Kind,
	}
}

// A viewed is the row of a view. told is set unless the member is a removed peer whose client has not been told yet.
type viewed struct {
	number uint32
	told   bool
}

// A lookup is the key of a view in the cache: a part of books, and a side.
type lookup struct{ books, member, side uint32 }

// look returns the view of member i.
func (x *search) look(books uint32, i int, sideRow uint32) viewed {
	k := lookup{books, uint32(i), sideRow}
	r, ok := x.viewed[k]
	if ok {
		return r
	}
	p, d := &x.books[books].parts[i], x.sides[sideRow]
	v := x.view(p, d)
	if r.number, ok = x.views[v]; !ok {
		r.number = uint32(len(x.views)) + 1
		x.views[v] = r.number
	}
	r.told = p.admission != 0 || d.lost || x.knows(d)
	x.viewed[k] = r
	return r
}

func (x *search) view(p *part, d side) view {
	e := eye{x, p, d.joined}
	v := p.view
	v.memory, v.disk = e.owing(v.memory), e.owing(v.disk)
	v.seat, v.found = e.seat(d.seat), e.seat(d.disk)
	v.lost, v.claimed = d.lost, d.claimed != 0 && uint64(d.claimed) == x.seats[d.seat].Admission
	for removal := range uint8(32) {
		if d.shown&(1<<removal) != 0 && uint64(removal) > x.seats[d.seat].Admission {
			v.shown |= 1 << e.number(removal)
		}
	}
	given := v.given[:0]
	for _, g := range d.given {
		if r := e.number(g.removal); v.memory.there && r == v.memory.removal || v.disk.there && r == v.disk.removal {
			given = append(given, givenTo{r, e.nonce(g.nonce)})
		}
	}
	wires := v.wires[:0]
	for _, n := range d.wires {
		if n != 0 {
			wires = append(wires, e.wire(n))
		}
	}
	slices.SortFunc(wires, wireView.compare)
	return v
}

// An eye makes the view of one member.
type eye struct {
	x      *search
	p      *part
	joined uint8
}

// number returns how many records after seq concern the member. 0, which is no record, comes before all of them.
func (e eye) number(seq uint8) uint8 {
	after := uint8(0)
	for _, s := range e.p.events {
		if s > uint64(seq) {
			after++
		}
	}
	if seq == 0 {
		after++
	}
	return after
}

func (e eye) nonce(n uint8) uint8 {
	if n == 0 || n >= lateNonce {
		return n
	}
	return e.joined - n + 1
}

func (e eye) owing(o owing) owing {
	if o.there {
		o.admission, o.removal, o.nonce = e.number(o.admission), e.number(o.removal), e.nonce(o.nonce)
	}
	return o
}

func (e eye) seat(n uint16) seatView {
	k := e.x.seatKeys[n]
	return seatView{e.number(k.admission), e.nonce(k.nonce), k.shown, k.keeping, k.done, e.reply(k.kept)}
}

func (e eye) reply(answer uint32) replyView {
	if answer < firstReason {
		return replyView{answer: uint8(answer)}
	}
	r := e.x.answers[answer].reason
	return replyView{firstReason, e.number(uint8(r.Removal)), e.nonce(r.Nonce[0]), r.Kind}
}

func (e eye) wire(n uint16) wireView {
	w := e.x.wires[n]
	v := wireView{wire: w, reply: e.reply(w.answer)}
	v.wire.answer, v.wire.nonce = 0, e.nonce(w.nonce)
	if w.poll || w.to == 'm' {
		v.wire.admitted = e.number(w.admitted)
	} else {
		v.wire.removal = e.number(w.removal)
	}
	return v
}

func (v wireView) compare(o wireView) int {
	return cmp.Or(
		cmp.Compare(v.wire.to, o.wire.to), cmp.Compare(bitOf(v.wire.poll), bitOf(o.wire.poll)), cmp.Compare(bitOf(v.wire.looked), bitOf(o.wire.looked)),
		cmp.Compare(v.wire.admitted, o.wire.admitted), cmp.Compare(v.wire.nonce, o.wire.nonce), cmp.Compare(v.wire.removal, o.wire.removal),
		cmp.Compare(v.reply.answer, o.reply.answer), cmp.Compare(v.reply.removal, o.reply.removal), cmp.Compare(v.reply.nonce, o.reply.nonce),
		cmp.Compare(v.reply.kind, o.reply.kind),
	)
}
