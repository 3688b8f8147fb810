package lan

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// chaosRoom is the room of a crowd. Nothing in it expires during a test.
const chaosRoom = "chaos"

// A crowd is a number of persons on a network of their own, who talk in one room whatever happens to them.
type crowd struct {
	t      *testing.T
	lan    *lan
	rng    *rand.Rand // of the test's goroutine
	people []*person  // the first owns the room
	round  int
	orders []*command // given in this round
	orderN map[string]int
	// twins: two nodes of one person are running. If it is the owner, orders are refused.
	twins bool
	onVPN []*person

	// mu is for the goroutines that talk and that of the test.
	mu    sync.Mutex
	lines map[string]*spoken // all typed lines, by key
	quiet bool               // no new line is begun
}

// A person is one of them. All fields but the first two, which never change, belong to the crowd's mu.
type person struct {
	*host
	c *crowd

	node   *node
	life   int
	read   int  // events of this life
	asleep bool // nobody types, since the node is frozen or not running
	typed  int  // lines, in all lives
	under  int  // lines without an answer
	rng    *rand.Rand

	in        bool            // the node says that it is in
	placed    bool            // the same, and also while the node is not running
	leaving   bool            // it was told to leave, and may have left
	epoch     uint64          // the last epoch that it has told
	screen    *screen         // lines shown since it is in
	delivered map[string]bool // ids, in all lives
	since     uint64          // the epoch of its admission
	asked     time.Time       // when it first asked for an admission; zero: never
	cut       int             // the last round in which it lost its place
	refused   int             // how often it was told that it is no member, without a reason
	copied    int             // the last round in which a copy of it ran
	// toldBefore is how often it had been told a reason when that round began.
	toldBefore int
}

func (p *person) String() string { return p.name }

// newCrowd makes a room with its persons in it.
func newCrowd(t *testing.T, rng *rand.Rand, names ...string) *crowd {
	c := &crowd{t: t, lan: newLAN(t), rng: rng, lines: map[string]*spoken{}, quiet: true, orderN: map[string]int{}}
	for _, name := range names {
		p := &person{
			c: c, host: c.lan.host(name), screen: newScreen(), delivered: map[string]bool{},
			rng: rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())),
		}
		p.clock = setBy
		p.smallDisk()
		c.people = append(c.people, p)
		p.wake()
	}
	owner := c.owner()
	owner.asked = time.Now()
	owner.node.do("room.create", obj{"name": chaosRoom, "access": "invite", "retain_s": 3600, "idle_s": int(idleAfter / time.Second)})
	owner.node.await("joined", nil)
	for _, p := range c.people[1:] {
		c.join(p)
		c.orders[0].ok()
		c.obey()
		c.orders = nil
	}
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	for _, p := range c.people {
		go p.talk(done)
	}
	return c
}

func (c *crowd) owner() *person { return c.people[0] }

// wake starts p's node, for the first time or after it was killed.
func (p *person) wake() {
	args := []string{}
	if *chaosLogs != "" {
		args = append(args, "-v", "--log-file", fmt.Sprintf("%s/%s%s.log", *chaosLogs, p.lan.Name, p.name))
	}
	n := p.start(args...)
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.node, p.life, p.read, p.asleep = n, p.life+1, 0, false
}

// die kills p's node.
func (p *person) die() {
	p.sleeps(true)
	p.node.kill()
	p.gone()
}

// gone records that p's node has ended.
func (p *person) gone() {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.look()
	p.in, p.epoch, p.screen = false, 0, newScreen()
}

// sleeps sets whether p's node is out of order, so that nobody types at it.
func (p *person) sleeps(asleep bool) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.asleep = asleep
}

// talk types lines until done is closed.
func (p *person) talk(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(p.pause()):
		}
		p.c.mu.Lock()
		p.look()
		idle := p.c.quiet || p.asleep || !p.in || p.under >= 8
		p.c.mu.Unlock()
		if !idle {
			p.speak()
		}
	}
}

// pause is between two lines of p's.
func (p *person) pause() time.Duration {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	return 100*time.Millisecond + time.Duration(p.rng.Int64N(int64(400*time.Millisecond)))
}

// longest, in bytes, of a typed line: the longest allowed, with a few exceptions.
const longest = 60 << 10

// speak types a line. Its answer is noted when it comes.
func (p *person) speak() {
	c := p.c
	c.mu.Lock()
	p.look()
	p.typed++
	p.under++
	l := &spoken{
		key: fmt.Sprintf("%s-%d-%d", p.name, p.life, p.typed), author: p.name,
		begun: time.Now(), epoch: p.epoch, screen: p.screen, before: len(p.screen.shown),
		round: c.round,
	}
	c.lines[l.key] = l
	say := obj{"room": chaosRoom, "text": l.key + " is what I say"}
	switch p.rng.IntN(40) {
	case 0:
		say["text"] = l.key + " " + strings.Repeat("long ", p.rng.IntN(longest)/5)
	case 1, 2, 3:
		say["action"] = true
	}
	n := p.node
	c.mu.Unlock()
	said := n.begin("room.say", say)
	go func() {
		r, err := said.Reply(noLimit)
		c.mu.Lock()
		defer c.mu.Unlock()
		p.under--
		if err != nil {
			return // killed
		}
		l.ended, l.said, l.unsaid = r.At, r.Error == nil, r.Error != nil
		var result struct {
			ID string `json:"id"`
		}
		if l.said && json.Unmarshal(r.Result, &result) == nil {
			l.id = result.ID
		}
	}()
}

// look takes the events of p's node since the last look. The caller holds the crowd's mu.
func (p *person) look() {
	events, _ := p.node.Events(p.read)
	p.read += len(events)
	for _, e := range events {
		switch fmt.Sprint(e.Obj["type"]) {
		case "joined":
			p.in, p.placed, p.leaving, p.screen, p.epoch = true, true, false, newScreen(), number(e.Obj["epoch"])
		case "removed", "refused", "left":
			p.in, p.placed = false, false
			p.refused += count(e.Obj["type"] == "refused")
		case "epoch":
			p.epoch = number(e.Obj["epoch"])
		case "message":
			key, _, _ := strings.Cut(fmt.Sprint(e.Obj["text"]), " ")
			p.screen.show(fmt.Sprint(e.Obj["id"]), key)
		case "hidden", "expired":
			ids, _ := e.Obj["ids"].([]any)
			for _, id := range ids {
				p.screen.hide(fmt.Sprint(id))
			}
		case "delivered":
			p.delivered[fmt.Sprint(e.Obj["id"])] = true
		}
	}
}

func number(v any) uint64 {
	f, _ := v.(float64)
	return uint64(f)
}

// members are those whose nodes say that they are in.
func (c *crowd) members() (in []*person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.people {
		if p.look(); p.in {
			in = append(in, p)
		}
	}
	return in
}

// testify gives the judge everything that was seen. asked are the answers of the nodes, if they have been asked. The
// caller holds mu until the judge is done.
func (c *crowd) testify(asked map[*person]answers) testimony {
	y := testimony{lines: c.lines}
	delivered, cuts := map[string]bool{}, map[string]int{}
	for _, p := range c.people {
		p.look()
		maps.Copy(delivered, p.delivered)
		cuts[p.name] = p.cut
	}
	for _, p := range c.people {
		if p.in {
			v := view{name: p.name, screen: p.screen, since: p.since, asked: p.asked, epoch: p.epoch}
			if a, ok := asked[p]; ok {
				v.history, v.roster, v.epoch = a.history, a.roster, a.epoch
			}
			y.members = append(y.members, v)
		}
	}
	for _, l := range c.lines {
		l.delivered = delivered[l.id]
		l.cut = l.cut || l.round > 0 && cuts[l.author] == l.round
	}
	return y
}

// answers are the answers of a node to the judge's questions.
type answers struct {
	history, roster []string
	epoch           uint64
	absent          []string // members that the owner reports as absent
}

// ask asks the nodes of ps for everything they have.
func (c *crowd) ask(ps []*person) map[*person]answers {
	c.t.Helper()
	all := map[*person]answers{}
	for _, p := range ps {
		history, members := p.node.begin("room.history", obj{"room": chaosRoom}).wait(), p.node.begin("room.members", obj{"room": chaosRoom}).wait()
		a := answers{history: []string{}}
		var h struct{ Messages []struct{ Text string } }
		var m struct {
			Epoch   uint64
			Members []struct {
				Nick, Role string
				Present    bool
			}
		}
		if history.Error != nil || members.Error != nil || json.Unmarshal(history.Result, &h) != nil || json.Unmarshal(members.Result, &m) != nil {
			continue // it has just lost its place
		}
		for _, l := range h.Messages {
			key, _, _ := strings.Cut(l.Text, " ")
			a.history = append(a.history, key)
		}
		for _, one := range m.Members {
			a.roster = append(a.roster, one.Nick+" "+one.Role)
			if !one.Present {
				a.absent = append(a.absent, one.Nick)
			}
		}
		slices.Sort(a.roster)
		a.epoch = m.Epoch
		all[p] = a
	}
	return all
}
