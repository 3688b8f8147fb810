package lan

import (
	"flag"
	"strconv"
	"testing"
	"time"
)

var starts = flag.Int("starts", 5, "processes started in TestLANStart")

// TestLANStart starts processes that know only a room's ID, and join at once: they find the room's owner, on another
// host, by mDNS. The owner lets each in and says a line at once. The test prints the time from the start of the process
// to that line. It fails if a process never hears the line, not for being slow.
func TestLANStart(t *testing.T) {
	const never = 20 * time.Second
	var f figures
	l := newLAN(t)
	alice := l.host("alice").start("--ephemeral")
	open := alice.do("room.create", obj{"name": "lab", "access": "open"})
	h := l.host("bob")
	lost, late := 0, 0
	for i := range *starts {
		text, began := "line "+strconv.Itoa(i), time.Now()
		bob := h.launch("--ephemeral")
		join := bob.begin("room.join", obj{"room": open["id"]})
		seen := alice.await("member_joined", obj{"nick": "bob"})
		f.add("start to seen by the owner", seen.At.Sub(began))
		alice.begin("room.say", obj{"room": "lab", "text": text})
		line := bob.within(never, "message", obj{"text": text})
		if line == nil {
			lost++
			t.Errorf("start %d: the line said at %s is never heard", i, time.Since(began)-never)
		} else {
			f.add("start to first line", line.At.Sub(began))
			if line.Obj["late"] == true {
				late++
			}
		}
		join.ok()
		if code := bob.quit(); code != 0 {
			t.Errorf("start %d: exit code %d", i, code)
		}
		alice.await("member_left", obj{"nick": "bob"})
	}
	t.Logf("one host joins, %d times, the room of another:\n%snever: %d; late, by way of a repair: %d", *starts, &f, lost, late)
}
