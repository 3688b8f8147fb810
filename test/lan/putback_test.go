package lan

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A node's data is put back to an earlier state, as from a backup. Nobody is hostile here, and nothing may be lost
// without a message.

var allPutBack = flag.Bool("putback.all", false, "put directories back in every way and not only in one of each kind")

// TestLANMemberPutBack: a member that is put back to before some of its lines goes on: its new lines are heard, or it is told that
// they are not. It is never told that a line was delivered that nobody has.
func TestLANMemberPutBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		before, new int  // lines that bob says before the copy, and after it
		alice       bool // alice is started again as well
		carol       bool // another member has bob's lines too
	}{
		{name: "a few lines later", before: 3, new: 5},
		{name: "many lines later", before: 3, new: 1500},
		{name: "many lines later, in a room of three", before: 3, new: 1500, carol: true},
		{name: "many lines later, the owner is new too", before: 3, new: 1500, alice: true},
		{name: "a copy from before the first line", before: 0, new: 300, carol: true},
	} {
		if *allPutBack || c.carol && c.before > 0 {
			t.Run(c.name, func(t *testing.T) { memberPutBack(t, c.before, c.new, c.alice, c.carol) })
		}
	}
}

func memberPutBack(t *testing.T, before, later int, alsoAlice, withCarol bool) {
	l := newLAN(t)
	people := l.people("alice", "bob")
	alice, bob := people[0], people[1]
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob.do("room.join", obj{"room": "lab"})
	others := []*node{alice}
	if withCarol {
		carol := l.host("carol").start()
		carol.do("room.join", obj{"room": "lab"})
		others = append(others, carol)
	}
	converse("lab", "all here", append(slices.Clone(others), bob)...)
	says(bob, "early", before, others...)
	if code := bob.quit(); code != 0 {
		t.Errorf("end of input: exit %d", code)
	}
	old := bob.host.keep()
	bob = bob.host.start()
	bob.await("joined", obj{"name": "lab"})
	says(bob, "later", later, others...)
	bob.kill()
	bob.host.restore(old)
	if alsoAlice {
		alice.quit()
		alice = alice.host.start()
		alice.await("joined", obj{"name": "lab"})
		others[0] = alice
	}
	bob = bob.host.start()
	bob.await("joined", obj{"name": "lab"})
	for i := range 3 {
		bob.say("lab", fmt.Sprint("after the copy ", i))
	}
	for i := range 3 {
		text := fmt.Sprint("after the copy ", i)
		for _, n := range others {
			if n.within(patience, "message", obj{"nick": "bob", "text": text}) == nil {
				t.Errorf("%s never hears %q, and bob was told %d times of a delivery, and warned %d times",
					n.name, text, bob.count("delivered", nil), bob.count("warning", nil))
				return
			}
		}
	}
}

// says has n say that many lines and waits until the others have heard the last.
func says(n *node, text string, lines int, others ...*node) {
	if lines == 0 {
		return
	}
	var calls []*call
	for i := range lines {
		calls = append(calls, n.begin("room.say", obj{"room": "lab", "text": fmt.Sprint(text, " ", i)}))
	}
	for _, c := range calls {
		c.ok()
	}
	for _, o := range others {
		o.await("message", obj{"nick": n.name, "text": fmt.Sprint(text, " ", lines-1)})
	}
}

// TestLANOwnerPutBack: an owner that is put back to before a ban takes the ban back from the members before it goes on: the banned
// peer does not come in, the owner is told, and the room is not split.
func TestLANOwnerPutBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		then func(alice, carol *node) // in the part of the log that is lost
	}{
		{"before a ban", func(alice, carol *node) {
			alice.do("room.ban", obj{"room": "lab", "who": "carol", "reason": "spam"})
			carol.await("removed", obj{"kind": "banned"})
		}},
		{"before a kick and a later ban of the kicked member", func(alice, carol *node) {
			alice.do("room.kick", obj{"room": "lab", "who": "carol", "reason": "too loud"})
			carol.await("removed", obj{"kind": "kicked"})
			alice.do("room.ban", obj{"room": "lab", "who": carol.peer(), "reason": "spam"})
		}},
		{"before one record, which is as many as its start makes", func(alice, _ *node) {
			alice.do("room.policy", obj{"room": "lab", "subject": "the truth"})
		}},
		{"before many", func(alice, _ *node) {
			for i := range 12 {
				alice.do("room.policy", obj{"room": "lab", "subject": fmt.Sprint("truth ", i)})
			}
		}},
	} {
		if !*allPutBack && !strings.Contains(c.name, "kick") && !strings.Contains(c.name, "record") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			l := newLAN(t)
			people := l.people("alice", "bob", "dave", "carol")
			alice, bob, dave, carol := people[0], people[1], people[2], people[3]
			alice.do("room.create", obj{"name": "lab", "access": "open"})
			for _, n := range people[1:] {
				n.do("room.join", obj{"room": "lab"})
			}
			converse("lab", "all here", people...)
			if code := alice.quit(); code != 0 {
				t.Errorf("end of input: exit %d", code)
			}
			old := alice.host.keep()
			alice = alice.host.start()
			alice.await("joined", obj{"name": "lab"})
			for _, n := range []*node{bob, dave, carol} {
				n.say("lab", "alice is back, says "+n.name)
				alice.hear(n, "alice is back, says "+n.name)
			}
			c.then(alice, carol)
			for _, n := range []*node{bob, dave} {
				if strings.Contains(c.name, "record") {
					n.await("policy", obj{"subject": "the truth"})
				}
				n.say("lab", "we have seen it, says "+n.name)
				alice.hear(n, "we have seen it, says "+n.name)
			}
			alice.kill()
			alice.host.restore(old)
			alice = alice.host.start()
			alice.await("warning", obj{"code": "old_disk"})
			alice.await("joined", obj{"name": "lab"})
			if strings.Contains(c.name, "ban") {
				// Whatever the answer, carol does not come in.
				join := carol.begin("room.join", obj{"room": "lab"})
				if r := join.wait(); r.Error == nil {
					t.Error("carol is banned and let in")
				}
			}
			converse("lab", "one room", alice, bob, dave)
			subject := fmt.Sprint(alice.do("room.policy", obj{"room": "lab"})["subject"])
			for _, n := range []*node{alice, bob, dave} {
				if got := fmt.Sprint(n.do("room.policy", obj{"room": "lab"})["subject"]); got != subject || n.count("warning", obj{"code": "frozen"}) > 0 {
					t.Errorf("%s has the subject %q, the owner %q; frozen: %d times", n.name, got, subject, n.count("warning", obj{"code": "frozen"}))
				}
			}
			if strings.Contains(c.name, "record") && subject != "the truth" {
				t.Errorf("a decision is undone: the subject is %q", subject)
			}
		})
	}
}
