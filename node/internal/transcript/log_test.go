package transcript

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"localchat/authority"
	"localchat/protocol"
)

// linePool is all lines that three authors have ever said in one room: chains that a restart breaks, numbers that skip
// a block, and lines that use a number twice. Signing is slow, so the pool is made once.
var linePool = sync.OnceValue(func() []protocol.Message {
	const ctrBlock = 1 << 10 // numbers are reserved in blocks of so many
	key := protocol.Key{1}
	var pool []protocol.Message
	for _, name := range []string{"alice", "bob", "carol"} {
		var prev protocol.Hash
		for i, ctr := range []uint64{1, 2, 3, 4, 5, 6, ctrBlock + 1, ctrBlock + 2, ctrBlock + 3} {
			if ctr == ctrBlock+1 {
				prev = protocol.Hash{} // its node was started again
			}
			h := protocol.Header{Room: protocol.RoomID{1}, Epoch: 1, Ctr: ctr, Prev: prev, Lamport: uint64(i + 1)}
			said := sealed(name, h, "line", key)
			pool = append(pool, said)
			if i%3 == 1 {
				pool = append(pool, sealed(name, h, "another of this number", key))
			}
			prev = said.ID
		}
	}
	return pool
})

// A lineModel is the state that a Log should have, kept the slow way.
type lineModel struct {
	log    *log
	now    time.Time
	kept   []*Line // by arrival
	floors map[peer.ID]uint64
	lowest map[peer.ID]protocol.Hash // the line at the floor
}

func newLineModel() *lineModel {
	return &lineModel{log: newLog(), now: lawStart, floors: make(map[peer.ID]uint64), lowest: make(map[peer.ID]protocol.Hash)}
}

func (m *lineModel) add(t rapid.TB, msg protocol.Message) {
	t.Helper()
	want := msg.Ctr > m.floors[msg.Author]
	for _, l := range m.kept {
		if l.Msg.ID == msg.ID || l.Msg.Author == msg.Author && l.Msg.Ctr == msg.Ctr {
			want = false
		}
	}
	l := &Line{Opened: Opened{Msg: msg}, Got: m.now}
	if got := m.log.add(l); got != want {
		t.Fatalf("add of number %d: %v, want %v", msg.Ctr, got, want)
	}
	if want {
		m.kept = append(m.kept, l)
	}
}

// drop forgets the lines for which gone is true and returns their IDs.
func (m *lineModel) drop(gone func(*Line) bool) []string {
	var ids []string
	m.kept = slices.DeleteFunc(m.kept, func(l *Line) bool {
		if gone(l) {
			ids = append(ids, l.ID())
			return true
		}
		return false
	})
	return ids
}

func (m *lineModel) expire(t rapid.TB, before time.Time) {
	t.Helper()
	for _, l := range m.kept {
		if a := l.Msg.Author; l.Got.Before(before) && l.Msg.Ctr > m.floors[a] {
			m.floors[a], m.lowest[a] = l.Msg.Ctr, l.Msg.ID
		}
	}
	want := m.drop(func(l *Line) bool { return l.Msg.Ctr <= m.floors[l.Msg.Author] })
	sameIDs(t, "expire", m.log.expire(before), want)
}

func (m *lineModel) hide(t rapid.TB, author peer.ID, cut uint64) {
	t.Helper()
	want := m.drop(func(l *Line) bool { return l.Msg.Author == author && l.Msg.Ctr > cut })
	sameIDs(t, "hide", m.log.hide(author, func(l *Line) bool { return l.Msg.Ctr <= cut }), want)
}

func sameIDs(t rapid.TB, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s forgot %v, not %v", what, got, want)
	}
}

// check compares the log with its comment and with the model.
func (m *lineModel) check(t rapid.TB) {
	t.Helper()
	g := m.log
	if !slices.Equal(g.arrival, m.kept) {
		t.Fatalf("holds %d lines by arrival, not %d", len(g.arrival), len(m.kept))
	}
	if len(g.byID) != len(m.kept) || len(g.order) != len(m.kept) || !slices.IsSortedFunc(g.order, displayOrder) {
		t.Fatalf("holds %d lines by id and %d in order, not %d", len(g.byID), len(g.order), len(m.kept))
	}
	if !maps.Equal(g.floors, m.floors) {
		t.Fatalf("floors are %v, not %v", g.floors, m.floors)
	}
	lines, _ := newPoolLog().missing(g.Heads(), func(*Line) bool { return true })
	if slices.ContainsFunc(lines, func(l *Line) bool { return g.Get(l.Msg.ID) != nil }) {
		t.Fatal("it would be given what it has")
	}
	n := 0
	for a, ls := range g.byAuthor {
		if len(ls) == 0 {
			t.Fatal("an author without lines is kept")
		}
		n += len(ls)
		for i, l := range ls {
			if l.Msg.Author != a || g.byID[l.Msg.ID] != l || l.Msg.Ctr <= g.floors[a] || i > 0 && ls[i-1].Msg.Ctr >= l.Msg.Ctr {
				t.Fatalf("line %d of an author is out of place", i)
			}
		}
	}
	if n != len(m.kept) {
		t.Fatalf("holds %d lines by author, not %d", n, len(m.kept))
	}
	for _, a := range []string{"alice", "bob", "carol"} {
		m.checkRuns(t, a)
	}
}

// checkRuns: what is said to be here is here or has expired, and what is here is said to be, or it would be fetched for ever.
func (m *lineModel) checkRuns(t rapid.TB, name string) {
	t.Helper()
	author := personaID(name)
	runs := m.log.Runs(author)
	for _, said := range linePool() {
		if said.Author != author {
			continue
		}
		for _, ctr := range []uint64{said.Ctr, said.Ctr + 1} {
			here := ctr <= m.floors[author] || slices.ContainsFunc(m.kept, func(l *Line) bool { return l.Msg.Author == author && l.Msg.Ctr == ctr })
			if runs.Has(ctr) != here {
				t.Fatalf("%s's lines here are %v, and line %d is here: %v", name, runs, ctr, here)
			}
		}
	}
	cut := m.log.Cut(author)
	last := protocol.Cut{Ctr: m.floors[author], Hash: m.lowest[author]}
	if lines := m.log.byAuthor[author]; len(lines) > 0 {
		last = protocol.Cut{Ctr: lines[len(lines)-1].Msg.Ctr, Hash: lines[len(lines)-1].Msg.ID}
	}
	if cut != last || (cut.Ctr == 0) != cut.Hash.IsZero() {
		t.Fatalf("the cut of %s is %+v", name, cut)
	}
}

// TestLineLogHoldsItsInvariants: lines that are added, expired and hidden in any order leave the log as its comment says.
func TestLineLogHoldsItsInvariants(t *testing.T) {
	pool := linePool()
	rapid.Check(t, func(rt *rapid.T) {
		m := newLineModel()
		rt.Repeat(map[string]func(*rapid.T){
			"add": func(rt *rapid.T) { m.add(rt, rapid.SampledFrom(pool).Draw(rt, "line")) },
			"tick": func(rt *rapid.T) {
				m.now = m.now.Add(time.Second)
			},
			"expire": func(rt *rapid.T) {
				m.expire(rt, m.now.Add(-time.Duration(rapid.IntRange(0, 5).Draw(rt, "age"))*time.Second))
			},
			"hide": func(rt *rapid.T) {
				who := rapid.SampledFrom([]string{"alice", "bob", "carol"}).Draw(rt, "who")
				m.hide(rt, personaID(who), rapid.Uint64Range(0, 7).Draw(rt, "cut"))
			},
			"all is given": func(rt *rapid.T) {
				all := func(*Line) bool { return true }
				lines, _ := newPoolLog().missing(m.log.Heads(), all)
				for _, l := range lines {
					m.add(rt, l.Msg)
				}
				if lines, more := newPoolLog().missing(m.log.Heads(), all); len(lines) > 0 || more {
					rt.Fatalf("line %d would be given again", lines[0].Msg.Ctr)
				}
			},
			"": func(rt *rapid.T) { m.check(rt) },
		})
	})
}

// newPoolLog holds all that was ever said.
func newPoolLog() *log {
	g := newLog()
	for _, m := range linePool() {
		g.add(&Line{Opened: Opened{Msg: m}, Got: lawStart})
	}
	return g
}

// TestMissingFillsAFrame: lines that do not fit into a frame come with the next one: each author's lines in order, and only those that
// the asker may have.
func TestMissingFillsAFrame(t *testing.T) {
	g := newLog()
	const lines = 20
	text := strings.Repeat("x", protocol.MaxText)
	var prev protocol.Hash
	for i := range uint64(lines) {
		h := protocol.Header{Room: protocol.RoomID{1}, Epoch: 1 + i%2, Ctr: i + 1, Prev: prev, Lamport: i + 1}
		m := sealed("alice", h, text, protocol.Key{1})
		prev = m.ID
		g.add(&Line{Opened: Opened{Msg: m}, Got: lawStart})
	}
	all := func(*Line) bool { return true }
	head := uint64(0)
	for rounds := 1; head < lines; rounds++ {
		missing, more := g.missing([]protocol.Head{{Author: personaID("alice"), Runs: protocol.Runs{head}}}, all)
		size := 0
		for _, l := range missing {
			m := l.Msg
			if m.Ctr != head+1 {
				t.Fatalf("line %d after %d", m.Ctr, head)
			}
			head, size = m.Ctr, size+len(m.Raw())
		}
		if size > protocol.MaxBatch || more != (head < lines) || rounds > lines {
			t.Fatalf("%d lines of %d bytes, more: %v, round %d", len(missing), size, more, rounds)
		}
	}
	missing, more := g.missing(nil, func(l *Line) bool { return l.Msg.Epoch == 2 && l.Msg.Ctr < 5 })
	if len(missing) != 2 || more {
		t.Errorf("%d of the allowed lines, more: %v", len(missing), more)
	}
}

// TestLineLogIsBounded: whatever the retention, a room holds MaxLines; the oldest go first.
func TestLineLogIsBounded(t *testing.T) {
	g := newLog()
	const over = 7
	for i := range uint64(MaxLines + over) {
		var id protocol.Hash
		id[0], id[1], id[2] = 1, byte(i), byte(i>>8)
		h := protocol.Header{Ctr: i + 1}
		if !g.add(&Line{Opened: Opened{Msg: protocol.Message{Header: h, Author: "a", ID: id}}, Got: lawStart}) {
			t.Fatal("not added:", i)
		}
	}
	if ids := g.expire(time.Time{}); len(ids) != over || len(g.arrival) != MaxLines || g.floors["a"] != over {
		t.Errorf("%d forgotten, %d kept, floor %d", len(ids), len(g.arrival), g.floors["a"])
	}
}

// TestExpiredStaysExpired: a late line that lies below a floor which has risen meanwhile does not come back.
func TestExpiredStaysExpired(t *testing.T) {
	m := newLineModel()
	var of []protocol.Message
	for _, msg := range linePool() {
		if msg.Author == personaID("alice") {
			of = append(of, msg)
		}
	}
	m.add(t, of[0])
	m.now = m.now.Add(time.Minute)
	m.add(t, of[3])
	m.expire(t, m.now)
	m.add(t, of[0])
	m.check(t)
}

// TestCutOfTheExpired: a member that has been silent for as long as lines are kept can be removed like any other: the line that its
// cut names goes over the wire.
func TestCutOfTheExpired(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob", "carol")
	g := newLog()
	for _, who := range []string{"bob", "carol"} {
		g.add(&Line{Opened: Opened{Msg: w.Say(who, w.Epoch(), 1)}, Got: w.Now})
	}
	g.expire(w.Now.Add(time.Second))
	w.Do(authority.Kick{Peer: personaID("bob"), Cut: g.Cut(personaID("bob"))})
	w.Do(authority.Leave{Peer: personaID("carol"), Cut: g.Cut(personaID("carol"))})
	if n := w.State().Len(); n != 1 {
		t.Errorf("%d members are left", n)
	}
}
