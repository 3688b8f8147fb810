package lan

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	chaosSeed   = flag.Uint64("chaos.seed", 1, "of the random choices of TestLANChaos; 0 draws a seed")
	chaosTime   = flag.Duration("chaos.time", 35*time.Second, "how long TestLANChaos goes on; give go test a -timeout above it")
	chaosReport = flag.String("chaos.report", "", "where TestLANChaos writes its report")
	chaosOnly   = flag.String("chaos.only", "", "the only mishap of TestLANChaos")
	chaosLogs   = flag.String("chaos.logs", "", "the folder of the nodes' logs in TestLANChaos")
)

const (
	// The number of crowds at the same time: a crowd mostly waits.
	crowds = 3
	// crowdLives, in rounds: the lines said by then do not fill a history.
	crowdLives = 8
	// healBy is how long after the end of a mishap everything must be well.
	healBy = 20 * time.Second
)

// TestLANChaos has persons talk while one mishap after another strikes their network, their nodes and their disks, and
// while the owner lets members in and removes them. When a mishap is over, everything must be well within [healBy]:
// each member has the same lines in the same order, the same roster and epoch; every delivered line is on the screens
// of all that were members when it was said; no line is shown twice, or to a member that came later, or invented. See
// [testimony.judge].
//
// The seed decides what goes wrong, with whom and for how long. It does not decide when processes and packets meet.
func TestLANChaos(t *testing.T) {
	needHosts(t)
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	if end, ok := t.Deadline(); ok && time.Until(end) < *chaosTime+time.Minute {
		t.Fatalf("-chaos.time %v does not fit: give go test -timeout %v or more", *chaosTime, *chaosTime+2*time.Minute)
	}
	t.Logf("-chaos.seed %d -chaos.time %v", seed, *chaosTime)
	deck := newDeck(seed)
	var all chaosTally
	began := time.Now()
	t.Run("crowd", func(t *testing.T) {
		for i := range crowds {
			t.Run(strconv.Itoa(i+1), func(t *testing.T) {
				t.Parallel()
				for n := 1; time.Since(began) < *chaosTime; n++ {
					rng := rand.New(rand.NewPCG(seed, uint64(i)<<32|uint64(n)))
					t.Run(strconv.Itoa(n), func(t *testing.T) {
						c := newCrowd(t, rng, "alice", "bob", "carol", "dave", "erin", "frank")
						for c.round < crowdLives && time.Since(began) < *chaosTime && !t.Failed() {
							all.add(c.play(deck.next()))
						}
						all.close(c)
					})
				}
			})
		}
	})
	report := fmt.Sprintf("TestLANChaos -chaos.seed %d: %v, failed: %v\n%s", seed, time.Since(began).Round(time.Second), t.Failed(), &all)
	t.Log(report)
	if *chaosReport != "" {
		if err := os.WriteFile(*chaosReport, []byte(report), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// A chaosDeck deals mishaps, each as often as the others.
type chaosDeck struct {
	mu    sync.Mutex // shared by the crowds
	rng   *rand.Rand
	cards []mishap
}

func newDeck(seed uint64) *chaosDeck { return &chaosDeck{rng: rand.New(rand.NewPCG(seed, 0))} }

func (d *chaosDeck) next() mishap {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.cards) == 0 {
		d.cards = slices.DeleteFunc(slices.Clone(mishaps), func(m mishap) bool { return *chaosOnly != "" && m.name != *chaosOnly })
		d.rng.Shuffle(len(d.cards), func(i, j int) { d.cards[i], d.cards[j] = d.cards[j], d.cards[i] })
	}
	m := d.cards[0]
	d.cards = d.cards[1:]
	return m
}

// play plays one mishap. Anything that is not well in time afterwards fails the test.
func (c *crowd) play(m mishap) chaosOutcome {
	c.t.Helper()
	c.round++
	c.orders = nil
	c.hush(false)
	c.wait(300*time.Millisecond, time.Second)
	if c.rng.IntN(3) == 0 {
		c.command()
	}
	heal := m.strike(c)
	c.wait(200*time.Millisecond, 2*time.Second)
	if c.rng.IntN(2) == 0 {
		c.command()
	}
	switch n := c.rng.IntN(12); {
	case n < 4:
		c.wait(3*time.Second, 6*time.Second) // longer than it takes to notice the mishap
	case n == 4 && *chaosTime > 2*time.Minute:
		c.wait(10*time.Second, 30*time.Second) // until every retry has reached its long pauses
	}
	heal()
	took, wrong := c.settle()
	c.t.Logf("round %d: %s, well after %v; %v", c.round, m.name, took.Round(time.Millisecond), c.orders)
	if len(wrong) > 0 {
		c.t.Errorf("round %d (%s), %v after its end: %s", c.round, m.name, healBy, listComplaints(wrong))
	}
	return chaosOutcome{m.name, took, wrong}
}

func (c *crowd) hush(quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet = quiet
}

// settle has every member say a last line, and waits until all is well. It returns how long that took, or what is
// wrong.
func (c *crowd) settle() (time.Duration, []complaint) {
	c.t.Helper()
	healed := time.Now()
	c.hush(true)
	for _, p := range c.members() {
		p.speak()
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		wrong := c.wrong(nil)
		late := time.Since(healed) > healBy
		if len(wrong) == 0 || late {
			wrong = c.wrong(c.ask(c.members()))
		}
		if len(wrong) == 0 || late {
			return time.Since(healed), wrong
		}
		<-tick.C
	}
}

// wrong is everything that is not well. asked are the answers of the nodes, if they have been asked.
func (c *crowd) wrong(asked map[*person]answers) []complaint {
	cs := c.obey()
	if a, ok := asked[c.owner()]; ok {
		cs = append(cs, c.unfulfilled(a.roster)...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	y := c.testify(asked)
	for _, p := range c.people {
		if p.under > 0 {
			cs = append(cs, complaint{stuck, fmt.Sprintf("%d lines of %s have no answer", p.under, p)})
		}
		if p.in && slices.Contains(asked[c.owner()].absent, p.name) {
			cs = append(cs, complaint{parted, "the owner does not hear from " + p.name})
		}
		if p.refused > 0 && c.toldCopy(p) {
			p.refused = 0
		}
		if p.refused > 0 {
			cs = append(cs, complaint{putOut, fmt.Sprintf("%s was put out without a reason, %d times", p.name, p.refused)})
		}
		if p.placed != p.in && !p.leaving {
			cs = append(cs, complaint{parted, p.name + " does not know whether it is in"})
		}
	}
	return append(cs, y.judge()...)
}

// A chaosOutcome is the outcome of a round.
type chaosOutcome struct {
	mishap string
	took   time.Duration
	wrong  []complaint
}

// A chaosTally is the sum of all rounds.
type chaosTally struct {
	mu                             sync.Mutex // shared by the crowds
	outcomes                       []chaosOutcome
	typed, said, unsaid, delivered int
	orders                         map[string]int
}

func (y *chaosTally) add(o chaosOutcome) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.outcomes = append(y.outcomes, o)
}

// close adds the lines of a crowd, at its end.
func (y *chaosTally) close(c *crowd) {
	y.mu.Lock()
	defer y.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		y.typed++
		y.said += count(l.said)
		y.unsaid += count(l.unsaid)
		y.delivered += count(l.delivered)
	}
	if y.orders == nil {
		y.orders = map[string]int{}
	}
	for what, n := range c.orderN {
		y.orders[what] += n
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// String is a table: a line for each mishap, and one for all.
func (y *chaosTally) String() string {
	var s strings.Builder
	wrong := map[string]int{}
	took := map[string][]time.Duration{}
	for _, o := range y.outcomes {
		for kind, n := range countKinds(o.wrong) {
			wrong[kind] += n
		}
		took[o.mishap] = append(took[o.mishap], o.took)
		took["all"] = append(took["all"], o.took)
	}
	fmt.Fprintf(&s, "%d rounds with one mishap each; all must be well after %v\n", len(y.outcomes), healBy)
	fmt.Fprintf(&s, "lines typed %d, said %d, refused %d, delivered %d; lost %d, doubled %d, in disorder %d, all complaints %v\norders %v\n",
		y.typed, y.said, y.unsaid, y.delivered, wrong[lost], wrong[doubled], wrong[order], wrong, y.orders)
	w := tabwriter.NewWriter(&s, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "mishap\trounds\twell after: p50 ms\tworst ms\t")
	names := slices.Sorted(maps.Keys(took))
	for _, name := range names {
		ts := slices.Sorted(slices.Values(took[name]))
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t\n", name, len(ts), ts[len(ts)/2].Milliseconds(), ts[len(ts)-1].Milliseconds())
	}
	w.Flush()
	return s.String()
}
