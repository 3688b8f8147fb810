package lan

import (
	"regexp"
	"strings"
	"testing"

	"localchat/test/driver"
)

// TestLANBackgroundOwner: an owner whose console has ended, and whose node is in the background, is the owner still: it lets in,
// speaks and removes, by whatever attaches, and its member notices no difference.
func TestLANBackgroundOwner(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice")
	if out, words, code := alice.run("up", "--nick", "alice"); code != 0 || !strings.Contains(out, "in the background") {
		t.Fatalf("up: exit %d, printed %q, said %q", code, out, words)
	}
	t.Cleanup(func() {
		if _, words, code := alice.run("down", "--force"); code != 0 {
			t.Errorf("down: exit %d, said %q", code, words)
		}
	})
	console, err := driver.StartProgram(alice.command("create", "lab", "--plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer console.Stop()
	if console.Sees(console.Out, regexp.MustCompile("you own lab"), patience) == nil {
		t.Fatal(console)
	}
	if err := console.Type("/detach\n"); err != nil {
		t.Fatal(err)
	}
	if code, ended := console.Ends(patience); !ended || code != 0 {
		t.Fatalf("the console: ended: %v, with %d; %s", ended, code, console)
	}

	bob := l.host("bob").start()
	join := bob.begin("room.join", obj{"room": "lab", "find_s": 20})
	face := alice.start()
	face.await("knock", obj{"nick": "bob"})
	face.do("room.accept", obj{"room": "lab", "who": "bob"})
	if r := join.wait(); r.Error != nil {
		t.Fatal(r.Error)
	}
	face.Stop()
	if _, words, code := alice.run("send", "lab", "the build is green"); code != 0 {
		t.Errorf("send: exit %d, said %q", code, words)
	}
	bob.await("message", obj{"nick": "alice", "text": "the build is green"})
	if n := bob.count("owner_unreachable", nil); n > 0 {
		t.Errorf("the owner was away %d times", n)
	}
	again := alice.start()
	again.do("room.kick", obj{"room": "lab", "who": "bob", "reason": "too loud"})
	bob.await("removed", obj{"kind": "kicked", "text": "too loud"})
	again.CloseInput()
}
