package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// A line can overtake the one before it, which came by way of another member or was lost: then it is held for a moment, so
// that people see what somebody says in the order in which it was said.
type heldLine struct {
	transcript.Opened
	since time.Time
}

// takeLive lets a live line in, after the one before it.
func (r *room) takeLive(a transcript.Opened, late bool) {
	author := a.Msg.Author
	if late || !r.overtakes(a.Msg) || len(r.held[author]) >= maxHeld {
		r.takeLine(a, late)
		r.letGo(author)
		return
	}
	if len(r.held) == 0 {
		r.holdOn(holdFor)
	}
	r.held[author] = append(r.held[author], heldLine{a, r.l.now()})
	r.compareWith(author, gapSoon, false) // who is sure to have what is missing
}

// overtakes reports whether a line is missing before m that should have come here live. Of a member that was there before
// us, the first one that we hear follows one that was not for us; so does the first one after we were out.
func (r *room) overtakes(m protocol.Message) bool {
	author, in := r.current().Member(m.Author)
	if !in || m.Author == r.l.n.self || m.Prev.IsZero() || r.log.Follows(m) {
		return false
	}
	if author.Admission > r.since {
		return true
	}
	me, _ := r.me()
	heard := r.log.Of(m.Author)
	return len(heard) > 0 && heard[len(heard)-1].Msg.Epoch >= me.FromEpoch
}

// letGo takes what author's lines here make follow.
func (r *room) letGo(author peer.ID) {
	for {
		i := slices.IndexFunc(r.held[author], func(h heldLine) bool { return r.log.Follows(h.Msg) })
		if i < 0 {
			break
		}
		next := r.held[author][i]
		r.held[author] = slices.Delete(r.held[author], i, i+1)
		r.takeLine(next.Opened, false)
	}
	if len(r.held[author]) == 0 {
		delete(r.held, author)
	}
}

func (r *room) holdOn(d time.Duration) {
	id := r.id
	time.AfterFunc(d, func() { r.l.n.post(heldDue{id}) })
}

// heldDue: somebody may have waited long enough.
type heldDue struct{ room protocol.RoomID }

func (e heldDue) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil {
		return
	}
	now := l.now()
	for author, hs := range r.held {
		slices.SortFunc(hs, func(a, b heldLine) int { return cmp.Compare(a.Msg.Ctr, b.Msg.Ctr) })
		r.held[author] = slices.DeleteFunc(hs, func(h heldLine) bool {
			over := now.Sub(h.since) >= holdFor
			if over {
				r.takeLine(h.Opened, false)
			}
			return over
		})
		r.letGo(author)
	}
	if len(r.held) > 0 {
		r.holdOn(holdFor)
	}
}
