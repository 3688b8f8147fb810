package lan

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"localchat/test/driver"
)

// TestLANOwnerRestart stops the owner and starts it again: the room goes on without it, and with it as before.
func TestLANOwnerRestart(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]

	if code := alice.quit(); code != 0 {
		t.Errorf("end of input: exit %d", code)
	}
	bob.await("owner_unreachable", obj{"left": true, "nick": "alice"})
	converse("lab", "alone", bob, carol)
	alice = alice.start()
	alice.await("joined", obj{"name": "lab"})
	bob.await("owner_back", nil)
	converse("lab", "together", alice, bob, carol)
	dave := l.host("dave").start()
	dave.knock("lab", alice)
	converse("lab", "four", alice, bob, carol, dave)
}

// TestLANMemberCrash kills a member: started again, it takes its place and gets the lines said meanwhile.
func TestLANMemberCrash(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]

	carol.kill()
	alice.say("lab", "said meanwhile")
	bob.hear(alice, "said meanwhile")
	carol = carol.start()
	carol.await("joined", obj{"name": "lab"})
	carol.hear(alice, "said meanwhile")
	converse("lab", "together", alice, bob, carol)
	if n := carol.count("removed", nil) + carol.count("refused", nil); n != 0 {
		t.Errorf("carol was told %d times that it is out", n)
	}
}

// TestLANLineNotLost cuts two members off from each other for long enough to be noticed, and then heals.
func TestLANLineNotLost(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]

	bob.apart(carol.host)
	bob.say("lab", "by way of alice")
	carol.hear(bob, "by way of alice")
	carol.Unplug()
	carol.await("owner_unreachable", nil)
	bob.say("lab", "while carol was away")
	alice.hear(bob, "while carol was away")
	l.together()
	carol.Plug()
	carol.hear(bob, "while carol was away")
	carol.await("owner_back", nil)
	converse("lab", "together", people...)
	agree("lab", people...)
}

func TestLANTimeLimits(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob")
	alice, bob := people[0], people[1]

	alice.do("room.create", obj{"name": "forgetful", "access": "open", "retain_s": 2})
	bob.do("room.join", obj{"room": "forgetful"})
	converse("forgetful", "soon forgotten", alice, bob)
	for _, n := range people {
		eventually(t, n.name+" forgets", func() bool { return len(n.transcript("forgetful")) == 0 })
	}

	alice.do("room.create", obj{"name": "quiet", "access": "open", "idle_s": 2})
	bob.do("room.join", obj{"room": "quiet"})
	bob.await("removed", obj{"kind": "idle"})
	once(t, bob)
	bob.isOut("quiet")
}

func TestLANOwnerOnly(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "carol")
	bob, carol := people[1], people[2]
	for method, params := range map[string]obj{
		"room.kick":   {"who": "carol", "reason": "I say so"},
		"room.ban":    {"who": "carol"},
		"room.unban":  {"who": "carol"},
		"room.accept": {"who": "carol"},
		"room.deny":   {"who": "carol"},
		"room.policy": {"subject": "mine now"},
		"room.close":  {},
		"room.invite": {},

		"room.mute":     {"who": "carol"},
		"room.unmute":   {"who": "carol"},
		"room.deputy":   {"who": "bob"},
		"room.undeputy": {"who": "carol"},
	} {
		params["room"] = "lab"
		bob.fails("not_owner", method, params)
	}
	converse("lab", "nothing has changed", people...)
	if carol.count("removed", nil) != 0 {
		t.Error("carol was removed by a member")
	}
}

// TestLANDeputies: a deputy lets in, removes, is named to the removed person, and may do nothing to the owner. While the owner's node is
// away its orders fail.
func TestLANDeputies(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob", "dave")
	alice, bob, dave := people[0], people[1], people[2]
	alice.do("room.create", obj{"name": "lab", "access": "knock"})
	bob.knock("lab", alice)
	alice.do("room.deputy", obj{"room": "lab", "who": "bob"})
	bob.await("deputies", obj{"mine": true})
	dave.knock("lab", bob)
	bob.do("room.kick", obj{"room": "lab", "who": "dave", "reason": "too loud"})
	dave.await("removed", obj{"kind": "kicked", "text": "too loud", "by": bob.peer(), "by_nick": "bob", "for": alice.peer(), "for_nick": "alice"})
	alice.await("member_removed", obj{"nick": "dave", "by_nick": "bob", "for_nick": "alice"})
	alice.await("removal_progress", obj{"nick": "dave", "told": true, "applied": 2, "total": 2})
	bob.await("removal_progress", obj{"nick": "dave", "told": true, "applied": 2, "total": 2})
	bob.fails("not_owner", "room.kick", obj{"room": "lab", "who": "alice"})
	bob.fails("not_owner", "room.close", obj{"room": "lab"})

	// The answer to an order is lost: the log says what has become of it.
	bob.deafen()
	bob.fails("unavailable", "room.ban", obj{"room": "lab", "who": dave.peer(), "reason": "for good"})
	alice.await("member_removed", obj{"nick": "dave", "kind": "banned", "by_nick": "bob"})
	bob.host.hear()
	bob.await("order_settled", obj{"order": "ban", "nick": "dave", "done": true})
	bob.do("room.ban", obj{"room": "lab", "who": dave.peer(), "reason": "for good"})
	alice.quit()
	bob.await("owner_unreachable", nil)
	bob.fails("unavailable", "room.policy", obj{"room": "lab", "subject": "nobody signs this"})
	once(t, dave)
}

func TestLANNames(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob", "carol")
	alice, bob, carol := people[0], people[1], people[2]
	alice.do("room.create", obj{"name": "twin", "access": "open"})
	bob.do("room.create", obj{"name": "twin", "access": "open"})
	for _, owner := range []*node{alice, bob} {
		carol.await("room_found", obj{"name": "twin", "owner": owner.peer()})
	}
	carol.fails("ambiguous", "room.join", obj{"room": "twin"})
	var ids []string
	rooms, _ := carol.do("room.list", nil)["rooms"].([]any)
	for _, r := range rooms {
		room, _ := r.(map[string]any)
		if room["name"] == "twin" && room["owner"] == bob.peer() {
			id, _ := room["id"].(string)
			ids = append(ids, id)
		}
	}
	if len(ids) != 1 {
		t.Fatalf("bob's twin is listed as %q", ids)
	}
	if r := carol.begin("room.join", obj{"room": ids[0], "nick": "SYSTEM"}); !slices.Contains([]string{"refused", "invalid"}, r.code()) {
		t.Error("SYSTEM is a reserved name, and was allowed")
	}
	carol.do("room.join", obj{"room": ids[0]})
	bob.await("member_joined", obj{"nick": "carol"})
	if alice.count("member_joined", nil) != 0 {
		t.Error("carol came into the other room of that name")
	}
}

// TestLANDataDirInUse: a second command on a data directory attaches to the node that runs there. If that does not answer, the
// command ends in time, with 7.
func TestLANDataDirInUse(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").start()
	alice.create("lab")
	if out, words, code := alice.run("rpc"); code != 0 || !strings.Contains(out, `"type":"joined"`) || words != "" {
		t.Errorf("rpc beside it: exit %d, printed %q, said %q", code, out, words)
	}
	if out, words, code := alice.run("create", "den"); code != 0 || !strings.Contains(out, "you own den") {
		t.Errorf("create beside it: exit %d, printed %q, said %q", code, out, words)
	}
	alice.await("joined", obj{"name": "den"})
	if err := alice.Cmd.Process.Signal(stopSignal); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"rpc"}, {"create", "lab"}} {
		began := time.Now()
		out, words, code := alice.run(args...)
		if code != 7 || !strings.Contains(words, "hint:") || out != "" || time.Since(began) > 8*time.Second {
			t.Errorf("%v at a node that is stopped: exit %d after %v, printed %q, said %q; want 7 and a hint", args, code, time.Since(began), out, words)
		}
	}
	if err := alice.Cmd.Process.Signal(continueSignal); err != nil {
		t.Fatal(err)
	}
	if _, words, code := alice.run("id", "--ephemeral"); code != 0 {
		t.Errorf("localchat id --ephemeral beside it: exit %d: %s", code, words)
	}
}

// TestLANConsole kicks a member at the plain console.
func TestLANConsole(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").start()
	alice.create("lab")
	dave := l.host("dave")
	console, err := driver.StartProgram(dave.command("join", "lab"))
	if err != nil {
		t.Fatal(err)
	}
	defer console.Stop()
	alice.await("knock", obj{"nick": "dave"})
	alice.do("room.accept", obj{"room": "lab", "who": "dave"})
	alice.await("member_joined", obj{"nick": "dave"})
	if err := console.Type("I am at a console\n"); err != nil {
		t.Fatal(err)
	}
	alice.await("message", obj{"nick": "dave", "text": "I am at a console"})

	alice.do("room.kick", obj{"room": "lab", "who": "dave", "reason": "too loud"})
	alice.await("removal_progress", obj{"nick": "dave", "told": true})
	if console.Sees(console.Out, regexp.MustCompile("-- you were kicked from lab by alice: too loud"), patience) == nil {
		t.Errorf("dave is not told; %s", console)
	}
	if code, ended := console.Ends(patience); !ended || code != 5 || strings.Count(console.Out.String(), "you were kicked") != 1 {
		t.Errorf("the kicked member's console: exit %d, want 5 and the reason once; %s", code, console)
	}
}

// TestLANJoinOwnerCrash joins a room whose owner was killed and is back: the remains of the connection to its first
// life must not stand in the way.
func TestLANJoinOwnerCrash(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob")
	alice, bob := people[0], people[1]
	alice.create("lab")
	bob.await("room_found", obj{"name": "lab"})
	alice.kill()
	alice = alice.start()
	invite := alice.do("room.invite", obj{"room": "lab"})["invite"]
	bob.do("room.join", obj{"invite": invite, "timeout_s": 15})
	converse("lab", "in", alice, bob)
}
