package transcript

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// In a slow room, a line counts if it is far enough from the author's line before, by the times that the author has signed. So all nodes
// that have the same lines make the same decision, in whatever order the lines came, and no clock but the author's matters. A line that
// is too soon is kept, as is a line of an unknown kind. Otherwise nodes would ask for it again and again, and a node without it would
// compare the next line with another one.
//
// A member can sign false times. So lines that come from the author itself are taken no faster than the pace; the others are left for a
// later comparison. This delays lines, but never keeps one out for good, since nodes would then have different lines. It also applies to
// a member that goes on in an epoch from before the room was slow.

// judgePace decides whether l, which has just come, is too soon after another line of its author, and whether others are now too soon
// after l.
func (t *Transcript) judgePace(env *Env, l *Line) {
	slow := env.State.Slow(l.Msg.Author, l.Msg.Epoch)
	if slow == 0 {
		return
	}
	l.hasty = t.hasty(env, l)
	var hidden []string
	for _, o := range t.byAuthor[l.Msg.Author] {
		switch {
		case o.Msg.Epoch != l.Msg.Epoch || o.Msg.Ctr <= l.Msg.Ctr:
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

// judgePaceAgain tells of the lines of p that were too soon after lines that do not count any more, since a membership has ended.
func (t *Transcript) judgePaceAgain(env *Env, p peer.ID) {
	for _, l := range t.byAuthor[p] {
		if !l.hasty || t.hasty(env, l) {
			continue
		}
		l.hasty, l.told, l.Late = false, false, true
		if l.Shown() {
			t.tellLine(env, l)
		}
	}
}

// hasty reports whether l is too soon after another line that is here.
func (t *Transcript) hasty(env *Env, l *Line) bool {
	slow := env.State.Slow(l.Msg.Author, l.Msg.Epoch)
	for _, o := range t.byAuthor[l.Msg.Author] {
		if o.Msg.Epoch == l.Msg.Epoch && o.Msg.Ctr < l.Msg.Ctr && l.signed.Before(o.signed.Add(slow)) {
			return true
		}
	}
	return false
}

// inPace reports whether a line that comes from its author, live or by a comparison, is taken now.
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

// Slow returns how long this node has to wait before it may say its next line. Before the first comparison after a start the node does
// not know what it has said, so it waits as if it had just spoken.
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

// TimeOfNext returns the time with which our next line is signed. That is the time by the wall clock, or a later one if the line would
// otherwise be too soon, because the clock was set back or is slow.
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
