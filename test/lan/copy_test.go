package lan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// copyTo puts a copy of the host's data directory onto another host, as synchronising home directories does.
func (h *host) copyTo(other *host) {
	other.follow("cp -a " + h.data() + "/. " + other.data())
}

// TestLANCopies: one home directory is on two machines, and a node runs on each. Within half a minute both users are warned,
// whether they own a room, are members, or are in no room. A short command warns too. Nobody else is warned.
func TestLANCopies(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob.do("room.join", obj{"room": "lab"})
	dora := l.host("dora").start()
	for _, n := range []*node{alice, bob, carol} {
		copied := l.host(n.name + "2")
		n.copyTo(copied)
		began := time.Now()
		second := copied.start()
		second.await("warning", obj{"code": "twin", "peer": n.peer()})
		n.await("warning", obj{"code": "twin", "peer": n.peer()})
		t.Logf("%s: both know after %v", n.name, time.Since(began).Round(time.Millisecond))
		second.quit()
	}
	// The copy of the fourth node runs for as long as a command takes.
	dora.do("room.create", obj{"name": "den", "access": "open"})
	erin := l.host("erin").start()
	copied := l.host("erin2")
	erin.copyTo(copied)
	if _, said, code := copied.run("send", "den", "hello"); code != 0 {
		t.Errorf("send: exit %d, said %q", code, said)
	} else {
		t.Log(said)
	}
	if n := dora.count("warning", obj{"code": "twin"}); n != 0 {
		t.Errorf("dora has no copy and is warned %d times", n)
	}
}

// copiedOwner has alice own the open room lab, with bob and carol in it, end, and copy her data to a host of its own.
func copiedOwner(t *testing.T) (alice, bob, carol *node, copied *host) {
	t.Helper()
	l := newLAN(t)
	people := l.people("alice", "bob", "carol")
	alice, bob, carol = people[0], people[1], people[2]
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	for _, n := range people[1:] {
		n.do("room.join", obj{"room": "lab"})
	}
	alice.quit()
	copied = l.host("alice2")
	alice.copyTo(copied)
	return alice, bob, carol, copied
}

// isOneRoom has them talk, and fails if the room has split, or ended for one of them.
func isOneRoom(t *testing.T, people ...*node) {
	t.Helper()
	converse("lab", "one room", people...)
	for _, n := range people {
		if c := n.count("warning", obj{"code": "frozen"}) + n.count("refused", nil) + n.count("removed", nil); c > 0 {
			t.Errorf("%s has seen the room split, or end, %d times", n.name, c)
		}
	}
}

// TestLANCopiesOfOwner: two nodes of one owner start at the same moment. Neither decides anything while both run, and each says
// why. When one has ended, the other decides again, and the room has not split.
func TestLANCopiesOfOwner(t *testing.T) {
	t.Parallel()
	alice, bob, carol, copied := copiedOwner(t)
	alice, second := alice.host.start(), copied.start()
	for _, n := range []*node{alice, second} {
		n.await("warning", obj{"code": "twin"})
	}
	for _, n := range []*node{alice, second} {
		n.fails("unavailable", "room.kick", obj{"room": "lab", "who": "carol"})
	}
	second.quit()
	began := time.Now()
	alice.await("warning", obj{"code": "twin_gone"})
	alice.await("joined", obj{"name": "lab"})
	eventually(t, "alice decides again", func() bool {
		return alice.begin("room.policy", obj{"room": "lab", "subject": "one"}).wait().Error == nil
	})
	t.Logf("alice decides again %v after the end of the copy", time.Since(began).Round(time.Millisecond))
	isOneRoom(t, alice, bob, carol)
}

// TestLANCopyThatSleeps: the copy's machine sleeps, beside the owner's other node or before that starts. The other node decides
// meanwhile; the copy, on waking, looks for it before it decides anything.
func TestLANCopyThatSleeps(t *testing.T) {
	t.Parallel()
	for _, alone := range []bool{false, true} {
		t.Run(fmt.Sprint("alone before: ", alone), func(t *testing.T) {
			t.Parallel()
			copySleeps(t, alone)
		})
	}
}

func copySleeps(t *testing.T, alone bool) {
	alice, bob, carol, copied := copiedOwner(t)
	alice = alice.host.start()
	alice.await("joined", obj{"name": "lab"})
	second := copied.start()
	for _, n := range []*node{alice, second} {
		n.await("warning", obj{"code": "twin"})
	}
	if alone {
		alice.quit()
		second.await("warning", obj{"code": "twin_gone"})
		second.await("joined", obj{"name": "lab"})
		second.freeze()
		alice = alice.host.start()
		alice.await("joined", obj{"name": "lab"})
	} else {
		second.freeze()
		began := time.Now()
		alice.await("warning", obj{"code": "twin_gone"})
		t.Logf("alice goes on %v after the copy fell asleep", time.Since(began).Round(time.Millisecond))
	}
	eventually(t, "alice decides again", func() bool {
		return alice.begin("room.policy", obj{"room": "lab", "subject": "awake"}).wait().Error == nil
	})
	bob.await("policy", obj{"subject": "awake"})
	<-time.After(machineSlept)
	second.thaw()
	second.fails("unavailable", "room.kick", obj{"room": "lab", "who": "carol"})
	second.fails("unavailable", "room.policy", obj{"room": "lab", "subject": "of the copy"})
	second.quit()
	isOneRoom(t, alice, bob, carol)
}

// machineSlept is longer than a node must stand still to take that for a sleep of its machine.
const machineSlept = 6 * time.Second

// TestLANCommandOfCopy: a short command on a copy of the owner's data says what is wrong, and harms nobody.
func TestLANCommandOfCopy(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob")
	alice, bob := people[0], people[1]
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob.do("room.join", obj{"room": "lab"})
	copied := l.host("alice2")
	alice.copyTo(copied)
	_, said, code := copied.run("send", "lab", "hello", "--timeout", "20s")
	if code == 0 || !strings.Contains(said, "has this identity") {
		t.Errorf("send: exit %d, said %q", code, said)
	}
	// It may have ended before alice could look at it.
	eventually(t, "alice decides", func() bool {
		return alice.begin("room.policy", obj{"room": "lab", "subject": "as before"}).wait().Error == nil
	})
	bob.await("policy", obj{"subject": "as before"})
	converse("lab", "one room", alice, bob)
	if c := bob.count("warning", obj{"code": "frozen"}) + bob.count("refused", nil) + bob.count("removed", nil); c > 0 {
		t.Errorf("bob has seen the room split, or end, %d times", c)
	}
}

// TestLANNoCopies: a node with two network interfaces, one that is killed and restarted on the same port, and one whose address
// changes are not taken for copies.
func TestLANNoCopies(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice")
	l.Run("ip", "link", "add", "eth1", "netns", alice.NS, "type", "veth", "peer", "name", "p-second", "netns", l.Switch.NS)
	l.Switch.IP("link set p-second master br0 up")
	alice.IP("link set eth1 up")
	alice.IP("addr add 10.77.0.200/24 dev eth1")
	fixed := []string{"--listen", portTyped}
	n, bob := alice.start(fixed...), l.host("bob").start()
	id := n.do("room.create", obj{"name": "lab", "access": "open"})["id"]
	bob.do("room.join", obj{"room": id})
	n.kill()
	n = alice.start(fixed...)
	n.await("joined", obj{"room": id})
	converse("lab", "after a crash", n, bob)
	alice.IP("addr add 10.77.0.77/24 dev eth0")
	alice.IP("addr del %s/24 dev eth0", alice.addr)
	converse("lab", "after another address", n, bob)
	// The first warning that either gets is about a real copy.
	copied := l.host("copied")
	alice.copyTo(copied)
	copied.start().await("warning", obj{"code": "twin"})
	if w := n.await("warning", obj{"code": "twin"}); !strings.Contains(w.Obj["text"].(string), copied.addr) {
		t.Errorf("alice is warned of a false copy: %v", w.Obj["text"])
	}
	if c := bob.count("warning", obj{"code": "twin"}); c != 0 {
		t.Errorf("bob is warned of a copy %d times", c)
	}
}
