package node

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"localchat/node/internal/transcript"
)

var (
	manyNodes = flag.Int("nodes", 20, "how many nodes TestManyNodes simulates, each connected to each: 100 take four minutes and 2 GB, and both grow with the square")
	manySeed  = flag.Uint64("nodes.seed", 1, "of the random choices of TestManyNodes")
)

// TestManyNodes: after the network of a room has lost packets, been cut in two, and healed, this must hold for a room of any size:
// every member has the same lines in the same order, none twice, the same roster and the same epoch; and every line that its author
// was told is delivered has reached every member.
func TestManyNodes(t *testing.T) {
	nodes := size(*manyNodes, 6)
	began := time.Now()
	simulate(t, nodes, func(l *simLAN) {
		m := &many{simLAN: l, rand: rand.New(rand.NewPCG(*manySeed, uint64(nodes)))}
		m.enter()
		entered := time.Now()
		m.links.mu.Lock()
		m.links.weather = m.weather
		m.links.mu.Unlock()
		m.speak(m.names, 40)
		far := m.names[1+len(m.names)/2:]
		near := m.names[:1+len(m.names)/2]
		for _, a := range near {
			for _, b := range far {
				l.cut(a, b)
			}
		}
		time.Sleep(2 * (time.Duration(1+nodes/pingsAtOnce)*pingEvery + pingTimeout)) // simulated: the halves have lost each other
		m.speak(near, 20)
		m.speak(far, 20)
		must(m.nodes[m.names[0]].Kick(l.ctx(), "lab", near[1], "")) // the far side does not hear this
		m.gone = near[1]
		m.speak(near, 10)
		m.speak(far, 10)
		if m.settled("") {
			t.Fatal("the halves agree: they were never apart")
		}
		l.heal()
		healed := time.Now()
		for !m.settled("") {
			if time.Since(healed) > 2*time.Minute {
				m.settled("after two minutes ")
				t.FailNow()
			}
			time.Sleep(time.Second) // simulated
		}
		t.Logf("%d nodes: entered in %v, healed in %v, %d lines (simulated)", nodes, entered.Sub(m.begun), time.Since(healed), len(m.said))
		time.Sleep(2 * transcript.SyncEvery) // simulated: it stays so
		if !m.settled("later ") {
			t.FailNow()
		}
		m.delivered()
		noFloods(t, "a network that loses packets and was cut in two", m.subs)
	})
	status, err := os.ReadFile("/proc/self/status")
	peak := "unknown"
	if i := strings.Index(string(status), "VmHWM:"); err == nil && i >= 0 {
		peak, _, _ = strings.Cut(strings.TrimSpace(string(status[i+len("VmHWM:"):])), "\n")
	}
	t.Logf("%v of wall time, at most %s resident", time.Since(began).Round(time.Millisecond), peak)
}

// many is a large room.
type many struct {
	*simLAN
	room  string
	names []string
	gone  string // the member that was removed
	begun time.Time

	mu   sync.Mutex // used by the network's goroutines
	rand *rand.Rand
	said map[string]string // author by id
}

// weather loses every twentieth packet, and delays others by up to 20 ms.
func (m *many) weather() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rand.IntN(20) == 0 {
		return neverArrives
	}
	return time.Millisecond + time.Duration(m.rand.IntN(20))*time.Millisecond
}

// enter fills the room. Each newcomer knows only the owner's address, and learns the other members' from the owner.
func (m *many) enter() {
	m.begun, m.said = time.Now(), make(map[string]string)
	for i := range m.hosts {
		name := fmt.Sprint("m", i)
		cfg := Config{Nick: name, Host: m.hosts[i], gate: gateOf(m.hosts[i]), Version: "test"}
		if i > 0 {
			cfg.Peers = []string{m.hosts[0].Addrs()[0].String() + "/p2p/" + m.hosts[0].ID().String()}
		}
		n := must(New(cfg))
		m.index[name], m.nodes[name], m.subs[name] = i, n, watch(m.t, name, n)
		m.names = append(m.names, name)
		if i == 0 {
			m.room = must(n.Create(m.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID.String()
			continue
		}
		must(n.Join(m.ctx(), JoinOptions{Room: m.room})) // a name would have to settle for a second
		m.drain()
	}
}

// drain keeps events from piling up.
func (m *many) drain() {
	for _, w := range m.subs {
		w.drain()
	}
}

// speak has random members say a line, one every 50 ms.
func (m *many) speak(who []string, lines int) {
	for i := range lines {
		name := who[m.draw(len(who))]
		if name == m.gone {
			continue
		}
		id := must(m.nodes[name].Say(m.ctx(), "lab", fmt.Sprint(name, " says ", i), false))
		m.said[id] = name
		time.Sleep(50 * time.Millisecond) // simulated
	}
	m.drain()
}

func (m *many) draw(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rand.IntN(n)
}

// settled reports whether all agree. With a word for when, it reports those that do not.
func (m *many) settled(when string) bool {
	var want, roster string
	lines := 0
	for _, name := range m.names {
		if name == m.gone {
			continue
		}
		history := must(m.nodes[name].History(m.ctx(), "lab")).Messages
		var ids []string
		for _, msg := range history {
			ids = append(ids, msg.ID)
		}
		members := must(m.nodes[name].Members(m.ctx(), "lab"))
		in := []string{fmt.Sprint("epoch ", members.Epoch)}
		for _, p := range members.Members {
			in = append(in, p.Nick)
		}
		slices.Sort(in)
		got, gotRoster := strings.Join(ids, " "), strings.Join(in, " ")
		if want == "" {
			want, roster, lines = got, gotRoster, len(ids)
		}
		if got != want || gotRoster != roster {
			if when != "" {
				m.t.Errorf("%s%s has %d lines and %d members, the owner %d and %d", when, name, len(ids), len(in)-1, lines, strings.Count(roster, " ")-1)
			}
			return false
		}
	}
	return lines > 0
}

// delivered checks the events of every member.
func (m *many) delivered() {
	owner := make(map[string]bool)
	for _, msg := range must(m.nodes[m.names[0]].History(m.ctx(), "lab")).Messages {
		owner[msg.ID] = true
	}
	acked := 0
	for _, name := range m.names {
		if name == m.gone {
			continue
		}
		shown, hidden := make(map[string]int), make(map[string]bool)
		for _, ev := range m.subs[name].drain() {
			switch b := ev.Body.(type) {
			case Message:
				shown[b.ID]++
			case Hidden:
				for _, id := range b.IDs {
					hidden[id] = true
				}
			case Delivered:
				acked++
				if !owner[b.ID] {
					m.t.Errorf("%s was told that a line is delivered which the members do not have", name)
				}
			case Gap:
				m.t.Fatalf("%s missed %d events: this shows nothing", name, b.Lost)
			}
		}
		for id, times := range shown {
			if times != 1 {
				m.t.Errorf("%s was shown a line %d times", name, times)
			}
			if !owner[id] && !hidden[id] {
				m.t.Errorf("%s shows a line of %s that the others do not have", name, m.said[id])
			}
		}
		for id := range owner {
			if shown[id] == 0 {
				m.t.Errorf("%s was never shown a line of %s", name, m.said[id])
			}
		}
	}
	lost := 0
	for id, author := range m.said {
		if author != m.gone && !owner[id] {
			lost++
		}
	}
	if lost > 0 || acked == 0 {
		m.t.Errorf("%d lines of members are lost, %d were reported as delivered", lost, acked)
	}
}
