package authority

import (
	"fmt"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// TestTakenNickIsProposedWithANumber: a peer that asks for a taken nick is told a free one, which nobody has in the room or
// at its door. A class whose accounts are all called student gets in with one more question each.
func TestTakenNickIsProposedWithANumber(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	asked := "student"
	for i := range 30 {
		name := fmt.Sprint("pupil ", i)
		r := w.knockAs(name, asked, protocol.Token{})
		if i == 0 {
			if r.Code != protocol.JoinAdmitted {
				t.Fatalf("the first is answered %+v", r)
			}
			continue
		}
		free := w.ledger.FreeNick(id(name), asked)
		if want := fmt.Sprint("student", i+1); r.Code != protocol.JoinNickTaken || free != want {
			t.Fatalf("number %d is answered %d, and %q is free, want %q", i+1, r.Code, free, want)
		}
		if r := w.knockAs(name, free, protocol.Token{}); r.Code != protocol.JoinAdmitted {
			t.Fatalf("%q is answered %+v", free, r)
		}
	}
	if free := w.ledger.FreeNick(id("late"), "Student7"); free != "Student31" {
		t.Errorf("for Student7 %q is free", free)
	}
}

// TestProposedNickIsNobodysAtTheDoor: the nick of a peer at the door is not proposed.
func TestProposedNickIsNobodysAtTheDoor(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	if r := w.knockAs("one", "alice2", protocol.Token{}); r.Code != protocol.JoinWaiting {
		t.Fatalf("answered %+v", r)
	}
	if free := w.ledger.FreeNick(id("two"), "ALICE"); free != "ALICE3" {
		t.Errorf("%q is free", free)
	}
}

func TestNumbered(t *testing.T) {
	for _, c := range []struct {
		nick string
		n    int
		want string
	}{
		{"bob", 2, "bob2"},
		{"bob2", 3, "bob3"},
		{"bob19", 20, "bob20"},
		{"太郎", 2, "太郎2"},
		{strings.Repeat("x", protocol.MaxNickRunes), 12, strings.Repeat("x", protocol.MaxNickRunes-2) + "12"},
	} {
		if got := Numbered(c.nick, c.n); got != c.want {
			t.Errorf("%q with %d is %q, want %q", c.nick, c.n, got, c.want)
		}
	}
}

// TestNickOfAGuestThatIsGone: the next peer that asks for the nick of a guest that will not come back gets it, and the guest is no
// longer a member. Other nicks stay taken.
func TestNickOfAGuestThatIsGone(t *testing.T) {
	for _, access := range []protocol.Access{protocol.Open, protocol.Knock} {
		w := newRoom(t, "alice", access)
		let := func(name, nick string) protocol.JoinCode {
			r := w.knockAs(name, nick, protocol.Token{})
			if r.Code == protocol.JoinWaiting {
				w.must(Accept{id(name)})
				return protocol.JoinAdmitted
			}
			return r.Code
		}
		if let("bob", "bob") != protocol.JoinAdmitted || let("carol", "carol") != protocol.JoinAdmitted {
			t.Fatal("not let in")
		}
		if code := let("other", "bob"); code != protocol.JoinNickTaken {
			t.Errorf("before: %d", code)
		}
		w.must(Gone{Cuts: map[peer.ID]protocol.Cut{id("bob"): {}, id("alice"): {}}})
		for nick, want := range map[string]protocol.JoinCode{"carol": protocol.JoinNickTaken, "alice": protocol.JoinNickTaken} {
			if code := let("other", nick); code != want {
				t.Errorf("%s: %d, want %d", nick, code, want)
			}
		}
		if _, in := w.ledger.State().Member(id("bob")); !in {
			t.Error("bob is out before anybody has his nick")
		}
		if code := let("other", "B0B"); code != protocol.JoinAdmitted {
			t.Errorf("after: %d", code)
		}
		if _, in := w.ledger.State().Member(id("bob")); in || w.ledger.State().Len() != 3 {
			t.Errorf("bob is in: %v; %d members", in, w.ledger.State().Len())
		}
	}
}
