package transcript

import (
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// An early has the lines of epochs whose record or key is not here.
type early struct {
	lines []protocol.Message // oldest first
	ages  map[protocol.Hash]earlyAge
}

// An earlyAge is the word on a line that waits for its key, and since when.
type earlyAge struct {
	Given
	since time.Time
}

func newEarly() early { return early{ages: make(map[protocol.Hash]earlyAge)} }

func (e *early) has(id protocol.Hash) bool {
	return slices.ContainsFunc(e.lines, func(m protocol.Message) bool { return m.ID == id })
}

func (e *early) forget(author peer.ID) {
	e.lines = slices.DeleteFunc(e.lines, func(m protocol.Message) bool { return m.Author == author })
}

// age is how old a line is by now that has waited for its key.
func (e *early) age(id protocol.Hash, now time.Time) Given {
	a, is := e.ages[id]
	if !is {
		return Given{}
	}
	a.Age += now.Sub(a.since)
	return a.Given
}

// Early returns the number of lines that wait for their epoch.
func (t *Transcript) Early() int { return len(t.early.lines) }

// Keep keeps a line of an epoch that is not here, and looks for that epoch. It reports false if there is no place for the line.
func (t *Transcript) Keep(env Env, m protocol.Message) (bool, []Effect) {
	kept := t.keepEarly(&env, m)
	return kept, t.done()
}

func (t *Transcript) keepEarly(env *Env, m protocol.Message) bool {
	st, e := env.State, &t.early
	_, member := st.Member(m.Author)
	of, unknown, size, sought := 0, 0, len(m.Raw()), false
	for _, other := range e.lines {
		if other.ID == m.ID {
			return true
		}
		if other.Author == m.Author {
			of++
		}
		if _, known := st.Member(other.Author); !known {
			unknown++
		}
		size += len(other.Raw())
		sought = sought || other.Epoch == m.Epoch
	}
	if of >= MaxEarlyAuthor || !member && unknown >= maxEarlyNew {
		return false
	}
	for len(e.lines) > 0 && (len(e.lines) >= MaxEarly || size > maxEarlyBytes) {
		size -= len(e.lines[0].Raw())
		e.lines = e.lines[1:]
	}
	e.lines = append(e.lines, m)
	t.compareSoon(env, 0)
	if sought || m.Epoch > st.Epoch() {
		return true
	}
	for _, p := range env.Near() { // those that came later have not got the key
		if st.MemberAt(p, m.Epoch) {
			t.compareWith(env, p, 0, false)
		}
	}
	return true
}

// Retry takes the early lines that can be judged now, after a record or a key has come.
func (t *Transcript) Retry(env Env) []Effect {
	if len(t.early.lines) == 0 {
		return nil
	}
	var ready []protocol.Message
	t.early.lines = slices.DeleteFunc(t.early.lines, func(m protocol.Message) bool {
		_, known := env.Keys.Get(m.Epoch)
		if known && m.Epoch <= env.State.Epoch() {
			ready = append(ready, m)
			return true
		}
		return m.Epoch <= env.State.Epoch() && !Counts(env.State.Check(m.Author, m.Header))
	})
	for _, m := range inProofOrder(env.State, ready) {
		t.takeGiven(&env, m, t.early.age(m.ID, env.Now), false, false)
	}
	maps.DeleteFunc(t.early.ages, func(id protocol.Hash, _ earlyAge) bool { return !t.early.has(id) })
	return t.done()
}

// missingKeys returns the epochs of the lines that wait for their key.
func (t *Transcript) missingKeys(env *Env) []uint64 {
	var epochs []uint64
	for _, m := range t.early.lines {
		if _, ok := env.Keys.Get(m.Epoch); !ok && len(epochs) < protocol.MaxMembers && !slices.Contains(epochs, m.Epoch) {
			epochs = append(epochs, m.Epoch)
		}
	}
	return epochs
}
