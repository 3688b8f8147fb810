package lan

import (
	"fmt"
	"testing"
)

// TestLANSlowMember: a member whose process is stopped, and so reads nothing, delays nobody: the others hear each other live, and not
// only when they compare. When it goes on it is given all lines, in their places.
func TestLANSlowMember(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	members := l.people("alice", "bob", "carol")
	alice, bob, carol := members[0], members[1], members[2]
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob.do("room.join", obj{"room": "lab"})
	carol.do("room.join", obj{"room": "lab"})
	converse("lab", "hello", members...)
	carol.freeze()
	// A thousand lines at once are more than the network between them holds for a member that does not read.
	const lines = 1000
	var calls []*call
	for i := range lines {
		calls = append(calls, alice.begin("room.say", obj{"room": "lab", "text": fmt.Sprint("line ", i)}))
	}
	for _, c := range calls {
		c.ok()
	}
	bob.await("message", obj{"text": fmt.Sprint("line ", lines-1), "late": false})
	for i := range 20 {
		text := fmt.Sprint("after the rush ", i)
		bob.say("lab", text)
		alice.await("message", obj{"text": text, "late": false})
	}
	carol.thaw()
	carol.await("message", obj{"text": "after the rush 19"})
	carol.await("message", obj{"text": fmt.Sprint("line ", lines-1)})
	if got := len(agree("lab", members...)); got != 3+lines+20 {
		t.Errorf("they have %d lines, of %d", got, 3+lines+20)
	}
}
