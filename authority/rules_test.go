package authority

import (
	"testing"
	"time"

	"localchat/protocol"
)

// What a record does to the key is what keeps a removed peer from reading on (DESIGN 5).
func TestKeySteps(t *testing.T) {
	policy := protocol.DefaultPolicy()
	policy.Subject = "tea"
	for name, c := range map[string]struct {
		body   protocol.Body
		key    KeyStep
		epochs uint64
	}{
		"admit":  {protocol.Admit{Peer: id("eve"), Nick: "eve"}, KeyDerived, 1},
		"leave":  {protocol.Leave{Peer: id("bob")}, KeyFresh, 1},
		"kick":   {protocol.Remove{Peer: id("bob"), Kind: protocol.Kicked}, KeyFresh, 1},
		"ban":    {protocol.Remove{Peer: id("bob"), Kind: protocol.Banned}, KeyFresh, 1},
		"rekey":  {protocol.Rekey{}, KeyFresh, 1},
		"policy": {protocol.SetPolicy{Policy: policy}, KeySame, 0},
		"close":  {protocol.Close{Kind: protocol.Closed}, KeySame, 0},
	} {
		s := room(t, "bob")
		next, change, err := s.Apply(nextRecord(t, s, "alice", c.body))
		if err != nil || change.NewKey != c.key || change.Epoch != s.Epoch()+c.epochs || next.Epoch() != change.Epoch {
			t.Errorf("%s: key %d, epoch %d, %v", name, change.NewKey, change.Epoch, err)
		}
	}
	if _, change, err := (State{}).Apply(create(t, "alice")); err != nil || change.NewKey != KeyFresh || change.Epoch != 1 {
		t.Errorf("create: %+v, %v", change, err)
	}
}

func TestALineOfAnotherRoomDoesNotCount(t *testing.T) {
	s := room(t, "bob")
	h := protocol.Header{Room: protocol.RoomID{1}, Epoch: s.Epoch(), Ctr: 1}
	if got := s.Check(id("bob"), h); got != VerdictIgnore {
		t.Errorf("got %v", got)
	}
}

// A ban's note stays after it was told, for the owner's list, and is told no more.
func TestAToldBanIsOwedNoMore(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.must(Ban{Peer: id("bob"), Reason: "spam"})
	removal := w.ledger.State().Seq()
	w.poll("bob", admission, "n1")
	w.must(Ack{id("bob"), protocol.PollAck{Room: protocol.RoomID{1}, Removal: removal, Nonce: nonce("n1")}})
	if !w.ledger.Owes(id("bob"), w.now) {
		t.Error("an ack of another room counts")
	}
	w.must(Ack{id("bob"), protocol.PollAck{Room: w.ledger.State().Room(), Removal: removal, Nonce: nonce("n1")}})
	if w.ledger.Owes(id("bob"), w.now) || len(w.ledger.Failures()) != 1 {
		t.Error("still owed, or forgotten")
	}
	if got := w.poll("bob", admission, "n1"); got != "refused" {
		t.Errorf("told again: %s", got)
	}
}

// Who has left is owed no reason, also when it is banned afterwards.
func TestABanAfterALeaveIsNotTold(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.must(Leave{Peer: id("bob")})
	w.must(Ban{Peer: id("bob"), Reason: "and stay away"})
	if got := w.poll("bob", admission, "n1"); got != "refused" {
		t.Errorf("told %s", got)
	}
}

// A kick after the end of a ban that nobody has asked about yet leaves the ban's word.
func TestSeverityDoesNotFallAfterTheBansEnd(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.must(Ban{Peer: id("bob"), Reason: "spam", For: time.Hour})
	w.now = w.now.Add(time.Hour)
	w.must(Kick{Peer: id("bob"), Reason: "never mind"})
	if got, want := w.poll("bob", admission, "n1"), `banned "spam"`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

func TestAKickedPeersWaitIsBounded(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	w.must(Kick{Peer: id("bob")})
	w.now = w.now.Add(-time.Hour) // the clock is put back
	if got := w.knockAs("bob", "bob", protocol.Token{}); got.Code != protocol.JoinTooSoon || got.Wait != ReturnAfter {
		t.Errorf("answered %+v", got)
	}
}

// A stranger without an invite learns nothing of nicks.
func TestTheDoorComesBeforeTheNick(t *testing.T) {
	w := newRoom(t, "alice", protocol.Invite)
	for _, nick := range []string{"alice", "system", "eve"} {
		if got := w.knockAs("eve", nick, protocol.Token{}).Code; got != protocol.JoinNeedsInvite {
			t.Errorf("%s is answered %d", nick, got)
		}
	}
}

// A driver that lets time pass before Resumed does not close the room by it.
func TestTheLogTellsTheLastSignOfLife(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	l, err := Load(w.disk.durable())
	if err != nil {
		t.Fatal(err)
	}
	if next, _, err := l.Step(w.env(), Tick{}); err != nil || next.State().Closed() {
		t.Errorf("closed: %v, %v", next.State().Closed(), err)
	}
}
