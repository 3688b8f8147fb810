package node

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// partners says whom to compare heads with. A random fellow member finds any gap in the end, after some times syncEvery;
// those who are likely to have or to lack something come first. It is owned by the loop.
type partners struct {
	// due are to be compared with soon, maxDue of them at most: they have just been connected to, or say that they have
	// news, or are to hear that we have some (true).
	due map[peer.ID]bool
	// fetched are lines that came by comparison and not live too.
	fetched map[protocol.Hash]bool
	since   time.Time // when the first of fetched came
	// met are the peers that were connected to a moment ago, and since when: a line may be lost while pubsub's streams open.
	met map[peer.ID]time.Time
	// turned: the authority was chosen last, for its word, and others have their turn.
	turned bool
	// turns is how often a partner was chosen.
	turns uint64
	// compared is when we last began to compare with each member, and gave when, by clock.even, it last gave us all that it has.
	compared, gave map[peer.ID]time.Time
}

func newPartners() partners {
	return partners{due: make(map[peer.ID]bool), met: make(map[peer.ID]time.Time), fetched: make(map[protocol.Hash]bool), compared: make(map[peer.ID]time.Time), gave: make(map[peer.ID]time.Time)}
}

// compareWith compares heads with p after d, and tells it whether we have news.
//
// Where too many are due, those that were compared with last give way: a member cannot keep others out by saying again and
// again that it has news.
func (r *room) compareWith(p peer.ID, d time.Duration, news bool) {
	due := r.partners.due
	if _, is := due[p]; !is && len(due) >= maxDue {
		last := p
		for q := range due {
			if r.partners.compared[q].After(r.partners.compared[last]) {
				last = q
			}
		}
		if last != p {
			delete(due, last)
		}
	}
	if had, is := due[p]; is || len(due) < maxDue {
		due[p] = had || news
	}
	r.syncSoon(d)
}

// longestAgo is who of ps was compared with before all others; any of those that never were.
func (p *partners) longestAgo(ps []peer.ID) peer.ID {
	rand.Shuffle(len(ps), func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
	return slices.MinFunc(ps, func(a, b peer.ID) int { return p.compared[a].Compare(p.compared[b]) })
}

// compareAround compares heads soon with those around us, or some of them.
func (r *room) compareAround(news bool) {
	near := r.near()
	rand.Shuffle(len(near), func(i, j int) { near[i], near[j] = near[j], near[i] })
	for _, p := range near {
		r.compareWith(p, syncSoon, news)
	}
}

// greet compares heads with p, which is back, and once more when pubsub's streams have settled.
func (r *room) greet(p peer.ID) {
	r.partners.met[p] = r.l.now()
	r.compareWith(p, syncSoon, false)
}

// near are the other members that we are connected to.
func (r *room) near() []peer.ID {
	var near []peer.ID
	for _, m := range r.current().Members() {
		if m.Peer != r.l.n.self && r.l.n.connected(m.Peer) {
			near = append(near, m.Peer)
		}
	}
	return near
}

// syncPartner is whom to compare with, and whether we have news for it: the authority while a line of ours waits for its
// word, or after a removal, since it alone can hand over what counts of whom it removed, in turns with the others; who is in
// the middle of giving us what we lack; those that are due; otherwise any member that we are connected to; "" if there is
// none. Every fairTurn-th time it is who has waited longest, whatever others say of themselves.
func (r *room) syncPartner() (p peer.ID, news bool) {
	near := r.near()
	if len(near) == 0 {
		return "", false
	}
	if !slices.Contains(near, r.pages.from) {
		r.pages = pages{}
	}
	ps := &r.partners
	maps.DeleteFunc(ps.due, func(p peer.ID, _ bool) bool { return !slices.Contains(near, p) })
	word := (len(r.doubts) > 0 || r.fresh || r.ended) && slices.Contains(near, r.authority())
	ps.turns++
	switch busy := r.pages.from != "" || len(ps.due) > 0; {
	case (busy || word) && ps.turns%fairTurn == 0:
		p = ps.longestAgo(near)
	case word && !(ps.turned && busy):
		p = r.authority()
	case r.pages.from != "":
		p = r.pages.from
	case len(ps.due) > 0:
		p = ps.longestAgo(slices.Collect(maps.Keys(ps.due)))
	default:
		p = near[rand.N(len(near))]
	}
	ps.turned = word && p == r.authority()
	news = ps.due[p] || r.unheard()
	delete(ps.due, p)
	return p, news
}

// unheard reports whether a line of ours waits for longer than a line takes to be confirmed: whoever does not have it can
// fetch it.
func (r *room) unheard() bool {
	for _, l := range slices.Backward(r.log.Of(r.l.n.self)) {
		if l.Delivered {
			return false
		}
		if r.l.clock.even().Sub(l.Got) >= onItsWay {
			return true
		}
	}
	return false
}

// noteAsked looks at what a fellow member says that compares with us: what it has and we lack we fetch from it.
func (r *room) noteAsked(p peer.ID, req protocol.SyncRequest) {
	said := slices.ContainsFunc(req.Heads, func(h protocol.Head) bool { return h.Author == p && h.Ctr > r.log.Head(p) })
	if req.News || said {
		r.compareWith(p, 0, false)
	}
}

// noteFetched: these lines came by comparison. Whoever is around us may lack them too.
func (r *room) noteFetched(lines []*transcript.Line) {
	for _, l := range lines {
		if len(r.partners.fetched) == 0 {
			r.partners.since = r.l.now()
		}
		r.partners.fetched[l.Msg.ID] = true
	}
}

// tickPartners compares again with those who came back, and passes on what was fetched, when what was only on its way has
// come live too.
func (r *room) tickPartners(now time.Time) {
	for p, since := range r.partners.met {
		if now.Sub(since) >= gossipSettles {
			delete(r.partners.met, p)
			r.compareWith(p, 0, false)
		}
	}
	for _, of := range []map[peer.ID]time.Time{r.partners.compared, r.partners.gave} {
		maps.DeleteFunc(of, func(p peer.ID, _ time.Time) bool {
			_, member := r.current().Member(p)
			return !member
		})
	}
	if len(r.partners.fetched) > 0 && now.Sub(r.partners.since) >= onItsWay {
		clear(r.partners.fetched)
		r.compareAround(true)
	}
}
