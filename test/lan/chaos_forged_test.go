package lan

import (
	"slices"
	"testing"
	"time"
)

// TestChaosJudge forges the testimony for the judge of [TestLANChaos], in every way that the judge must reject, and
// some that it must accept.
func TestChaosJudge(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 1, 1, 0, 0, s, 0, time.UTC) }
	for name, c := range map[string]struct {
		forge func(y *testimony)
		want  []string
	}{
		"honest": {func(*testimony) {}, nil},
		"a line is missing": {func(y *testimony) {
			y.members[1].forget("a1")
		}, []string{lost}},
		"a line is missing in the middle": {func(y *testimony) {
			y.members[2].forget("a2")
		}, []string{lost}},
		"a line from before the admission is missing": {func(y *testimony) {
			y.members[2].forget("a1")
			y.members[2].since = 3
		}, nil},
		"a line from before the admission is there": {func(y *testimony) {
			y.members[2].asked = at(2)
		}, []string{leaked}},
		"a delivered line is nowhere": {func(y *testimony) {
			y.lines["c2"] = &spoken{key: "c2", author: "carol", delivered: true}
		}, []string{lost}},
		"a delivered line is past a cut-off": {func(y *testimony) {
			y.lines["c2"] = &spoken{key: "c2", author: "carol", delivered: true, cut: true}
		}, nil},
		"a line of a killed author is nowhere": {func(y *testimony) {
			y.lines["c2"] = &spoken{key: "c2", author: "carol"}
		}, nil},
		"only one member has a line of a killed author": {func(y *testimony) {
			y.lines["c2"] = &spoken{key: "c2", author: "carol", epoch: 3}
			y.members[0].take("c2")
		}, []string{lost, lost}},
		"a line that was accepted is nowhere": {func(y *testimony) {
			y.lines["c2"] = &spoken{key: "c2", author: "carol", screen: y.members[2].screen, said: true}
		}, []string{lost}},
		"shown twice": {func(y *testimony) {
			y.members[1].show("again", "a1")
		}, []string{doubled}},
		"twice in the history": {func(y *testimony) {
			y.members[1].history = append(y.members[1].history, "a1")
		}, []string{doubled, order}},
		"shown again after it was hidden": {func(y *testimony) {
			y.members[1].hide("id of a1")
			y.members[1].show("id of a1", "a1")
		}, nil},
		"other order": {func(y *testimony) {
			h := y.members[2].history
			h[0], h[1] = h[1], h[0]
		}, []string{order, order}},
		"all have a reply above the line that it replies to": {func(y *testimony) {
			for _, v := range y.members {
				v.history[0], v.history[1] = v.history[1], v.history[0]
			}
		}, []string{order}},
		"other roster": {func(y *testimony) {
			y.members[1].roster = []string{"alice", "bob"}
		}, []string{parted}},
		"other epoch": {func(y *testimony) {
			y.members[2].epoch++
		}, []string{parted}},
		"invented": {func(y *testimony) {
			for i := range y.members {
				y.members[i].take("x")
			}
		}, []string{invented, invented, invented}},
		"refused and said": {func(y *testimony) {
			y.lines["a2"].unsaid, y.lines["a2"].said = true, false
		}, []string{invented, invented, invented}},
		"hidden from the screen alone": {func(y *testimony) {
			for _, v := range y.members {
				v.hide("id of a1")
			}
		}, []string{askew, askew, askew}},
		"in the screen alone": {func(y *testimony) {
			y.members[1].history = y.members[1].history[:2]
		}, []string{askew}},
	} {
		t.Run(name, func(t *testing.T) {
			y := honest(at)
			c.forge(&y)
			var kinds []string
			got := y.judge()
			for _, g := range got {
				kinds = append(kinds, g.kind)
			}
			slices.Sort(kinds)
			if !slices.Equal(kinds, c.want) {
				t.Errorf("the judge says %v, want %v", got, c.want)
			}
		})
	}
}

// honest is a room in which all is well: alice says a1, bob says b1 when he has seen it, and alice says a2.
func honest(at func(s int) time.Time) testimony {
	y := testimony{lines: map[string]*spoken{}}
	for _, name := range []string{"alice", "bob", "carol"} {
		v := view{name: name, screen: newScreen(), since: 1, epoch: 3, history: []string{}, roster: []string{"alice", "bob", "carol"}}
		for _, key := range []string{"a1", "b1", "a2"} {
			v.take(key)
		}
		y.members = append(y.members, v)
	}
	y.lines["a1"] = &spoken{key: "a1", author: "alice", begun: at(0), ended: at(1), epoch: 2, screen: y.members[0].screen, said: true}
	y.lines["b1"] = &spoken{key: "b1", author: "bob", begun: at(2), ended: at(3), epoch: 3, screen: y.members[1].screen, before: 1, said: true, delivered: true}
	y.lines["a2"] = &spoken{key: "a2", author: "alice", begun: at(4), ended: at(5), epoch: 3, screen: y.members[0].screen, before: 2, said: true, delivered: true}
	return y
}

// take is for a line that arrives, forget for a line that never arrived.
func (v *view) take(key string) {
	v.show("id of "+key, key)
	v.history = append(v.history, key)
}

func (v *view) forget(key string) {
	is := func(k string) bool { return k == key }
	v.shown, v.history = slices.DeleteFunc(v.shown, is), slices.DeleteFunc(v.history, is)
	delete(v.has, key)
}
