package authority

import (
	"testing"
	"time"

	"localchat/protocol"
)

// Setting the wall clock, forward or back, by any time, ends nothing and makes nothing last longer.
func TestAClockThatMovesEndsNothing(t *testing.T) {
	for name, by := range map[string]time.Duration{
		"seven hours on": 7 * time.Hour, "a year on": 365 * 24 * time.Hour,
		"seven hours back": -7 * time.Hour, "a year back": -365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			w := newRoom(t, "alice", protocol.Open)
			policy := w.ledger.State().Policy()
			policy.Idle = 6 * time.Hour
			w.must(SetPolicy{Policy: policy})
			w.join("bob")
			w.join("carol")
			w.must(Kick{Peer: id("bob")})
			w.must(Ban{Peer: id("carol"), For: 5 * time.Hour})
			w.must(MakeInvite{Expires: 5 * time.Hour})
			move := func() {
				w.now = w.now.Add(by)
				w.must(ClockMoved{by})
				w.must(Tick{})
			}
			still := func(when string) {
				t.Helper()
				switch l := w.ledger; {
				case l.State().Closed():
					t.Fatalf("%s: the room is closed", when)
				case len(l.Failures()) != 2 || !l.Owes(id("bob"), w.now):
					t.Errorf("%s: %d reasons are left", when, len(l.Failures()))
				case len(l.Invites(w.now)) != 1:
					t.Errorf("%s: no invite is left", when)
				}
				a, _ := find[AnswerJoin](w.must(Knock{Peer: id("carol"), Request: protocol.JoinRequest{Room: w.ledger.State().Room(), Nick: "carol"}}))
				if a.Reply.Code != protocol.JoinBanned {
					t.Errorf("%s: carol is answered %v", when, a.Reply.Code)
				}
			}
			move()
			still("at once")
			w.now = w.now.Add(5*time.Hour - time.Minute)
			w.must(Tick{})
			still("before the end")
			w.now = w.now.Add(2 * time.Minute)
			w.must(Tick{})
			if n := len(w.ledger.Invites(w.now)); n != 0 {
				t.Error("after its end the invite is open")
			}
			a, _ := find[AnswerJoin](w.must(Knock{Peer: id("carol"), Request: protocol.JoinRequest{Room: w.ledger.State().Room(), Nick: "carol"}}))
			if a.Reply.Code != protocol.JoinAdmitted {
				t.Errorf("after its end the ban holds: %v", a.Reply.Code)
			}
			w.now = w.now.Add(6*time.Hour + time.Minute)
			if w.must(Tick{}); !w.ledger.State().Closed() {
				t.Error("the room is never idle")
			}
		})
	}
}

// An end that was written while the clock was a year ahead still comes in time once the clock is right, also over a restart.
func TestWhatWasWrittenAheadEnds(t *testing.T) {
	const year = 365 * 24 * time.Hour
	w := newRoom(t, "alice", protocol.Open)
	policy := w.ledger.State().Policy()
	policy.Idle = 0
	w.must(SetPolicy{Policy: policy})
	w.join("carol")
	w.now = w.now.Add(year)
	w.must(Ban{Peer: id("carol"), For: time.Hour})
	w.must(MakeInvite{Expires: time.Hour})
	w.now = w.now.Add(-year)
	w.restart()
	w.now = w.now.Add(time.Hour + time.Minute)
	w.must(Tick{})
	if bans := w.ledger.State().Bans(w.now); len(bans) != 0 {
		t.Errorf("%d bans hold", len(bans))
	}
	w.now = w.now.Add(protocol.MaxInviteExpiry)
	if w.must(Tick{}); len(w.ledger.Invites(w.now)) != 0 {
		t.Error("the invite is open")
	}
	for range 10 {
		before := w.ledger.State().Epoch()
		w.now = w.now.Add(RekeyAfter + time.Minute)
		if w.must(Tick{}); w.ledger.State().Epoch() == before {
			t.Fatal("no new epoch in a day")
		}
	}
	// Without a restart, an epoch that was begun while the clock was ahead ends too.
	w.now = w.now.Add(year)
	w.must(Rekey{})
	w.now = w.now.Add(-year)
	before := w.ledger.State().Epoch()
	if w.must(Tick{}); w.ledger.State().Epoch() == before {
		t.Error("the epoch of a year ahead stays")
	}
}

// By how much the clock was set during one ban does not change the next ban of the same peer.
func TestAClockThatMovedMovesNoLaterBan(t *testing.T) {
	for _, by := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		w := newRoom(t, "alice", protocol.Open)
		w.join("carol")
		w.must(Ban{Peer: id("carol"), For: 10 * time.Hour})
		w.now = w.now.Add(by)
		w.must(ClockMoved{by})
		w.must(Ban{Peer: id("carol"), For: time.Hour})
		for after, want := range map[time.Duration]protocol.JoinCode{time.Minute: protocol.JoinBanned, 62 * time.Minute: protocol.JoinAdmitted} {
			l, then := w.ledger, w.env()
			then.Now = then.Now.Add(after)
			_, effects, err := l.Step(then, Knock{Peer: id("carol"), Request: protocol.JoinRequest{Room: l.State().Room(), Nick: "carol"}})
			if got := joinReply(t, effects, "carol").Code; err != nil || got != want {
				t.Errorf("%v by %v: after %v carol is answered %v, want %v", err, by, after, got, want)
			}
		}
	}
}

// codeAt returns the answer to a knock of name after a time.
func (w *world) codeAt(name string, after time.Duration) protocol.JoinCode {
	w.t.Helper()
	then := w.env()
	then.Now = then.Now.Add(after)
	_, effects, err := w.ledger.Step(then, Knock{Peer: id(name), Request: protocol.JoinRequest{Room: w.ledger.State().Room(), Nick: name}})
	if err != nil {
		w.t.Fatal(err)
	}
	return joinReply(w.t, effects, name).Code
}

func (w *world) setClock(by time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(by)
	w.must(ClockMoved{by})
	w.must(Tick{})
}

// A ban with an end lasts for its length by time that has passed, also if the clock is set, once or to and fro, and if the authority is
// started again after that.
func TestABanWithAnEndOutlastsClocksAndRestarts(t *testing.T) {
	for name, moves := range map[string][]time.Duration{
		"on": {25 * time.Hour}, "back": {-25 * time.Hour}, "a little": {30 * time.Minute}, "a little back": {-30 * time.Minute},
		"to and fro": {7 * time.Hour, -7 * time.Hour}, "on twice": {time.Hour, 25 * time.Hour}, "never": nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := newRoom(t, "alice", protocol.Open)
			w.join("carol")
			w.must(Ban{Peer: id("carol"), For: 2 * time.Hour})
			w.now = w.now.Add(time.Hour)
			for _, by := range moves {
				w.setClock(by)
			}
			w.restart()
			bans := w.ledger.Bans(w.now)
			if len(bans) != 1 || bans[0].Until.Sub(w.now) != time.Hour {
				t.Errorf("after half of its time it is %+v, at %v", bans, w.now)
			}
			if a, b := w.codeAt("carol", 59*time.Minute), w.codeAt("carol", 61*time.Minute); a != protocol.JoinBanned || b == protocol.JoinBanned {
				t.Errorf("a minute before its end carol is answered %v, a minute after it %v", a, b)
			}
		})
	}
}

// However the clock was set, a ban that holds can be lifted and stays lifted over a restart, and a kick of the banned peer is no error.
func TestABanIsLiftedUnderAnyClock(t *testing.T) {
	for _, by := range []time.Duration{0, 25 * time.Hour, -25 * time.Hour} {
		w := newRoom(t, "alice", protocol.Open)
		w.join("carol")
		w.must(Ban{Peer: id("carol"), For: 2 * time.Hour})
		w.setClock(by)
		w.must(Kick{Peer: id("carol"), Reason: "again"})
		w.must(Unban{id("carol")})
		for _, when := range []string{"at once", "after a restart"} {
			if code := w.codeAt("carol", 0); code == protocol.JoinBanned || len(w.ledger.Bans(w.now)) != 0 {
				t.Errorf("the clock set by %v, %s: carol is answered %v", by, when, code)
			}
			w.restart()
		}
		if _, err := w.step(Unban{id("carol")}); err == nil {
			t.Errorf("the clock set by %v: a ban is lifted twice", by)
		}
	}
}

// An open room admits a kicked peer again when a minute has passed.
func TestTheWaitAfterAKickIsTimeThatPasses(t *testing.T) {
	for _, by := range []time.Duration{0, 2 * time.Minute, 25 * time.Hour, -10 * time.Second, -2 * time.Hour} {
		for _, restarts := range []bool{false, true} {
			w := newRoom(t, "alice", protocol.Open)
			w.join("bob")
			w.must(Kick{Peer: id("bob")})
			if restarts {
				w.restart()
			}
			w.setClock(by)
			if a, b := w.codeAt("bob", 50*time.Second), w.codeAt("bob", 61*time.Second); a != protocol.JoinTooSoon || b != protocol.JoinAdmitted {
				t.Errorf("the clock set by %v, a restart: %v: within the minute %v, after it %v", by, restarts, a, b)
			}
		}
	}
	// After a restart with a clock that was set back, the minute begins again, and ends.
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	w.must(Kick{Peer: id("bob")})
	w.now = w.now.Add(-2 * time.Hour)
	w.restart()
	if a, b := w.codeAt("bob", 50*time.Second), w.codeAt("bob", 61*time.Second); a != protocol.JoinTooSoon || b != protocol.JoinAdmitted {
		t.Errorf("set back while it was down: within the minute %v, after it %v", a, b)
	}
}

// Setting the clock starts no epoch, and delays none.
func TestAnEpochLastsForTimeThatPasses(t *testing.T) {
	for _, by := range []time.Duration{25 * time.Hour, -25 * time.Hour, 23 * time.Hour, -time.Minute} {
		w := newRoom(t, "alice", protocol.Open)
		policy := w.ledger.State().Policy()
		policy.Idle = 0
		w.must(SetPolicy{Policy: policy})
		w.now = w.now.Add(time.Hour)
		before := w.ledger.State().Epoch()
		w.setClock(by)
		w.now = w.now.Add(RekeyAfter - time.Hour - time.Minute)
		if w.must(Tick{}); w.ledger.State().Epoch() != before {
			t.Errorf("set by %v, a new epoch begins", by)
		}
		w.now = w.now.Add(2 * time.Minute)
		if w.must(Tick{}); w.ledger.State().Epoch() != before+1 {
			t.Errorf("set by %v, after its time epoch %d is in force, not %d", by, w.ledger.State().Epoch(), before+1)
		}
	}
}

// An authority that could not be reached when a reason would have expired still tells it to a peer that comes within ResumeGrace.
func TestAReasonOutlastsTheAuthoritysAbsence(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	policy := w.ledger.State().Policy()
	policy.Idle = 0
	w.must(SetPolicy{Policy: policy})
	admission := w.join("bob")
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	w.now = w.now.Add(FailureLife + time.Hour)
	w.must(Away{})
	w.must(Tick{})
	if got := w.poll("bob", admission, "n1"); got != `kicked "too loud"` {
		t.Errorf("bob is answered %q", got)
	}
}

// A peer that was told of its kick and is banned later is owed no reason, however the clock was set in between.
func TestAKickThatWasToldIsNotOwedAgain(t *testing.T) {
	for _, by := range []time.Duration{0, 25 * time.Hour, -25 * time.Hour} {
		w := newRoom(t, "alice", protocol.Open)
		admission := w.join("bob")
		w.must(Kick{Peer: id("bob"), Reason: "too loud"})
		w.poll("bob", admission, "n1")
		w.must(Ack{id("bob"), protocol.PollAck{Room: w.ledger.State().Room(), Removal: w.ledger.State().Seq(), Nonce: nonce("n1")}})
		w.setClock(by)
		w.must(Ban{Peer: id("bob")})
		if w.ledger.Owes(id("bob"), w.now) {
			t.Errorf("the clock set by %v: it is owed", by)
		}
	}
}
