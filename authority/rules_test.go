package authority

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// The key of a new epoch is such that a removed peer cannot read on.
func TestKeySteps(t *testing.T) {
	policy := protocol.DefaultPolicy()
	policy.Subject = "tea"
	slow := policy
	slow.Slow = time.Second
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
		"warn":   {protocol.Warn{Peer: id("bob")}, KeySame, 0},
		"deputy": {protocol.SetDeputies{Peers: []peer.ID{id("bob")}}, KeyDerived, 1},
		"nick":   {protocol.SetNick{Peer: id("bob"), Nick: "robert"}, KeySame, 0},
		"policy": {protocol.SetPolicy{Policy: policy}, KeySame, 0},
		"slow":   {protocol.SetPolicy{Policy: slow, NewEpoch: true}, KeyDerived, 1},
		"close":  {protocol.Close{Kind: protocol.Closed}, KeySame, 0},
		"give":   {transferOf(t, room(t, "bob"), "alice", "bob"), KeyDerived, 1},
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

// A member is renamed by the rules of a nick, at most once a minute, and stays what it was.
func TestSetNick(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.join("carol")
	refused := func(who, nick string, want error) {
		t.Helper()
		if _, err := w.step(SetNick{id(who), nick}); !errors.Is(err, want) {
			t.Errorf("%s, as %q: %v, want %v", who, nick, err, want)
		}
	}
	before, _ := w.ledger.State().Member(id("bob"))
	w.must(SetNick{id("bob"), "Bob"}) // its own nick is not in its way
	after, _ := w.ledger.State().Member(id("bob"))
	if before.Nick = "Bob"; after != before || after.Admission != admission {
		t.Errorf("renamed, it is %+v, not %+v", after, before)
	}
	if m, ok := w.ledger.State().ByNick("bob"); !ok || m.Peer != id("bob") {
		t.Error("it is not found by its nick")
	}
	refused("bob", "bert", ErrNickSoon)
	refused("carol", "b0b", ErrNickTaken)
	refused("carol", "alice", ErrNickTaken)
	refused("carol", "system", ErrNickBad)
	refused("carol", "two words", ErrNickBad)
	refused("carol", id("bob").String()[:8], ErrNickBad)
	refused("dave", "dave", ErrNotMember)
	w.must(Mute{Peer: id("carol")})
	refused("carol", "buy this", ErrNickBad)
	refused("carol", "buy-this", ErrRule)
	w.must(Unmute{id("carol")})
	w.must(SetNick{id("alice"), "alicia"})
	w.must(SetNick{id("carol"), "alice"}) // a nick that was given up is free
	w.now = w.now.Add(NickEvery - time.Millisecond)
	refused("bob", "bert", ErrNickSoon)
	w.now = w.now.Add(time.Millisecond)
	w.must(SetNick{id("bob"), "bert"})
	if w.ledger.State().NickTaken("bob") {
		t.Error("the old nick is taken")
	}
	w.now = w.now.Add(-time.Hour) // the clock is put back
	w.must(SetNick{id("bob"), "bob"})
	if seq := w.ledger.State().Seq(); len(w.must(SetNick{id("bob"), "bob"})) == 0 || w.ledger.State().Seq() != seq {
		t.Error("the nick that it has makes a record")
	}
}

// A member is told of its warnings and its mute one after the other, each once, in the order of their records. A removal is told instead.
func TestWarningsWaitForEachOther(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	room := w.ledger.State().Room()
	for _, text := range []string{"one", "two"} {
		w.must(Warn{id("bob"), text})
	}
	w.must(Mute{Peer: id("bob"), Reason: "first"})
	w.must(Mute{Peer: id("bob"), Reason: "second", For: time.Hour})
	w.must(Warn{id("bob"), "three"})
	for _, want := range []string{`warned "one"`, `warned "two"`, `muted "second"`} {
		for range 2 { // the answer is lost
			if got := w.poll("bob", admission, "n1"); !strings.HasPrefix(got, want) {
				t.Errorf("told %s, want %s", got, want)
			}
		}
		if got := w.poll("bob", admission, "n2"); got == want {
			t.Error("another client is told too")
		}
		w.restart()
		f := w.ledger.failures[id("bob")]
		w.must(Ack{id("bob"), protocol.PollAck{Room: room, Removal: f.Removal + 1, Nonce: nonce("n1")}}) // not this one
		w.must(Ack{id("bob"), protocol.PollAck{Room: room, Removal: f.Removal, Nonce: nonce("n1")}})
	}
	w.must(Kick{Peer: id("bob"), Reason: "enough"})
	if got, want := w.poll("bob", admission, "n1"), `kicked "enough"`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if n := w.ledger.State().Warnings(id("bob")); n != 3 {
		t.Errorf("%d warnings are counted", n)
	}
	w.join("carol")
	for range 2 * MaxWaiting {
		w.must(Warn{id("carol"), "again"})
	}
	if f := w.ledger.failures[id("carol")]; len(f.Waiting) != MaxWaiting-1 || f.Waiting[MaxWaiting-2].Removal != w.ledger.State().Seq() {
		t.Errorf("%d wait", len(f.Waiting))
	}
	for _, ev := range []Event{Warn{id("carol"), ""}, Warn{id("alice"), "x"}, Warn{id("bob"), "x"}, Warn{id("eve"), "x"}} {
		if _, err := w.step(ev); !errors.Is(err, ErrRule) {
			t.Errorf("%+v: %v", ev, err)
		}
	}
}

// The failure of a ban stays after the peer was told, for the owner's list, and is not told again.
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

// A peer that left is owed no reason, also when it is banned afterwards.
func TestABanAfterALeaveIsNotTold(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.must(Leave{Peer: id("bob")})
	w.must(Ban{Peer: id("bob"), Reason: "and stay away"})
	if got := w.poll("bob", admission, "n1"); got != "refused" {
		t.Errorf("told %s", got)
	}
}

// A kick after the end of a ban that was not claimed yet does not change the text of the ban.
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

// A stranger without an invite learns nothing about nicks.
func TestTheDoorComesBeforeTheNick(t *testing.T) {
	w := newRoom(t, "alice", protocol.Invite)
	for _, nick := range []string{"alice", "system", "eve"} {
		if got := w.knockAs("eve", nick, protocol.Token{}).Code; got != protocol.JoinNeedsInvite {
			t.Errorf("%s is answered %d", nick, got)
		}
	}
}

// Time that passes before Resumed does not close the room as idle.
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

// withNonce knocks with the nonce of that name, and returns the answer.
func (w *world) withNonce(name, n string, token protocol.Token) protocol.JoinReply {
	w.t.Helper()
	q := protocol.JoinRequest{Room: w.ledger.State().Room(), Nick: name, Token: token, Nonce: nonce(n)}
	return joinReply(w.t, w.must(Knock{Peer: id(name), Request: q}), name)
}

// However the maker of an invite loses its place, the invite is revoked, and a peer that shows it is told.
func TestAnInviteGoesWithItsMaker(t *testing.T) {
	for name, gone := range map[string]Event{
		"kick": Kick{Peer: id("bob")}, "ban": Ban{Peer: id("bob")}, "leave": Leave{Peer: id("bob")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRoom(t, "alice", protocol.Open)
			w.join("bob")
			policy := w.ledger.State().Policy()
			policy.MembersInvite = true
			w.must(SetPolicy{Policy: policy})
			invited, _ := find[Invited](w.must(MakeInvite{By: id("bob")}))
			w.must(gone)
			removal := w.ledger.State().Seq()
			reply := w.withNonce("carol", "c1", invited.Invite.Token)
			r, err := protocol.OpenReason(reply.Reason)
			if err != nil || reply.Code != protocol.JoinInviteBad {
				t.Fatalf("answered %+v, %v", reply, err)
			}
			want := protocol.Reason{
				Room: w.ledger.State().Room(), Peer: id("carol"), Kind: protocol.InviteRevoked, Text: makerIsOut,
				By: id("alice"), ByNick: "alice", At: w.now, Removal: removal, Nonce: nonce("c1"),
			}
			if r.Reason != want {
				t.Errorf("told %+v", r.Reason)
			}
		})
	}
}

// A token that was never valid, one of a revoked invite whose notice has been claimed, and one of an expired invite get the same answer:
// only the first holder learns that there was an invite.
func TestABadTokenIsABadToken(t *testing.T) {
	w := newRoom(t, "alice", protocol.Invite)
	revoked, _ := find[Invited](w.must(MakeInvite{}))
	used, _ := find[Invited](w.must(MakeInvite{}))
	w.must(RevokeInvite{revoked.Invite.ID})
	w.withNonce("bob", "b1", revoked.Invite.Token)
	w.withNonce("carol", "c1", used.Invite.Token)
	almost := revoked.Invite.Token
	almost[15] ^= 1
	want := protocol.JoinReply{Code: protocol.JoinInviteBad}
	for what, token := range map[string]protocol.Token{
		"claimed by another": revoked.Invite.Token, "used": used.Invite.Token, "made up": {1}, "one bit off": almost,
	} {
		before := w.disk.durable()
		if got := w.withNonce("eve", "e1", token); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", what, got)
		}
		if !reflect.DeepEqual(before.Invites, w.disk.durable().Invites) {
			t.Errorf("%s: something was written", what)
		}
	}
}

// Revoked invites take no place of open ones.
func TestRevokedInvitesAreBounded(t *testing.T) {
	w := newRoom(t, "alice", protocol.Invite)
	l := w.ledger
	l.invites = map[protocol.InviteID]Invite{}
	for i := range MaxInvites {
		token := protocol.Token{1, byte(i), byte(i >> 8)}
		l.invites[token.ID()] = Invite{ID: token.ID(), Token: token, Expires: w.now.Add(time.Hour + time.Duration(i)), Revoked: Revocation{At: w.now}}
	}
	first := protocol.Token{1}.ID()
	next, effects, err := l.Step(w.env(), MakeInvite{})
	if err != nil {
		t.Fatal(err)
	}
	gone, ok := effects[0].(Persist).Batch.Invites[first]
	if !ok || gone != nil || len(next.invites) != MaxInvites || len(next.Invites(w.now)) != 1 {
		t.Errorf("%d are kept, %d open; the first to expire: %v", len(next.invites), len(next.Invites(w.now)), gone)
	}
}

// The number of denials that are remembered is the number of peers that can be at the door.
func TestTurnedAwayAreBounded(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	for i := range MaxKnocks + 1 {
		name := fmt.Sprintf("p%d", i)
		w.withNonce(name, "n", protocol.Token{})
		w.must(Deny{id(name), "no"})
	}
	if n := len(w.ledger.denied); n != MaxKnocks {
		t.Errorf("%d are remembered", n)
	}
	if got := w.withNonce("p1", "n", protocol.Token{}).Code; got != protocol.JoinDenied {
		t.Errorf("the last but %d is answered %d", MaxKnocks-1, got)
	}
	if got := w.withNonce("p0", "n", protocol.Token{}).Code; got != protocol.JoinWaiting {
		t.Errorf("one forgotten is answered %d", got)
	}
}

// After a kick that was told, the reason of a ban is owed to no client: none would ask, and a closed room must not wait for it. A peer
// that was not told of the kick yet is owed the reason.
func TestABanAfterAToldKickIsOwedToNobody(t *testing.T) {
	for _, told := range []bool{true, false} {
		w := newRoom(t, "alice", protocol.Open)
		admission := w.join("bob")
		w.must(Kick{Peer: id("bob"), Reason: "too loud"})
		removal := w.ledger.State().Seq()
		w.poll("bob", admission, "n1")
		if told {
			w.must(Ack{id("bob"), protocol.PollAck{Room: w.ledger.State().Room(), Removal: removal, Nonce: nonce("n1")}})
		}
		w.must(Ban{Peer: id("bob"), Reason: "did not stop"})
		w.must(Ban{Peer: id("bob"), Reason: "did not stop", For: time.Hour})
		if got := w.ledger.Owes(id("bob"), w.now); got == told {
			t.Errorf("told and acknowledged: %v; owed: %v", told, got)
		}
	}
}

// An invite can be kept as JSON, in each of its states.
func TestInvitesAsJSON(t *testing.T) {
	w := newRoom(t, "alice", protocol.Invite)
	made, _ := find[Invited](w.must(MakeInvite{}))
	for _, ev := range []Event{
		Tick{},
		RevokeInvite{made.Invite.ID},
		Knock{Peer: id("bob"), Request: protocol.JoinRequest{Room: w.ledger.State().Room(), Nick: "bob", Token: made.Invite.Token, Nonce: nonce("b1")}},
	} {
		w.must(ev)
		want := w.ledger.invites[made.Invite.ID]
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Invite
		if err := json.Unmarshal(raw, &got); err != nil || got != want {
			t.Errorf("after %T %s reads as %+v, %v", ev, raw, got, err)
		}
	}
}

// Kicks, bans and the end of the room, in every order and number, before a poll: all succeed as long as there is a room. The peer is told
// once: of the most severe of them, with the last text of that.
func TestRemovalsInEveryOrder(t *testing.T) {
	removals := []struct {
		kind     string
		severity int
		ev       func(text string) Event
	}{
		{"closed", 1, func(text string) Event { return Close{Reason: text} }},
		{"kicked", 2, func(text string) Event { return Kick{Peer: id("bob"), Reason: text} }},
		{"banned", 3, func(text string) Event { return Ban{Peer: id("bob"), Reason: text} }},
		{"banned", 3, func(text string) Event { return Ban{Peer: id("bob"), Reason: text, For: time.Hour} }},
	}
	// fork returns a copy of the world. A Ledger is a value, but the disk has to be copied.
	fork := func(w *world) *world {
		next := *w
		next.disk = copyDisk(w.disk)
		next.answers, next.nonces = maps.Clone(w.answers), maps.Clone(w.nonces)
		return &next
	}
	const most = 4
	var try func(w *world, admission uint64, path []string, worst int, told string)
	try = func(w *world, admission uint64, path []string, worst int, told string) {
		if len(path) > 0 {
			asked := fork(w)
			if got := asked.poll("bob", admission, "n1"); got != told {
				t.Errorf("%v: told %s, want %s", path, got, told)
			}
			if got := asked.poll("bob", admission, "n2"); got != "refused" {
				t.Errorf("%v: told again: %s", path, got)
			}
		}
		for i := 0; i < len(removals) && len(path) < most; i++ {
			r, next, text := removals[i], fork(w), fmt.Sprint(len(path))
			switch _, err := next.step(r.ev(text)); {
			case w.ledger.State().Closed():
				if !errors.Is(err, ErrClosed) {
					t.Errorf("%v, and then %s: %v", path, r.kind, err)
				}
			case err != nil:
				t.Errorf("%v, and then %s: %v", path, r.kind, err)
			case r.severity < worst:
				try(next, admission, append(slices.Clip(path), r.kind), worst, told)
			default:
				try(next, admission, append(slices.Clip(path), r.kind), r.severity, fmt.Sprintf("%s %q", r.kind, text))
			}
		}
	}
	w := newRoom(t, "alice", protocol.Open)
	try(w, w.join("bob"), nil, 0, "")
}
