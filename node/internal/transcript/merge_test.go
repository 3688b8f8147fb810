package transcript

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"localchat/protocol"
)

// TestLineLogsConverge: two logs that each hold any part of the lines, and give each other the missing ones, end with the same lines:
// no line of either is lost, and it takes no more rounds than there are lines.
func TestLineLogsConverge(t *testing.T) {
	pool := linePool()
	opened := make(map[protocol.Hash]protocol.Message)
	for _, m := range pool {
		opened[m.ID] = m
	}
	all := func(*Line) bool { return true }
	rapid.Check(t, func(rt *rapid.T) {
		logs := []*log{newLog(), newLog()}
		said := make(map[string]bool) // author and number
		for _, msg := range pool {
			for i, g := range logs {
				if rapid.Bool().Draw(rt, fmt.Sprint(i)) && g.add(&Line{Opened: Opened{Msg: msg}, Got: lawStart}) {
					said[fmt.Sprint(msg.Author, msg.Ctr)] = true
				}
			}
		}
		for range len(pool) {
			for i, g := range logs {
				lines, _ := logs[1-i].missing(g.Heads(), all)
				for _, l := range lines {
					g.add(&Line{Opened: Opened{Msg: l.Msg}, Got: lawStart})
				}
			}
		}
		for i, g := range logs {
			if len(g.arrival) != len(said) {
				rt.Fatalf("log %d holds %d lines of %d", i, len(g.arrival), len(said))
			}
		}
	})
}

// TestMembersConverge: members that each hold any part of the lines and ask any other member end with the same lines, though some may
// be given nothing from before they came, and nothing is given again. Authors whose node was restarted, and which lack their own
// earlier lines, are among them.
func TestMembersConverge(t *testing.T) {
	pool := linePool()
	opened := make(map[protocol.Hash]protocol.Message)
	for _, m := range pool {
		opened[m.ID] = m
	}
	members := []string{"alice", "bob", "carol", "dave"}
	rapid.Check(t, func(rt *rapid.T) {
		logs := make([]*log, len(members))
		since := make([]uint64, len(members)) // the lowest Lamport of a line that a member may have
		for i := range logs {
			logs[i] = newLog()
			since[i] = rapid.SampledFrom([]uint64{0, 0, 3, 5}).Draw(rt, "came")
		}
		want := make([]map[protocol.Hash]bool, len(members))
		for i := range want {
			want[i] = make(map[protocol.Hash]bool)
		}
		used := make(map[string]bool)
		add := func(i int, m protocol.Message) {
			logs[i].add(&Line{Opened: Opened{Msg: m}, Got: lawStart})
		}
		for _, m := range pool {
			number := fmt.Sprint(m.Author, m.Ctr)
			if used[number] {
				continue // two lines of one number are for another test
			}
			used[number] = true
			for i := range logs {
				if m.Lamport >= since[i] && rapid.Bool().Draw(rt, "has") {
					add(i, m)
				}
			}
		}
		for _, g := range logs {
			for id := range g.byID {
				for i := range want {
					if opened[id].Lamport >= since[i] {
						want[i][id] = true
					}
				}
			}
		}
		meet := func(i, j int) int {
			lines, _ := logs[j].missing(logs[i].Heads(), func(l *Line) bool { return l.Msg.Lamport >= since[i] })
			for _, l := range lines {
				add(i, l.Msg)
			}
			return len(lines)
		}
		for range rapid.IntRange(0, 12).Draw(rt, "meetings") {
			i := rapid.IntRange(0, len(logs)-1).Draw(rt, "asks")
			j := rapid.IntRange(0, len(logs)-1).Draw(rt, "of")
			meet(i, j)
		}
		for range len(logs) { // then every member asks every other
			for i := range logs {
				for j := range logs {
					meet(i, j)
				}
			}
		}
		for i, g := range logs {
			for id := range want[i] {
				if g.byID[id] == nil {
					rt.Fatalf("%s never gets line %d of %s", members[i], opened[id].Ctr, protocol.ShortID(opened[id].Author))
				}
			}
			if len(g.byID) != len(want[i]) {
				rt.Fatalf("%s has %d lines of %d", members[i], len(g.byID), len(want[i]))
			}
		}
		for i := range logs {
			for j := range logs {
				if n := meet(i, j); n > 0 {
					rt.Fatalf("%s is given %d lines again", members[i], n)
				}
			}
		}
	})
}

// TestOrderIsCausal: in the order of display no line stands above a line that its author had seen, however the lines arrived; no
// newcomer's line stands above a line from before it came; and the order is the same on every node.
func TestOrderIsCausal(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type node struct {
			lamport, ctr, epoch uint64
			seen                []protocol.Hash
		}
		nodes := map[peer.ID]*node{"a": {epoch: 1}, "b": {epoch: 1}, "c": {epoch: 1}}
		saw := make(map[protocol.Hash][]protocol.Hash) // a line, and what its author had seen
		var said []protocol.Message
		var before []protocol.Hash // the lines from before the newcomer came
		for i := range rapid.IntRange(1, 20).Draw(rt, "lines") {
			names := slices.Sorted(maps.Keys(nodes))
			if len(names) == 3 && rapid.IntRange(0, 5).Draw(rt, "comes") == 0 {
				nodes["d"] = &node{epoch: 2}
				for _, m := range said {
					before = append(before, m.ID)
				}
				for _, p := range names { // a member that has seen those lines lets it in, and the others hear of it later
					nodes[p].epoch = rapid.Uint64Range(nodes[p].epoch, 2).Draw(rt, "epoch")
				}
				names = append(names, "d")
			}
			from := rapid.SampledFrom(names).Draw(rt, "from")
			n := nodes[from]
			n.lamport, n.ctr = n.lamport+1, n.ctr+1
			m := protocol.Message{Header: protocol.Header{Epoch: n.epoch, Ctr: n.ctr, Lamport: n.lamport}, Author: from, ID: protocol.Hash{1, byte(i)}}
			saw[m.ID] = slices.Clone(n.seen)
			if from == "d" {
				saw[m.ID] = append(saw[m.ID], before...)
			}
			n.seen = append(n.seen, m.ID)
			said = append(said, m)
			for _, p := range names {
				// No member opens a line of an epoch that it has not applied.
				if o := nodes[p]; p != from && o.epoch >= m.Epoch && (p != "d" || m.Epoch == 2) && rapid.Bool().Draw(rt, "arrives") {
					o.lamport, o.seen = max(o.lamport, m.Lamport), append(o.seen, m.ID)
				}
			}
		}
		var first []protocol.Hash
		for range 2 {
			g := newLog()
			var shown []*Line // a screen, which puts each line above the one it is told
			for _, m := range rapid.Permutation(said).Draw(rt, "arrival") {
				l := &Line{Opened: Opened{Msg: m}, Got: lawStart}
				g.add(l)
				at := len(shown)
				if next := g.below(l, func(*Line) bool { return true }); next != nil {
					at = slices.Index(shown, next)
				}
				shown = slices.Insert(shown, at, l)
			}
			if !slices.Equal(shown, g.order) {
				rt.Fatal("a screen that puts each line in its place shows another order")
			}
			var order []protocol.Hash
			for _, l := range g.order {
				for _, before := range saw[l.Msg.ID] {
					if !slices.Contains(order, before) {
						rt.Fatalf("line %x stands above %x, which its author had seen", l.Msg.ID[:2], before[:2])
					}
				}
				order = append(order, l.Msg.ID)
			}
			if first == nil {
				first = order
			} else if !slices.Equal(first, order) {
				rt.Fatal("two nodes show different orders")
			}
		}
	})
}
