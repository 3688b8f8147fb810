package transcript

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A compare says when heads are compared, and has the state of the comparison. There is one comparison at a time.
type compare struct {
	at      time.Time // zero: none is due
	last    time.Time // when the last one began
	stirred time.Time // when a line or a member last came
	again   int       // comparisons that follow the next one at once: the gossip settles within seconds
	busy    bool      // one is under way
	flooded time.Time // when a member last said more than it may
	empty   int       // how many members have answered that this node is no member, since it came in
	partners
	pages pages
}

func newCompare() compare { return compare{partners: newPartners()} }

// paging reports whether a comparison has brought only a part of its partner's lines so far.
func (t *Transcript) paging() bool { return t.compare.pages.from != "" }

// Fetching reports whether the members around us may have lines that are not here.
func (t *Transcript) Fetching(env Env) bool {
	return t.paging() || !t.telling.caughtUp && len(env.Near()) > 0
}

// Gathering reports whether this node has come in a moment ago, and lines of before are still to be fetched.
func (t *Transcript) Gathering(env Env) bool {
	return t.joined && t.Fetching(env) && env.Now.Sub(t.entered) < CatchUpFor
}

// CompareSoon compares heads with a member at the next opportunity.
func (t *Transcript) CompareSoon(env Env) []Effect {
	t.compareSoon(&env, 0)
	return t.done()
}

// Subscribed says that lines arrive from now on. Earlier lines are fetched, and so are those that are said while the gossip
// settles.
func (t *Transcript) Subscribed(env Env) []Effect {
	t.compare.again, t.compare.stirred = settleSyncs, env.Now
	t.compareSoon(&env, 0)
	return t.done()
}

// compareSoon compares heads after d, unless that is about to happen anyway.
func (t *Transcript) compareSoon(env *Env, d time.Duration) {
	// One at a time, and not more often than SyncSpacing, however much is said.
	c, at := &t.compare, env.Now.Add(d)
	if next := c.last.Add(SyncSpacing); at.Before(next) {
		at = next
	}
	if !t.joined || !c.at.IsZero() && !c.at.Before(env.Now) && !at.Before(c.at) {
		return
	}
	c.at = at
	t.wake(at.Sub(env.Now), Compare)
}

// compareDue begins a comparison.
func (t *Transcript) compareDue(env *Env) {
	c := &t.compare
	if !t.joined || c.busy || c.at.IsZero() || env.Now.Before(c.at) {
		return
	}
	c.at = time.Time{}
	p, news := t.partner(env)
	if p == "" {
		return
	}
	c.busy, c.last = true, env.Now
	c.compared[p] = env.Now
	req := protocol.SyncRequest{Room: t.room, Keys: t.missingKeys(env), Heads: c.pages.heads(p, t.Heads()), News: news}
	doubted := t.askDoubts(env, p, &req)
	t.emit(Ask{p, req, doubted})
}

// An Answer is the result of a comparison.
type Answer struct {
	Peer  peer.ID
	Reply *protocol.SyncReply
	Lines []protocol.Message // of Reply, those that verify
	// Doubted is that of the [Ask].
	Doubted map[peer.ID]uint64
	// Fresh: it has brought something new. Judged: each line could be judged.
	Fresh, Judged bool
}

// Failed says that the comparison with p had no answer.
func (t *Transcript) Failed(env Env, p peer.ID) []Effect {
	c := &t.compare
	c.busy = false
	if c.pages.from == p {
		c.pages = pages{}
	}
	t.compared(&env, false, false)
	t.compareSoon(&env, SyncSoon) // with another
	return t.done()
}

// Compared ends a comparison, of which the lines have been handed over before.
func (t *Transcript) Compared(env Env, a Answer) []Effect {
	c := &t.compare
	c.busy = false
	whole := a.Judged && !a.Reply.More && a.Reply.HaveSeq > 0 && len(a.Lines) == len(a.Reply.Lines)
	t.releaseAll(&env)
	c.pages.turn(&a, func(m protocol.Message) bool { return t.byID[m.ID] != nil })
	t.settleDoubts(&env, a.Doubted, a.Lines, a.Reply.More)
	if whole {
		c.gave[a.Peer] = env.Now
	}
	if a.Peer == env.State.Authority() && !a.Reply.More {
		t.cutoff.unasked = false
	}
	t.noteDelivered(&env, &a)
	goesOn := t.paging() && env.Now.Sub(c.flooded) >= FloodPause
	t.compared(&env, whole, goesOn)
	if a.Reply.HaveSeq == 0 && !t.telling.caughtUp && c.empty < MaxDue {
		// The member has not heard of our admission. The lines that are said now wait until those of before are here, so the authority,
		// which has signed the admission, is asked at once.
		c.empty++
		c.last = env.Now.Add(-SyncSpacing)
		t.compareWith(&env, env.State.Authority(), 0, false)
	}
	if goesOn || c.again > 0 || len(c.due) > 0 {
		c.again = max(0, c.again-1)
		if goesOn && c.pages.full {
			c.last = env.Now.Add(-SyncSpacing) // it is still the same comparison
		}
		t.compareSoon(&env, 0)
	}
	return t.done()
}

// Asked answers member p, which compares its heads with ours: the lines that it lacks and may have, and which of its own are
// here. What it has and we lack we fetch from it. The driver adds what is said of the room's log.
func (t *Transcript) Asked(env Env, p peer.ID, req protocol.SyncRequest) (protocol.SyncReply, []Effect) {
	lines, more := t.missing(req.Heads, func(l *Line) bool { return mayHave(&env, p, l) })
	reply := protocol.SyncReply{Receipt: t.Receipt(p), Last: t.Cut(p), More: more}
	for _, l := range lines {
		reply.Lines = append(reply.Lines, l.Msg.Raw())
		reply.Ages = append(reply.Ages, min(age(&env, l).Truncate(time.Millisecond), protocol.MaxAge))
	}
	// Of an author that is new to us p may have only lines from before our admission, which we may not have.
	ahead := slices.ContainsFunc(req.Heads, func(h protocol.Head) bool {
		last := t.Cut(h.Author).Ctr
		return h.Runs.Last() > last && (last > 0 || h.Author == p)
	})
	if req.News || ahead {
		t.compareWith(&env, p, 0, false)
	}
	return reply, t.done()
}

// mayHave reports whether the policy lets p have l when it asks: a line from before its admission only if the policy gives
// all, and no line whose time is up.
func mayHave(env *Env, p peer.ID, l *Line) bool {
	old := age(env, l)
	if tooOld(env, old) {
		return false
	}
	switch env.State.Policy().History {
	case protocol.HistoryAll:
		return true
	case protocol.HistoryNone:
		if old > RepairFor {
			return false
		}
	}
	return env.State.MemberAt(p, l.Msg.Epoch)
}
