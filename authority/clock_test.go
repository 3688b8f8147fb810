package authority

import (
	"testing"
	"time"

	"localchat/protocol"
)

// A wall clock that moves, on or back, by however much, ends nothing and makes nothing last longer.
func TestAClockThatMovesEndsNothing(t *testing.T) {
	for name, by := range map[string]time.Duration{
		"seven hours on": 7 * time.Hour, "a year on": 365 * 24 * time.Hour,
		"seven hours back": -7 * time.Hour, "a year back": -365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			w := newRoom(t, "alice", protocol.Open)
			policy := w.ledger.State().Policy()
			policy.Idle = 6 * time.Hour
			w.must(SetPolicy{policy})
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

// What was written a year ahead ends in time under the right clock, also where the program was started again meanwhile.
func TestWhatWasWrittenAheadEnds(t *testing.T) {
	const year = 365 * 24 * time.Hour
	w := newRoom(t, "alice", protocol.Open)
	policy := w.ledger.State().Policy()
	policy.Idle = 0
	w.must(SetPolicy{policy})
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
	// And without a restart: a new epoch that was begun ahead is due.
	w.now = w.now.Add(year)
	w.must(Rekey{})
	w.now = w.now.Add(-year)
	before := w.ledger.State().Epoch()
	if w.must(Tick{}); w.ledger.State().Epoch() == before {
		t.Error("the epoch of a year ahead stays")
	}
}

// How far the clock was set during one ban is nothing to the next one of the same peer.
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
