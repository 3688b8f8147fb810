package transcript

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A log holds what is retained of a room's lines. It is owned by the loop.
//
// Invariants: byAuthor's slices are sorted by Ctr, without two of one Ctr; every line in byID is in byAuthor, in arrival
// and in order, and the other way round; no line is at or below its author's floor.
type log struct {
	byID     map[protocol.Hash]*Line
	byAuthor map[peer.ID][]*Line
	arrival  []*Line // first come first
	order    []*Line // as they are displayed; see displayOrder
	bytes    int     // of all of them; see weight
	ages
	// floors: up to this number an author's lines have expired and would be refused. lowest is the line of that number.
	floors map[peer.ID]uint64
	lowest map[peer.ID]protocol.Hash
	raised map[peer.ID]time.Time // when the floor rose last
	// lent: a snapshot has the floors too, so that they are copied before they change.
	lent bool
	// known are the heads, as far as they are compared, and exact says that they name every line that is here; nil and false
	// after a change, until somebody asks.
	known []protocol.Head
	exact bool
}

func newLog() *log {
	return &log{
		byID: make(map[protocol.Hash]*Line), byAuthor: make(map[peer.ID][]*Line),
		floors: make(map[peer.ID]uint64), lowest: make(map[peer.ID]protocol.Hash), raised: make(map[peer.ID]time.Time),
	}
}

// Get is the line of that hash, or nil.
func (g *log) Get(id protocol.Hash) *Line { return g.byID[id] }

// Of are the lines of one author, by number. They are not the caller's to change.
func (g *log) Of(author peer.ID) []*Line { return g.byAuthor[author] }

// Arrivals are all lines, the first that came first, and Ordered are they as they are displayed. Neither is the caller's to
// change.
func (g *log) Arrivals() []*Line { return g.arrival }

func (g *log) Ordered() []*Line { return g.order }

// Len is how many lines there are, and Size what they take in bytes.
func (g *log) Len() int { return len(g.arrival) }

func (g *log) Size() int { return g.bytes }

func byCtr(l *Line, ctr uint64) int { return cmp.Compare(l.Msg.Ctr, ctr) }

// displayorder is epoch, then Lamport, then author, then number: the same on every node, since each line says all four,
// and no line stands above one that its author had seen. The epoch comes first because a newcomer's clock starts at
// nothing: by the clock alone, its first line would stand above all that was said before it came.
func displayOrder(a, b *Line) int {
	x, y := a.Msg, b.Msg
	return cmp.Or(cmp.Compare(x.Epoch, y.Epoch), cmp.Compare(cmp.Or(a.stands, x.Lamport), cmp.Or(b.stands, y.Lamport)), cmp.Compare(x.Author, y.Author), cmp.Compare(x.Ctr, y.Ctr))
}

// add keeps l unless it is known, expired, or takes a number that its author has used for another line: the first one
// stays.
func (g *log) add(l *Line) bool {
	m := l.Msg
	if m.Ctr <= g.floors[m.Author] || g.byID[m.ID] != nil || g.lapsedFor(l) {
		return false
	}
	lines := g.byAuthor[m.Author]
	i, taken := slices.BinarySearchFunc(lines, m.Ctr, byCtr)
	if taken {
		return false
	}
	g.byAuthor[m.Author] = slices.Insert(lines, i, l)
	g.changed()
	g.byID[m.ID] = l
	g.bytes += l.weight()
	g.came(l)
	g.arrival = append(g.arrival, l)
	at, _ := slices.BinarySearchFunc(g.order, l, displayOrder)
	g.order = slices.Insert(g.order, at, l)
	return true
}

// follows reports whether m's author's line before it is here, or has been.
func (g *log) follows(m protocol.Message) bool {
	return m.Ctr == 1 || !m.Prev.IsZero() && (g.byID[m.Prev] != nil || g.lowest[m.Author] == m.Prev)
}

// drop forgets ls, which are in the log.
func (g *log) drop(ls []*Line) []string {
	if len(ls) == 0 {
		return nil
	}
	g.changed()
	gone := make(map[*Line]bool, len(ls))
	ids := make([]string, len(ls))
	for i, l := range ls {
		gone[l] = true
		ids[i] = l.ID()
		delete(g.byID, l.Msg.ID)
		g.bytes -= l.weight()
	}
	is := func(l *Line) bool { return gone[l] }
	of := make(map[peer.ID]bool)
	for _, l := range ls {
		if of[l.Msg.Author] {
			continue
		}
		of[l.Msg.Author] = true
		g.byAuthor[l.Msg.Author] = slices.DeleteFunc(g.byAuthor[l.Msg.Author], is)
		if len(g.byAuthor[l.Msg.Author]) == 0 {
			delete(g.byAuthor, l.Msg.Author)
		}
	}
	g.arrival = slices.DeleteFunc(g.arrival, is)
	g.order = slices.DeleteFunc(g.order, is)
	return ids
}

// expire forgets the lines that were said before the given time, and what is over the bounds, and returns their ids.
func (g *log) expire(before time.Time) []string {
	old, lapsed := g.over(before)
	ids := append(g.raise(old, before), g.lapse(lapsed)...)
	for a, at := range g.raised {
		if before.Sub(at) > headsKept {
			delete(g.raised, a)
			g.changed()
		}
	}
	for len(g.arrival) > MaxLines || g.bytes > MaxLineBytes {
		ids = append(ids, g.shed(g.bytes-MaxLineBytes, before)...)
	}
	return ids
}

// shed forgets lines before their time, since there are too many or they take so many bytes too many.
func (g *log) shed(over int, now time.Time) []string {
	ls := g.excess(over)
	ids := g.raise(ls, now)
	g.noteShed(ls, len(ids))
	return ids
}

// excess are the oldest lines of the author that has most, of lines or, where these are not too many, of bytes: as much as is
// over the bound, or half of what it has.
func (g *log) excess(overBytes int) []*Line {
	weigh, over := func(*Line) int { return 1 }, len(g.arrival)-MaxLines
	if over <= 0 {
		weigh, over = (*Line).weight, overBytes
	}
	var most []*Line
	weight := 0
	for a, lines := range g.byAuthor {
		w := 0
		for _, l := range lines {
			w += weigh(l)
		}
		if w > weight || w == weight && a < most[0].Msg.Author {
			most, weight = lines, w
		}
	}
	n, w := 0, 0
	for n < len(most) && w < min(over, (weight+1)/2) {
		w += weigh(most[n])
		n++
	}
	return slices.Clone(most[:n])
}

// raise forgets lines whose time is up, and with them all lines below of the same authors, now and later.
func (g *log) raise(old []*Line, now time.Time) []string {
	if len(old) == 0 {
		return nil
	}
	g.ownFloors()
	for _, l := range old {
		if l.Msg.Ctr > g.floors[l.Msg.Author] {
			g.floors[l.Msg.Author], g.lowest[l.Msg.Author], g.raised[l.Msg.Author] = l.Msg.Ctr, l.Msg.ID, now
		}
	}
	gone := make(map[*Line]bool, len(old))
	for _, l := range old {
		gone[l] = true
	}
	// A line that came late may lie below a floor that has just risen: it goes with the others.
	for _, l := range g.arrival {
		if !gone[l] && l.Msg.Ctr <= g.floors[l.Msg.Author] {
			old = append(old, l)
		}
	}
	return g.drop(old)
}

// Floors are the floors, for a snapshot to keep.
func (g *log) Floors() map[peer.ID]uint64 {
	g.lent = true
	return g.floors
}

// ownFloors makes the floors ours to change.
func (g *log) ownFloors() {
	if g.lent {
		g.floors, g.lent = maps.Clone(g.floors), false
	}
}

// forgetFloors forgets the floors of authors of which no line would count any more: their number grows in a room that people
// come to and leave. The rest are members, or among the latest [authority.MaxPast] former ones.
func (g *log) forgetFloors(unknown func(peer.ID) bool) {
	if len(g.floors) <= protocol.MaxMembers {
		return
	}
	g.ownFloors()
	for a := range g.floors {
		if g.byAuthor[a] == nil && unknown(a) {
			delete(g.floors, a)
			delete(g.lowest, a)
			if _, compared := g.raised[a]; compared {
				delete(g.raised, a)
				g.changed()
			}
		}
	}
}

// hide forgets what counts returns false for, of one author, and returns the ids.
func (g *log) hide(author peer.ID, counts func(*Line) bool) []string {
	var past []*Line
	for _, l := range g.byAuthor[author] {
		if !counts(l) {
			past = append(past, l)
		}
	}
	return g.drop(past)
}

// Cut is the last line of author that is, or has been, here: what a Remove or Leave names.
func (g *log) Cut(author peer.ID) protocol.Cut {
	lines := g.byAuthor[author]
	if len(lines) == 0 {
		return protocol.Cut{Ctr: g.floors[author], Hash: g.lowest[author]}
	}
	last := lines[len(lines)-1].Msg
	return protocol.Cut{Ctr: last.Ctr, Hash: last.ID}
}

func (g *log) changed() { g.known, g.exact = nil, false }

// below is the next line under l, which is in the log, of those that ok accepts; nil if there is none.
func (g *log) below(l *Line, ok func(*Line) bool) *Line {
	at, _ := slices.BinarySearchFunc(g.order, l, displayOrder)
	for _, next := range g.order[min(at+1, len(g.order)):] {
		if ok(next) {
			return next
		}
	}
	return nil
}
