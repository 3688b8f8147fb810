package authority

import (
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// withDeputy returns a room of alice with bob, carol and dave, in which bob is a deputy.
func withDeputy(t *testing.T) *world {
	w := newRoom(t, "alice", protocol.Open)
	for _, name := range []string{"bob", "carol", "dave"} {
		w.join(name)
	}
	w.must(Deputize{id("bob")})
	return w
}

func (w *world) orders(by string, ev Event) error {
	_, err := w.step(Ordered{id(by), ev})
	return err
}

// reasonOf polls for a peer, and returns the reason that it is told.
func (w *world) reasonOf(name string, admission uint64) protocol.SignedReason {
	w.t.Helper()
	a, _ := find[AnswerPoll](w.must(Poll{id(name), protocol.PollRequest{Room: w.ledger.state.room, Nonce: nonce(name), Admission: admission}}))
	r, err := protocol.OpenReason(a.Reason)
	if err != nil {
		w.t.Fatalf("%s is answered %d: %v", name, a.Outcome, err)
	}
	return r
}

// TestADeputyIsNamedWithWhatItOrders: the record and the reason say who ordered it, and the authority signs both.
func TestADeputyIsNamedWithWhatItOrders(t *testing.T) {
	w := withDeputy(t)
	carol, _ := w.ledger.state.Member(id("carol"))
	effects := w.must(Ordered{id("bob"), Kick{Peer: id("carol"), Reason: "too loud"}})
	c, _ := find[Commit](effects)
	if c.Record.By != id("bob") || c.Record.Author != id("alice") || c.Change.By() != id("bob") {
		t.Errorf("the record is by %s, of %s", c.Record.By, c.Record.Author)
	}
	r := w.reasonOf("carol", carol.Admission)
	if r.By != id("bob") || r.ByNick != "bob" || r.For != id("alice") || r.ForNick != "alice" || r.Signer != id("alice") || r.Text != "too loud" {
		t.Errorf("carol is told %+v, signed by %s", r.Reason, r.Signer)
	}
	if c, _ := find[Commit](w.must(Kick{Peer: id("dave")})); c.Record.By != "" || c.Change.By() != id("alice") {
		t.Errorf("what alice orders is said to be ordered by %q", c.Record.By)
	}
}

// TestADeputyMayNot: each order that a deputy may not give is refused, and so is each order of a member that is no deputy.
func TestADeputyMayNot(t *testing.T) {
	w := withDeputy(t)
	w.must(Deputize{id("carol")})
	w.must(Ban{Peer: id("erin")})
	w.must(Mute{Peer: id("dave")})
	w.join("frank")
	w.must(Voice{Peer: id("frank")})
	made, _ := find[Invited](w.must(MakeInvite{}))
	idle := w.ledger.state.policy
	idle.Idle += time.Second
	for name, ev := range map[string]Event{
		"kick of the owner": Kick{Peer: id("alice")}, "ban of the owner": Ban{Peer: id("alice")}, "mute of the owner": Mute{Peer: id("alice")},
		"kick of a deputy": Kick{Peer: id("carol")}, "ban of a deputy": Ban{Peer: id("carol")}, "mute of a deputy": Mute{Peer: id("carol")},
		"kick of itself": Kick{Peer: id("bob")},
		"unban":          Unban{id("erin")}, "shorter ban": Ban{Peer: id("erin"), For: time.Minute}, "the same ban": Ban{Peer: id("erin")},
		"warning of the owner": Warn{id("alice"), "you"}, "warning of a deputy": Warn{id("carol"), "you"}, "voice of a deputy": Voice{Peer: id("carol")},
		"unvoice": Unvoice{Peer: id("frank")}, "shorter voice": Voice{id("frank"), time.Minute}, "revoke of the owner's": RevokeInvite{made.Invite.ID},
		"unmute": Unmute{id("dave")}, "shorter mute": Mute{Peer: id("dave"), For: time.Minute}, "the same mute": Mute{Peer: id("dave"), Reason: "again"},
		"policy": SetPolicy{Policy: idle}, "close": Close{}, "rekey": Rekey{}, "leave of another": Leave{Peer: id("dave")},
		"deputy": Deputize{id("dave")}, "no deputy": Undeputize{Peer: id("carol")}, "order of another's": Ordered{id("carol"), Kick{Peer: id("dave")}},
		"invite in another's name": MakeInvite{By: id("alice")},
	} {
		if err := w.orders("bob", ev); !errors.Is(err, ErrNotDeputy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, ev := range []Event{
		Kick{Peer: id("frank")},
		Accept{id("frank")},
		Deny{Peer: id("frank")},
		SetPolicy{Policy: w.ledger.state.policy},
		Unmute{id("dave")},
		Warn{id("frank"), "you"},
		Voice{Peer: id("frank")},
		Unvoice{Peer: id("frank")},
		RevokeInvite{made.Invite.ID},
		RevokeInvite{},
	} {
		if err := w.orders("dave", ev); !errors.Is(err, ErrNotDeputy) {
			t.Errorf("a member orders %T: %v", ev, err)
		}
	}
}

// TestADeputyUndoesWhatDeputiesOrdered: also what another one ordered that is none any more.
func TestADeputyUndoesWhatDeputiesOrdered(t *testing.T) {
	w := withDeputy(t)
	w.must(Deputize{id("carol")})
	for _, ev := range []Event{Ban{Peer: id("dave")}, Ban{Peer: id("erin")}} {
		w.must(Ordered{id("carol"), ev})
	}
	w.must(Undeputize{Peer: id("carol")})
	w.must(Ordered{id("bob"), Unban{id("dave")}})
	w.must(Ordered{id("bob"), Ban{Peer: id("erin"), For: time.Hour}})
	w.join("frank")
	w.must(Ordered{id("bob"), Voice{Peer: id("frank")}})
	w.must(Ordered{id("bob"), Voice{id("frank"), time.Hour}})
	w.must(Ordered{id("bob"), Unvoice{Peer: id("frank")}})
	w.must(Ordered{id("bob"), Warn{id("frank"), "mind your words"}})
}

// TestADeputyRevokesAnInvite: that of a deputy, and the guest that shows it is told by whom.
func TestADeputyRevokesAnInvite(t *testing.T) {
	w := withDeputy(t)
	made, _ := find[Invited](w.must(MakeInvite{By: id("bob")}))
	w.must(Ordered{id("bob"), RevokeInvite{made.Invite.ID}})
	a, _ := find[AnswerJoin](w.must(Knock{Peer: id("erin"), Request: protocol.JoinRequest{
		Room: w.ledger.state.room, Nick: "erin", Nonce: nonce("erin"), Token: made.Invite.Token,
	}}))
	r, err := protocol.OpenReason(a.Reply.Reason)
	if err != nil || r.By != id("bob") || r.For != id("alice") || r.Kind != protocol.InviteRevoked {
		t.Errorf("erin is told %+v, %v", r.Reason, err)
	}
}

// TestDeputiesTalk: a deputy needs no voice, and no patience, in the epochs in which it is one.
func TestDeputiesTalk(t *testing.T) {
	w := withDeputy(t)
	p := w.ledger.state.policy
	p.VoicedOnly, p.Slow = true, time.Minute
	w.must(SetPolicy{Policy: p})
	check := func(name string, verdict Verdict, slow time.Duration) {
		t.Helper()
		s := w.ledger.state
		if got := s.Check(id(name), protocol.Header{Room: s.room, Epoch: s.epoch, Ctr: 8}); got != verdict {
			t.Errorf("a line of %s: %v, want %v", name, got, verdict)
		}
		if got := s.Slow(id(name), s.epoch); got != slow {
			t.Errorf("%s may say a line every %v, want %v", name, got, slow)
		}
	}
	check("bob", VerdictAccept, 0)
	check("carol", VerdictIgnore, time.Minute)
	then := w.ledger.state.epoch
	w.must(Deputize{id("carol")})
	check("carol", VerdictAccept, 0)
	if got := w.ledger.state.Slow(id("carol"), then); got != time.Minute {
		t.Errorf("in the epoch before it was a deputy carol may say a line every %v", got)
	}
	was := w.ledger.state.epoch
	w.must(Undeputize{Peer: id("bob"), Cut: protocol.Cut{Ctr: 7, Hash: protocol.Hash{1}}})
	check("bob", VerdictIgnore, time.Minute)
	s := w.ledger.state
	if got := s.Slow(id("bob"), was); got != 0 {
		t.Errorf("in the epoch in which it was a deputy bob may say a line every %v", got)
	}
	for ctr, want := range map[uint64]Verdict{7: VerdictLate, 8: VerdictIgnore} {
		if got := s.Check(id("bob"), protocol.Header{Room: s.room, Epoch: was, Ctr: ctr}); got != want {
			t.Errorf("line %d of bob, from when it was a deputy: %v, want %v", ctr, got, want)
		}
	}
	cut := protocol.SetDeputies{Peers: s.deputies, Cuts: []protocol.MemberCut{{Peer: id("carol"), Cut: protocol.Cut{Ctr: 1, Hash: protocol.Hash{1}}}}}
	if _, _, err := s.Apply(nextRecord(t, s, "alice", cut)); !errors.Is(err, ErrRule) {
		t.Errorf("a cut of a deputy that stays one: %v", err)
	}
}

// TestAKickOfADeputyIsOneOrder: both records are in one batch, so that no crash leaves a deputy that was to be removed.
func TestAKickOfADeputyIsOneOrder(t *testing.T) {
	for _, ev := range []Event{Kick{Peer: id("bob")}, Ban{Peer: id("bob")}} {
		w := withDeputy(t)
		p, _ := find[Persist](w.must(ev))
		if n := len(p.Batch.Records); n != 2 {
			t.Fatalf("%T writes %d records", ev, n)
		}
		if _, ok := p.Batch.Records[0].Body.(protocol.SetDeputies); !ok || w.ledger.state.IsDeputy(id("bob")) {
			t.Errorf("%T begins with %T", ev, p.Batch.Records[0].Body)
		}
	}
	w := withDeputy(t)
	if _, _, err := w.ledger.state.Apply(nextRecord(t, w.ledger.state, "alice", protocol.Remove{Peer: id("bob"), Kind: protocol.Kicked})); !errors.Is(err, ErrRule) {
		t.Errorf("a record removes a deputy: %v", err)
	}
	w.must(Leave{Peer: id("bob")})
	if w.ledger.state.IsDeputy(id("bob")) {
		t.Error("bob left and is a deputy")
	}
}

// TestDeputiesAreFew: the bound of deputies holds, and the owner and strangers are none.
func TestDeputiesAreFew(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	for _, name := range []string{"bob", "carol", "dave", "erin", "frank"} {
		w.join(name)
	}
	for i, name := range []string{"bob", "carol", "dave", "erin", "frank"} {
		if _, err := w.step(Deputize{id(name)}); (i < protocol.MaxDeputies) != (err == nil) || err != nil && !errors.Is(err, ErrFull) {
			t.Errorf("deputy %d: %v", i+1, err)
		}
	}
	w.must(Undeputize{Peer: id("bob")})
	for _, p := range []string{"alice", "grace"} {
		if _, err := w.step(Deputize{id(p)}); !errors.Is(err, ErrRule) {
			t.Errorf("%s is a deputy: %v", p, err)
		}
	}
	if n := len(w.must(Deputize{id("carol")})); n != 1 || len(w.ledger.state.Deputies()) != 3 {
		t.Errorf("to name a deputy again has %d effects", n)
	}
}

// TestTheTextOfAReason: a deputy does not put words into another's mouth, and what the owner says is the owner's.
func TestTheTextOfAReason(t *testing.T) {
	w := withDeputy(t)
	carol, _ := w.ledger.state.Member(id("carol"))
	dave, _ := w.ledger.state.Member(id("dave"))
	w.must(Kick{Peer: id("carol"), Reason: "alice's"})
	w.must(Ordered{id("bob"), Kick{Peer: id("carol"), Reason: "bob's"}})
	w.must(Ordered{id("bob"), Ban{Peer: id("carol")}})
	if r := w.reasonOf("carol", carol.Admission); r.Text != "" || r.By != id("bob") {
		t.Errorf("carol, whom bob has banned without a word, is told %q by %s", r.Text, r.ByNick)
	}
	w.must(Ordered{id("bob"), Kick{Peer: id("dave"), Reason: "bob's"}})
	w.must(Kick{Peer: id("dave"), Reason: "alice's"})
	if r := w.reasonOf("dave", dave.Admission); r.Text != "alice's" || r.By != id("alice") || r.For != "" {
		t.Errorf("dave is told %q by %s, for %q", r.Text, r.ByNick, r.For)
	}
}

// TestMembersCheckOrders: a record of the authority that names a peer which may not order it applies nowhere.
func TestMembersCheckOrders(t *testing.T) {
	w := withDeputy(t)
	s := w.ledger.state
	for by, want := range map[string]error{"bob": nil, "carol": ErrNotDeputy, "erin": ErrNotDeputy} {
		r := nextOf(s, protocol.Remove{Peer: id("dave"), Kind: protocol.Kicked})
		r.By = id(by)
		if _, _, err := s.Apply(sign(t, r, "alice")); !errors.Is(err, want) {
			t.Errorf("a kick by %s: %v", by, err)
		}
	}
	r := nextOf(s, protocol.SetDeputies{Peers: []peer.ID{id("carol")}})
	if _, _, err := s.Apply(sign(t, r, "bob")); !errors.Is(err, ErrNotEntitled) {
		t.Errorf("a deputy signs who the deputies are: %v", err)
	}
}
