package lan

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"localchat/test/hostile"
)

var (
	allFloods  = flag.Bool("floods.all", false, "every flood in every shape in TestLANFloods, not only the short list")
	floodsFor  = flag.Duration("floods.for", 2*time.Second, "how long a flood of TestLANFloods is measured")
	floodsOnly = flag.String("floods.only", "", "only floods of TestLANFloods whose name contains this, in every shape")
)

// The limits of a flood's effect.
const (
	floodMemory   = 88                    // MiB, the most that any node has had in memory
	floodSlower   = 2                     // times the median line before it
	floodLine     = 20 * time.Millisecond // a median below this passes, whatever it was before: two cores have other work
	floodOwner    = 5 * time.Second       // until a restarted member hears its owner
	floodTold     = time.Second           // until a kicked member is told
	floodsSources = 10                    // addresses of the flooding host
	floodsCrowd   = 120                   // identities of strangers at ten addresses: they open more streams than a node allows in all
)

// A shape is the number of identities and of addresses that a flood comes from.
type shape struct {
	name             string
	identities, from int
}

var shapes = []shape{
	{"one peer", 1, 1}, {"ten identities", floodsSources, 1}, {"ten addresses", floodsSources, floodsSources},
}

// shortList are the floods of every run, each in the shape that did the most harm.
var shortList = map[string]string{
	"polls, one byte":               "ten addresses",
	"knocks by ever new identities": "one peer",
	"rooms at full speed":           "ten addresses",
	"syncs, never read":             "ten identities",
	"garbage on lines":              "one peer",
	"lines of future epochs":        "ten identities",
	"rooms of ever new owners":      "ten identities",
}

// A toll is the effect of one flood.
type toll struct {
	flood          string
	shape          string
	memory         int           // MiB, of the largest node
	before, during time.Duration // the median line
	owner, told    time.Duration
	aloud          int // warnings of a flood on the owner's console
	counts         map[string]int
	wrong          []string
}

// TestLANFloods fills one resource after the other that a peer can fill, while two members talk, a third is restarted
// and a fourth is kicked. The flooding process runs at nice 19.
func TestLANFloods(t *testing.T) {
	var tolls []*toll
	for _, f := range hostile.Floods {
		for _, s := range shapes {
			if !walks(f, s) {
				continue
			}
			t.Run(f.Name+", "+s.name, func(t *testing.T) {
				tl := measureFlood(t, f, s)
				tolls = append(tolls, tl)
				for _, w := range tl.wrong {
					t.Error(w)
				}
				t.Log(tl.counts)
			})
		}
	}
	t.Logf("%d floods:\n%s", len(tolls), tollTable(tolls))
}

func walks(f hostile.Flood, s shape) bool {
	switch {
	case *floodsOnly != "":
		return strings.Contains(f.Name, *floodsOnly)
	case *allFloods:
		return true
	}
	return shortList[f.Name] == s.name
}

func tollTable(tolls []*toll) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "flood\tfrom\tMiB\tline before\tduring\towner back\ttold\taloud\t")
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
	for _, t := range tolls {
		mark := ""
		if len(t.wrong) > 0 {
			mark = "FAILS"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\t%s\n", t.flood, t.shape, t.memory, ms(t.before), ms(t.during), ms(t.owner), ms(t.told), t.aloud, mark)
	}
	w.Flush()
	return b.String()
}

// A plaza is a room of five, and the host that floods it.
type plaza struct {
	*lan
	alice, bob, carol, dave, erin *node
	mallory                       *mallory
	room                          string
	lines                         int
}

func newPlaza(t *testing.T, f hostile.Flood, s shape) (p *plaza, from []string) {
	t.Helper()
	p = &plaza{lan: newLAN(t)}
	people := p.people("alice", "bob", "carol", "dave", "erin")
	p.alice, p.bob, p.carol, p.dave, p.erin = people[0], people[1], people[2], people[3], people[4]
	p.room = fmt.Sprint(p.alice.do("room.create", obj{"name": "lab", "access": "knock", "members_invite": true, "history": "all"})["id"])
	for _, n := range people[1:] {
		n.do("room.join", obj{"invite": p.invite()})
	}
	converse("lab", "all here", people...)
	h := p.host("mallory")
	if s.from > 1 && !f.Member {
		s.identities = floodsCrowd
	}
	for i := range s.identities {
		addr := fmt.Sprintf("10.77.0.%d", 100+i%s.from)
		if i < s.from {
			h.IP("addr add %s/24 dev eth0", addr)
		}
		from = append(from, addr)
	}
	p.mallory = h.mallory(people...)
	return p, from
}

func (p *plaza) invite() any { return p.alice.do("room.invite", obj{"room": "lab"})["invite"] }

// talk lets bob and carol say lines in turn, until the time is over, and returns how long each took from one to the
// other. Carol looks at the list of rooms meanwhile, as a console does.
func (p *plaza) talk(d time.Duration) (took []time.Duration) {
	from, to := p.bob, p.carol
	for end := time.Now().Add(d); time.Now().Before(end) || len(took) < 10; {
		p.lines++
		text := fmt.Sprint("line ", p.lines)
		said := from.begin("room.say", obj{"room": "lab", "text": text})
		heard := to.await("message", obj{"text": text})
		said.wait()
		took = append(took, heard.At.Sub(said.At))
		if p.lines%20 == 0 {
			p.carol.begin("room.list", nil)
		}
		from, to = to, from
	}
	return took
}

func median(ds []time.Duration) time.Duration { return slices.Sorted(slices.Values(ds))[len(ds)/2] }

func measureFlood(t *testing.T, f hostile.Flood, s shape) *toll {
	t.Helper()
	tl := &toll{flood: f.Name, shape: s.name}
	p, from := newPlaza(t, f, s)
	tl.before = median(p.talk(time.Second))
	order := obj{"Flood": f.Name, "Room": p.room, "Nodes": p.mallory.nodes, "From": from}
	if f.Member {
		var invites []any
		for range from {
			invites = append(invites, p.invite())
		}
		order["Invites"] = invites
	}
	p.mallory.attack("flood", order)
	took := p.talk(*floodsFor / 2)
	tl.owner = p.restartDave()
	took = append(took, p.talk(*floodsFor/2)...)
	tl.told = p.kickErin()
	took = append(took, p.talk(0)...)
	tl.during = median(took)
	for _, n := range []*node{p.alice, p.bob, p.carol, p.dave, p.erin} {
		tl.memory = max(tl.memory, n.peakMemory())
	}
	aloud := func() int { return p.alice.count("warning", obj{"code": "flood"}) }
	comes(func() bool { return aloud() > 0 }) // the strangers' burst has to be used up first
	tl.counts = p.mallory.attack("stop", nil).Counts
	tl.aloud = aloud()
	tl.judge(len(from))
	return tl
}

// restartDave ends dave's process as a power cut would, starts it again, and returns the time until the owner has
// answered its poll.
func (p *plaza) restartDave() time.Duration {
	p.dave.kill()
	began := time.Now()
	p.dave = p.dave.start()
	p.dave.await("joined", obj{"name": "lab"})
	eventually(p.t, "dave hears from the owner", func() bool {
		in := p.dave.do("room.members", obj{"room": "lab"})["members"]
		return has(in, obj{"nick": "alice", "present": true})
	})
	return time.Since(began)
}

// kickErin returns how long it took until erin was told.
func (p *plaza) kickErin() time.Duration {
	kick := p.alice.begin("room.kick", obj{"room": "lab", "who": "erin", "reason": "too loud"})
	return p.erin.await("removed", obj{"kind": "kicked", "text": "too loud"}).At.Sub(kick.At)
}

// judge reports the effects beyond the limits.
func (t *toll) judge(sources int) {
	wrong := func(format string, args ...any) { t.wrong = append(t.wrong, fmt.Sprintf(format, args...)) }
	if t.memory > floodMemory {
		wrong("a node has used %d MiB, more than %d", t.memory, floodMemory)
	}
	if most := max(floodSlower*t.before, floodLine); t.during > most {
		wrong("the median line takes %v, where it took %v before", t.during, t.before)
	}
	if t.owner > floodOwner {
		wrong("a restarted member hears its owner after %v", t.owner)
	}
	if t.told > floodTold {
		wrong("a kicked member is told after %v", t.told)
	}
	if t.aloud < 1 || t.aloud > sources {
		wrong("the owner is warned of a flood %d times, and once is due, or once for each of %d members", t.aloud, sources)
	}
}

// peakMemory is the most memory that the node has ever used, in MiB.
func (n *node) peakMemory() int {
	n.lan.t.Helper()
	return n.status("VmHWM:") >> 10
}
