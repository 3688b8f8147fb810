package node

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

var (
	removals     = flag.Int("removals", 40, "simulated removals in TestRemovalsHold")
	removalsSeed = flag.Uint64("removals.seed", 1, "of the schedule of TestRemovalsHold")
)

// removalsEach is how many removals one simulation plays: fewer than would make lines expire.
const removalsEach = 8

// TestRemovalsHold: mallory is removed again and again under loss, reordering and partition, and goes on talking through any member
// that still listens. The schedule is seeded; goroutines and keys are not, so a failure may need several runs of the same seed.
func TestRemovalsHold(t *testing.T) {
	left := size(*removals, 4)
	for seed := *removalsSeed; left > 0; seed++ {
		n := min(left, removalsEach)
		left -= n
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { playRemovals(t, seed, n) })
	}
}

// A campaign is one room and what has been said in it.
type campaign struct {
	*siege
	rng *rand.Rand
	// said holds the lines of the members that stay, with the epoch that their author had applied before.
	said map[string]uint64
}

func playRemovals(t *testing.T, seed uint64, n int) {
	simulate(t, 5, func(l *simLAN) {
		c := &campaign{siege: &siege{simLAN: l}, rng: rand.New(rand.NewPCG(seed, 1)), said: make(map[string]uint64)}
		c.stay = []string{"alice", "bob", "carol", "dave"}
		for _, n := range c.stay {
			l.start(n)
		}
		room := must(l.nodes["alice"].Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		c.room = room.ID
		for _, n := range c.stay[1:] {
			must(l.nodes[n].Join(l.ctx(), JoinOptions{Room: room.ID.String()}))
		}
		c.mallory = l.infiltrate(len(c.stay), room)
		l.index["mallory"] = len(c.stay)
		for i := range n {
			c.round(i)
			if t.Failed() {
				t.Fatalf("in removal %d of seed %d", i+1, seed)
			}
		}
	})
}

// round admits mallory, disturbs the network, removes mallory in the middle of it, and judges the result once the
// network is calm again.
func (c *campaign) round(i int) {
	m := c.mallory
	token := must(protocol.ParseInvite(must(c.nodes["alice"].Invite(c.ctx(), "lab", "", 0)).Text)).Token
	m.Nonce = protocol.Nonce{byte(i), 9}
	if code := m.Join("mallory", token); code != protocol.JoinAdmitted {
		c.t.Fatal("mallory was not let in:", code)
	}
	if i == 0 {
		m.Enlist()
	} else {
		go m.Poll()
	}
	c.sleep(1500)
	c.storm()
	for line := range 6 {
		c.everybodySays(fmt.Sprintf("%d.%d", i, line))
	}
	c.remove()
	for line := range 6 {
		c.everybodySays(fmt.Sprintf("%d.%d after", i, line))
	}
	c.heal()
	c.calm()
	c.settles()
}

// sleep waits a random time of up to so many milliseconds, simulated.
func (c *campaign) sleep(ms int) { time.Sleep(time.Duration(1+c.rng.IntN(ms)) * time.Millisecond) }

// storm makes packets late, lost and overtaken, and cuts some off from others.
func (c *campaign) storm() {
	loss, jitter := c.rng.Float64()/10, 1+c.rng.IntN(30)
	rng := rand.New(rand.NewPCG(c.rng.Uint64(), 2)) // the network's goroutines draw from it, under the mutex of links
	c.links.mu.Lock()
	c.links.weather = func() time.Duration {
		if rng.Float64() < loss {
			return neverArrives
		}
		return time.Duration(1+rng.IntN(jitter)) * time.Millisecond
	}
	c.links.mu.Unlock()
	everybody := append(slices.Clone(c.stay), "mallory")
	for a := range everybody {
		for b := range a {
			if c.rng.IntN(3) == 0 {
				c.cut(everybody[a], everybody[b])
			}
		}
	}
}

func (c *campaign) calm() {
	c.links.mu.Lock()
	defer c.links.mu.Unlock()
	c.links.weather = nil
}

// everybodySays lets some of the members say a line, and mallory always.
func (c *campaign) everybodySays(text string) {
	m := c.mallory
	epoch, key := m.Latest()
	raw := m.Seal("mallory "+text, epoch, key).Raw()
	_ = m.Lines.Publish(m.Ctx, raw)
	for _, n := range c.nodes {
		go func() { _ = m.Push(n.self, hostile.Publication(protocol.LinesTopic, raw)) }()
	}
	for _, n := range c.stay {
		if c.rng.IntN(2) == 0 {
			continue
		}
		applied := c.epoch(n)
		if _, err := c.nodes[n].Say(c.ctx(), "lab", n+" "+text, false); err == nil {
			c.said[n+" "+text] = applied
		} else if codeOf(err) != CodeUnavailable {
			c.t.Errorf("%s cannot say: %v", n, err)
		}
	}
	c.sleep(600)
}

func (c *campaign) epoch(node string) (e uint64) {
	c.peek(node, func(r *room) { e = r.state().Epoch() })
	return e
}

// settles waits until all members that stay have the same history, with every line they said, and then judges it.
func (c *campaign) settles() {
	c.t.Helper()
	var problem string
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if problem = c.differs(); problem == "" {
			break
		}
		if time.Now().After(deadline) {
			c.t.Fatal(problem)
		}
		time.Sleep(500 * time.Millisecond) // simulated
	}
	for _, n := range c.stay {
		c.peek(n, func(r *room) {
			for _, l := range r.talk.Arrivals() {
				c.judgeLine(n, r, l)
			}
			c.judgeKeys(n, r)
		})
	}
}

func (c *campaign) differs() string {
	var first []protocol.Hash
	for _, n := range c.stay {
		var ids []protocol.Hash
		texts := make(map[string]bool)
		seq := uint64(0)
		c.peek(n, func(r *room) {
			seq = r.state().Seq()
			for _, l := range r.talk.Ordered() {
				ids = append(ids, l.Msg.ID)
				texts[l.Content.Text] = true
			}
		})
		if first == nil {
			first = ids
		}
		for text := range c.said {
			if !texts[text] {
				return fmt.Sprintf("%s lacks %q", n, text)
			}
		}
		if seq < c.removal.Seq || !slices.Equal(ids, first) {
			return fmt.Sprintf("%s has %d lines and record %d, %s %d lines, the removal is %d", n, len(ids), seq, c.stay[0], len(first), c.removal.Seq)
		}
	}
	return ""
}

func (c *campaign) judgeLine(node string, r *room, l *transcript.Line) {
	m, st := c.mallory, r.state()
	if l.Msg.Author == m.Host.ID() {
		for _, rec := range r.records {
			rm, ok := rec.Body.(protocol.Remove)
			if ok && l.Msg.Ctr > rm.Cut.Ctr && l.Msg.Epoch < rec.Epoch && st.MemberAt(rm.Peer, l.Msg.Epoch) && !admittedBetween(r.records, l.Msg.Epoch, rec.Epoch) {
				c.t.Errorf("%s retains line %d of mallory, of epoch %d, past the cut-off %d", node, l.Msg.Ctr, l.Msg.Epoch, rm.Cut.Ctr)
			}
		}
		return
	}
	if applied, ok := c.said[l.Content.Text]; ok && l.Msg.Epoch < applied {
		c.t.Errorf("%q is of epoch %d, and its author had applied %d", l.Content.Text, l.Msg.Epoch, applied)
	}
	if st.MemberAt(m.Host.ID(), l.Msg.Epoch) {
		return
	}
	if of, ok := m.Opens(l.Msg); ok {
		c.t.Errorf("%q of epoch %d opens with mallory's key of %d", l.Content.Text, l.Msg.Epoch, of)
	}
}

// admittedBetween reports whether a membership begins after epoch from and before to; it is then another membership.
func admittedBetween(records []protocol.SignedRecord, from, to uint64) bool {
	return slices.ContainsFunc(records, func(r protocol.SignedRecord) bool {
		_, admit := r.Body.(protocol.Admit)
		return admit && r.Epoch > from && r.Epoch < to
	})
}

// judgeKeys checks that mallory has no key of an epoch in which it was no member.
func (c *campaign) judgeKeys(node string, r *room) {
	m, st := c.mallory, r.state()
	for _, e := range r.keys.Epochs() {
		key, _ := r.keys.Get(e)
		if of, ok := m.Has(key); ok && !st.MemberAt(m.Host.ID(), e) {
			c.t.Errorf("the key of epoch %d at %s is mallory's of %d", e, node, of)
		}
	}
}
