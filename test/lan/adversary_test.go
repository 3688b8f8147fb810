package lan

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"localchat/test/driver"
)

// A mallory is a hostile peer on a host, in a process of its own that takes orders: package test/hostile.
type mallory struct {
	*host
	*driver.Process
	nodes [][]string // the nodes that it attacks
}

// An upshot is the result of an order.
type upshot struct {
	Gains  []string       // things that it has and should not have
	Reason string         // the reason for its removal, as it was told
	Counts map[string]int // the messages of a flood, by what became of them
}

// malloryProgram builds the program once for all tests.
var malloryProgram = sync.OnceValues(func() (bin string, err error) {
	if _, err := program(); err != nil { // makes the folder, which the end of the tests removes
		return "", err
	}
	return driver.Build(moduleRoot, programDir, "localchat/test/hostile/cmd")
})

// mallory starts a hostile peer on the host, which will attack nodes, the owner's first.
func (h *host) mallory(nodes ...*node) *mallory {
	t := h.lan.t
	t.Helper()
	bin, err := malloryProgram()
	if err != nil {
		t.Fatal(err)
	}
	// It gets the processor time that the others leave: the test measures its effect on them, not on two cores.
	cmd := exec.Command("nice", "-n", "19", "ip", "netns", "exec", h.NS, bin)
	cmd.Dir = h.home
	d, err := driver.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	m := &mallory{host: h, Process: d}
	for _, n := range nodes {
		m.nodes = append(m.nodes, n.addrs())
	}
	t.Cleanup(func() {
		d.Stop()
		if t.Failed() {
			t.Logf("---- mallory (%s) stderr:\n%s", d.Cmd.ProcessState, d.Stderr())
		}
	})
	return m
}

// attack gives an order and returns its result. A gain fails the test.
func (m *mallory) attack(what string, with obj) upshot {
	t := m.lan.t
	t.Helper()
	var o upshot
	// At nice 19, beside the tests of other packages, it is slow to end its streams.
	if err := m.Do(8*patience, what, with, &o); err != nil {
		t.Fatalf("mallory: %v", err)
	}
	for _, g := range o.Gains {
		t.Errorf("%s: mallory gained %s", what, g)
	}
	return o
}

// evil is in every line that must be shown nowhere, as in package hostile.
const evil = "evil"

// A siege is a room of alice, bob and carol that lets mallory in and removes it, again and again.
type siege struct {
	*lan
	alice, bob, carol *node
	stay              []*node
	mallory           *mallory
	// The fields below belong to one round. removal is mallory's: its seq and epoch.
	round   int
	removal obj
	begin   map[*node]int  // events before the round
	due     map[string]int // events by kind that may come after the removal all the same
}

func besiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{lan: newLAN(t), begin: map[*node]int{}}
	s.stay = s.people("alice", "bob", "carol")
	s.alice, s.bob, s.carol = s.stay[0], s.stay[1], s.stay[2]
	s.alice.do("room.create", obj{"name": "lab", "access": "knock", "members_invite": true})
	s.alice.do("room.create", obj{"name": "den", "access": "open"})
	for _, n := range s.stay[1:] {
		n.knock("lab", s.alice)
	}
	s.bob.do("room.join", obj{"room": "den"})
	s.mallory = s.host("mallory").mallory(s.stay...)
	return s
}

// play plays one round. before runs while mallory is a member, and may remove it itself.
func (s *siege) play(before, after func(*siege)) {
	t := s.t
	t.Helper()
	s.round++
	// A flood is told once a minute for members and once for strangers, which mallory is in turn.
	s.removal, s.due = nil, map[string]int{"warning": 2}
	for _, n := range s.stay {
		s.begin[n] = n.Forget()
	}
	invite := s.alice.do("room.invite", obj{"room": "lab"})["invite"]
	s.mallory.attack("join", obj{"Invite": invite, "Nick": "mallory", "Nodes": s.mallory.nodes})
	hello := fmt.Sprintf("round %d", s.round)
	for _, n := range s.stay {
		n.await("member_joined", obj{"nick": "mallory"})
	}
	converse("lab", hello, s.stay...)
	for _, n := range s.stay {
		s.reaches(n, hello+" from "+n.name)
	}
	s.says(hello)
	s.heard(hello)
	if before != nil {
		before(s)
	}
	if s.removal == nil {
		s.remove()
		s.alice.await("removal_progress", obj{"nick": "mallory", "applied": len(s.stay), "total": len(s.stay)})
	}
	after(s)
	s.holds()
}

// reaches waits until mallory has heard a line of n. n says it again and again: the first may have been said before n
// knew that mallory listens, and mallory compares with nobody.
func (s *siege) reaches(n *node, text string) {
	heard := make(chan struct{})
	var saying sync.WaitGroup
	saying.Go(func() {
		again := time.NewTicker(2 * time.Second)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				n.begin("room.say", obj{"room": "lab", "text": text})
			case <-heard:
				return
			}
		}
	})
	defer saying.Wait()
	defer close(heard)
	s.mallory.attack("hear", obj{"Text": text})
}

func (s *siege) says(text string) { s.mallory.attack("say", obj{"Text": text}) }

// heard waits until all members that stay were shown a line of mallory's.
func (s *siege) heard(text string) {
	for _, n := range s.stay {
		n.await("message", obj{"nick": "mallory", "text": text})
	}
}

// remove kicks mallory.
func (s *siege) remove() {
	s.t.Helper()
	s.removal = s.alice.do("room.kick", obj{"room": "lab", "who": "mallory", "reason": "too loud"})
	s.mallory.attack("be removed", obj{"Removal": s.removal})
}

// holds makes the checks after every attack.
func (s *siege) holds() {
	t := s.t
	t.Helper()
	converse("lab", fmt.Sprintf("after %d", s.round), s.stay...)
	for _, l := range agree("lab", s.stay...) {
		if strings.Contains(l, evil) {
			t.Errorf("the history has %q", l)
		}
	}
	s.mallory.attack("report", nil)
	for _, n := range s.stay {
		s.applied(n)
		s.noticed(n)
	}
}

// noticed: from the removal on, users of the room see nothing of mallory but the events that are due.
func (s *siege) noticed(n *node) {
	t := s.t
	t.Helper()
	seen, removed, came := map[any]bool{}, false, map[string]int{}
	events, _ := n.Events(s.begin[n])
	for _, e := range events {
		kind := fmt.Sprint(e.Obj["type"])
		switch kind {
		case "message":
			if seen[e.Obj["id"]] {
				t.Errorf("%s was shown a line again: %v", n.name, e)
			}
			seen[e.Obj["id"]] = true
			if removed && (e.Obj["nick"] == "mallory" || strings.Contains(fmt.Sprint(e.Obj["text"]), evil)) {
				t.Errorf("%s was shown after the removal: %v", n.name, e)
			}
		case "member_removed":
			removed = removed || e.Is(obj{"removal": s.removal["seq"]})
		case "direct", "not JSON":
			t.Errorf("%s was shown %v", n.name, e)
		case "warning":
			came[kind]++
			t.Logf("%s is warned: %v", n.name, e)
		case "refused", "removed", "left", "gap", "knock", "owner_unreachable", "policy", "room_closed", "member_joined", "member_left", "joined":
			if removed {
				came[kind]++
			}
		}
	}
	for kind, times := range came {
		if times > s.due[kind] {
			t.Errorf("%s was shown %d times %s, and %d are due", n.name, times, kind, s.due[kind])
		}
	}
}

// isolateBob removes mallory while bob hears neither alice nor carol.
func isolateBob(s *siege) {
	s.bob.apart(s.alice.host)
	s.bob.apart(s.carol.host)
	s.due["owner_unreachable"] = 1
	s.remove()
	s.applied(s.carol)
}

// applied waits until n has applied the removal.
func (s *siege) applied(n *node) {
	s.t.Helper()
	eventually(s.t, n.name+" applies the removal", func() bool {
		return n.count("member_removed", obj{"removal": s.removal["seq"]}) == 1
	})
}

// addrs returns the multiaddrs, with /p2p, at which a node listens on its host's IPv4 address.
func (n *node) addrs() (addrs []string) {
	n.lan.t.Helper()
	for _, a := range n.do("node.info", nil)["addrs"].([]any) {
		if s := fmt.Sprint(a); strings.Contains(s, "/"+n.addr+"/") {
			addrs = append(addrs, s)
		}
	}
	return addrs
}

// memoryBound is the most memory of a node in MiB under any attack: three times the measured memory, which is little
// more than that of a node in a quiet room.
const memoryBound = 144

// keepsSmall reports the memory of nodes, and fails beyond the bound.
func keepsSmall(t *testing.T, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		mib := n.memory()
		t.Logf("%s has %d MiB", n.name, mib)
		if mib > memoryBound {
			t.Errorf("%s has %d MiB, more than %d", n.name, mib, memoryBound)
		}
	}
}
