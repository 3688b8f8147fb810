package transcript

import (
	"time"
)

// In a slow room, the lines of a member count that are far enough apart by the times that it has signed itself. So all nodes that have
// the same lines decide alike, in whatever order they came, and no clock but the author's is asked. A line that is too soon stays
// here, as a line of an unknown kind does: otherwise it would be asked for again and again, and a node without it would judge the
// next one by another.
//
// A member can sign times at which it did not speak. So what comes from the author itself is taken no faster than the pace, and
// the rest is left for a later comparison. That holds lines up and never keeps one out for good: it would differ between nodes.
// It holds also for a member that goes on in an epoch from before the room was slow.

// judgePace says whether l, which has just come, is too soon after another line of its author, and which others are now too soon
// after l.
func (t *Transcript) judgePace(env *Env, l *Line) {
	slow := env.State.Slow(l.Msg.Author, l.Msg.Epoch)
	if slow == 0 {
		return
	}
	var hidden []string
	for _, o := range t.byAuthor[l.Msg.Author] {
		switch {
		case o == l || o.Msg.Epoch != l.Msg.Epoch:
		case o.Msg.Ctr < l.Msg.Ctr:
			l.hasty = l.hasty || l.signed.Before(o.signed.Add(slow))
		case !o.hasty && o.signed.Before(l.signed.Add(slow)):
			if o.told {
				hidden = append(hidden, o.ID())
			}
			o.hasty = true
		}
	}
	if len(hidden) > 0 {
		t.emit(Hidden{l.Msg.Author, hidden})
	}
}

// inPace reports whether a line that comes from its author, live or by a comparison, is to be taken now.
func (t *Transcript) inPace(env *Env, o Opened) bool {
	author := o.Msg.Author
	slow := env.State.Slow(author, env.State.Epoch())
	if slow == 0 || author == t.self || o.By != "" && o.By != author || t.byID[o.Msg.ID] != nil {
		return true
	}
	span, n := time.Duration(slowSpan*float64(slow)), 0
	for _, l := range t.byAuthor[author] {
		if l.Shown() && (l.By == "" || l.By == author) && env.Now.Sub(l.Got) < span {
			n++
		}
	}
	return n < slowBurst
}

// Slow returns how long this node still has to wait before it may say its next line; 0: not at all. Before the first comparison
// after a start this node does not know what it has said, so it waits as if it had just spoken.
func (t *Transcript) Slow(env Env) time.Duration {
	slow := env.State.Slow(t.self, env.State.Epoch())
	if slow == 0 {
		return 0
	}
	var last time.Time
	if t.again && !t.telling.caughtUp {
		last = t.entered
	}
	for _, l := range t.byAuthor[t.self] {
		if said := l.Said(); said.After(last) {
			last = said
		}
	}
	return max(0, last.Add(slow).Sub(env.Now))
}

// TimeOfNext returns the time that our next line is signed with: that of the wall clock, or a later one if the clock was set back or
// goes slow, since the line would be too soon.
func (t *Transcript) TimeOfNext(env Env) time.Time {
	at := env.Wall.UTC().Truncate(time.Millisecond)
	slow := env.State.Slow(t.self, env.State.Epoch())
	if slow == 0 {
		return at
	}
	for _, l := range t.byAuthor[t.self] {
		if next := l.signed.Add(slow); l.Msg.Epoch == env.State.Epoch() && next.After(at) {
			at = next
		}
	}
	return at
}
