package node

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

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
	// met are those who were connected to a moment ago, and since when: what is said while the mesh settles may be lost.
	met map[peer.ID]time.Time
	// turned: the authority was chosen last, for its word, and one that is due has its turn.
	turned bool
}

func newPartners() partners {
	return partners{due: make(map[peer.ID]bool), met: make(map[peer.ID]time.Time), fetched: make(map[protocol.Hash]bool)}
}

// compareWith compares heads with p after d, and tells it whether we have news.
func (r *room) compareWith(p peer.ID, d time.Duration, news bool) {
	if had, is := r.partners.due[p]; is || len(r.partners.due) < maxDue {
		r.partners.due[p] = had || news
	}
	r.syncSoon(d)
}

// compareAround compares heads soon with those around us, or some of them.
func (r *room) compareAround(news bool) {
	near := r.near()
	rand.Shuffle(len(near), func(i, j int) { near[i], near[j] = near[j], near[i] })
	for _, p := range near {
		r.compareWith(p, syncSoon, news)
	}
}

// greet compares heads with p, who is back, and once more when the mesh has settled.
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

// syncPartner is whom to compare with, and whether we have news for it: who is in the middle of giving us what we lack; the
// authority while a line of ours waits for its word, or after a removal, since it alone can hand over what counts of whom it
// removed, in turns with those that are due; otherwise any member that we are connected to; "" if there is none.
func (r *room) syncPartner() (p peer.ID, news bool) {
	near := r.near()
	if len(near) == 0 {
		return "", false
	}
	if slices.Contains(near, r.pages.from) {
		return r.pages.from, false
	}
	maps.DeleteFunc(r.partners.due, func(p peer.ID, _ bool) bool { return !slices.Contains(near, p) })
	word := (len(r.doubts) > 0 || r.fresh || r.ended) && slices.Contains(near, r.authority())
	if word = word && !(r.partners.turned && len(r.partners.due) > 0); word {
		near = []peer.ID{r.authority()}
	} else if len(r.partners.due) > 0 {
		near = slices.Collect(maps.Keys(r.partners.due))
	}
	r.partners.turned = word
	p = near[rand.N(len(near))]
	news = r.partners.due[p] || r.unheard()
	delete(r.partners.due, p)
	return p, news
}

// unheard reports whether a line of ours waits for longer than a line takes to be confirmed: whoever does not have it can
// fetch it.
func (r *room) unheard() bool {
	for _, l := range slices.Backward(r.log.byAuthor[r.l.n.self]) {
		if l.delivered {
			return false
		}
		if r.l.now().Sub(l.got) >= onItsWay {
			return true
		}
	}
	return false
}

// noteAsked looks at what a fellow member says that compares with us: what it has and we lack we fetch from it.
func (r *room) noteAsked(p peer.ID, req protocol.SyncRequest) {
	said := slices.ContainsFunc(req.Heads, func(h protocol.Head) bool { return h.Author == p && h.Ctr > r.log.head(p) })
	if req.News || said {
		r.compareWith(p, 0, false)
	}
}

// noteFetched: these lines came by comparison. Whoever is around us may lack them too.
func (r *room) noteFetched(lines []*line) {
	for _, l := range lines {
		if len(r.partners.fetched) == 0 {
			r.partners.since = r.l.now()
		}
		r.partners.fetched[l.msg.ID] = true
	}
}

// tickPartners compares again with those who came back, and passes on what was fetched, when what was only on its way has
// come live too.
func (r *room) tickPartners(now time.Time) {
	for p, since := range r.partners.met {
		if now.Sub(since) >= meshSettles {
			delete(r.partners.met, p)
			r.compareWith(p, 0, false)
		}
	}
	if len(r.partners.fetched) > 0 && now.Sub(r.partners.since) >= onItsWay {
		clear(r.partners.fetched)
		r.compareAround(true)
	}
}
