package transcript

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A line can overtake the one before it, which was relayed or lost. Then it is held for a moment, so that the lines of an author
// are shown in the order in which they were said.
type heldLine struct {
	Opened
	since time.Time
}

// Held returns the number of authors of which lines are held.
func (t *Transcript) Held() int { return len(t.held) }

func (t *Transcript) holds(m protocol.Message) bool {
	return slices.ContainsFunc(t.held[m.Author], func(h heldLine) bool { return h.Msg.ID == m.ID })
}

// takeLive lets a live line in, after the one before it.
func (t *Transcript) takeLive(env *Env, o Opened, late bool) {
	author := o.Msg.Author
	if late || !t.overtakes(env, o.Msg) || len(t.held[author]) >= maxHeld {
		t.takeLine(env, o, late)
		t.release(env, author)
		return
	}
	if len(t.held) == 0 {
		t.wake(HoldFor, Release)
	}
	t.held[author] = append(t.held[author], heldLine{o, env.Now})
	t.compareWith(env, author, gapSoon, false) // it is sure to have what is missing
}

// overtakes reports whether a line is missing before m that should have come here live. Of a member that was there before
// us, the first one that we hear follows one that was not for us; so does the first one after we were out.
func (t *Transcript) overtakes(env *Env, m protocol.Message) bool {
	author, in := env.State.Member(m.Author)
	if !in || m.Author == t.self || m.Prev.IsZero() || t.follows(m) {
		return false
	}
	if author.Admission > t.joinedSeq {
		return true
	}
	me, _ := env.State.Member(t.self)
	heard := t.byAuthor[m.Author]
	return len(heard) > 0 && heard[len(heard)-1].Msg.Epoch >= me.FromEpoch
}

// release takes the lines that author's lines here make follow.
func (t *Transcript) release(env *Env, author peer.ID) {
	for {
		i := slices.IndexFunc(t.held[author], func(h heldLine) bool { return t.follows(h.Msg) })
		if i < 0 {
			break
		}
		next := t.held[author][i]
		t.held[author] = slices.Delete(t.held[author], i, i+1)
		t.takeLine(env, next.Opened, false)
	}
	if len(t.held[author]) == 0 {
		delete(t.held, author)
	}
}

// releaseAll does so for all authors.
func (t *Transcript) releaseAll(env *Env) {
	for _, author := range slices.Sorted(maps.Keys(t.held)) {
		t.release(env, author)
	}
}

// releaseDue shows what has waited long enough.
func (t *Transcript) releaseDue(env *Env) {
	for _, author := range slices.Sorted(maps.Keys(t.held)) {
		hs := t.held[author]
		slices.SortFunc(hs, func(a, b heldLine) int { return cmp.Compare(a.Msg.Ctr, b.Msg.Ctr) })
		t.held[author] = slices.DeleteFunc(hs, func(h heldLine) bool {
			over := env.Now.Sub(h.since) >= HoldFor
			if over {
				t.takeLine(env, h.Opened, false)
			}
			return over
		})
		t.release(env, author)
	}
	if len(t.held) > 0 {
		t.wake(HoldFor, Release)
	}
}
