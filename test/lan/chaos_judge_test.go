package lan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A testimony is everything that was seen of a room up to a moment at which all should be well. The judge looks at
// nothing else.
type testimony struct {
	lines   map[string]*spoken // by key
	members []view             // one for each member
}

// A spoken line is one that a person typed. Its text begins with its key, which is unique.
type spoken struct {
	key, author string
	// begun is when the node was asked to say the line, and ended when it answered; zero: it has not answered.
	begun, ended time.Time
	// epoch is the author's epoch when the line was begun: the line is sealed for this epoch or a later one.
	epoch uint64
	// screen is the author's screen when the line was begun, and before is the number of lines that it had shown by then.
	screen *screen
	before int
	// said: the node accepted the line. unsaid: it refused, so nobody may ever see the line. Neither: it was killed before
	// it answered.
	said, unsaid bool
	id           string // once it is said
	round        int
	// delivered: the author was told that others have the line.
	delivered bool
	// cut: the author lost its place while the network was out of order, so the cut-off may lie before the line.
	cut bool
}

// A view is what one member sees.
type view struct {
	name string
	*screen
	// since is the epoch of the member's admission; asked is when it first asked to be let in.
	since uint64
	asked time.Time
	// The answers of its node: keys in display order, nicks with their roles, and the epoch. history is nil if it was not
	// asked.
	history []string
	roster  []string
	epoch   uint64
}

// A screen holds the lines that a node has shown since it entered the room, or started.
type screen struct {
	shown  []string          // keys, in the order in which they came
	keys   map[string]string // by id
	has    map[string]int    // how often a key was shown and not hidden again
	hidden map[string]bool   // keys
}

func newScreen() *screen {
	return &screen{keys: map[string]string{}, has: map[string]int{}, hidden: map[string]bool{}}
}

// show adds a line that was shown, hide removes one that was hidden again.
func (s *screen) show(id, key string) {
	s.shown = append(s.shown, key)
	s.keys[id] = key
	s.has[key]++
}

func (s *screen) hide(id string) {
	key := s.keys[id]
	s.hidden[key] = true
	if s.has[key]--; s.has[key] <= 0 {
		delete(s.has, key)
	}
}

// A complaint is one thing that is wrong.
type complaint struct{ kind, text string }

func (c complaint) String() string { return c.kind + ": " + c.text }

// The kinds of complaints.
const (
	lost     = "lost"     // a member lacks a line that another has, or that was delivered, or accepted from an author that still runs
	doubled  = "doubled"  // shown twice
	invented = "invented" // shown, though never said, or refused by its author's node
	leaked   = "leaked"   // shown to a member that came later
	order    = "order"    // shown in different orders, or above a line that its author had seen
	parted   = "parted"   // different rosters or epochs, or not those ordered
	stuck    = "stuck"    // no answer
	putOut   = "put out"  // lost its place without a reason
	askew    = "askew"    // the lines shown differ from the lines answered
)

// judge returns everything that is wrong with y.
func (y testimony) judge() []complaint {
	var j judgement
	for _, v := range y.members {
		j.alone(y, v)
	}
	union := map[string]bool{}
	for _, v := range y.members {
		for key := range v.has {
			union[key] = true
		}
	}
	for key, l := range y.lines {
		if l.delivered && !l.cut && !union[key] {
			j.add(lost, "%s by %s was delivered, and nobody has it", key, l.author)
		}
	}
	for _, v := range y.members {
		for key := range union {
			if l := y.lines[key]; l != nil && l.epoch >= v.since && v.has[key] == 0 {
				j.add(lost, "%s lacks %s by %s (delivered: %v)", v.name, key, l.author, l.delivered)
			}
		}
	}
	for i, v := range y.members[min(1, len(y.members)):] {
		first := y.members[0]
		if v.epoch != first.epoch || !slices.Equal(v.roster, first.roster) {
			j.add(parted, "%s has epoch %d and %q, %s has epoch %d and %q", v.name, v.epoch, v.roster, first.name, first.epoch, first.roster)
		}
		for _, w := range y.members[:i+1] {
			j.sameOrder(v, w)
		}
	}
	return j.complaints
}

type judgement struct{ complaints []complaint }

func (j *judgement) add(kind, format string, args ...any) {
	j.complaints = append(j.complaints, complaint{kind, fmt.Sprintf(format, args...)})
}

// alone judges the lines that one member shows, regardless of the others.
func (j *judgement) alone(y testimony, v view) {
	for key, n := range v.has {
		if n > 1 {
			j.add(doubled, "%s shows %s %d times", v.name, key, n)
		}
		switch l := y.lines[key]; {
		case l == nil:
			j.add(invented, "%s shows %q, which nobody said", v.name, key)
		case l.unsaid:
			j.add(invented, "%s shows %s, and %s was told that it is not said", v.name, key, l.author)
		case !l.ended.IsZero() && l.ended.Before(v.asked):
			j.add(leaked, "%s shows %s, said before its admission", v.name, key)
		}
	}
	for key, l := range y.lines {
		if l.author == v.name && l.screen == v.screen && l.said && v.has[key] == 0 && !v.hidden[key] {
			j.add(lost, "%s took %s, and does not show it", v.name, key)
		}
	}
	if v.history != nil {
		j.history(y, v)
	}
}

// history judges a member's answer to a request for all lines.
func (j *judgement) history(y testimony, v view) {
	place := map[string]int{}
	for i, key := range v.history {
		if _, twice := place[key]; twice {
			j.add(doubled, "the history of %s has %s twice", v.name, key)
		}
		place[key] = i
		if v.has[key] == 0 {
			j.add(askew, "the history of %s has %s, which it does not show", v.name, key)
		}
	}
	for key := range v.has {
		if _, ok := place[key]; !ok {
			j.add(askew, "%s shows %s, which its history does not have", v.name, key)
		}
	}
	// last is, for each moment of the screen, the lowest line shown by then.
	last := make([]string, len(v.shown)+1)
	for i, key := range v.shown {
		last[i+1] = key
		if before := last[i]; before != "" && place[before] > place[key] {
			last[i+1] = before
		}
	}
	for _, key := range v.history {
		l := y.lines[key]
		if l == nil || l.screen != v.screen {
			continue
		}
		if before := last[l.before]; before != "" && place[before] > place[key] {
			j.add(order, "%s stands above %s, which %s had seen when it said it", key, before, l.author)
		}
	}
}

// sameOrder judges whether the lines that both have are in one order.
func (j *judgement) sameOrder(v, w view) {
	both := func(x view) []string {
		return slices.DeleteFunc(slices.Clone(x.history), func(key string) bool { return v.has[key] == 0 || w.has[key] == 0 })
	}
	a, b := both(v), both(w)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			j.add(order, "%s has %s where %s has %s", v.name, a[i], w.name, b[i])
			return
		}
	}
}

// countKinds counts complaints by kind.
func countKinds(cs []complaint) map[string]int {
	kinds := map[string]int{}
	for _, c := range cs {
		kinds[c.kind]++
	}
	return kinds
}

// listComplaints is a line for each complaint, up to a limit.
func listComplaints(cs []complaint) string {
	const most = 25
	var s strings.Builder
	kinds := countKinds(cs)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&s, "%d %s, ", kinds[kind], kind)
	}
	for _, c := range cs[:min(most, len(cs))] {
		fmt.Fprintf(&s, "\n\t%s", c)
	}
	return s.String()
}
