package authority

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// The exhaustive search walks every interleaving of what can happen to the real Ledger and the real Seats within a
// budget of faults: breadth first, so that the trace of a failure is a shortest one. Time stands still but for the
// minute that a kicked peer stays away; expiry is the explorer's.
//
// Messages are delivered in any order, one may overtake another, and crashes leave them on the wire, which is more than
// a stream does. Showing a reason and noting that it was shown is one step: between the two lies the screen, which no
// disk can make atomic. Everything else may be cut in two.

// A budget is how much may still happen.
type budget struct{ removals, admissions, losses, ownerCrashes, memberCrashes, rivals int8 }

// maxPolls is how many questions of one member may be on the wire at once: two, so that each reply has a double.
const maxPolls = 2

// books is the authority in one state of the search: what it holds in memory, and what its disk holds. Books that
// differ only in times and signatures are one and the same.
type books struct {
	id     int
	ledger Ledger
	disk   disk
	mins   int // how often ReturnAfter has passed
	// steps remembers where each event leads: a step costs a signature, and thousands of states share one books.
	steps map[string]booksStep
	// reborn is what a restart makes of them.
	reborn *books
}

// booksStep is what an event does to books. wrote tells that there was something to persist.
type booksStep struct {
	after, crashedBefore, crashedAfter *books
	effects                            []Effect
	wrote                              bool
}

// A wire is a message under way. A reply has answered 'r'efused, 'm'ember, or the reason in text.
type wire struct {
	to       byte // 'a'uthority or 'm'ember
	who      int
	poll     bool // and otherwise, to the authority, an ack
	admitted uint64
	nonce    protocol.Nonce
	removal  uint64
	answer   string
}

func (w wire) String() string {
	switch {
	case w.to == 'm' && len(w.answer) > 1:
		return fmt.Sprintf("reason to %s for %x of admission %d", cast[w.who], w.nonce[:1], w.admitted)
	case w.to == 'm':
		return fmt.Sprintf("%s to %s for %x of admission %d", map[string]string{"r": "REFUSED", "m": "MEMBER"}[w.answer], cast[w.who], w.nonce[:1], w.admitted)
	case w.poll:
		return fmt.Sprintf("poll of %s with %x of admission %d", cast[w.who], w.nonce[:1], w.admitted)
	}
	return fmt.Sprintf("ack of %s of removal %d", cast[w.who], w.removal)
}

// place is one member's client: its seat in memory and on disk, and what its person has seen.
type place struct {
	seat, disk Seat
	lost       bool // no client: it was to be admitted and the answer did not arrive
	joined     uint8
	shown      uint32 // removals, by bit
	claimed    uint64 // the admission whose reason the rival client has been given
}

// A searchState is one state of everybody. It is never changed once it is in the search.
type searchState struct {
	books    *books
	places   []place
	wires    []wire // in no order that matters
	answered []given
	nonces   []protocol.Nonce // that each of answered went to
	left     budget

	from *searchState
	by   string
	back []*searchState // from where a step without a fault leads here
	told bool
	seen bool // the search for liveness was here
}

func (s *searchState) clone(by string) *searchState {
	return &searchState{
		books: s.books, places: slices.Clone(s.places), wires: slices.Clone(s.wires),
		answered: slices.Clone(s.answered), nonces: slices.Clone(s.nonces), left: s.left, from: s, by: by,
	}
}

// key tells states apart. It is what the search spends its time on, and so is not made by fmt.
func (x *search) key(s *searchState) string {
	l := s.left
	k := append(make([]byte, 0, 160), byte(s.books.id>>16), byte(s.books.id>>8), byte(s.books.id),
		byte(l.removals), byte(l.admissions), byte(l.losses), byte(l.ownerCrashes), byte(l.memberCrashes), byte(l.rivals))
	for _, p := range s.places {
		k = x.appendSeat(x.appendSeat(k, p.seat), p.disk)
		k = append(k, bitOf(p.lost), p.joined, byte(p.shown>>16), byte(p.shown>>8), byte(p.shown), byte(p.claimed))
	}
	var parts [16]uint64
	rest := parts[:0]
	for _, w := range s.wires {
		rest = append(rest, uint64(w.to)<<56|uint64(w.who)<<48|uint64(bitOf(w.poll))<<40|w.admitted<<32|w.removal<<24|
			uint64(w.nonce[0])<<16|uint64(x.number(w.answer)))
	}
	for i, g := range s.answered {
		rest = append(rest, uint64(slices.Index(x.peers, g.peer))<<24|g.removal<<8|uint64(s.nonces[i][0]))
	}
	slices.Sort(rest)
	for _, v := range rest {
		k = binary.BigEndian.AppendUint64(k, v)
	}
	return string(k)
}

func (x *search) appendSeat(k []byte, s Seat) []byte {
	kept := x.number(string(s.Kept))
	return append(k, byte(s.Admission), s.Nonce[0], bitOf(s.Shown)|bitOf(s.keeping)<<1|bitOf(s.done)<<2, byte(kept>>8), byte(kept))
}

// number is a short name of an answer.
func (x *search) number(answer string) int {
	n, ok := x.numbers[answer]
	if !ok {
		n = len(x.numbers)
		x.numbers[answer] = n
	}
	return n
}

func bitOf(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// trace is how it came to this.
func (s *searchState) trace() string {
	var steps []string
	for ; s.from != nil; s = s.from {
		steps = append(steps, s.by)
	}
	slices.Reverse(steps)
	for i := range steps {
		steps[i] = fmt.Sprintf("%3d %s", i+1, steps[i])
	}
	return strings.Join(steps, "\n")
}

// A search is one walk. violation ends it.
type search struct {
	variant variant
	books   map[string]*books
	states  map[string]*searchState
	all     []*searchState // in the order of their discovery, which is by length of trace
	moves   int
	numbers map[string]int
	// seats remembers what each event does to a seat, since opening a reason costs as much as signing it.
	seats    map[string]seatStep
	reasons  map[string]protocol.SignedReason
	peers    []peer.ID // of the cast
	broken   string
	brokenAt *searchState
}

// newSearch starts with members admitted and nothing under way.
func newSearch(t testing.TB, members int, b budget, v variant) *search {
	t.Helper()
	w := newRoom(t, "alice", protocol.Open)
	x := &search{
		variant: v, books: map[string]*books{}, states: map[string]*searchState{},
		numbers: map[string]int{}, seats: map[string]seatStep{}, reasons: map[string]protocol.SignedReason{},
	}
	s := &searchState{left: b}
	for i := range members {
		admission := w.join(cast[i])
		x.peers = append(x.peers, id(cast[i]))
		seat := Seat{Room: w.ledger.State().Room(), Authority: id("alice"), Admission: admission, Nonce: protocol.Nonce{1}}
		s.places = append(s.places, place{seat: seat, disk: seat, joined: 1})
	}
	s.books = x.intern(&books{ledger: w.ledger, disk: w.disk})
	x.add(s)
	return x
}

// run walks until there is nothing new, or something is broken.
func (x *search) run() {
	for i := 0; i < len(x.all) && x.broken == ""; i++ {
		x.expand(x.all[i])
	}
	if x.broken == "" {
		x.live()
	}
}

// add puts s into the search, unless it is there; a step from s.from without a fault is remembered either way.
func (x *search) add(s *searchState) *searchState {
	x.moves++
	k := x.key(s)
	if old, ok := x.states[k]; ok {
		return old
	}
	x.states[k] = s
	x.all = append(x.all, s)
	s.told = x.everybodyTold(s)
	return s
}

func (x *search) violated(s *searchState, format string, args ...any) {
	if x.broken == "" {
		x.broken, x.brokenAt = fmt.Sprintf(format, args...), s
	}
}

// live looks for a state from which no sequence of steps without a fault leads to one where everybody has been told.
func (x *search) live() {
	var queue []*searchState
	for _, s := range x.all {
		if s.told {
			s.seen = true
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, b := range s.back {
			if !b.seen {
				b.seen = true
				queue = append(queue, b)
			}
		}
	}
	for _, s := range x.all {
		if !s.seen {
			x.violated(s, "from here nobody can be told any more")
			return
		}
	}
}

// everybodyTold reports whether each who is out, and whose client knew it was in, has been told so: by its own client,
// or by the other one of the same identity.
func (x *search) everybodyTold(s *searchState) bool {
	state := s.books.ledger.State()
	for i, p := range s.places {
		if _, in := state.Member(x.peers[i]); in && !state.Closed() || p.lost || p.claimed == p.seat.Admission {
			continue
		}
		if p.shown>>(p.seat.Admission+1) == 0 {
			return false
		}
	}
	return true
}

// intern finds the books that b is like.
func (x *search) intern(b *books) *books {
	var k strings.Builder
	shape := func(rs []protocol.SignedRecord) {
		for _, r := range rs {
			switch body := r.Body.(type) {
			case protocol.Admit:
				fmt.Fprint(&k, "+", body.Peer)
			case protocol.Remove:
				fmt.Fprint(&k, "-", body.Kind, body.Peer)
			default:
				fmt.Fprintf(&k, "%T", body)
			}
		}
	}
	failures := func(fs []Failure) {
		slices.SortFunc(fs, func(a, b Failure) int { return strings.Compare(string(a.Peer), string(b.Peer)) })
		for _, f := range fs {
			fmt.Fprint(&k, "!", f.Peer, f.Admission, f.Removal, f.Kind, f.Text, f.Claimed, f.Acked, f.Nonce[0], len(f.Answer))
		}
	}
	shape(b.disk.records)
	failures(b.disk.durable().Failures)
	fmt.Fprint(&k, "|", b.ledger.State().Seq(), b.mins)
	failures(b.ledger.Failures())
	if old, ok := x.books[k.String()]; ok {
		return old
	}
	b.id, b.steps = len(x.books), map[string]booksStep{}
	x.books[k.String()] = b
	return b
}

func (b *books) env() Env {
	signer := signerOf("alice")
	return Env{Now: epochStart.Add(time.Duration(b.mins) * ReturnAfter), Signer: signer, Self: signer.Peer()}
}

// step is the books after ev, with a whole disk, and with crashes at the two places where one matters.
func (x *search) step(b *books, ev Event) booksStep {
	k := fmt.Sprintf("%T%v", ev, ev)
	if r, ok := b.steps[k]; ok {
		return r
	}
	next, effects, err := b.ledger.Step(b.env(), x.variant.hears(b.ledger, ev))
	r := booksStep{after: b}
	if err == nil {
		written := copyDisk(b.disk)
		p, wrote := find[Persist](effects)
		if r.wrote = wrote; wrote {
			written.write(p.Batch)
		}
		r.after = x.intern(&books{ledger: next, disk: written, mins: b.mins})
		r.crashedBefore, r.crashedAfter = x.restart(b), x.restart(r.after)
		r.effects = effects
	}
	b.steps[k] = r
	return r
}

// restart is the books of the authority's next life.
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
	b.reborn = x.intern(&books{ledger: l, disk: written, mins: b.mins})
	return b.reborn
}

// seatStep is what an event does to a seat.
type seatStep struct {
	seat    Seat
	effects []SeatEffect
}

func (x *search) seatStep(s Seat, ev SeatEvent) (Seat, []SeatEffect) {
	k := x.appendSeat(nil, s)
	switch e := ev.(type) {
	case Answered:
		reason := x.number(string(e.Reply.Reason))
		k = append(k, 'a', byte(e.Admission), e.Nonce[0], bitOf(e.Reply.Member != nil), byte(reason>>8), byte(reason))
	case Kept:
		k = append(k, 'k', byte(e.Removal))
	}
	r, ok := x.seats[string(k)]
	if !ok {
		r.seat, r.effects = s.Step(ev)
		x.seats[string(k)] = r
	}
	return r.seat, r.effects
}

// reason opens raw, once.
func (x *search) reason(raw []byte) protocol.SignedReason {
	r, ok := x.reasons[string(raw)]
	if !ok {
		var err error
		if r, err = protocol.OpenReason(raw); err != nil {
			panic(err) // the ledger has just signed it
		}
		x.reasons[string(raw)] = r
	}
	return r
}
