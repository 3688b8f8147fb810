package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"localchat/test/driver"
)

// The two sides of a comparison with an earlier program.
const (
	present = "now"
	earlier = "before"
)

// compareWith measures this program and an earlier one in turns, A B, B A, and prints the table.
func compareWith(program string, rounds, lines, kicks int) error {
	sides := []contender{
		{name: present, open: processes(os.Getenv(nodeEnv))},
		{name: earlier, open: processes(program)},
	}
	var r results
	var scenes []scene
	for _, n := range []int{2, 8} {
		scenes = append(scenes,
			scene{name: fmt.Sprintf("a line in a room of %d", n), run: func(c contender) (map[string]float64, error) {
				return latency(c, n, pace{lines: lines, every: 50 * time.Millisecond})
			}},
			scene{name: fmt.Sprintf("a kick in a room of %d", n), run: func(c contender) (map[string]float64, error) {
				return kick(c, n, kicks)
			}},
		)
	}
	for round := range rounds {
		for _, s := range scenes {
			for i := range sides {
				c := sides[(i+round)%len(sides)]
				figures, err := s.run(c)
				if err != nil {
					return fmt.Errorf("round %d: %s: %s: %w", round+1, s.name, c.name, err)
				}
				fmt.Fprintf(os.Stderr, "round %d: %s: %s: %v\n", round+1, s.name, c.name, figures)
				r.add(round, s.name, c.name, figures)
			}
		}
	}
	fmt.Print(r.beside(scenes))
	return nil
}

// beside is the table of two programs, Markdown.
func (r results) beside(scenes []scene) string {
	figures := []struct{ name, text string }{
		{"p50", "p50, µs"},
		{"p90", "p90, µs"},
		{"cpu", "CPU of all nodes, µs"},
		{"told", "its target is told, p50, µs"},
		{"told p90", "its target is told, p90, µs"},
		{"last", "the last member refuses its target, p50, µs"},
		{"last p90", "the last member refuses its target, p90, µs"},
	}
	var t strings.Builder
	fmt.Fprintf(&t, "| | figure | %s | %s | ratio (least to most) |\n|---|---|---|---|---|\n", earlier, present)
	for _, s := range scenes {
		for _, f := range figures {
			of := r[key(s.name, f.name)]
			beside := ratios(of[present], of[earlier])
			if len(beside) == 0 {
				continue
			}
			fmt.Fprintf(&t, "| %s | %s | %.0f | %.0f | **%.2f** (%.2f to %.2f) |\n", s.name, f.text,
				median(of[earlier]), median(of[present]), median(beside), slices.Min(beside), slices.Max(beside))
		}
	}
	return t.String()
}

// latency has members say lines in turn, and measures how long each takes to each other member, and the CPU time of the
// nodes for it.
func latency(c contender, members int, p pace) (map[string]float64, error) {
	var s switchboard
	r, err := s.open(c, members)
	if err != nil {
		return nil, err
	}
	defer r.close()
	b := newBoard(members, p.lines)
	s.board.Store(b)
	used, err := r.room.(*processRoom).cpu()
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for i := range p.lines {
		<-tick.C
		if err := b.say(r, i%members, i); err != nil {
			return nil, err
		}
	}
	if whole, err := b.await(p.lines, patience); err != nil {
		return nil, err
	} else if whole < p.lines {
		return nil, fmt.Errorf("some members lack lines: %s", b.missing())
	}
	after, err := r.room.(*processRoom).cpu()
	if err != nil {
		return nil, err
	}
	all := b.sorted()
	return map[string]float64{
		"p50": at(all, 50), "p90": at(all, 90),
		"cpu": float64((after - used).Microseconds()) / float64(p.lines),
	}, nil
}

// processRoom is a room of nodes of one program, each a process of its own (localchat rpc) with a loopback address of its own and
// its rooms on disk.
type processRoom struct {
	nodes []*rpcNode
	index map[string]int // of a peer ID
	room  string
}

// processes opens rooms of nodes of a built program.
func processes(bin string) func(n int, e ear) (opened, error) {
	return func(n int, e ear) (opened, error) {
		r := &processRoom{index: map[string]int{}}
		if err := r.fill(bin, n, e); err != nil {
			r.close()
			return opened{}, err
		}
		return opened{r, 0}, nil
	}
}

func (r *processRoom) fill(bin string, n int, e ear) error {
	for i := range n {
		nd, err := startNode(bin, address(i), "--nick", memberName(i))
		if err != nil {
			return err
		}
		r.nodes = append(r.nodes, nd)
		var self struct{ Peer string }
		if err := nd.ask("node.info", nil, &self); err != nil {
			return err
		}
		r.index[self.Peer] = i
	}
	for i := range r.nodes {
		go r.report(i, e)
	}
	var room struct{ ID string }
	if err := r.nodes[0].ask("room.create", driver.Obj{"name": "lab"}, &room); err != nil {
		return err
	}
	r.room = room.ID
	for i := 1; i < n; i++ {
		if err := r.back(i); err != nil {
			return fmt.Errorf("%s: %w", memberName(i), err)
		}
	}
	return r.settle()
}

// report passes the events of a member's node on until it ends.
func (r *processRoom) report(member int, e ear) {
	nd := r.nodes[member]
	for read := 0; ; {
		events, more := nd.Events(read)
		read += len(events)
		for _, ev := range events {
			switch ev.Obj["type"] {
			case "message":
				if ev.Obj["self"] != true {
					e.line(member, fmt.Sprint(ev.Obj["text"]), ev.Obj["late"] == true)
				}
			case "member_removed":
				e.removed(member, r.index[fmt.Sprint(ev.Obj["peer"])])
			case "removed":
				e.removed(member, member)
			}
		}
		select {
		case <-more:
		case <-nd.Exited:
			return
		}
	}
}

// settle waits until every node is connected to every other.
func (r *processRoom) settle() error {
	deadline := time.Now().Add(patience)
	for _, nd := range r.nodes {
		for {
			var got struct{ Peers []struct{ Connected bool } }
			if err := nd.ask("node.peers", nil, &got); err != nil {
				return err
			}
			connected := 0
			for _, p := range got.Peers {
				if p.Connected {
					connected++
				}
			}
			if connected >= len(r.nodes)-1 {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("a node has found %d of %d others", connected, len(r.nodes)-1)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

func (r *processRoom) say(member int, text string) error {
	return r.nodes[member].ask("room.say", driver.Obj{"room": r.room, "text": text}, nil)
}

func (r *processRoom) kick(member int) error {
	return r.nodes[0].ask("room.kick", driver.Obj{"room": r.room, "who": memberName(member), "reason": "too loud"}, nil)
}

func (r *processRoom) back(member int) error {
	var invite struct{ Invite string }
	if err := r.nodes[0].ask("room.invite", driver.Obj{"room": r.room}, &invite); err != nil {
		return err
	}
	if err := r.nodes[member].ask("room.join", driver.Obj{"invite": invite.Invite}, nil); err != nil {
		return err
	}
	return r.agree()
}

// agree waits until all members have applied the owner's last decision.
func (r *processRoom) agree() error {
	type list struct {
		Epoch   uint64
		Members []struct{ Peer string }
	}
	var want list
	if err := r.nodes[0].ask("room.members", driver.Obj{"room": r.room}, &want); err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for _, m := range want.Members {
		for {
			var got list
			if err := r.nodes[r.index[m.Peer]].ask("room.members", driver.Obj{"room": r.room}, &got); err != nil {
				return err
			}
			if got.Epoch == want.Epoch {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s is in epoch %d, and the owner in %d", m.Peer, got.Epoch, want.Epoch)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// cpu is the CPU time of all nodes so far.
func (r *processRoom) cpu() (sum time.Duration, err error) {
	for _, nd := range r.nodes {
		used, err := processCPU(nd.pid())
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

func (r *processRoom) close() {
	for _, nd := range r.nodes {
		nd.stop()
	}
}
