package transcript

import (
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A partners chooses the members to compare heads with. A random member finds any gap in the end, after some times SyncEvery;
// members that are likely to have or to lack lines come first.
type partners struct {
	// due are to be compared with soon, MaxDue of them at most: they have just been connected to, or say that they have
	// news, or are to hear that we have some (true).
	due map[peer.ID]bool
	// fetched are lines that came by comparison and not live too.
	fetched map[protocol.Hash]bool
	since   time.Time // when the first of fetched came
	// justConnected are those that were connected to a moment ago, and since when: what is said while the gossip settles may be
	// lost.
	justConnected map[peer.ID]time.Time
	// turned is set if the authority was chosen last, for a receipt or after a removal. A busy node takes another member next.
	turned bool
	// turns is how often a partner was chosen.
	turns uint64
	// compared says when the last comparison with each member began, and gave when the member last gave all that it has.
	compared, gave map[peer.ID]time.Time
}

func newPartners() partners {
	return partners{due: make(map[peer.ID]bool), justConnected: make(map[peer.ID]time.Time), fetched: make(map[protocol.Hash]bool), compared: make(map[peer.ID]time.Time), gave: make(map[peer.ID]time.Time)}
}

// Gave is when p last gave us all that it has; zero: it never did.
func (t *Transcript) Gave(p peer.ID) time.Time { return t.compare.gave[p] }

// CompareWith compares heads with p at the next opportunity.
func (t *Transcript) CompareWith(env Env, p peer.ID) []Effect {
	t.compareWith(&env, p, 0, false)
	return t.done()
}

// compareWith compares heads with p after d, and tells it whether we have news.
//
// If too many are due, those that were compared with last are dropped: a member cannot displace others by saying again and again
// that it has news.
func (t *Transcript) compareWith(env *Env, p peer.ID, d time.Duration, news bool) {
	ps := &t.compare.partners
	if _, is := ps.due[p]; !is && len(ps.due) >= MaxDue {
		last := p
		for _, q := range slices.Sorted(maps.Keys(ps.due)) {
			if ps.compared[q].After(ps.compared[last]) {
				last = q
			}
		}
		if last != p {
			delete(ps.due, last)
		}
	}
	if had, is := ps.due[p]; is || len(ps.due) < MaxDue {
		ps.due[p] = had || news
	}
	t.compareSoon(env, d)
}

// longestAgo returns the member with which the last comparison is the longest ago, or any with which there was none.
func (p *partners) longestAgo(env *Env, of []peer.ID) peer.ID {
	shuffle(env, of)
	return slices.MinFunc(of, func(a, b peer.ID) int { return p.compared[a].Compare(p.compared[b]) })
}

func shuffle(env *Env, ps []peer.ID) {
	for i := len(ps) - 1; i > 0; i-- {
		j := env.Pick(i + 1)
		ps[i], ps[j] = ps[j], ps[i]
	}
}

// CompareAround compares heads soon with the connected members, or some of them.
func (t *Transcript) CompareAround(env Env) []Effect {
	t.compareAround(&env, false)
	return t.done()
}

func (t *Transcript) compareAround(env *Env, news bool) {
	near := env.Near()
	shuffle(env, near)
	for _, p := range near {
		t.compareWith(env, p, SyncSoon, news)
	}
}

// Greet compares heads with p, which is back, and once more when the gossip has settled.
func (t *Transcript) Greet(env Env, p peer.ID) []Effect {
	t.compare.justConnected[p], t.compare.stirred = env.Now, env.Now
	t.compareWith(&env, p, SyncSoon, false)
	return t.done()
}

// partner returns the member to compare with, or "" if there is none, and whether we have news for it. It is the first of:
//   - every fairTurn-th time, the member with which the last comparison is the longest ago, whatever others say of themselves
//   - the authority, while one of our lines has no receipt, or after a removal, since only the authority can say which lines of
//     the removed member count; if others are to be compared with too, it is chosen every other time
//   - the member that is in the middle of giving us lines
//   - one that is due
//   - any connected member
func (t *Transcript) partner(env *Env) (p peer.ID, news bool) {
	near := env.Near()
	if len(near) == 0 {
		return "", false
	}
	c := &t.compare
	if !slices.Contains(near, c.pages.from) {
		c.pages = pages{}
	}
	ps, authority := &c.partners, env.State.Authority()
	maps.DeleteFunc(ps.due, func(p peer.ID, _ bool) bool { return !slices.Contains(near, p) })
	word := (t.InDoubt() || t.awaitingReceipt) && slices.Contains(near, authority)
	ps.turns++
	switch busy := c.pages.from != "" || len(ps.due) > 0; {
	case (busy || word) && ps.turns%fairTurn == 0:
		p = ps.longestAgo(env, near)
	case word && !(ps.turned && busy):
		p = authority
	case c.pages.from != "":
		p = c.pages.from
	case len(ps.due) > 0:
		p = ps.longestAgo(env, slices.Sorted(maps.Keys(ps.due)))
	default:
		p = near[env.Pick(len(near))]
	}
	ps.turned = word && p == authority
	news = ps.due[p] || t.hasUnconfirmed(env)
	delete(ps.due, p)
	return p, news
}

// hasUnconfirmed reports whether one of our lines waits for longer than a confirmation takes: a member that does not have it can
// fetch it.
func (t *Transcript) hasUnconfirmed(env *Env) bool {
	for l := range t.unconfirmed() {
		if env.Now.Sub(l.Got) >= onItsWay {
			return true
		}
	}
	return false
}

// noteFetched: these lines came by comparison. The members around us may lack them too.
func (t *Transcript) noteFetched(env *Env, lines []*Line) {
	for _, l := range lines {
		if len(t.compare.fetched) == 0 {
			t.compare.since = env.Now
		}
		t.compare.fetched[l.Msg.ID] = true
	}
}

// tickPartners compares again with those that came back, and passes on what was fetched, when what was only on its way has
// come live too.
func (t *Transcript) tickPartners(env *Env) {
	ps := &t.compare.partners
	for _, p := range slices.Sorted(maps.Keys(ps.justConnected)) {
		if env.Now.Sub(ps.justConnected[p]) >= gossipSettles {
			delete(ps.justConnected, p)
			t.compareWith(env, p, 0, false)
		}
	}
	for _, of := range []map[peer.ID]time.Time{ps.compared, ps.gave} {
		maps.DeleteFunc(of, func(p peer.ID, _ time.Time) bool {
			_, member := env.State.Member(p)
			return !member
		})
	}
	if len(ps.fetched) > 0 && env.Now.Sub(ps.since) >= onItsWay {
		clear(ps.fetched)
		t.compareAround(env, true)
	}
}
