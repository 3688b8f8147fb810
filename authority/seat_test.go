package authority

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"localchat/protocol"
)

// kicked returns a room from which bob was kicked, his seat from before the kick, and the signed reason.
func kicked(t *testing.T) (*world, Seat) {
	t.Helper()
	w := newRoom(t, "alice", protocol.Open)
	seat := newSeat(t, w, w.join("bob"), "n1")
	w.must(Kick{Peer: id("bob"), Reason: "too loud"})
	return w, seat
}

func newSeat(t testing.TB, w *world, admission uint64, n string) Seat {
	t.Helper()
	want := nonce(n)
	s, err := NewSeat(w.ledger.State().Room(), id("alice"), id("bob"), admission, bytes.NewReader(want[:]))
	if err != nil || s.Nonce != want {
		t.Fatal("no seat", err)
	}
	return s
}

// asks makes the seat poll, and returns the reply.
func asks(t *testing.T, w *world, s Seat) protocol.PollReply {
	t.Helper()
	_, effects := s.Step(Asked{})
	if len(effects) != 1 {
		t.Fatalf("asked: %v", effects)
	}
	return w.reply("bob", effects[0].(Ask).Request)
}

// reply returns the reply to q.
func (w *world) reply(name string, q protocol.PollRequest) protocol.PollReply {
	w.t.Helper()
	a, _ := find[AnswerPoll](w.must(Poll{id(name), q}))
	switch a.Outcome {
	case PollReason:
		return protocol.PollReply{Reason: a.Reason}
	case PollHold, PollNews:
		return protocol.PollReply{Member: &protocol.PollMember{}}
	}
	return protocol.PollReply{}
}

func answer(s Seat, r protocol.PollReply) Answered { return Answered{s.Admission, s.Nonce, r} }

func kinds(effects []SeatEffect) []string {
	var names []string
	for _, e := range effects {
		names = append(names, reflect.TypeOf(e).Name())
	}
	return names
}

func expect(t *testing.T, effects []SeatEffect, want ...string) {
	t.Helper()
	if got := kinds(effects); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestSeatIsToldOnce(t *testing.T) {
	w, s := kicked(t)
	reply := asks(t, w, s)
	s, effects := s.Step(answer(s, reply))
	expect(t, effects, "Keep")
	removal := effects[0].(Keep).Reason.Removal
	s, effects = s.Step(answer(s, reply)) // the network repeats it
	expect(t, effects)
	s, effects = s.Step(answer(s, protocol.PollReply{})) // a REFUSED overtaken by the reason
	expect(t, effects)
	s, effects = s.Step(Kept{removal + 1})
	expect(t, effects)
	s, effects = s.Step(Asked{}) // the disk is slow, or failed
	expect(t, effects, "Keep")
	s, effects = s.Step(Kept{removal})
	expect(t, effects, "Show", "SendAck")
	if r := effects[0].(Show).Reason; r.Text != "too loud" || r.ByNick != "alice" {
		t.Errorf("shown: %+v", r.Reason)
	}
	if !s.Done() {
		t.Error("not over")
	}
	w.must(Ack{id("bob"), effects[1].(SendAck).Ack})
	if w.ledger.Owes(id("bob"), w.now) {
		t.Error("the authority still keeps it")
	}
	for _, ev := range []SeatEvent{Asked{}, answer(s, reply), answer(s, protocol.PollReply{}), Kept{removal}, Quit{}} {
		_, effects := s.Step(ev)
		expect(t, effects)
	}
}

func TestSeatIsRefused(t *testing.T) {
	w, s := kicked(t)
	other := newSeat(t, w, s.Admission, "n2")
	if asks(t, w, other).Reason == nil { // another client of bob's was first
		t.Fatal("the first was refused")
	}
	s, effects := s.Step(answer(s, asks(t, w, s)))
	expect(t, effects, "ShowRefused")
	if !s.Done() {
		t.Error("not over")
	}
}

// A reply counts for its own admission and nonce; losing the network is no reply.
func TestSeatTakesItsOwnRepliesOnly(t *testing.T) {
	w, s := kicked(t)
	reason := asks(t, w, s)
	for name, ev := range map[string]SeatEvent{
		"no answer":                   NoAnswer{},
		"REFUSED to an old admission": Answered{s.Admission - 1, s.Nonce, protocol.PollReply{}},
		"REFUSED to another nonce":    Answered{s.Admission, nonce("n2"), protocol.PollReply{}},
		"reason to an old admission":  Answered{s.Admission - 1, s.Nonce, reason},
		"garbage":                     answer(s, protocol.PollReply{Reason: []byte("reason")}),
	} {
		if next, effects := s.Step(ev); len(effects) != 0 || !reflect.DeepEqual(next, s) {
			t.Errorf("%s: %v", name, kinds(effects))
		}
	}
	_, effects := s.Step(answer(s, protocol.PollReply{Member: &protocol.PollMember{}}))
	expect(t, effects, "TakeNews")

	for name, change := range map[string]func(*protocol.Reason){
		"another room":        func(r *protocol.Reason) { r.Room[0] ^= 1 },
		"another nonce":       func(r *protocol.Reason) { r.Nonce[0] ^= 1 },
		"another peer":        func(r *protocol.Reason) { r.Peer = id("carol") },
		"the authority's own": func(r *protocol.Reason) { r.Peer = id("alice") },
		"an earlier removal":  func(r *protocol.Reason) { r.Removal = s.Admission },
		"not by an authority": func(r *protocol.Reason) { r.By = id("eve") },
	} {
		r, err := protocol.OpenReason(reason.Reason)
		if err != nil {
			t.Fatal(err)
		}
		forged, signer := r.Reason, signerOf("alice")
		if change(&forged); forged.By != id("alice") {
			signer = signerOf("eve")
		}
		signed, err := protocol.SignReason(forged, signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, effects := s.Step(answer(s, protocol.PollReply{Reason: signed.Bytes()})); len(effects) != 0 {
			t.Errorf("a reason of %s: %v", name, kinds(effects))
		}
	}
}

// After a crash between keeping and acknowledging, the seat acknowledges after the restart, and shows a reason that was not shown.
func TestSeatAfterACrash(t *testing.T) {
	for name, c := range map[string]struct {
		shown   bool
		damaged bool
		want    []string
	}{
		"before it was shown": {want: []string{"Show", "SendAck"}},
		"after it was shown":  {shown: true, want: []string{"SendAck"}},
		"damaged on disk":     {damaged: true, want: []string{"Ask"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, s := kicked(t)
			s, _ = s.Step(answer(s, asks(t, w, s)))
			restored := Seat{
				Room: s.Room, Authority: s.Authority, Self: s.Self, Admission: s.Admission, Nonce: s.Nonce, Kept: s.Kept, Shown: c.shown,
			}
			if c.damaged {
				restored.Kept = restored.Kept[:10]
			}
			restored, effects := restored.Step(Asked{})
			expect(t, effects, c.want...)
			if restored.Done() == c.damaged {
				t.Error("over, or not")
			}
			if c.damaged {
				return
			}
			w.must(Ack{id("bob"), effects[len(effects)-1].(SendAck).Ack})
			if w.ledger.Owes(id("bob"), w.now) {
				t.Error("not acknowledged")
			}
		})
	}
}

func TestSeatQuits(t *testing.T) {
	_, s := kicked(t)
	s, effects := s.Step(Quit{})
	expect(t, effects)
	if _, effects = s.Step(Asked{}); !s.Done() || len(effects) != 0 {
		t.Error("it asks on")
	}
}

// A Ledger and a Seat over a network that loses, repeats and delays messages, with crashes of both: every removal is shown at most once,
// no peer that is owed a reason is refused, and the reason arrives when the network works again. (Invariants 10 and 11.)
func TestPollOverABadNetwork(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := &badNetwork{world: newRoom(quiet{t, rt}, "alice", protocol.Open), shown: map[uint64]int{}}
		n.admit()
		for range rapid.IntRange(1, 50).Draw(rt, "acts") {
			n.act(rapid.IntRange(0, 9).Draw(rt, "act"), rapid.IntRange(0, 100).Draw(rt, "which"))
		}
		n.heal()
	})
}

// badNetwork carries frames between alice's Ledger and bob's seat. Frames are never used up, so any may come again, and
// one that is not chosen is lost.
type badNetwork struct {
	*world
	seat    Seat
	kept    Seat // as on bob's disk
	seats   int
	asked   []protocol.PollRequest
	replies []Answered
	acks    []protocol.PollAck
	shown   map[uint64]int
	refused bool
}

func (n *badNetwork) admit() {
	n.seats++
	n.seat = newSeat(n.t, n.world, n.join("bob"), string(rune('a'+n.seats)))
	n.kept, n.refused = n.seat, false
}

func (n *badNetwork) act(what, which int) {
	_, member := n.ledger.State().Member(id("bob"))
	switch {
	case what <= 1:
		n.bob(Asked{})
	case what <= 3 && len(n.asked) > 0:
		q := n.asked[which%len(n.asked)]
		n.replies = append(n.replies, Answered{q.Admission, q.Nonce, n.reply("bob", q)})
	case what <= 5 && len(n.replies) > 0:
		n.bob(n.replies[which%len(n.replies)])
	case what == 6 && len(n.acks) > 0:
		n.must(Ack{id("bob"), n.acks[which%len(n.acks)]})
	case what == 7 && member:
		n.must(Kick{Peer: id("bob"), Reason: "too loud"})
	case what == 7:
		// An open room admits him again after a while; he usually comes when he knows that he is out.
		n.now = n.now.Add(ReturnAfter)
		if n.seat.Done() {
			n.admit()
		}
	case what == 8:
		n.restart()
	case what == 9:
		n.seat = Seat{
			Room: n.kept.Room, Authority: n.kept.Authority, Self: n.kept.Self, Admission: n.kept.Admission, Nonce: n.kept.Nonce,
			Kept: n.kept.Kept, Shown: n.kept.Shown, done: n.kept.done,
		}
	}
}

// bob steps his seat as a driver does: Kept follows Keep at once, and Shown is written.
func (n *badNetwork) bob(ev SeatEvent) {
	n.t.Helper()
	var effects []SeatEffect
	n.seat, effects = n.seat.Step(ev)
	for _, e := range effects {
		switch e := e.(type) {
		case Ask:
			n.asked = append(n.asked, e.Request)
		case Keep:
			n.kept = n.seat
			n.bob(Kept{e.Reason.Removal})
		case Show:
			if n.shown[e.Reason.Removal]++; n.shown[e.Reason.Removal] > 1 {
				n.t.Fatalf("removal %d is shown twice", e.Reason.Removal)
			}
			n.kept.Shown = true
		case SendAck:
			n.acks = append(n.acks, e.Ack)
		case ShowRefused:
			n.t.Fatal("bob was never told and is refused")
		}
	}
}

// heal delivers all messages in order until bob knows whether he is a member.
func (n *badNetwork) heal() {
	n.t.Helper()
	removal, out := n.ledger.State().Removed(id("bob"))
	for range 3 {
		n.bob(Asked{})
		if n.seat.Done() {
			break
		}
		q := n.asked[len(n.asked)-1]
		n.bob(Answered{q.Admission, q.Nonce, n.reply("bob", q)})
	}
	if out != n.seat.Done() || out && n.shown[removal.Removal] != 1 {
		n.t.Fatalf("bob is out: %v; the seat is over: %v; shown: %v", out, n.seat.Done(), n.shown)
	}
}
