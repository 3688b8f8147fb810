package lan

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	roundCount = flag.Int("rounds", 4*len(removals)*len(faults), "removals with a fault in TestLANRounds")
	roundSeed  = flag.Uint64("rounds.seed", 1, "of the random choices of TestLANRounds")
)

// The number of arenas at the same time: a round mostly waits.
const arenas = 8

// A removal is one way to lose a place: the owner's order, and the reason that the target is told.
type removal struct {
	name, method, kind string
	forS               int
}

var removals = []removal{
	{name: "kick", method: "room.kick", kind: "kicked"},
	{name: "ban", method: "room.ban", kind: "banned"},
	{name: "ban for an hour", method: "room.ban", kind: "banned", forS: 3600},
	{name: "close", method: "room.close", kind: "closed"},
}

func (m removal) closes() bool { return m.kind == "closed" }

// A round is one removal with one fault.
type round struct {
	number int
	removal
	fault
	rivals bool
}

func (r round) String() string {
	return fmt.Sprintf("round %d (%s, %s)", r.number, r.removal.name, r.fault.name)
}

// reason is the text of a round's removal, and of no other's.
func (r round) reason() string { return "enough of round " + strconv.Itoa(r.number) }

// rng draws the moments of the round: the same ones whichever rounds run beside it.
func (r round) rng() *rand.Rand { return rand.New(rand.NewPCG(*roundSeed, uint64(r.number))) }

// deal shuffles n rounds in which every fault meets every removal equally often.
func deal(n int) []round {
	deck := make([]round, n)
	for i := range deck {
		block, f := i/len(faults), i%len(faults)
		deck[i].fault, deck[i].removal = faults[f], removals[(f+block)%len(removals)]
	}
	rng := rand.New(rand.NewPCG(*roundSeed, 0))
	rng.Shuffle(n, func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	for i := range deck {
		deck[i].number = i + 1
		deck[i].rivals = i%8 == 0
	}
	return deck
}

// TestLANRounds removes a member again and again between real processes, each time with a fault, and heals it. If the
// owner's log has the removal in the end, the member has been told of it once, correctly. If it has not, the member has
// not been told, and the order is repeated. In every eighth round the member has a rival: a second client, at the same
// time, with the same key and its own nonce. Then one of the two is told and the other refused.
//
// A start from the disk of before the removal is a further client, with the nonce of the first. It is refused too,
// unless the owner never had the acknowledgement. The answers to all clients are judged as one history; see [claims].
//
// One case is no failure: a member that is itself killed after it has shown the reason and before it has stored that, a
// fifth of a second later, shows the reason again when it is started. The other order would lose the reason. Such a
// round counts as doubled unless the member was killed within [noteTakes] of showing it; otherwise it is counted under
// "again".
//
// Mutants that it has caught, with the round of seed 1 that failed first: the claim not on disk (17), or only 20 ms
// later (1); records on disk 20 ms late (1); reasons not on disk (6); no second answer to the nonce that has claimed
// (4); an answer to any nonce (4); the member's nonce not on its disk (4), or a new one for each poll (4); acknowledged
// before it is stored (71); not stored as shown (50); reported as done although not written (38); a closed room dropped
// before all are told (4).
func TestLANRounds(t *testing.T) {
	needHosts(t)
	t.Logf("-rounds %d -rounds.seed %d", *roundCount, *roundSeed)
	rounds := make(chan round, *roundCount)
	for _, r := range deal(*roundCount) {
		rounds <- r
	}
	close(rounds)
	var all tally
	began := time.Now()
	t.Run("arena", func(t *testing.T) {
		for i := range min(arenas, *roundCount) {
			t.Run(strconv.Itoa(i+1), func(t *testing.T) {
				t.Parallel()
				a := newArena(t)
				for r := range rounds {
					all.add(a.play(r))
				}
			})
		}
	})
	t.Logf("%d rounds in %v:\n%s", len(all.outcomes), time.Since(began).Round(time.Second), &all)
}

// An outcome is the outcome of a round.
type outcome struct {
	round
	told, again int           // how often the reason was shown; again after a kill that explains it
	replayed    bool          // also shown to a copy of the client, since its acknowledgement was lost
	undone      bool          // the order had to be repeated
	phantom     bool          // told of a removal that the log does not have
	early       bool          // told before the fault was healed
	waited      time.Duration // from the healing until told, if not early
}

func (o outcome) lost() bool    { return o.told == 0 }
func (o outcome) doubled() bool { return o.told-o.again > 1 }

// A tally is the outcomes of all arenas.
type tally struct {
	mu       sync.Mutex // shared by the arenas
	outcomes []outcome
}

func (y *tally) add(o outcome) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.outcomes = append(y.outcomes, o)
}

// String is a table: a line for each fault and removal, and one for all.
func (y *tally) String() string {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\tremoval\trounds\ttold\tlost\tdoubled\tphantom\tagain\tto a copy\tordered twice\tbefore healing\tafter: p50 ms\tworst ms\t")
	for _, f := range faults {
		for _, m := range removals {
			row(w, f.name+"\t"+m.name, y.outcomes, func(o outcome) bool { return o.fault.name == f.name && o.removal == m })
		}
	}
	row(w, "with a rival\t", y.outcomes, func(o outcome) bool { return o.rivals })
	row(w, "all\t", y.outcomes, func(outcome) bool { return true })
	w.Flush()
	return table.String()
}

// row prints the sums of the outcomes that match.
func row(w *tabwriter.Writer, title string, outcomes []outcome, match func(outcome) bool) {
	n, sums := 0, make([]int, 8)
	waits := []time.Duration{}
	for _, o := range outcomes {
		if !match(o) {
			continue
		}
		n++
		for i, is := range []bool{!o.lost(), o.lost(), o.doubled(), o.phantom, o.again > 0, o.replayed, o.undone, o.early} {
			if is {
				sums[i]++
			}
		}
		if !o.lost() && !o.early {
			waits = append(waits, o.waited)
		}
	}
	if n == 0 {
		return
	}
	fmt.Fprintf(w, "%s\t%d\t", title, n)
	for _, sum := range sums {
		fmt.Fprintf(w, "%d\t", sum)
	}
	if slices.Sort(waits); len(waits) > 0 {
		fmt.Fprintf(w, "%d\t%d\t", waits[len(waits)/2].Milliseconds(), waits[len(waits)-1].Milliseconds())
	} else {
		fmt.Fprint(w, "-\t-\t")
	}
	fmt.Fprintln(w)
}
