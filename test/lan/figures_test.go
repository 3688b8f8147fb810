package lan

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// figures are measurements by name, in the order of their first use.
type figures struct {
	names []string
	taken map[string][]time.Duration
}

func (f *figures) add(name string, d time.Duration) {
	if f.taken == nil {
		f.taken = map[string][]time.Duration{}
	}
	if f.taken[name] == nil {
		f.names = append(f.names, name)
	}
	f.taken[name] = append(f.taken[name], d)
}

// String is a table.
func (f *figures) String() string {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tn\tp50 ms\tp90 ms\tworst ms\t")
	for _, name := range f.names {
		d := slices.Sorted(slices.Values(f.taken[name]))
		at := func(q int) float64 { return float64(d[(len(d)-1)*q/100].Microseconds()) / 1000 }
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t\n", name, len(d), at(50), at(90), at(100))
	}
	w.Flush()
	return table.String()
}

// TestLANFigures prints the times of the main operations between five hosts. It never fails for being slow: the aims
// are in docs/performance.md, and a busy machine is no defect.
func TestLANFigures(t *testing.T) {
	const lines, kicks = 100, 10
	var f figures
	l := newLAN(t)
	alice := l.host("alice").start()
	alice.create("lab")
	people := []*node{alice}
	for _, name := range []string{"bob", "carol", "dave", "erin"} {
		h, begin := l.host(name), time.Now()
		n := h.start()
		f.add("start to answering", time.Since(begin))
		f.add("start to discovered", n.await("room_found", obj{"name": "lab"}).At.Sub(begin))
		people = append(people, n)
	}
	for _, n := range people[1:] {
		f.add("invite to joined", timedJoin(alice, n))
	}
	converse("lab", "warm", people...)
	for i := range lines {
		from, text := people[i%len(people)], "line "+strconv.Itoa(i)
		said := from.begin("room.say", obj{"room": "lab", "text": text})
		var last time.Time
		for _, n := range people {
			if at := n.hear(from, text).At; at.After(last) {
				last = at
			}
		}
		said.ok()
		f.add("line at all five", last.Sub(said.At))
	}
	dave, others := people[3], []*node{alice, people[1], people[2], people[4]}
	for round := range kicks {
		kick := alice.begin("room.kick", obj{"room": "lab", "who": "dave", "reason": "too loud"})
		f.add("kick to told", dave.await("removed", nil).At.Sub(kick.At))
		var last time.Time
		for _, n := range others {
			if at := n.await("member_removed", nil).At; at.After(last) {
				last = at
			}
		}
		f.add("kick to refused everywhere", last.Sub(kick.At))
		kick.ok()
		f.add("invite to joined again", timedJoin(alice, dave))
		converse("lab", "round "+strconv.Itoa(round), people...)
	}
	t.Logf("five hosts, one switch, all on this machine:\n%s", &f)

	idle := l.host("idle").start()
	idle.await("room_found", nil)
	t.Logf("resident memory: a node in no room %d MiB, the owner %d MiB, a member %d MiB",
		idle.memory(), alice.memory(), people[1].memory())
}

// timedJoin lets n in by an invite and returns how long that took.
func timedJoin(owner, n *node) time.Duration {
	owner.lan.t.Helper()
	invite := owner.do("room.invite", obj{"room": "lab"})["invite"]
	join := n.begin("room.join", obj{"invite": invite})
	r := join.wait()
	if r.Error != nil {
		owner.lan.t.Fatalf("%s: %s: %s", n.name, join.What, r.Error.Message)
	}
	return r.At.Sub(join.At)
}

// memory is the resident set of the node in MiB.
func (n *node) memory() int {
	n.lan.t.Helper()
	return n.status("VmRSS:") >> 10
}

// status is a line of the node's process in /proc, a number.
func (n *node) status(line string) int {
	n.lan.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.Cmd.Process.Pid))
	if err != nil {
		n.lan.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), line)
	number, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		n.lan.t.Fatal(err)
	}
	return number
}
