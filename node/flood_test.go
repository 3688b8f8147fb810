package node

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// TestPasteLosesNothing: a script that says lines as fast as it can is slowed down and loses none.
func TestPasteLosesNothing(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		const lines = sayBurst + 2*sayRate
		begun := time.Now()
		for i := range lines {
			must(bob.Say(l.ctx(), "lab", fmt.Sprint("line ", i), false))
			if i == sayBurst/2 && time.Since(begun) > time.Second {
				t.Errorf("half a burst takes %v", time.Since(begun))
			}
		}
		if took := time.Since(begun); took < time.Second || took > 3*time.Second {
			t.Errorf("%d lines take %v", lines, took)
		}
		for deadline := time.Now().Add(patience); len(l.texts("alice")) < lines && time.Now().Before(deadline); {
			time.Sleep(time.Second) // simulated
		}
		for i, text := range l.texts("alice") {
			if text != fmt.Sprint("line ", i) {
				t.Fatalf("%q stands at %d", text, i)
			}
		}
		if n := len(l.texts("alice")); n != lines {
			t.Errorf("alice has %d lines of %d", n, lines)
		}
		for _, w := range allOf[Warning](l.subs["alice"]) {
			t.Errorf("alice is warned: %s", w.Text)
		}
	})
}

// TestTooManyLinesUnderWayAreRefused: a member with more lines under way than can be said in a while is told so at once, and can say
// them later.
func TestTooManyLinesUnderWayAreRefused(t *testing.T) {
	simulate(t, 1, func(l *simLAN) {
		alice := l.start("alice")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab"}))
		for range 1 + sayRate*int(sayPatience/time.Second)/sayBurst {
			alice.says.ReserveN(time.Now(), sayBurst)
		}
		begun := time.Now()
		_, err := alice.Say(l.ctx(), "lab", "one more", false)
		if e := AsError(err); e.Code != CodeUnavailable || e.Reason == "" || !strings.HasPrefix(e.Text, "not said") || time.Since(begun) > time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		if _, err := alice.Tell(l.ctx(), "lab", "bob", "one more"); codeOf(err) != CodeUnavailable {
			t.Errorf("a direct message: %v", err)
		}
		time.Sleep(sayPatience) // simulated
		must(alice.Say(l.ctx(), "lab", "one more", false))
		if want := 1 + protocol.MaxText>>10; sayCost(strings.Repeat("x", protocol.MaxText)) != want || sayCost("hello") != 1 {
			t.Errorf("the longest text costs more or less than %d lines", want)
		}
	})
}

// TestFloodIsNotTakenLive: lines beyond the rate at which an honest node says them are not taken live, and the room is told which
// member sends them. Other members are heard as ever. If the sender was honest after all, its lines are fetched.
func TestFloodIsNotTakenLive(t *testing.T) {
	long(t)
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
		const lines = floodBurst + 2000
		l.cut("alice", "bob")
		l.cut("carol", "bob")
		time.Sleep(pingEvery + pingTimeout) // simulated
		var flood []transcript.Opened
		must(ask(l.ctx(), bob, inLoop(func(lp *loop) {
			for _, r := range lp.rooms {
				key, _ := r.keys.Get(r.state().Epoch())
				for i := range lines {
					must(r.outbox.send(protocol.Content{Kind: protocol.Say, Text: fmt.Sprint(i)}, key))
				}
				for _, ln := range r.talk.Of(bob.self) {
					flood = append(flood, ln.Opened)
				}
			}
		})))
		must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
			for id, r := range lp.rooms {
				for _, a := range flood {
					lineArrived{room: id, line: a}.handle(lp)
				}
				if n := len(r.talk.Of(bob.self)); n != floodBurst {
					t.Errorf("%d lines are taken at once", n)
				}
				for _, a := range flood[:floodBurst] { // a line that is here already costs nothing
					lineArrived{room: id, line: a}.handle(lp)
				}
			}
		})))
		s := &siege{simLAN: l}
		s.says("carol", "may I?")
		s.shows("alice", "may I?")
		l.heal()
		for deadline := time.Now().Add(2 * time.Minute); len(l.texts("alice")) < lines+1 && time.Now().Before(deadline); {
			l.subs["alice"].drain()
			time.Sleep(100 * time.Millisecond) // simulated
		}
		if n := len(l.texts("alice")); n != lines+1 {
			t.Errorf("alice has %d lines of %d in the end", n, lines+1)
		}
	})
}

// TestFlooderIsNamed: a flooder is named, once in a while.
func TestFlooderIsNamed(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("carol")
	n := &Node{self: personaID("alice"), signer: persona("alice"), log: slog.New(slog.DiscardHandler), gate: testGate()}
	n.admission = newAdmission(n)
	n.ctx, n.cancel = context.WithCancel(t.Context())
	defer n.cancel()
	n.admission.guests.Store(&map[peer.ID]int{personaID("carol"): 1})
	lp := must(newLoop(n, nil))
	r := newRoom(lp, w.ID())
	defer r.cancel()
	r.desk.ledger = &w.Ledger
	lp.rooms[r.id], lp.order = r, append(lp.order, r.id)
	sub := &Subscription{Queue: NewQueue()}
	lp.subs[sub] = struct{}{}
	taken := 0
	for range 2 * floodBurst {
		if r.talk.inBudget(personaID("carol"), "hello") {
			taken++
		}
		if !r.talk.inBudget(personaID("alice"), "hello") {
			t.Fatal("our own lines count against us")
		}
	}
	if taken < floodBurst || taken > floodBurst+floodRate {
		t.Errorf("%d of carol's lines are taken", taken)
	}
	for range 3 {
		lp.tellFloods(lawStart)
	}
	if len(sub.c) != 1 {
		t.Fatalf("%d events", len(sub.c))
	}
	if told := (<-sub.c).Body.(Warning); told.Code != "flood" || told.Peer != personaID("carol") || !strings.Contains(told.Text, "carol") {
		t.Errorf("the room is told %+v", told)
	}
}

// TestLinesThatPushEachOtherOutAreAFlood: lines that push each other out of a full room as soon as they are said are a flood of their
// author. Old lines are no flood: the parts of a divided room, each full, come together.
func TestLinesThatPushEachOtherOutAreAFlood(t *testing.T) {
	for _, old := range []bool{false, true} {
		w := newLawRoom(t, "lab")
		w.Admit("carol")
		n := &Node{self: personaID("alice"), signer: persona("alice"), log: slog.New(slog.DiscardHandler), gate: testGate()}
		n.admission = newAdmission(n)
		n.ctx, n.cancel = context.WithCancel(t.Context())
		defer n.cancel()
		n.admission.guests.Store(&map[peer.ID]int{personaID("carol"): 1})
		lp := must(newLoop(n, nil))
		r := newRoom(lp, w.ID())
		defer r.cancel()
		r.desk.ledger = &w.Ledger
		then := r.talk.world()
		then.Allow = func(peer.ID, string) bool { return true }
		if old {
			then.Now = then.Now.Add(-2 * shedYoung)
		}
		for i := range transcript.MaxLines + shedFrom {
			for j, author := range []string{"carol", "alice"} {
				var id protocol.Hash
				copy(id[:], fmt.Sprint(author, i))
				m := protocol.Message{Header: protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: uint64(i + 1), Lamport: uint64(i + 1)}, Author: personaID(author), ID: id}
				if j == 0 || i%4 == 0 {
					r.talk.Hear(then, transcript.Opened{Msg: m})
				}
			}
		}
		r.talk.carry(r.talk.Tick(r.talk.world()))
		due := n.admission.floods.due(lawStart)
		if told := len(due) == 1 && len(due[0].members) == 1 && due[0].members[0].peer == personaID("carol"); told == old || old && len(due) > 0 {
			t.Errorf("old: %v, told %+v", old, due)
		}
	}
}

// TestLongestTextsArriveWhole: the longest texts arrive whole, live and fetched, even if several do not fit into one answer.
func TestLongestTextsArriveWhole(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		rules, all := openRoom(), HistoryAll
		rules.History = &all
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		s := &siege{simLAN: l}
		var want []string
		for i := range 20 {
			text := fmt.Sprint(i, " ") + strings.Repeat("å", protocol.MaxText/2-4)
			want = append(want, text)
			s.says("alice", text)
		}
		s.shows("bob", want[len(want)-1])
		carol := l.start("carol")
		must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
		for who, live := range map[string]bool{"bob": true, "carol": false} {
			for deadline := time.Now().Add(patience); len(l.texts(who)) < len(want) && time.Now().Before(deadline); {
				time.Sleep(time.Second) // simulated
			}
			got := l.texts(who)
			if len(got) != len(want) {
				t.Fatalf("%s has %d texts of %d", who, len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s has another text at %d", who, i)
				}
			}
			if got := slices.ContainsFunc(allOf[Message](l.subs[who]), func(m Message) bool { return !m.Late }); got != live {
				t.Errorf("%s has some of them live: %v", who, got)
			}
		}
		if _, err := alice.Say(l.ctx(), "lab", strings.Repeat("x", protocol.MaxText+1), false); codeOf(err) != CodeInvalid || AsError(err).Reason == "" {
			t.Errorf("a longer one: %v", err)
		}
	})
}

// TestFullRoomIsHandedOver: a room keeps as many lines as it may. A late joiner is given all of them if the policy gives all.
func TestFullRoomIsHandedOver(t *testing.T) {
	long(t)
	simulate(t, 2, func(l *simLAN) {
		rules, all := openRoom(), HistoryAll
		rules.History = &all
		alice := l.start("alice")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: rules}))
		must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
			for _, r := range lp.rooms {
				key, _ := r.keys.Get(r.state().Epoch())
				for i := range transcript.MaxLines + 100 {
					must(r.outbox.send(protocol.Content{Kind: protocol.Say, Text: fmt.Sprint(i)}, key))
				}
			}
		})))
		w := watch(t, "alice", alice) // its queue is empty
		defer w.sub.Close()
		time.Sleep(2 * time.Second) // simulated: the tick
		if n := len(l.texts("alice")); n != transcript.MaxLines {
			t.Fatalf("alice keeps %d lines", n)
		}
		gone := 0
		for _, ev := range allOf[Expired](w) {
			gone += len(ev.IDs)
		}
		if gone != 100 {
			t.Errorf("alice is told of %d lines that are gone", gone)
		}
		bob := l.start("bob")
		begun := time.Now()
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		for deadline := time.Now().Add(patience); len(l.texts("bob")) < transcript.MaxLines && time.Now().Before(deadline); {
			time.Sleep(100 * time.Millisecond) // simulated
		}
		got := l.texts("bob")
		if len(got) != transcript.MaxLines || got[0] != "100" || got[transcript.MaxLines-1] != fmt.Sprint(transcript.MaxLines+99) {
			t.Fatalf("bob has %d lines, from %q", len(got), got[0])
		}
		t.Logf("handed over in %v", time.Since(begun))
	})
}
