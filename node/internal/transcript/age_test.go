package transcript

import (
	"testing"
	"time"
)

// What a doubted word has forgotten comes again by a better one, and not by the same; and is forgotten for good after the retention.
func TestADoubtedAge(t *testing.T) {
	const retain = 10 * time.Minute
	w := newLawRoom(t, "lab")
	w.admit("bob")
	msg := w.say("bob", w.epoch(), 1)
	g, now := NewLog(), w.now
	come := func(age time.Duration, doubted bool) bool {
		return g.Add(&Line{Opened: Opened{Msg: msg, Given: Given{Age: age, By: "mallory", Doubted: doubted}}, Got: now})
	}
	if !come(retain-time.Second, true) {
		t.Fatal("it is not taken")
	}
	now = now.Add(2 * time.Second)
	if ids := g.Expire(now.Add(-retain)); len(ids) != 1 || g.floors[personaID("bob")] != 0 {
		t.Fatalf("%d are forgotten, and the floor is %d", len(ids), g.floors[personaID("bob")])
	}
	if come(retain-time.Second, true) {
		t.Error("it comes again by the same word")
	}
	if !come(time.Minute, false) {
		t.Fatal("it does not come again by a better word")
	}
	now = now.Add(retain - time.Minute - time.Second)
	if ids := g.Expire(now.Add(-retain)); len(ids) != 0 {
		t.Error("it is forgotten early")
	}
	now = now.Add(2 * time.Second)
	if ids := g.Expire(now.Add(-retain)); len(ids) != 1 || g.floors[personaID("bob")] != 1 || len(g.lapsed) != 0 {
		t.Errorf("%d are forgotten; the floor is %d; %d have lapsed", len(ids), g.floors[personaID("bob")], len(g.lapsed))
	}
}

// The count of the lines that were forgotten before their time ends with that time, and it takes a bounded list, however often
// some are forgotten.
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
			t.Errorf("%d: after %v %d are counted, want %d", i, c.after, got, c.want)
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
