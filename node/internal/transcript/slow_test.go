package transcript

import (
	"slices"
	"testing"
	"time"

	"localchat/authority"
)

// slowRoom is a room of alice and bob in which a member says a line every five seconds.
func slowRoom(t *testing.T) *lawRoom {
	w := newLawRoom(t, "lab")
	w.Admit("bob")
	p := w.State().Policy()
	p.Slow = 5 * time.Second
	w.Do(authority.SetPolicy{Policy: p})
	return w
}

// signed are lines of bob's that he has signed so many seconds after now.
func (w *lawRoom) signed(after ...int) []Opened {
	lines := w.lines("bob", len(after))
	for i, s := range after {
		lines[i].Content.At = w.Now.Add(time.Duration(s) * time.Second)
	}
	return lines
}

// shown are the numbers of the lines of bob's that people see.
func shown(talk *Transcript) (ctrs []uint64) {
	for _, l := range talk.Of(personaID("bob")) {
		if l.Shown() {
			ctrs = append(ctrs, l.Msg.Ctr)
		}
	}
	return ctrs
}

// TestSlowInEveryOrder: which lines count is decided alike in whichever order they come, and a line that was shown and is too soon
// after one that comes late is hidden.
func TestSlowInEveryOrder(t *testing.T) {
	w := slowRoom(t)
	lines := w.signed(0, 3, 7, 12)
	want := []uint64{1, 4}
	var permute func(rest, order []Opened)
	permute = func(rest, order []Opened) {
		if len(rest) == 0 {
			talk, seen := w.transcript("alice"), map[string]bool{}
			for _, o := range order {
				o.By = personaID("carol") // nothing holds it up
				talk.takeLine(ptr(w.env()), o, false)
				for _, e := range talk.done() {
					switch e := e.(type) {
					case Show:
						seen[e.Line.ID()] = true
					case Hidden:
						for _, id := range e.IDs {
							delete(seen, id)
						}
					}
				}
			}
			if got := shown(talk); !slices.Equal(got, want) || len(seen) != len(want) {
				t.Errorf("in another order %v count, and %d are seen; not %v", got, len(seen), want)
			}
			return
		}
		for i := range rest {
			permute(slices.Delete(slices.Clone(rest), i, i+1), append(slices.Clip(order), rest[i]))
		}
	}
	permute(lines, nil)
}

func ptr[T any](v T) *T { return &v }

// TestSlowIsForMembersAndItsEpochs: the owner is not held to the pace, and neither are lines of an epoch before the room was slow.
func TestSlowIsForMembersAndItsEpochs(t *testing.T) {
	w := slowRoom(t)
	if slow := w.State().Slow(personaID("alice"), w.Epoch()); slow != 0 {
		t.Errorf("the owner says a line every %v", slow)
	}
	if slow := w.State().Slow(personaID("bob"), w.Epoch()-1); slow != 0 {
		t.Errorf("bob said a line every %v before", slow)
	}
	w.Do(authority.Rekey{})
	if slow := w.State().Slow(personaID("bob"), w.Epoch()-1); slow != 5*time.Second {
		t.Errorf("bob said a line every %v in the epoch before", slow)
	}
}

// TestLiarIsHeldToThePace: a member that signs times to come, or speaks in an epoch from before, is taken at the pace. What others
// hand over is not held up.
func TestLiarIsHeldToThePace(t *testing.T) {
	w := slowRoom(t)
	talk, env := w.transcript("alice"), w.env()
	lines := w.signed(0, 5, 10, 15, 20, 25, 30, 35)
	taken := func() int {
		for _, o := range lines {
			talk.Hear(env, o)
		}
		talk.releaseAll(&env)
		talk.done()
		return len(talk.Of(personaID("bob")))
	}
	const span = 12500 * time.Millisecond // slowSpan times the pace
	if n := taken(); n != slowBurst {
		t.Errorf("%d lines are taken at once, not %d", n, slowBurst)
	}
	env.Now = env.Now.Add(span)
	if n := taken(); n != 2*slowBurst {
		t.Errorf("%d lines are taken after %v, not %d", n, span, 2*slowBurst)
	}
	other := w.transcript("carol")
	for _, o := range lines {
		o.By = personaID("alice")
		other.takeLine(ptr(w.env()), o, true)
	}
	if got := shown(other); len(got) != len(lines) {
		t.Errorf("of the lines that alice hands over %v are shown", got)
	}
}

// TestOwnPace: a node waits, signs times that are far enough apart even if its clock is set back, and after a start waits until it
// knows what it has said.
func TestOwnPace(t *testing.T) {
	w := slowRoom(t)
	bob, env := w.transcript("bob"), w.env()
	if wait := bob.Slow(env); wait != 0 {
		t.Errorf("the first line waits %v", wait)
	}
	bob.takeLine(&env, w.signed(0)[0], false)
	bob.done()
	env.Now = env.Now.Add(2 * time.Second)
	if wait := bob.Slow(env); wait != 3*time.Second {
		t.Errorf("the second line waits %v", wait)
	}
	env.Wall = env.Wall.Add(-time.Hour)
	if at := bob.TimeOfNext(env); at.Sub(w.Now) != 5*time.Second {
		t.Errorf("under a clock that was set back it is signed %v after the first", at.Sub(w.Now))
	}

	again := New(w.ID(), personaID("bob"), 1, w.Now)
	again.Enter(w.env(), false, true)
	if wait := again.Slow(w.env()); wait != 5*time.Second {
		t.Errorf("after a start the first line waits %v", wait)
	}
	again.compared(ptr(w.env()), true, false)
	if wait := again.Slow(w.env()); wait != 0 {
		t.Errorf("after a start and a comparison the first line waits %v", wait)
	}
}
