package node

import (
	"bytes"
	"io"
	"testing"
	"time"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// A twoFaced owner signs two logs: one for its own node, which serves every member but dave, and one that a second
// ledger with the same key continues, which dave is given.
type twoFaced struct {
	t      *testing.T
	ledger authority.Ledger
	env    func() authority.Env
	log    []protocol.SignedRecord
}

// twin is a second ledger of alice's that begins with the log of her room.
func (s *siege) twin(t *testing.T) *twoFaced {
	t.Helper()
	f := &twoFaced{t: t}
	s.peek("alice", func(r *room) {
		f.log = append(f.log, r.records...)
		n := r.l.n
		f.env = func() authority.Env {
			return authority.Env{Now: time.Now(), Rand: random, Signer: n.signer, Self: n.self}
		}
	})
	f.ledger = must(authority.Load(authority.Durable{Records: f.log}))
	f.order(authority.Resumed{})
	return f
}

func (f *twoFaced) order(ev authority.Event) {
	f.t.Helper()
	next, effects, err := f.ledger.Step(f.env(), ev)
	if err != nil {
		f.t.Fatal(err)
	}
	f.ledger = next
	for _, e := range effects {
		if c, ok := e.(authority.Commit); ok {
			f.log = append(f.log, c.Record)
		}
	}
}

// TestTwoLogsAreNoticed: two logs of one room are noticed when two members compare, whatever the lengths of the logs. Every member
// hears of it, and so does the owner's own node.
func TestTwoLogsAreNoticed(t *testing.T) {
	for name, c := range map[string]struct{ ours, theirs int }{
		"of one length":       {3, 3},
		"dave's is longer":    {1, 7},
		"dave's is shorter":   {7, 1},
		"by one record alone": {1, 1},
		"much longer":         {60, 2},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 4, func(l *simLAN) {
				s := &siege{simLAN: l}
				alice := l.start("alice")
				s.room = must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
				for _, nick := range []string{"bob", "carol", "dave"} {
					must(l.start(nick).Join(l.ctx(), JoinOptions{Room: s.room.String()}))
				}
				until(l.subs["bob"], func(m MemberJoined) bool { return m.Nick == "dave" })
				// From here on dave hears nothing from the others, and gets the owner's second log.
				for _, nick := range []string{"alice", "bob", "carol"} {
					l.cut("dave", nick)
				}
				f := s.twin(t)
				for range c.theirs - 1 {
					f.order(authority.Rekey{})
				}
				s.peek("alice", func(r *room) {
					for range c.ours {
						if err := r.desk.step(authority.Rekey{}); err != nil {
							t.Error(err)
						}
					}
				})
				s.peek("dave", func(r *room) {
					for _, rec := range f.log {
						r.takeRecord(rec)
					}
					if r.frozen() || r.state().Head() != f.ledger.State().Head() {
						t.Error("dave does not have the other log")
					}
				})
				time.Sleep(time.Second) // simulated
				// dave meets bob alone: two honest members.
				l.heal()
				l.cut("dave", "alice")
				l.cut("dave", "carol")
				met := time.Now()
				words := until(l.subs["dave"], func(w Warning) bool { return w.Code == "frozen" }).Text
				// Within a comparison, and not when a later record of one of the logs shows it.
				if took := time.Since(met); took > 2*transcript.SyncEvery { // simulated
					t.Errorf("dave notices after %v", took)
				}
				noticed := time.Now()
				for _, nick := range []string{"bob", "carol", "alice"} {
					if w := until(l.subs[nick], func(w Warning) bool { return w.Code == "frozen" }); w.Text != words {
						t.Errorf("%s is told %q, dave %q", nick, w.Text, words)
					}
				}
				// The node that has found it tells the others at once, and not when they compare.
				if took := time.Since(noticed); took > time.Second { // simulated
					t.Errorf("all know of it %v after dave", took)
				}
			})
		})
	}
}

// TestHeadsAreComparedByHash: a node that compares is handed our record of the last number that both have, if the hash of its head
// says that its log may be another: a head is more than its number.
func TestHeadsAreComparedByHash(t *testing.T) {
	simulate(t, 1, func(l *simLAN) {
		s := &siege{simLAN: l}
		s.room = must(l.start("alice").Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		s.peek("alice", func(r *room) {
			for range 3 {
				if err := r.desk.step(authority.Rekey{}); err != nil {
					t.Error(err)
				}
			}
			last, other := r.state().Seq(), protocol.Hash{1}
			first, _ := r.state().HashAt(1)
			for _, c := range []struct {
				has  uint64
				head protocol.Hash
				want uint64 // the number of the record; 0: none
			}{
				{0, protocol.Hash{}, 0},
				{1, first, 0},
				{1, other, 1},
				{last, r.state().Head(), 0},
				{last, other, last},
				{last + 5, other, last},
			} {
				got := r.fork.twinRecord(c.has, c.head)
				switch {
				case c.want == 0 && len(got) > 0:
					t.Errorf("with %d records of our log a node is handed one", c.has)
				case c.want > 0 && (len(got) != 1 || !bytes.Equal(got[0], r.records[c.want-1].Bytes())):
					t.Errorf("with %d records of another log a node is handed %d, and not our number %d", c.has, len(got), c.want)
				}
			}
		})
	})
}

// TestContradictionFits: what a member hands to an owner that has ended its place by another log fits into a frame, also when the
// member has the proof already.
func TestContradictionFits(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		s := &siege{simLAN: l}
		alice := l.start("alice")
		s.room = must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		must(l.start("bob").Join(l.ctx(), JoinOptions{Room: s.room.String()}))
		f := s.twin(t)
		s.peek("alice", func(r *room) {
			if err := r.desk.step(authority.Rekey{}); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second) // simulated
		s.peek("bob", func(r *room) {
			check := func(when string) {
				for n := range 3 {
					req := r.fork.contradiction(r.records[:n])
					if err := protocol.WriteFrame(io.Discard, &req); err != nil || len(req.Proof) == 0 && n > 0 {
						t.Errorf("%s, with %d records: %d are handed over: %v", when, n, len(req.Proof), err)
					}
				}
			}
			check("without a proof")
			last := len(r.records) - 1
			if r.fork.freeze(r.records[last], f.log[last]); !r.frozen() {
				t.Error("the logs do not differ")
			}
			check("with one")
		})
	})
}

// TestOnlyProofFreezesRoom: no member can freeze a room: records that do not prove two logs change nothing.
func TestOnlyProofFreezesRoom(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		s := &siege{simLAN: l}
		alice := l.start("alice")
		s.room = must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		must(l.start("bob").Join(l.ctx(), JoinOptions{Room: s.room.String()}))
		other := must(alice.Create(l.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()})).ID
		mallory := l.infiltrate(2, RoomInfo{ID: s.room, Owner: alice.self})
		mallory.Join("mallory", protocol.Token{})
		until(l.subs["bob"], func(m MemberJoined) bool { return m.Nick == "mallory" })
		var log, foreign []protocol.SignedRecord
		s.peek("alice", func(r *room) { log, foreign = r.records, r.l.rooms[other].records })
		mine := func(seq uint64, prev protocol.Hash) []byte {
			return must(protocol.SignRecord(protocol.Record{
				Room: s.room, Seq: seq, Prev: prev, Term: 1, Epoch: 9, At: time.Now(), Author: mallory.Host.ID(),
				Body: protocol.Rekey{}, KeyHash: protocol.Hash{1},
			}, mallory.Key)).Bytes()
		}
		for name, proof := range map[string][][]byte{
			"one record twice":      {log[1].Bytes(), log[1].Bytes()},
			"two numbers":           {log[0].Bytes(), log[1].Bytes()},
			"of another room":       {log[0].Bytes(), foreign[0].Bytes()},
			"a member's own":        {log[1].Bytes(), mine(2, log[0].Hash())},
			"two of a member's own": {mine(2, log[0].Hash()), mine(2, log[1].Hash())},
			"of later numbers":      {mine(99, log[0].Hash()), mine(99, log[1].Hash())},
			"one alone":             {log[2].Bytes()},
		} {
			for _, nick := range []string{"alice", "bob"} {
				for _, head := range []protocol.Hash{log[len(log)-1].Hash(), {7}} {
					q := protocol.SyncRequest{Room: s.room, HaveSeq: uint64(len(log)), Head: head, Proof: proof}
					if err := mallory.Ask(l.nodes[nick].self, protocol.SyncID, &q, &protocol.SyncReply{}); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
				s.peek(nick, func(r *room) {
					if r.frozen() {
						t.Errorf("%s freezes %s's room", name, nick)
					}
				})
			}
		}
	})
}
