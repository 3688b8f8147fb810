package authority

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"localchat/protocol"
)

// removedWorld returns a room in which bob was kicked, told by a poll with nonce n1, and has acknowledged it; and the number of the removal.
func removedWorld(t testing.TB, access protocol.Access) (*world, uint64) {
	t.Helper()
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.join("carol")
	policy := w.ledger.state.policy
	policy.Access = access
	w.must(SetPolicy{Policy: policy})
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	removal := w.ledger.state.Seq()
	w.poll("bob", admission, "n1")
	w.must(Ack{id("bob"), protocol.PollAck{Room: w.ledger.state.room, Removal: removal, Nonce: nonce("n1")}})
	return w, removal
}

// appeal appeals for a peer, and returns the answer.
func (w *world) appeal(name string, removal uint64, n, text string) string {
	w.t.Helper()
	return w.appealFrom(name, removal, n, text, name)
}

func (w *world) appealFrom(name string, removal uint64, n, text, from string) string {
	w.t.Helper()
	effects := w.must(Appealed{Peer: id(name), From: from, Ask: protocol.PollAppeal{
		Room: w.ledger.state.room, Removal: removal, Nonce: nonce(n), Text: text,
	}})
	a, ok := find[AnswerAppeal](effects)
	if !ok {
		w.t.Fatalf("no answer to %s", name)
	}
	answer := [...]string{"refused", "kept", "twice", "full", "pardoned"}[a.Outcome]
	if a.Reason != nil {
		p, err := protocol.OpenReason(a.Reason)
		if err != nil || p.Peer != id(name) || p.Nonce != nonce(n) || p.Kind != protocol.Pardoned {
			w.t.Fatalf("the pardon of %s is %+v, %v", name, p, err)
		}
		answer += fmt.Sprintf(" by %s until %v", p.ByNick, p.Until.Sub(p.At))
	}
	if _, shown := find[AppealShown](effects); shown {
		answer += ", shown"
	}
	return answer
}

// A removed member appeals once, is pardoned, is told, and comes in without a knock, once.
func TestAppealAndPardon(t *testing.T) {
	w, removal := removedWorld(t, protocol.Knock)
	expect := func(want, got string) {
		t.Helper()
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	expect("kept, shown", w.appeal("bob", removal, "n1", "it was the cat"))
	expect("kept", w.appeal("bob", removal, "n1", "it was the cat")) // the answer was lost
	expect("twice", w.appeal("bob", removal, "n1", "and I am sorry"))
	expect("refused", w.appeal("bob", removal, "n2", "it was the cat")) // another client of bob
	w.restart()
	expect("kept", w.appeal("bob", removal, "n1", "it was the cat"))
	if all := w.ledger.Appeals(w.now); len(all) != 1 || all[0].Text != "it was the cat" || all[0].Nick != "bob" {
		t.Fatalf("the owner has %+v", all)
	}
	if code := w.knockAs("bob", "bob", protocol.Token{}).Code; code != protocol.JoinWaiting {
		t.Fatalf("bob is answered %d at the door", code)
	}
	w.must(Pardon{id("bob")})
	pardon := w.ledger.state.Seq()
	expect("pardoned by alice until 24h0m0s", w.appeal("bob", removal, "n1", "it was the cat"))
	expect("pardoned by alice until 24h0m0s", w.appeal("bob", removal, "n1", "it was the cat"))
	expect("refused", w.appeal("bob", removal, "n2", "it was the cat"))
	if a, ok := find[Already](w.must(Pardon{id("bob")})); !ok || a.Seq != pardon {
		t.Error("a second pardon is a second record")
	}
	w.restart()
	if code := w.knockAs("bob", "bob", protocol.Token{}).Code; code != protocol.JoinAdmitted {
		t.Fatalf("bob, who was pardoned, is answered %d at the door", code)
	}
	expect("refused", w.appeal("bob", removal, "n1", "it was the cat")) // he is in
	w.must(Kick{Peer: id("bob")})
	if code := w.knockAs("bob", "bob", protocol.Token{}).Code; code != protocol.JoinWaiting {
		t.Errorf("bob was pardoned once, and is answered %d after the next kick", code)
	}
	expect("refused", w.appeal("bob", removal, "n1", "it was the cat")) // that removal is over
}

// A member may appeal that was removed, was told, and asks about that removal within a day; nobody else may.
func TestWhoMayAppeal(t *testing.T) {
	w, removal := removedWorld(t, protocol.Open)
	other := w.join("dave")
	w.must(Kick{Peer: id("dave")})
	daves := w.ledger.state.Seq()
	w.join("erin")
	w.must(Leave{Peer: id("erin")})
	erins := w.ledger.state.Seq()
	w.must(Ban{Peer: id("frank")})
	franks := w.ledger.state.Seq()
	for _, c := range []struct {
		name    string
		removal uint64
		n       string
	}{
		{"carol", removal, "n1"},   // a member
		{"mallory", removal, "n1"}, // a stranger
		{"bob", daves, "n1"},       // about another's removal
		{"bob", removal - 1, "n1"}, // about none
		{"dave", daves, "n1"},      // before it was told
		{"erin", erins, "n1"},      // it left
		{"frank", franks, "n1"},    // it never was a member
		{"alice", removal, "n1"},
	} {
		before := w.ledger
		if got := w.appeal(c.name, c.removal, c.n, "let me in"); got != "refused" || !sameBooks(before, w.ledger) {
			t.Errorf("%s appeals about %d: %s", c.name, c.removal, got)
		}
	}
	w.poll("dave", other, "n1")
	if got := w.appeal("dave", daves, "n2", "let me in"); got != "refused" {
		t.Errorf("a client of dave that was not told appeals: %s", got)
	}
	if got := w.appeal("dave", daves, "n1", "let me in"); got != "kept, shown" {
		t.Errorf("dave, who has the reason and has not acknowledged it, appeals: %s", got)
	}
	w.now = w.now.Add(24 * time.Hour)
	if got := w.appeal("bob", removal, "n1", "let me in"); got != "refused" {
		t.Errorf("bob appeals after a day: %s", got)
	}
}

// A pardon lifts a ban, also one with an end. It is over after a day, and by a later ban.
func TestPardonLiftsABan(t *testing.T) {
	for _, length := range []time.Duration{0, time.Hour} {
		w, _ := removedWorld(t, protocol.Invite)
		w.must(Ban{Peer: id("bob"), For: length})
		w.must(Pardon{id("bob")})
		if _, banned := w.ledger.state.Banned(id("bob"), w.now); banned {
			t.Fatal("bob is still banned")
		}
		if len(w.ledger.Bans(w.now)) != 0 || !w.ledger.MayReturn(id("bob"), w.now) {
			t.Fatal("bob may not come back")
		}
		w.must(Ban{Peer: id("bob"), For: length})
		if w.ledger.MayReturn(id("bob"), w.now) {
			t.Fatal("a ban does not end the pardon")
		}
		w.must(Pardon{id("bob")})
		w.now = w.now.Add(PardonLife - time.Second)
		if reply := w.knockAs("bob", "carol", protocol.Token{}); reply.Code != protocol.JoinNickTaken {
			t.Fatalf("bob is answered %d", reply.Code) // and the pardon is not used up
		}
		w.now = w.now.Add(time.Second)
		if reply := w.knockAs("bob", "bob", protocol.Token{}); reply.Code != protocol.JoinNeedsInvite {
			t.Fatalf("bob is answered %d a day after the pardon", reply.Code)
		}
	}
}

// A pardon without an appeal lets a peer in too. If it then asks, it is told, and one client alone.
func TestPardonBeforeTheAppeal(t *testing.T) {
	w, removal := removedWorld(t, protocol.Invite)
	w.must(Pardon{id("bob")})
	if got := w.appeal("bob", removal, "n1", "let me in"); got != "pardoned by alice until 24h0m0s" {
		t.Errorf("bob asks: %s", got)
	}
	if got := w.appeal("bob", removal, "n2", "let me in"); got != "refused" {
		t.Errorf("another client of bob asks: %s", got)
	}
	if code := w.knockAs("bob", "bob", protocol.Token{}).Code; code != protocol.JoinAdmitted {
		t.Errorf("bob is answered %d", code)
	}
	for _, name := range []string{"carol", "bob", "mallory", "alice"} {
		if _, err := w.step(Pardon{id(name)}); !errors.Is(err, ErrRule) {
			t.Errorf("%s is pardoned: %v", name, err)
		}
	}
}

// A deputy pardons what a deputy has decided, and not what the owner has.
func TestDeputiesPardon(t *testing.T) {
	w, _ := removedWorld(t, protocol.Open)
	w.must(Deputize{id("carol")})
	if _, err := w.step(Ordered{id("carol"), Pardon{id("bob")}}); !errors.Is(err, ErrNotDeputy) {
		t.Errorf("carol pardons what alice has decided: %v", err)
	}
	w.now = w.now.Add(ReturnAfter)
	w.join("bob")
	w.must(Ordered{id("carol"), Kick{Peer: id("bob")}})
	w.must(Ban{Peer: id("bob")})
	if _, err := w.step(Ordered{id("carol"), Pardon{id("bob")}}); !errors.Is(err, ErrNotDeputy) {
		t.Errorf("carol lifts alice's ban: %v", err)
	}
	w.must(Unban{id("bob")})
	w.must(Ordered{id("carol"), Pardon{id("bob")}})
	if !w.ledger.MayReturn(id("bob"), w.now) {
		t.Error("bob may not come back")
	}
}

// The appeals from one address leave places for those from others, and all places are bounded. A pardon of each peer that was removed does
// not grow without end either.
func TestAppealsAreBounded(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	text := strings.Repeat("\u4e16", protocol.MaxAppealRunes)
	kept := map[string]int{}
	for i := range 12 * MaxAppeals / 4 {
		name := fmt.Sprint("peer", i)
		admission := w.join(name)
		w.must(Kick{Peer: id(name)})
		w.poll(name, admission, "n")
		from := fmt.Sprint("address", i/(MaxAppeals/4))
		switch got := w.appealFrom(name, w.ledger.state.Seq(), "n", text, from); got {
		case "kept, shown":
			kept[from]++
		case "full":
		default:
			t.Fatalf("%s: %s", name, got)
		}
	}
	total := 0
	for _, n := range kept {
		total += n
	}
	if total > MaxAppeals || kept["address0"] >= MaxAppeals/4 || len(kept) < 11 {
		t.Errorf("%d appeals are kept, from %v", total, kept)
	}
	if heard := w.ledger.Heard(w.now); len(heard) > MaxAppeals+MaxPardons+MaxUnheard {
		t.Errorf("%d peers are heard", len(heard))
	}
}

// An appeal, and a pardon, last as long as the time that has passed, however the clock is set.
func TestClockMovesAppeals(t *testing.T) {
	w, removal := removedWorld(t, protocol.Knock)
	w.appeal("bob", removal, "n1", "it was the cat")
	move := func(by time.Duration) {
		w.now = w.now.Add(by)
		w.must(ClockMoved{by})
	}
	move(48 * time.Hour)
	w.must(Tick{LastLine: w.now})
	if got := w.appeal("bob", removal, "n1", "it was the cat"); got != "kept" {
		t.Fatalf("the appeal is %s after the clock was set", got)
	}
	w.must(Pardon{id("bob")})
	move(-72 * time.Hour)
	w.restart()
	w.now = w.now.Add(PardonLife)
	w.must(Tick{LastLine: w.now})
	if w.ledger.MayReturn(id("bob"), w.now) {
		t.Error("the pardon is longer than its time")
	}
}
