package authority

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// The exhaustive search tries every interleaving of the events of the real Ledger and the real Seats within a budget of faults. It is
// breadth first, so that the trace of a failure is a shortest one. No time passes, except the minute for which a kicked peer stays away;
// the explorer tests expiry.
//
// Messages are delivered in any order. At a crash, the messages on the wire all stay or are all lost. Showing a reason and noting that it
// was shown is one step, since no disk can make it atomic with the screen. A crash may come within any other step.
//
// Two members with all faults at once are a matter of seconds, for these reasons:
//
//   - A reducer is a function of values, so each step is computed once: a step costs a signature, and thousands of states
//     share one. Books and sides have numbers, and a state is four of them.
//   - States that differ in nothing that a reducer can tell apart are one, see [view]. TestSearchLosesNothing compares this
//     with a search that leaves out nothing.

// A budget says how many faults and events may still happen. A crash is one of the authority or of a member.
type budget struct{ removals, admissions, losses, crashes, rivals int8 }

// Bounds of a search.
const (
	// maxPolls is how many questions of one member may be on the wire at once: two, so that each reply has a double.
	maxPolls = 2
	maxSides = 2 // members
	maxWires = 8 // messages under way to and from one member; a search that needs more stops
	maxGiven = 4 // reasons of one member
)

// A searchState is one state of the search: that of the authority, that of each member, and the budget that is left.
type searchState struct {
	books uint32
	sides [maxSides]uint32
	left  budget
	from  uint32 // the state before, in the order of discovery
}

// A stateKey differs for states that differ. It has the views of the members in sorted order, since exchanging members changes nothing.
// In a whole search it has the state itself.
type stateKey struct {
	books uint32
	parts [maxSides]uint32
	left  budget
}

// A search is the state of one search. Books, sides and views are in tables, and states refer to their rows.
type search struct {
	variant variant
	whole   bool // every state is one of its own, for comparison
	members int
	polls   int       // at most maxPolls
	peers   []peer.ID // of the cast

	books    []*books
	bookOf   map[string]uint32
	sides    []side
	sideOf   map[side]uint32
	seats    []Seat
	seatKeys []seatKey
	seatOf   map[seatKey]uint16
	wires    []wire
	wireOf   map[wire]uint16
	answers  []reply
	answerBy map[string]uint32
	acts     map[sideAct]sideStep
	views    map[view]uint32
	viewed   map[lookup]viewed

	index  map[stateKey]uint32
	states []searchState // in the order of their discovery, which is by length of trace
	told   []bool
	// fair are the states that steps without a fault lead to: from state i those from fairAt[i] on.
	fair   []uint32
	fairAt []int
	moves  int

	broken   string
	brokenBy []string // the shortest trace
}

// newSearch starts with members admitted and nothing under way.
func newSearch(t testing.TB, members int, b budget, v variant) *search {
	t.Helper()
	w := newRoom(t, "alice", protocol.Open)
	x := &search{
		variant: v, members: members, polls: maxPolls,
		bookOf: map[string]uint32{}, sideOf: map[side]uint32{}, seatOf: map[seatKey]uint16{}, wireOf: map[wire]uint16{},
		answerBy: map[string]uint32{}, acts: map[sideAct]sideStep{}, views: map[view]uint32{}, viewed: map[lookup]viewed{},
		index: map[stateKey]uint32{},
	}
	// Row 0 of each table is nothing.
	x.seat(Seat{})
	x.side(side{})
	x.wire(wire{})
	x.answers = make([]reply, firstReason)
	s := searchState{left: b}
	for i := range members {
		admission := w.join(cast[i])
		x.peers = append(x.peers, id(cast[i]))
		seat := x.seat(Seat{Room: w.ledger.State().Room(), Authority: id("alice"), Admission: admission, Nonce: protocol.Nonce{1}})
		s.sides[i] = x.side(side{seat: seat, disk: seat, joined: 1})
	}
	s.books = x.intern(&books{ledger: w.ledger, disk: w.disk})
	x.add(s)
	return x
}

// run searches until there is no new state, or a check fails.
func (x *search) run() {
	for i := 0; i < len(x.states) && x.broken == ""; i++ {
		x.fairAt = append(x.fairAt, len(x.fair))
		x.expand(x.states[i], func(n searchState, m move, broken string) {
			x.moves++
			n.from = uint32(i)
			if broken != "" && x.broken == "" {
				x.broken, x.brokenBy = broken, append(x.trace(uint32(i)), x.describe(x.states[i], m))
			}
			if to := x.add(n); m.fair() {
				x.fair = append(x.fair, to)
			}
		})
	}
	x.fairAt = append(x.fairAt, len(x.fair))
	if x.broken == "" {
		x.live()
	}
}

// add adds s, unless there is a state with the same key.
func (x *search) add(s searchState) uint32 {
	k, told := x.key(s)
	old, ok := x.index[k]
	if !ok {
		old = uint32(len(x.states))
		x.index[k] = old
		x.states, x.told = append(x.states, s), append(x.told, told)
	}
	return old
}

// key returns the key of s, and whether every removed peer in s has been told.
func (x *search) key(s searchState) (k stateKey, told bool) {
	told = true
	for i := range x.members {
		told = told && x.look(s.books, i, s.sides[i]).told
	}
	if x.whole {
		return stateKey{s.books, s.sides, s.left}, told
	}
	return x.quotient(s), told
}

// quotient returns the views of s.
func (x *search) quotient(s searchState) stateKey {
	k := stateKey{left: s.left}
	for i := range x.members {
		k.parts[i] = x.look(s.books, i, s.sides[i]).number
	}
	slices.Sort(k.parts[:])
	return k
}

// again returns the same search at its beginning, with the same tables. x must not be used any more.
func (x *search) again() *search {
	y := *x
	y.index, y.states, y.told, y.fair, y.fairAt, y.moves = map[stateKey]uint32{}, nil, nil, nil, nil, 0
	y.add(x.states[0])
	return &y
}

// live looks for a state from which no sequence of steps without a fault leads to one where everybody has been told.
func (x *search) live() {
	ok := slices.Clone(x.told)
	for changed := true; changed; {
		changed = false
		for i := len(ok) - 1; i >= 0; i-- {
			if ok[i] {
				continue
			}
			for _, to := range x.fair[x.fairAt[i]:x.fairAt[i+1]] {
				if ok[to] {
					ok[i], changed = true, true
					break
				}
			}
		}
	}
	if i := slices.Index(ok, false); i >= 0 {
		x.broken, x.brokenBy = "from here nobody can be told any more", x.trace(uint32(i))
	}
}

// trace returns the moves that lead to state i. Only states are kept, so each move is looked up among those of the state before.
func (x *search) trace(i uint32) []string {
	var steps []string
	for ; i != 0; i = x.states[i].from {
		from, by := x.states[x.states[i].from], ""
		want, _ := x.key(x.states[i])
		x.expand(from, func(n searchState, m move, _ string) {
			if k, _ := x.key(n); by == "" && k == want {
				by = x.describe(from, m)
			}
		})
		steps = append(steps, by)
	}
	slices.Reverse(steps)
	return steps
}

// story returns the trace of the failure.
func (x *search) story() string {
	var b strings.Builder
	for i, by := range x.brokenBy {
		fmt.Fprintf(&b, "%3d %s\n", i+1, by)
	}
	return b.String()
}
