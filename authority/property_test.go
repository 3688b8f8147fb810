package authority

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"localchat/protocol"
)

// Every step of every test in this package passes the watcher of world.step, which holds
//
//	invariant 4 (chain) and agreement: a member that hears every record has the authority's state
//	invariant 10 (once): a removal's reason goes to one nonce, in the same bytes
//	invariant 12 (durable before visible): what is loaded from disk is what was shown
//	invariant 13 (ownership): a reason goes to the peer that it is about
//	invariant 16 (no stale reason): none from before the admission
//
// The properties below check random histories with it, and check further invariants, which they name.

// A chooser decides what happens next: rapid, a fuzzer's bytes, or a seed.
type chooser interface{ n(k int) int }

type rapidChooser struct{ t *rapid.T }

func (c rapidChooser) n(k int) int { return rapid.IntRange(0, k-1).Draw(c.t, "choice") }

type byteChooser struct{ b []byte }

func (c *byteChooser) n(k int) int {
	if len(c.b) == 0 {
		return 0
	}
	v := int(c.b[0]) % k
	c.b = c.b[1:]
	return v
}

type seedChooser struct{ *rand.Rand }

func (c seedChooser) n(k int) int { return c.IntN(k) }

var cast = []string{"bob", "carol", "dave", "eve"}

// A player makes random histories, and remembers what the checks of invariants 11, 15 and 18 need.
type player struct {
	*world
	c          chooser
	admissions map[string]uint64
	tokens     []protocol.Token
	used       map[protocol.InviteID]int
}

func newPlayer(w *world, c chooser) *player {
	return &player{world: w, c: c, admissions: map[string]uint64{}, used: map[protocol.InviteID]int{}}
}

// playedWorld returns a room after n random acts.
func playedWorld(t testing.TB, n int, seed uint64) *world {
	p := newPlayer(newRoom(t, "alice", protocol.Open), seedChooser{rand.New(rand.NewPCG(seed, 1))})
	for range n {
		p.act()
	}
	return p.world
}

func (p *player) who() string { return cast[p.c.n(len(cast))] }

// act does one random thing. A rule may forbid it; the watcher checks that then nothing happened.
func (p *player) act() {
	name := p.who()
	cut := protocol.Cut{Ctr: uint64(p.c.n(9) + 1), Hash: protocol.Hash{1}}
	n := fmt.Sprintf("n%d", p.c.n(2))
	switch p.c.n(16) {
	case 0, 1, 2:
		p.knock(name)
	case 3:
		p.try(Accept{id(name)})
	case 4:
		p.removeTwice(name, cut)
	case 5:
		p.try(Ban{Peer: id(name), Reason: "spam", For: time.Duration(p.c.n(3)) * time.Hour, Cut: cut})
	case 6:
		p.try(Unban{id(name)})
	case 7, 8, 9:
		q := protocol.PollRequest{Room: p.ledger.state.room, Nonce: nonce(n), Admission: p.admissions[name]}
		p.try(Poll{id(name), q})
	case 10:
		p.tryAck(name, n)
	case 11:
		p.try(Leave{id(name), cut})
	case 12:
		p.try(MakeInvite{By: id([]string{"alice", name}[p.c.n(2)])})
	case 13:
		p.now = p.now.Add(time.Duration(p.c.n(40)) * 30 * time.Minute)
		p.try(Tick{LastLine: p.now})
	case 14:
		if p.c.n(3) == 0 {
			p.fail = false
			p.restart()
		}
		if p.c.n(3) == 0 {
			p.fail = true
		}
	case 15:
		policy := p.ledger.state.policy
		policy.Access = protocol.Access(p.c.n(3) + 1)
		policy.MembersInvite = !policy.MembersInvite
		p.try(SetPolicy{Policy: policy})
	}
}

// try steps, and returns the effects: none if the event was refused or the disk failed.
func (p *player) try(ev Event) []Effect {
	effects, err := p.step(ev)
	if err != nil {
		return nil
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Invited:
			p.tokens = append(p.tokens, e.Invite.Token)
		case AnswerJoin:
			if e.Reply.Code == protocol.JoinAdmitted {
				p.admissions[nameOf(e.Peer)] = e.Reply.Admission
			}
		case Commit:
			p.admitted(e)
		}
	}
	return effects
}

// admitted checks invariant 18: an invite admits once, and never a banned peer.
func (p *player) admitted(e Commit) {
	a, ok := e.Record.Body.(protocol.Admit)
	if !ok {
		return
	}
	if !a.Invite.IsZero() {
		if p.used[a.Invite]++; p.used[a.Invite] > 1 {
			p.t.Fatal("an invite admitted twice")
		}
	}
	for _, r := range p.disk.records {
		b, ok := r.Body.(protocol.Remove)
		if ok && b.Peer == a.Peer && b.Kind == protocol.Banned && r.Seq == lastBan(p.disk.records, a.Peer) &&
			(b.Until.IsZero() || p.now.Before(b.Until)) {
			p.t.Fatal("a banned peer was admitted")
		}
	}
}

// lastBan returns the seq of the last ban of a peer that no Unban has followed, or 0.
func lastBan(log []protocol.SignedRecord, who peer.ID) uint64 {
	var seq uint64
	for _, r := range log {
		switch b := r.Body.(type) {
		case protocol.Remove:
			if b.Peer == who && b.Kind == protocol.Banned {
				seq = r.Seq
			}
		case protocol.Unban:
			if b.Peer == who {
				seq = 0
			}
		}
	}
	return seq
}

func (p *player) knock(name string) {
	q := protocol.JoinRequest{Room: p.ledger.state.room, Nick: name}
	if len(p.tokens) > 0 && p.c.n(2) == 0 {
		q.Token = p.tokens[p.c.n(len(p.tokens))]
	}
	p.try(Knock{Peer: id(name), Request: q})
}

// removeTwice checks invariant 15: removing a removed peer again is no error, and a ban stays a ban.
func (p *player) removeTwice(name string, cut protocol.Cut) {
	if p.try(Kick{id(name), "too loud", cut}) == nil {
		return
	}
	p.fail = false
	switch _, banned := p.ledger.state.Banned(id(name), p.now); {
	case p.c.n(2) == 0:
		if _, err := p.step(Kick{id(name), "again", cut}); err != nil {
			p.t.Fatalf("a second kick: %v", err)
		}
	case p.c.n(2) == 0 && !banned:
		if _, err := p.step(Ban{id(name), "spam", 0, cut}); err != nil {
			p.t.Fatalf("a ban after a kick: %v", err)
		}
		if _, banned := p.ledger.state.Banned(id(name), p.now); !banned {
			p.t.Fatal("a ban after a kick is no ban")
		}
	}
}

func (p *player) tryAck(name, n string) {
	for k := range p.answers {
		if k.peer == id(name) {
			p.try(Ack{k.peer, protocol.PollAck{Room: p.ledger.state.room, Removal: k.removal, Nonce: nonce(n)}})
			return
		}
	}
}

func nameOf(p peer.ID) string {
	for _, name := range append([]string{"alice"}, cast...) {
		if id(name) == p {
			return name
		}
	}
	return ""
}

func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlayer(newRoom(quiet{t, rt}, "alice", protocol.Open), rapidChooser{rt})
		for range rapid.IntRange(1, 60).Draw(rt, "acts") {
			p.act()
		}
		p.everybodyIsToldOrRefused()
	})
}

// A quiet is a testing.TB that fails only the case of rapid and not the whole test, so that rapid can shrink the case.
type quiet struct {
	testing.TB
	rt *rapid.T
}

func (q quiet) Helper()                      {}
func (q quiet) Fatal(args ...any)            { q.rt.Fatal(args...) }
func (q quiet) Fatalf(f string, args ...any) { q.rt.Fatalf(f, args...) }

// everybodyIsToldOrRefused checks invariant 11: whatever was lost before, the nonce of a claim still gets the reason, also after a crash,
// until the failure expires.
func (p *player) everybodyIsToldOrRefused() {
	p.fail = false
	p.restart()
	for _, f := range p.ledger.Failures() {
		if f.Acked || p.ledger.expired(f, p.now) {
			continue
		}
		q := protocol.PollRequest{Room: p.ledger.state.room, Nonce: nonce("n9"), Admission: f.Admission}
		if f.Claimed {
			q.Nonce = f.Nonce
		}
		if a, _ := find[AnswerPoll](p.must(Poll{f.Peer, q})); a.Outcome != PollReason {
			p.t.Fatalf("removal %d of %s cannot be learnt any more", f.Removal, f.Nick)
		}
	}
}

// Invariant 5: for every kind of record, only the authority in the state before it is entitled to sign it.
func TestOnlyTheAuthoritysRecordsApply(t *testing.T) {
	w := playedWorld(t, 60, 2)
	for i, r := range w.disk.records[1:] {
		before, err := Replay(w.disk.records[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range cast {
			if _, _, err := before.Apply(sign(t, r.Record, name)); !errors.Is(err, ErrNotEntitled) {
				t.Fatalf("record %d signed by %s: %v", r.Seq, name, err)
			}
		}
	}
}

// Invariant 14: all refusals are the same, and leave no trace.
func TestRefusalsAreAlike(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	told, expired := w.join("bob"), w.join("carol")
	w.must(Kick{Peer: id("carol")})
	w.now = w.now.Add(FailureLife)
	w.must(Kick{Peer: id("bob")})
	w.poll("bob", told, "n1")
	room := w.ledger.State().Room()
	for name, ev := range map[string]Poll{
		"never a member": {id("eve"), protocol.PollRequest{Room: room, Nonce: nonce("n1"), Admission: 2}},
		"told another":   {id("bob"), protocol.PollRequest{Room: room, Nonce: nonce("n2"), Admission: told}},
		"expired":        {id("carol"), protocol.PollRequest{Room: room, Nonce: nonce("n1"), Admission: expired}},
		"unknown room":   {id("bob"), protocol.PollRequest{Room: protocol.RoomID{1}, Nonce: nonce("n1"), Admission: told}},
		"no room":        {id("bob"), protocol.PollRequest{Nonce: nonce("n1"), Admission: told}},
	} {
		before := w.ledger
		effects := w.must(ev)
		if len(effects) != 1 {
			t.Fatalf("%s: %v", name, effects)
		}
		if a, ok := effects[0].(AnswerPoll); !ok || a.Outcome != PollRefused || a.Reason != nil || a.Peer != ev.Peer {
			t.Errorf("%s: %v", name, effects[0])
		}
		if !reflect.DeepEqual(before, w.ledger) {
			t.Errorf("%s leaves a trace", name)
		}
	}
}

// Invariant 19: two rooms of one owner with the same members do not affect one another.
func TestRoomsAreIsolated(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tb := quiet{t, rt}
		a := newPlayer(newRoom(tb, "alice", protocol.Open), rapidChooser{rt})
		b := newPlayer(newWorld(tb, "alice"), rapidChooser{rt})
		b.rand = rand.NewChaCha8([32]byte{2})
		policy := protocol.DefaultPolicy()
		policy.Access = protocol.Open
		b.must(CreateRoom{Name: "lab-b", Nick: "alice", Policy: policy})
		for range 15 {
			a.act()
		}
		for _, r := range a.disk.records {
			if _, _, err := b.ledger.State().Apply(r); err == nil {
				rt.Fatalf("room b applied record %d of room a", r.Seq)
			}
		}
		for name, admission := range a.admissions {
			q := protocol.PollRequest{Room: a.ledger.State().Room(), Nonce: nonce("n1"), Admission: admission}
			if e, _ := find[AnswerPoll](b.must(Poll{id(name), q})); e.Outcome != PollRefused {
				rt.Fatal("room b answers for room a")
			}
		}
	})
}

func FuzzLedger(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 1, 0, 4, 0, 0, 0, 1, 0, 7, 0, 1, 0, 10})
	f.Add([]byte("kick ban poll ack restart invite"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1000 {
			return
		}
		c := &byteChooser{b}
		p := newPlayer(newRoom(t, "alice", protocol.Open), c)
		for len(c.b) > 0 {
			p.act()
		}
		p.everybodyIsToldOrRefused()
	})
}
