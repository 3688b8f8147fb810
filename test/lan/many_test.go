package lan

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	manyNodes   = flag.Int("many.nodes", 0, "if not 0, TestLANManyFigures runs so many nodes")
	manyOf      = flag.Int("many.of", 6, "the members of each room there")
	manySettle  = flag.Duration("many.settle", 3*time.Minute, "how long it lets the nodes come to rest")
	manyFew     = flag.Duration("many.few", 30*time.Second, "how long it lets a dozen of them come to rest before")
	manyTime    = flag.Duration("many.time", 30*time.Second, "how long it counts what they do at rest")
	manyProgram = flag.String("many.program", "", "another program to run, as an older one")
)

// A town is many nodes on one network, each on a host of its own, with a program attached that does not look for rooms.
type town struct {
	*lan
	nodes []quietNode
	faces []*node
	ids   []any // their peer IDs
	of    int   // members of a room
}

// grow adds nodes until there are so many, all of them started at once.
func (c *town) grow(t *testing.T, nodes int) {
	t.Helper()
	old := len(c.nodes)
	var hosts []*host
	for i := old; i < nodes; i++ {
		hosts = append(hosts, c.host(fmt.Sprint("n", i)))
	}
	c.nodes, c.faces, c.ids = append(c.nodes, make([]quietNode, nodes-old)...), append(c.faces, make([]*node, nodes-old)...), append(c.ids, make([]any, nodes-old)...)
	c.atOnce(t, old, nodes, func(i int) {
		h := hosts[i-old]
		c.nodes[i] = h.raise()
		c.faces[i] = h.start()
		c.ids[i] = c.faces[i].peer()
		if code := c.faces[i].begin("node.subscribe", obj{"no_look": true}).code(); code != "" && *manyProgram == "" {
			t.Errorf("a face that does not look is answered %s", code)
		}
	})
}

// atOnce does something for the nodes from one to another, at the same time.
func (c *town) atOnce(t *testing.T, from, to int, f func(i int)) {
	t.Helper()
	var wg sync.WaitGroup
	for i := from; i < to; i++ {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow() // it was called in another goroutine
	}
}

func roomName(i int) string { return fmt.Sprint("room", i) }

// room makes the room that begins with the node i, has the others of the room join it by its name, one after another, and returns how long
// each took.
func (c *town) room(i int) (took []time.Duration) {
	name := roomName(i / c.of)
	c.faces[i].do("room.create", obj{"name": name, "access": "open"})
	for _, n := range c.faces[i+1 : i+c.of] {
		began := time.Now()
		n.do("room.join", obj{"room": name, "find_s": 20})
		took = append(took, time.Since(began))
	}
	return took
}

// connected returns the names of the hosts that a node is connected to.
func (c *town) connected(i int) (names []string) {
	peers := c.faces[i].peers()
	for j, n := range c.faces {
		if p, ok := peers[c.ids[j]]; ok && p["connected"] == true {
			names = append(names, n.name)
		}
	}
	slices.Sort(names)
	return names
}

// lookEvery is how often a face asks that shows the list; a console asks every second.
const lookEvery = 250 * time.Millisecond

// looks asks for the list, as a face does that shows it, until all these rooms are in it, and returns how long that took.
func (n *node) looks(t *testing.T, names ...string) time.Duration {
	t.Helper()
	for began := time.Now(); ; time.Sleep(lookEvery) { // as the face does
		rooms, _ := n.do("room.list", nil)["rooms"].([]any)
		var lacks []string
		for _, name := range names {
			if !slices.ContainsFunc(rooms, func(r any) bool { return r.(map[string]any)["name"] == name }) {
				lacks = append(lacks, name)
			}
		}
		took := time.Since(began)
		if len(lacks) == 0 {
			return took
		}
		if took > patience {
			t.Errorf("%s does not list %v", n.name, lacks)
			return took
		}
	}
}

// TestLANMany: a node is connected to the members of its room and to nobody else. One that looks is so after it has looked.
func TestLANMany(t *testing.T) {
	t.Parallel()
	c := &town{lan: newLAN(t), of: 3}
	c.grow(t, 3*c.of)
	for i := 0; i < len(c.faces); i += c.of {
		c.room(i)
	}
	only := func(when string) {
		t.Helper()
		for i := range c.faces {
			var want, is []string
			for j := i / c.of * c.of; j < (i/c.of+1)*c.of; j++ {
				if j != i {
					want = append(want, c.faces[j].name)
				}
			}
			slices.Sort(want)
			if !comes(func() bool { is = c.connected(i); return slices.Equal(is, want) }) {
				t.Errorf("%s, %s is connected to %v, want %v", when, c.faces[i].name, is, want)
			}
		}
	}
	only("after the joins")
	var all []string
	for i := range len(c.faces) / c.of {
		all = append(all, roomName(i))
	}
	c.atOnce(t, 0, len(c.faces), func(i int) { c.faces[i].looks(t, all...) })
	only("after all have looked")
}

// TestLANManyFigures measures what many nodes on one network cost.
func TestLANManyFigures(t *testing.T) {
	if *manyNodes == 0 {
		t.Skip("it takes many minutes: -many.nodes says how many nodes it runs")
	}
	needNeighbours(t, *manyNodes)
	c := &town{lan: newLAN(t), of: *manyOf}
	few := (10 + *manyOf - 1) / *manyOf * *manyOf // rooms of ten or a few more
	row := func(what string, f string, args ...any) { t.Logf("%s: "+f, append([]any{what}, args...)...) }

	c.grow(t, few)
	time.Sleep(*manyFew) // not for an event: as long as those who join later do not look
	row(fmt.Sprintf("%d nodes: a join by name", few), "%s", milliseconds(c.room(0)))
	began := time.Now()
	c.grow(t, *manyNodes)
	row(fmt.Sprintf("%d more nodes started at once", *manyNodes-few), "in %.1f s", time.Since(began).Seconds())
	time.Sleep(time.Until(began.Add(time.Minute))) // not for an event: the first minute is what is measured
	sent, received := 0, 0
	for _, n := range c.nodes {
		e := n.effort(t)
		sent, received = sent+e.outBytes, received+e.inBytes
	}
	row("a minute after that all have sent", "%.1f MB (received: %.1f)", float64(sent)/1e6, float64(received)/1e6)
	var joins []time.Duration
	var names []string
	for i := *manyOf; i+*manyOf <= *manyNodes; i += *manyOf {
		joins = append(joins, c.room(i)...)
	}
	for i := 0; i+*manyOf <= *manyNodes; i += *manyOf {
		names = append(names, roomName(i / *manyOf))
	}
	row(fmt.Sprintf("%d nodes in %d rooms: a join by name", *manyNodes, len(names)), "%s", milliseconds(joins))

	time.Sleep(*manySettle)
	c.atRest(t, row)

	first, last := c.faces[0], c.faces[len(c.faces)-1]
	row("one looks: all rooms are listed after", "%.0f ms", ms(first.looks(t, names...)))
	last.do("room.create", obj{"name": "late", "access": "open"})
	row("it goes on looking: a new room is listed after", "%.0f ms", ms(first.looks(t, "late")))
	time.Sleep(20 * time.Second)
	before := c.sent(t)
	began = time.Now()
	took := make([]time.Duration, len(c.faces))
	c.atOnce(t, 0, len(c.faces), func(i int) { took[i] = c.faces[i].looks(t, append(names, "late")...) })
	row("all look at once: all rooms are listed after", "%s", milliseconds(took))
	time.Sleep(time.Until(began.Add(20 * time.Second)))
	row("in the 20 s from then on, all send", "%.1f MB", float64(c.sent(t)-before)/1e6)
	time.Sleep(30 * time.Second)
	c.connections(row, "half a minute later")
}

func (c *town) sent(t *testing.T) (bytes int) {
	for _, n := range c.nodes {
		bytes += n.effort(t).outBytes
	}
	return bytes
}

// atRest logs what the nodes do while nothing happens.
func (c *town) atRest(t *testing.T, row func(what, f string, args ...any)) {
	before := make([]effort, len(c.nodes))
	for i, n := range c.nodes {
		before[i] = n.effort(t)
	}
	time.Sleep(*manyTime) // not for an event: that nothing happens is what is measured
	var switches, percent, in, out, inBytes, outBytes, memory []float64
	for i, n := range c.nodes {
		was, is := before[i], n.effort(t)
		seconds := is.at.Sub(was.at).Seconds()
		switches = append(switches, float64(is.switches-was.switches)/seconds)
		percent = append(percent, 100*(is.cpu-was.cpu).Seconds()/seconds)
		in, out = append(in, float64(is.in-was.in)/seconds), append(out, float64(is.out-was.out)/seconds)
		inBytes, outBytes = append(inBytes, float64(is.inBytes-was.inBytes)/1e3/seconds), append(outBytes, float64(is.outBytes-was.outBytes)/1e3/seconds)
		memory = append(memory, float64(resident(t, n.pids[0]))/1024)
	}
	c.connections(row, "at rest")
	row("context switches a second", "%s", spread(switches, 0))
	row("percent of a core", "%s", spread(percent, 2))
	row("packets in, out a second", "%s, %s", spread(in, 1), spread(out, 1))
	row("kB in, out a second", "%s, %s", spread(inBytes, 2), spread(outBytes, 2))
	row("MiB of memory", "%s", spread(memory, 0))
}

func (c *town) connections(row func(what, f string, args ...any), when string) {
	var connections []float64
	for i := range c.faces {
		connections = append(connections, float64(len(c.connected(i))))
	}
	row("connections "+when, "%s", spread(connections, 0))
}

// resident returns how much memory a process has, in KiB.
func resident(t *testing.T, pid int) (kib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib
		}
	}
	t.Fatalf("process %d has no memory", pid)
	return 0
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func milliseconds(took []time.Duration) string {
	var all []float64
	for _, d := range took {
		all = append(all, ms(d))
	}
	return spread(all, 0) + " ms"
}

// TestLANManyAvahi: avahi, beside many nodes, sees each of them, as often as nodes announce themselves, and reports no conflict.
func TestLANManyAvahi(t *testing.T) {
	if *manyNodes == 0 {
		t.Skip("it takes minutes: -many.nodes says how many nodes it runs")
	}
	needNeighbours(t, *manyNodes)
	c := &town{lan: newLAN(t), of: *manyOf}
	other := c.host("other").avahi()
	c.grow(t, *manyNodes)
	c.room(0)
	var seen string
	for _, id := range c.ids {
		eventually(t, fmt.Sprint("avahi resolves ", id), func() bool {
			if strings.Contains(seen, fmt.Sprint("/p2p/", id)) {
				return true
			}
			out, _ := other.tool("avahi-browse", "-r", "-t", "-p", "_localchat._udp").Output()
			seen = string(out)
			return false
		})
	}
	if said := other.said(); strings.Contains(strings.ToLower(said), "conflict") {
		t.Errorf("avahi reports conflicts: %s", said)
	}
}

// needNeighbours ends the test if the tables in which the kernel has the neighbours of all namespaces are too small for so many hosts, each of
// which talks to each: packets would be lost that are not lost between machines.
func needNeighbours(t *testing.T, hosts int) {
	t.Helper()
	for _, family := range []string{"ipv4", "ipv6"} {
		for _, size := range []string{"gc_thresh1", "gc_thresh2", "gc_thresh3"} {
			name := "net." + family + ".neigh.default." + size
			text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
			if err != nil {
				t.Fatal(err)
			}
			if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err != nil || n < 2*hosts*hosts {
				t.Fatalf("%s is %d; make it %d at least for this measurement", name, n, 2*hosts*hosts)
			}
		}
	}
}
