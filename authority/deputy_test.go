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
	idle := w.ledger.state.policy
	idle.Idle += time.Second
	for name, ev := range map[string]Event{
		"kick of the owner": Kick{Peer: id("alice")}, "ban of the owner": Ban{Peer: id("alice")}, "mute of the owner": Mute{Peer: id("alice")},
		"kick of a deputy": Kick{Peer: id("carol")}, "ban of a deputy": Ban{Peer: id("carol")}, "mute of a deputy": Mute{Peer: id("carol")},
		"kick of itself": Kick{Peer: id("bob")},
		"unban":          Unban{id("erin")}, "shorter ban": Ban{Peer: id("erin"), For: time.Minute}, "the same ban": Ban{Peer: id("erin")},
		"unmute": Unmute{id("dave")}, "shorter mute": Mute{Peer: id("dave"), For: time.Minute}, "the same mute": Mute{Peer: id("dave"), Reason: "again"},
		"policy": SetPolicy{Policy: idle}, "close": Close{}, "rekey": Rekey{}, "leave of another": Leave{Peer: id("dave")},
		"deputy": Deputize{id("dave")}, "no deputy": Undeputize{id("carol")}, "order of another's": Ordered{id("carol"), Kick{Peer: id("dave")}},
		"invite in another's name": MakeInvite{By: id("alice")},
	} {
		if err := w.orders("bob", ev); !errors.Is(err, ErrNotDeputy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.join("frank")
	for _, ev := range []Event{Kick{Peer: id("frank")}, Accept{id("frank")}, Deny{Peer: id("frank")}, SetPolicy{Policy: w.ledger.state.policy}, Unmute{id("dave")}} {
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
	w.must(Undeputize{id("carol")})
	w.must(Ordered{id("bob"), Unban{id("dave")}})
	w.must(Ordered{id("bob"), Ban{Peer: id("erin"), For: time.Hour}})
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
	w.must(Undeputize{id("bob")})
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
