package transcript

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/roomtest"
	"localchat/protocol"
)

// The explorer plays a room of a few members in seeded random schedules: lines are said, lost, overtaken and held up, links
// break and heal, nodes are started again and have lost all lines, members are kicked, go on talking until they hear of it,
// and come back. The room is slow, or becomes so; dave's program does not keep to that, and lies about its times. Records and keys come late, and one
// after the other. Everything but the network is real: the law, the seals and the transcripts. In the end all links are
// whole and time goes on; then the room must be one.

// schedules is how many are played, and steps how long each is.
const (
	schedules = 400
	steps     = 120
	settling  = 3 * time.Minute
	// explorerSlow is the pace of a slow room.
	explorerSlow = 2 * time.Second
)

// An actor is a node that is, or was, in the room.
type actor struct {
	name  string
	id    peer.ID
	talk  *Transcript // nil: it is not in
	again bool        // it was started again
	st    authority.State
	keys  authority.Keyring
	wakes []wakeUp
	asks  []Ask
	// screen is what a person sees: each line above the one that it is told with; shown is how often each was shown.
	screen []*Line
	shown  map[protocol.Hash]int
}

type wakeUp struct {
	at   time.Time
	task Task
}

// A flight is a line on its way to one actor.
type flight struct {
	to  *actor
	msg protocol.Message
}

type explorer struct {
	t       *testing.T
	rand    *rand.Rand
	law     *lawRoom
	now     time.Time
	actors  []*actor
	cut     map[[2]string]bool // links that are broken
	flights []flight
	said    int
	hasty   int  // lines that are too soon in the end, at all members
	ended   bool // a membership has
	// compared is how many comparisons were answered, and given how many lines were in the answers.
	compared, given int

	trace []string
	// seen are the members that have ever had each line.
	seen map[protocol.Hash]map[string]bool
	// most is how full what is bounded has been.
	most struct{ due, early, held int }
}

func newExplorer(t *testing.T, seed uint64, history protocol.History) *explorer {
	x := &explorer{t: t, rand: rand.New(rand.NewPCG(seed, 7)), law: newLawRoom(t, fmt.Sprint("lab", seed)), cut: make(map[[2]string]bool), seen: make(map[protocol.Hash]map[string]bool)}
	p := x.law.State().Policy()
	p.History, p.Retain, p.Idle = history, 30*24*time.Hour, 0
	x.law.Do(authority.SetPolicy{Policy: p})
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		x.actors = append(x.actors, &actor{name: name, id: personaID(name)})
	}
	x.now = x.law.Now
	x.enter(x.actors[0], true)
	for _, a := range x.actors[1:3] {
		x.admit(a)
	}
	return x
}

func (x *explorer) note(format string, args ...any) {
	x.trace = append(x.trace, fmt.Sprintf(format, args...))
}

func (x *explorer) fatalf(format string, args ...any) {
	x.t.Helper()
	for _, s := range x.trace {
		x.t.Log(s)
	}
	x.t.Fatalf(format, args...)
}

func (x *explorer) linked(a, b *actor) bool {
	return a != b && a.talk != nil && b.talk != nil && !x.cut[[2]string{a.name, b.name}] && !x.cut[[2]string{b.name, a.name}]
}

func (x *explorer) of(id peer.ID) *actor {
	for _, a := range x.actors {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (x *explorer) env(a *actor) Env {
	return Env{
		Now: x.now, Wall: x.now, State: a.st, Keys: a.keys, Space: 1 << 20,
		Near: func() (near []peer.ID) {
			for _, b := range x.actors {
				if _, member := a.st.Member(b.id); member && x.linked(a, b) {
					near = append(near, b.id)
				}
			}
			return near
		},
		Allow: func(peer.ID, string) bool { return true },
		Pick:  x.rand.IntN,
	}
}

// enter has a come in, with the log and the keys of now. Nothing was said before where caughtUp is true.
func (x *explorer) enter(a *actor, caughtUp bool) {
	a.st, a.keys = x.law.State(), authority.Keyring{}
	x.giveKeys(a)
	a.talk = New(x.law.ID(), a.id, a.st.Used(a.id), x.now)
	a.wakes, a.asks, a.screen = nil, nil, nil
	a.shown = make(map[protocol.Hash]int)
	a.talk.Enter(x.env(a), caughtUp, a.again)
	x.carry(a, a.talk.Subscribed(x.env(a)))
	for _, b := range x.actors {
		if x.linked(a, b) {
			x.carry(b, b.talk.Greet(x.env(b), a.id))
		}
	}
}

// order has alice do something, some minutes later, and alice's own node apply it.
func (x *explorer) order(ev authority.Event) {
	x.pass(roomtest.OrderEvery)
	x.law.Now = x.now.Add(-roomtest.OrderEvery)
	x.law.Do(ev)
	x.apply(x.actors[0])
}

// pace makes the room slow, or not.
func (x *explorer) pace(slow time.Duration) {
	x.note("a member says a line every %v", slow)
	p := x.law.State().Policy()
	p.Slow = slow
	x.order(authority.SetPolicy{Policy: p})
}

func (x *explorer) admit(a *actor) {
	x.note("%s is admitted", a.name)
	x.order(authority.Knock{Peer: a.id, Request: protocol.JoinRequest{Room: x.law.ID(), Nick: a.name}})
	if _, in := x.law.State().Member(a.id); !in {
		x.fatalf("%s was not let in", a.name)
	}
	a.again = false
	x.enter(a, false)
}

// restart starts a's node again. It knows the numbers that it has used, and no line.
func (x *explorer) restart(a *actor) {
	x.note("%s is started again", a.name)
	used := a.talk.Used()
	a.talk, a.again = nil, true
	x.enter(a, false)
	a.talk.SkipTo(used)
}

// apply gives a the next record, if there is one. A node that is removed by it is out.
func (x *explorer) apply(a *actor) {
	for a.st.Seq() < x.law.State().Seq() {
		st, change, err := a.st.Apply(x.law.Records[a.st.Seq()])
		if err != nil {
			x.fatalf("%s applies record %d: %v", a.name, a.st.Seq()+1, err)
		}
		a.st = st
		ended := change.Kind == authority.Left || change.Kind == authority.Removed
		if ended && change.Peer == a.id {
			a.talk = nil
			return
		}
		if ended {
			x.carry(a, a.talk.End(x.env(a), change.Peer))
		}
		x.carry(a, a.talk.Retry(x.env(a)))
		if a != x.actors[0] {
			return
		}
		x.giveKeys(a)
	}
}

// giveKeys gives a the keys that it may have of the epochs that it knows.
func (x *explorer) giveKeys(a *actor) {
	var keys []protocol.EpochKey
	for k := range x.law.Keys.After(0) {
		if k.Epoch <= a.st.Epoch() && (a.st.Policy().History == protocol.HistoryAll || a.st.MemberAt(a.id, k.Epoch)) {
			keys = append(keys, k)
		}
	}
	a.keys = a.keys.With(a.st, keys, x.now)
	if a.talk != nil {
		x.carry(a, a.talk.Retry(x.env(a)))
	}
}

// say has a say a line, which goes to those that it reaches; some of it is lost.
func (x *explorer) say(a *actor) {
	key, ok := a.keys.Get(a.st.Epoch())
	if !ok {
		return
	}
	at := a.talk.TimeOfNext(x.env(a))
	switch soon := a.talk.Slow(x.env(a)) > 0; {
	case soon && a.name != "dave":
		return // its node refuses
	case soon && x.rand.IntN(3) > 0:
		at = x.now // he does not wait; or he waits by the times that he signs alone
	}
	x.said++
	msg := roomtest.SealedAt(a.name, a.talk.Next(a.st.Epoch()), fmt.Sprint("line ", x.said), key, at)
	x.note("%s says line %d, number %d of epoch %d", a.name, x.said, msg.Ctr, msg.Epoch)
	effects, ok := a.talk.Say(x.env(a), msg)
	if !ok {
		x.fatalf("%s cannot say a line", a.name)
	}
	x.carry(a, effects)
	for _, b := range x.actors {
		if x.linked(a, b) && x.rand.IntN(4) > 0 {
			x.flights = append(x.flights, flight{b, msg})
		}
	}
}

// land lets one of the lines that are under way arrive, as pubsub's validator judges it.
func (x *explorer) land(i int) {
	f := x.flights[i]
	x.flights = slices.Delete(x.flights, i, i+1)
	a := f.to
	if a.talk == nil {
		return
	}
	v := a.st.Check(f.msg.Author, f.msg.Header)
	if v == authority.VerdictIgnore {
		return
	}
	if _, known := a.keys.Get(f.msg.Epoch); !known || v == authority.VerdictUnknown {
		_, effects := a.talk.Keep(x.env(a), f.msg)
		x.carry(a, effects)
		return
	}
	if o, ok := Open(f.msg, v, a.keys, a.talk.Floors()[f.msg.Author]); ok {
		x.carry(a, a.talk.Hear(x.env(a), o))
	}
}

// answer carries on a comparison of a's: it is answered, or fails.
func (x *explorer) answer(a *actor) {
	ask := a.asks[0]
	a.asks = a.asks[1:]
	b := x.of(ask.Peer)
	if !x.linked(a, b) || x.rand.IntN(10) == 0 {
		x.carry(a, a.talk.Failed(x.env(a), ask.Peer))
		return
	}
	reply := &protocol.SyncReply{HaveSeq: b.st.Seq(), Head: b.st.Head()}
	if _, member := b.st.Member(a.id); member {
		said, effects := b.talk.Asked(x.env(b), a.id, ask.Request)
		said.HaveSeq, said.Head = b.st.Seq(), b.st.Head()
		x.compared, x.given = x.compared+1, x.given+len(said.Lines)
		reply = &said
		x.carry(b, effects)
		var keys []protocol.EpochKey
		for k := range b.keys.After(0) {
			if slices.Contains(ask.Request.Keys, k.Epoch) && (b.st.Policy().History == protocol.HistoryAll || b.st.MemberAt(a.id, k.Epoch)) {
				keys = append(keys, k)
			}
		}
		a.keys = a.keys.With(a.st, keys, x.now)
		x.carry(a, a.talk.Retry(x.env(a)))
	} else {
		reply = &protocol.SyncReply{}
	}
	var lines []protocol.Message
	ages := make(map[protocol.Hash]time.Duration)
	for i, raw := range reply.Lines {
		m := must(protocol.OpenMessage(x.law.ID(), raw))
		lines = append(lines, m)
		ages[m.ID] = reply.Ages[i]
	}
	fresh, judged, effects := a.talk.Handed(x.env(a), ask.Peer, a.talk.InProofOrder(a.st, lines), ages)
	x.carry(a, effects)
	x.carry(a, a.talk.Compared(x.env(a), Answer{Peer: ask.Peer, Reply: reply, Lines: lines, Doubted: ask.Doubted, Fresh: fresh > 0, Judged: judged}))
}

// carry carries out what a's transcript has decided, and holds it to what must be true at every step.
func (x *explorer) carry(a *actor, effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Wake:
			a.wakes = append(a.wakes, wakeUp{x.now.Add(e.In), e.For})
		case Ask:
			if a.asks = append(a.asks, e); len(a.asks) > 1 {
				x.fatalf("%s compares with two at once", a.name)
			}
		case Show:
			id := e.Line.Msg.ID
			if a.shown[id]++; a.shown[id] > 1 {
				x.fatalf("%s is shown %q twice", a.name, e.Line.Content.Text)
			}
			at := len(a.screen)
			if e.Next != nil {
				at = slices.Index(a.screen, e.Next)
			}
			if at < 0 {
				x.fatalf("%s is shown %q above a line that it does not have", a.name, e.Line.Content.Text)
			}
			a.screen = slices.Insert(a.screen, at, e.Line)
		case Hidden:
			a.screen = slices.DeleteFunc(a.screen, func(l *Line) bool { return slices.Contains(e.IDs, l.ID()) })
			for id := range a.shown {
				if slices.Contains(e.IDs, id.Short()) {
					delete(a.shown, id) // it may come again, from the authority
				}
			}
		case Expired:
			x.fatalf("lines of %s have expired", a.name)
		case Delivered:
			if had := x.seen[e.Line.Msg.ID]; len(had) < 2 || !had[x.actors[0].name] {
				x.fatalf("%s is told that %q is delivered, and alice has never had it", a.name, e.Line.Content.Text)
			}
		case Undelivered:
			if e.Taken {
				x.fatalf("a number of %s is used", a.name)
			}
		}
	}
	if a.talk == nil {
		return
	}
	for _, l := range a.talk.Arrivals() {
		if x.seen[l.Msg.ID] == nil {
			x.seen[l.Msg.ID] = make(map[string]bool)
		}
		x.seen[l.Msg.ID][a.name] = true
		if !Counts(a.st.Check(l.Msg.Author, l.Msg.Header)) {
			x.fatalf("%s has %q, which does not count by its own log", a.name, l.Content.Text)
		}
	}
	x.most.due = max(x.most.due, len(a.talk.compare.due))
	x.most.early = max(x.most.early, a.talk.Early())
	for _, hs := range a.talk.held {
		x.most.held = max(x.most.held, len(hs))
	}
}

// pass lets time go on, with all that is due in it.
func (x *explorer) pass(d time.Duration) {
	for end := x.now.Add(d); x.now.Before(end); {
		next := x.now.Add(time.Second).Truncate(time.Second)
		if next.After(end) {
			next = end
		}
		for _, a := range x.actors {
			for _, w := range a.wakes {
				if a.talk != nil && w.at.Before(next) {
					next = w.at
				}
			}
		}
		ticks := next.After(x.now) && next.Equal(next.Truncate(time.Second))
		if next.After(x.now) {
			x.now = next
		}
		for _, a := range x.actors {
			for i := 0; a.talk != nil && i < len(a.wakes); {
				if w := a.wakes[i]; !w.at.After(x.now) {
					a.wakes = slices.Delete(a.wakes, i, i+1)
					x.carry(a, a.talk.Due(x.env(a), w.task))
				} else {
					i++
				}
			}
			for a.talk != nil && len(a.asks) > 0 {
				x.answer(a)
			}
			if a.talk != nil && ticks {
				x.carry(a, a.talk.Tick(x.env(a)))
			}
		}
	}
}

// step does one thing at random.
func (x *explorer) step() {
	a := x.actors[x.rand.IntN(len(x.actors))]
	b := x.actors[x.rand.IntN(len(x.actors))]
	switch k := x.rand.IntN(100); {
	case k < 25:
		if a.talk != nil {
			x.say(a)
		}
	case k < 55:
		if len(x.flights) > 0 {
			x.land(x.rand.IntN(len(x.flights)))
		}
	case k < 65:
		if a.talk != nil && x.linked(a, x.actors[0]) {
			x.apply(a)
		}
	case k < 73:
		if a.talk != nil && x.linked(a, x.actors[0]) {
			x.giveKeys(a)
		}
	case k < 80:
		link := [2]string{min(a.name, b.name), max(a.name, b.name)}
		if x.cut[link] = !x.cut[link]; !x.cut[link] && x.linked(a, b) {
			x.carry(a, a.talk.Greet(x.env(a), b.id))
			x.carry(b, b.talk.Greet(x.env(b), a.id))
		}
	case k < 82:
		if _, member := x.law.State().Member(a.id); a != x.actors[0] && member {
			x.note("%s is kicked", a.name)
			x.ended = true
			x.order(authority.Kick{Peer: a.id, Cut: x.actors[0].talk.Cut(a.id)})
		}
	case k < 85:
		if _, member := x.law.State().Member(a.id); a != x.actors[0] && !member {
			if a.talk != nil {
				a.talk = nil // it is told why it is out
			}
			x.admit(a)
		}
	case k < 86:
		x.pace(explorerSlow - x.law.State().Policy().Slow)
	case k < 90:
		// Where lines of an ended membership are no whole chain, only the authority's memory says which of them count.
		if _, member := x.law.State().Member(a.id); a.talk != nil && member && (a != x.actors[0] || !x.ended) {
			x.restart(a)
		}
	default:
		x.pass(time.Duration(x.rand.IntN(3000)) * time.Millisecond)
	}
}

// TestExplore: once all reach each other, everybody has the same lines in the same order, each once, and none past a cut-off, whatever
// was lost, overtaken or held up, and whichever members were removed meanwhile.
func TestExplore(t *testing.T) {
	n := schedules
	if testing.Short() {
		n /= 10
	}
	said, hidden, hasty := 0, 0, 0
	for seed := range uint64(n) {
		x := newExplorer(t, seed, protocol.HistoryAll)
		x.note("schedule %d", seed)
		if seed%2 == 1 {
			x.pace(explorerSlow)
		}
		for range steps {
			x.step()
		}
		x.settle()
		x.judge()
		said += x.said
		hidden += x.said - x.actors[0].talk.Len()
		hasty += x.hasty
	}
	t.Logf("%d schedules, %d lines, of which %d are of no membership in the end, and %d seen as too soon", n, said, hidden, hasty)
	if hasty == 0 {
		t.Error("no line was too soon")
	}
}
