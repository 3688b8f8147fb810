package transcript

import (
	"testing"
	"time"
)

// TestDoubtedAge: a line that was forgotten because of a doubted claim comes back by a better claim, and not by the same one. After
// the retention it is forgotten for good.
func TestDoubtedAge(t *testing.T) {
	const retain = 10 * time.Minute
	w := newLawRoom(t, "lab")
	w.Admit("bob")
	msg := w.Say("bob", w.Epoch(), 1)
	g, now := newLog(), w.Now
	come := func(age time.Duration, doubted bool) bool {
		return g.add(&Line{Opened: Opened{Msg: msg, Given: Given{Age: age, By: "mallory", Doubted: doubted}}, Got: now})
	}
	if !come(retain-time.Second, true) {
		t.Fatal("the line is not taken")
	}
	now = now.Add(2 * time.Second)
	if ids := g.expire(now.Add(-retain)); len(ids) != 1 || g.floors[personaID("bob")] != 0 {
		t.Fatalf("%d are forgotten, and the floor is %d", len(ids), g.floors[personaID("bob")])
	}
	if come(retain-time.Second, true) {
		t.Error("the line comes back by the same claim")
	}
	if !come(time.Minute, false) {
		t.Fatal("the line does not come back by a better claim")
	}
	now = now.Add(retain - time.Minute - time.Second)
	if ids := g.expire(now.Add(-retain)); len(ids) != 0 {
		t.Error("it is forgotten early")
	}
	now = now.Add(2 * time.Second)
	if ids := g.expire(now.Add(-retain)); len(ids) != 1 || g.floors[personaID("bob")] != 1 || len(g.lapsed) != 0 {
		t.Errorf("%d are forgotten; the floor is %d; %d have lapsed", len(ids), g.floors[personaID("bob")], len(g.lapsed))
	}
}

// TestForgottenLinesAreCounted: lines that were forgotten before their time are counted until that time. The list for the count is
// bounded, however often lines are forgotten.
func TestForgottenLinesAreCounted(t *testing.T) {
	begun := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	var a ages
	for i := range 2 * maxSheds {
		a.noteShed([]*Line{{Got: begun.Add(time.Duration(i) * 2 * shedSpan)}}, 1)
	}
	for i, c := range []struct {
		after time.Duration
		want  int
	}{{0, 2 * maxSheds}, {2 * maxSheds * shedSpan, 2 * maxSheds}, {(4*maxSheds - 20) * shedSpan, 10}, {4 * maxSheds * shedSpan, 0}} {
		if got := a.ShedSince(begun.Add(c.after)); got != c.want {
			t.Errorf("%d: after %v %d lines are counted, want %d", i, c.after, got, c.want)
		}
	}
	if len(a.sheds) > maxSheds {
		t.Errorf("the list has %d entries", len(a.sheds))
	}
	for i := range 100 {
		a.noteShed([]*Line{{Got: begun.Add(time.Duration(i) * time.Millisecond)}}, 3)
	}
	if got := a.ShedSince(begun); len(a.sheds) != 1 || got != 300 {
		t.Errorf("%d lines of one minute are in %d entries", got, len(a.sheds))
	}
}
