package authority

import (
	"errors"
	"testing"
	"time"

	"localchat/protocol"
)

// An earlier program had nine faults. Each has a test here; the parts that concern streams or the disk have one in package node too.

// 1. A kick and then a ban before the poll left the target neither banned nor told.
func TestAncestor1_KickThenBanBeforeThePollBans(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	w.must(Ban{Peer: id("bob"), Reason: "did not stop"})
	if _, banned := w.ledger.State().Banned(id("bob"), w.now); !banned {
		t.Error("not banned")
	}
	if got, want := w.poll("bob", admission, "n1"), `banned "did not stop"`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if got := w.knockAs("bob", "bob", protocol.Token{}).Code; got != protocol.JoinBanned {
		t.Errorf("join answered %d", got)
	}
}

// 2. Anybody could read and destroy another's reason by naming it.
func TestAncestor2_NobodyElseClaimsAReason(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.join("carol")
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	for _, thief := range []string{"alice", "carol", "eve"} {
		if got := w.poll(thief, admission, "n1"); got != "refused" {
			t.Errorf("%s got %s", thief, got)
		}
		w.must(Ack{id(thief), protocol.PollAck{Room: w.ledger.State().Room(), Removal: 4, Nonce: nonce("n1")}})
	}
	if got, want := w.poll("bob", admission, "n1"), `kicked "too loud"`; got != want {
		t.Errorf("bob got %s, want %s", got, want)
	}
}

// 3. Anybody could kick, ban or close by naming the owner.
func TestAncestor3_OnlyTheAuthorityOrders(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	w.join("carol")
	state := w.ledger.State()
	for _, body := range []protocol.Body{
		protocol.Remove{Peer: id("carol"), Kind: protocol.Kicked},
		protocol.Remove{Peer: id("carol"), Kind: protocol.Banned},
		protocol.Close{Kind: protocol.Closed},
	} {
		r := nextRecord(t, state, "bob", body)
		if _, _, err := state.Apply(r); !errors.Is(err, ErrNotEntitled) {
			t.Errorf("%T signed by a member: %v", body, err)
		}
	}
	env := w.env()
	env.Signer, env.Self = signerOf("bob"), id("bob")
	for _, ev := range []Event{Kick{Peer: id("carol")}, Ban{Peer: id("carol")}, Close{}, MakeInvite{}} {
		if _, _, err := w.ledger.Step(env, ev); !errors.Is(err, ErrNotEntitled) {
			t.Errorf("%T ordered by a member: %v", ev, err)
		}
	}
}

// 4. A lost reply was a lost reason.
func TestAncestor4_ALostReplyIsGivenAgain(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	first := w.poll("bob", admission, "n1")
	w.restart()
	if again := w.poll("bob", admission, "n1"); again != first || first != `kicked "too loud"` {
		t.Errorf("told %s, then %s", first, again)
	}
}

// 5. A closed room was never told to its members.
func TestAncestor5_ACloseIsToldToEverybody(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admissions := map[string]uint64{}
	for _, name := range []string{"bob", "carol", "dave"} {
		admissions[name] = w.join(name)
	}
	w.must(Close{Reason: "good night"})
	for name, admission := range admissions {
		if got, want := w.poll(name, admission, "n"+name), `closed "good night"`; got != want {
			t.Errorf("%s is told %s, want %s", name, got, want)
		}
	}
}

// 6. A closed room's reason could surface in a new one.
func TestAncestor6_ANewRoomOwesNothingOfTheOld(t *testing.T) {
	old, fresh := newRoom(t, "alice", protocol.Open), newRoom(t, "alice", protocol.Open)
	// The second room has the same owner, name and events. Only the random bytes differ.
	fresh.ledger, fresh.disk, fresh.heard = Ledger{}, newWorld(t, "alice").disk, State{}
	fresh.must(CreateRoom{Name: "lab", Nick: "alice", Policy: old.ledger.State().Policy()})
	if old.ledger.State().Room() == fresh.ledger.State().Room() {
		t.Fatal("two rooms of one id")
	}
	admission := old.join("bob")
	if fresh.join("bob") != admission {
		t.Fatal("the admissions should be alike")
	}
	old.must(Close{Reason: "good night"})
	if got := fresh.poll("bob", admission, "n1"); got == `closed "good night"` || got == "refused" {
		t.Errorf("the new room says %s", got)
	}
	ask := protocol.PollRequest{Room: old.ledger.State().Room(), Nonce: nonce("n1"), Admission: admission}
	if a, _ := find[AnswerPoll](fresh.must(Poll{id("bob"), ask})); a.Outcome != PollRefused {
		t.Errorf("the new room answers for the old: %v", a)
	}
}

// 7. A kick in room a reached into room a-b.
func TestAncestor7_AKickStaysInItsRoom(t *testing.T) {
	a, ab := newWorld(t, "alice"), newWorld(t, "alice")
	policy := protocol.DefaultPolicy()
	policy.Access = protocol.Open
	a.must(CreateRoom{Name: "a", Nick: "alice", Policy: policy})
	ab.must(CreateRoom{Name: "a-b", Nick: "alice", Policy: policy})
	a.join("bob")
	admission := ab.join("bob")
	before := ab.ledger.State()
	effects := a.must(Kick{Peer: id("bob")})
	commit, _ := find[Commit](effects)
	if _, _, err := before.Apply(commit.Record); !errors.Is(err, ErrChain) {
		t.Errorf("room a-b took the record of room a: %v", err)
	}
	if got := ab.poll("bob", admission, "n1"); got != "news" {
		t.Errorf("room a-b answers %s", got)
	}
}

// 8. A new admission did not clear the old reason, and the reader did not check the expiry.
func TestAncestor8_AdmissionClearsAndExpiryIsRead(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	first := w.join("bob")
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	w.now = w.now.Add(ReturnAfter)
	second := w.join("bob")
	for _, admission := range []uint64{first, second} {
		if got := w.poll("bob", admission, "n1"); got != "refused" && got != "news" {
			t.Errorf("admission %d is told %s", admission, got)
		}
	}
	w.must(Kick{Peer: id("bob"), Reason: "again"})
	w.now = w.now.Add(FailureLife - time.Millisecond)
	if !w.ledger.Owes(id("bob"), w.now) {
		t.Error("not owed just before the end")
	}
	w.now = w.now.Add(time.Millisecond) // and no Tick
	if got := w.poll("bob", second, "n1"); got != "refused" || w.ledger.Owes(id("bob"), w.now) {
		t.Errorf("an expired reason was told: %s", got)
	}
}

// 9. A restart forgot the bans.
func TestAncestor9_ARestartKeepsBans(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	w.must(Ban{Peer: id("bob"), Reason: "spam"})
	w.restart()
	if got := w.knockAs("bob", "bob", protocol.Token{}).Code; got != protocol.JoinBanned {
		t.Errorf("join answered %d", got)
	}
	if f := w.ledger.Failures(); len(f) != 1 || f[0].Text != "spam" {
		t.Errorf("the reason is gone: %v", f)
	}
}
