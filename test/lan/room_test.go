package lan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tests of this file are the main operations between real hosts: the built program on hosts joined by a switch,
// driven over JSON-RPC. Each makes a network of its own.

func TestLANDiscovery(t *testing.T) {
	t.Parallel()
	networks := map[string]func(*testing.T) *lan{
		"IPv4 and IPv6":      newLAN,
		"no multicast route": func(t *testing.T) *lan { return newLAN(t).unrouted() },
	}
	for name, network := range networks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := network(t)
			alice := l.host("alice").start()
			alice.create("lab")
			bob := l.host("bob").start()
			bob.await("room_found", obj{"name": "lab", "access": "knock", "owner": alice.peer()})
			out, words, code := l.host("carol").run("rooms", "--ephemeral")
			if code != 0 || !strings.Contains(out, "lab") {
				t.Errorf("localchat rooms: exit %d, printed %q, said %q; want lab", code, out, words)
			}
			bob.knock("lab", alice)
			converse("lab", "hello", alice, bob)
		})
	}
}

func TestLANRoom(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob", "carol", "dave", "erin")
	alice, bob, carol, dave, erin := people[0], people[1], people[2], people[3], people[4]
	alice.create("lab")
	bob.knock("lab", alice)
	dave.knock("lab", alice)
	var used string
	for _, n := range []*node{carol, erin} {
		used, _ = alice.do("room.invite", obj{"room": "lab"})["invite"].(string)
		n.do("room.join", obj{"invite": used})
	}
	for _, n := range people {
		eventually(t, n.name+" sees five members", func() bool {
			members, _ := n.do("room.members", obj{"room": "lab"})["members"].([]any)
			return len(members) == 5
		})
	}
	converse("lab", "first", people...)
	converse("lab", "second", people...)
	if lines := agree("lab", people...); len(lines) < 10 {
		t.Errorf("transcript of %d lines, want 10: %q", len(lines), lines)
	}

	bob.do("room.tell", obj{"room": "lab", "who": "carol", "text": "for you alone"})
	carol.await("direct", obj{"nick": "bob", "text": "for you alone"})
	converse("lab", "third", people...)
	for _, n := range []*node{alice, dave, erin} {
		if n.count("direct", nil) != 0 || slices.Contains(n.transcript("lab"), "<bob> for you alone") {
			t.Errorf("%s saw what bob told carol", n.name)
		}
	}

	frank := l.host("frank").start()
	frank.fails("refused", "room.join", obj{"invite": used})
	frank.knock("lab", alice)
	converse("lab", "fourth", append(people, frank)...)
	if lines := frank.transcript("lab"); slices.ContainsFunc(lines, func(s string) bool { return !strings.Contains(s, "fourth") }) {
		t.Errorf("frank reads lines from before it was let in: %q", lines)
	}
	dave.do("room.leave", obj{"room": "lab"})
	for _, n := range []*node{alice, bob, carol, erin} {
		n.await("member_left", obj{"nick": "dave"})
	}
	dave.isOut("lab")
}

func TestLANKick(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol", "dave")
	alice, bob, carol, dave := people[0], people[1], people[2], people[3]

	// Dave's disk as a member is kept, to poll a second time with it later.
	if code := dave.quit(); code != 0 {
		t.Errorf("end of input: exit %d", code)
	}
	before := dave.keep()
	member := dave.start()
	member.await("joined", obj{"name": "lab"})
	converse("lab", "dave is back", alice, bob, carol, member)

	alice.do("room.kick", obj{"room": "lab", "who": "dave", "reason": "too loud"})
	member.await("removed", obj{"kind": "kicked", "text": "too loud", "by": alice.peer()})
	for _, n := range people[:3] {
		n.await("member_removed", obj{"nick": "dave", "kind": "kicked"})
	}
	alice.await("removal_progress", obj{"nick": "dave", "told": true})
	member.fails("not_member", "room.say", obj{"room": "lab", "text": "I am still here"})
	converse("lab", "without dave", alice, bob, carol)
	if got := member.count("message", obj{"text": "without dave from alice"}); got != 0 {
		t.Error("dave read a line that was said after the kick")
	}
	member.quit()

	// A start with the present disk does not poll: dave has been told.
	told := dave.start()
	told.isOut("lab")
	told.quit()

	// A start with the disk of a member polls again, and is refused.
	dave.restore(before)
	second := dave.start()
	second.await("refused", nil)
	second.isOut("lab")
	once(t, dave, member, told, second)

	second.knock("lab", alice)
	converse("lab", "dave may again", alice, bob, carol, second)
	once(t, dave, member, told, second)
}

// TestLANKickReplyLost kicks a member that the answer to its poll cannot reach at that moment.
func TestLANKickReplyLost(t *testing.T) {
	t.Parallel()
	faults := map[string]struct{ fault, heal func(*host) }{
		"cable pulled":              {(*host).Unplug, (*host).Plug},
		"incoming packets are lost": {(*host).deafen, (*host).hear},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLAN(t)
			people := l.inLab("alice", "bob", "dave")
			alice, bob, dave := people[0], people[1], people[2]

			f.fault(dave.host)
			alice.do("room.kick", obj{"room": "lab", "who": "dave", "reason": "too loud"})
			bob.await("member_removed", obj{"nick": "dave"})
			dave.await("owner_unreachable", nil)
			// Dave cannot know yet. A line that it says now is past its cut-off and counts nowhere.
			said := dave.begin("room.say", obj{"room": "lab", "text": "a ghost"})
			said.wait()
			if dave.count("removed", nil) != 0 {
				t.Error("dave was told through a cut cable")
			}

			f.heal(dave.host)
			dave.await("removed", obj{"kind": "kicked", "text": "too loud"})
			alice.await("removal_progress", obj{"nick": "dave", "told": true})
			dave.knock("lab", alice)
			converse("lab", "together", people...)
			once(t, dave)
			for _, n := range []*node{alice, bob} {
				if slices.Contains(n.transcript("lab"), "<dave> a ghost") || n.count("message", obj{"text": "a ghost"}) != 0 {
					t.Errorf("%s accepted a line that dave said after its removal", n.name)
				}
			}
		})
	}
}

// TestLANKickAcrossCrashes kills the kicked member before it can be told, then the owner, and then starts both.
func TestLANKickAcrossCrashes(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "dave")
	alice, bob, dave := people[0], people[1], people[2]

	dave.kill()
	alice.do("room.kick", obj{"room": "lab", "who": "dave", "reason": "too loud"})
	alice.kill()
	alice2 := alice.start()
	alice2.await("joined", obj{"name": "lab"})
	dave2 := dave.start()
	dave2.await("removed", obj{"kind": "kicked", "text": "too loud"})
	bob.await("member_removed", obj{"nick": "dave"})
	converse("lab", "without dave", alice2, bob)
	once(t, dave, dave2)
}

func TestLANBan(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]
	const short = 4 * time.Second

	alice.do("room.ban", obj{"room": "lab", "who": "bob", "reason": "spam"})
	bob.await("removed", obj{"kind": "banned", "text": "spam"})
	bob.fails("refused", "room.join", obj{"room": "lab"})

	alice.do("room.ban", obj{"room": "lab", "who": "carol", "reason": "cool down", "for_s": int(short.Seconds())})
	banned := carol.await("removed", obj{"kind": "banned", "text": "cool down"})
	if until, err := time.Parse(time.RFC3339, fmt.Sprint(banned.Obj["until"])); err != nil || time.Until(until) > short {
		t.Errorf("carol was told it is banned until %v: %v", banned.Obj["until"], err)
	}
	carol.fails("refused", "room.join", obj{"room": "lab"})

	// A ban survives a restart of the owner.
	alice.quit()
	alice = alice.start()
	alice.await("joined", obj{"name": "lab"})
	bans := fmt.Sprint(alice.do("room.bans", obj{"room": "lab"}))
	if !strings.Contains(bans, "spam") {
		t.Errorf("bans after a restart: %s", bans)
	}
	bob.fails("refused", "room.join", obj{"room": "lab"})

	var knocked *call
	eventually(t, "carol may knock again when its ban has ended", func() bool {
		join := carol.begin("room.join", obj{"room": "lab"})
		knocking := alice.count("knock", obj{"nick": "carol"})
		eventually(t, "carol's knock is heard or refused", func() bool {
			return join.Ended() || alice.count("knock", obj{"nick": "carol"}) > knocking
		})
		knocked = join
		return !join.Ended()
	})
	alice.do("room.accept", obj{"room": "lab", "who": "carol"})
	knocked.ok()

	alice.do("room.unban", obj{"room": "lab", "who": bob.peer()})
	bob.knock("lab", alice)
	converse("lab", "all again", alice, bob, carol)
}

func TestLANClose(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	alice := people[0]
	alice.do("room.close", obj{"room": "lab", "reason": "good night"})
	for _, n := range people[1:] {
		n.await("removed", obj{"kind": "closed", "text": "good night"})
		n.isOut("lab")
		once(t, n)
	}
}
