package node

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/roomtest"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// The cost of a line before the loop hears of it, by verdict: everything that a stranger can send has to be cheap.
func BenchmarkValidateLine(b *testing.B) {
	w, before := removedRoom(b)
	other := newLawRoom(b, "another")
	next := protocol.Header{Room: w.ID(), Epoch: w.Epoch() + 1, Ctr: 1, Lamport: 1}
	good := w.Say("carol", w.Epoch(), 1).Raw()
	for _, c := range []struct {
		name string
		raw  []byte
		want pubsub.ValidationResult
	}{
		{"accept", good, pubsub.ValidationAccept},
		{"late", w.Say("bob", before, 4).Raw(), pubsub.ValidationAccept},
		{"stranger", w.Say("mallory", w.Epoch(), 1).Raw(), pubsub.ValidationIgnore},
		{"past-the-cut", w.Say("bob", before, 6).Raw(), pubsub.ValidationIgnore},
		{"early", sealed("carol", next, "hello", protocol.Key{9}).Raw(), pubsub.ValidationIgnore},
		{"malformed", good[:len(good)/2], pubsub.ValidationReject},
		{"bad-signature", flip(good, len(good)-1), pubsub.ValidationReject},
		{"another-room", other.Say("alice", 1, 1).Raw(), pubsub.ValidationReject},
	} {
		b.Run(c.name, func(b *testing.B) {
			j := newJudge(snapshotOf(w, "carol"))
			j.post = func(inboxEvent) bool { return true }
			j.deliver = func(inboxEvent) {}
			m := data(c.raw)
			b.ReportAllocs()
			for b.Loop() {
				if got := j.validateLine(context.Background(), "forwarder", m); got != c.want {
					b.Fatal(verdictNames[got])
				}
			}
		})
	}
}

func BenchmarkValidateRecord(b *testing.B) {
	w, _ := removedRoom(b)
	j := newJudge(snapshotOf(w, "carol"))
	m := data(w.Records[len(w.Records)-1].Bytes())
	b.ReportAllocs()
	for b.Loop() {
		if got := j.validateRecord(context.Background(), "forwarder", m); got != pubsub.ValidationAccept {
			b.Fatal(verdictNames[got])
		}
	}
}

// benchNode is a node without a network, alice's.
func benchNode(b *testing.B) *loop {
	n := &Node{self: personaID("alice"), signer: persona("alice"), log: slog.New(slog.DiscardHandler), gate: testGate()}
	n.ctx, n.cancel = context.WithCancel(b.Context())
	b.Cleanup(n.cancel)
	return must(newLoop(n, nil))
}

// benchRoom is w as alice's own node has it.
func benchRoom(b *testing.B, w *roomtest.Room) *room {
	r := newRoom(benchNode(b), w.ID())
	b.Cleanup(r.cancel)
	r.ledger, r.records, r.keys = &w.Ledger, w.Records, w.Keys
	r.publishSnapshot()
	return r
}

// The cost in the loop of a line that has passed validation, in a room that is as full as it can be.
func BenchmarkTakeLine(b *testing.B) {
	w := newLawRoom(b, "lab")
	w.Admit("carol")
	r := benchRoom(b, w)
	line := transcript.Opened{Msg: w.Say("carol", w.Epoch(), 1), Content: protocol.Content{Kind: protocol.Say, Text: "hello"}}
	ctr := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		ctr++
		line.Msg.Ctr, line.Msg.Lamport = ctr, ctr
		line.Msg.ID = protocol.Hash{1, byte(ctr), byte(ctr >> 8), byte(ctr >> 16), byte(ctr >> 24)}
		r.carry(r.talk.Hear(r.world(), line))
		if r.talk.Len() == transcript.MaxLines {
			r.talk = transcript.New(r.id, r.l.n.self, 0, r.l.clock.even())
		}
	}
}

// The cost of saying a line without a network: seal, sign, verify as for any line, open.
func BenchmarkSay(b *testing.B) {
	w := newLawRoom(b, "lab")
	w.Admit("carol")
	r := benchRoom(b, w)
	key := w.Key(w.Epoch())
	c := protocol.Content{Kind: protocol.Say, Text: "hello", At: lawStart}
	ctr := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		ctr++
		h := protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: ctr, Lamport: ctr}
		msg := must(protocol.SealMessage(h, c, key, r.l.n.self, r.l.n.signer, random))
		line, ok := r.snap.Load().open(msg, r.current().Check(msg.Author, msg.Header))
		if !ok {
			b.Fatal("it does not open")
		}
		r.carry(r.talk.Hear(r.world(), line))
		if r.talk.Len() == transcript.MaxLines {
			r.talk = transcript.New(r.id, r.l.n.self, 0, r.l.clock.even())
		}
	}
}

// The cost of a new snapshot for the validators after each change, by number of members.
func BenchmarkSnapshot(b *testing.B) {
	for _, members := range []int{8, 64, 256} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			w := newLawRoom(b, "lab")
			for i := range members - 1 {
				w.Admit(fmt.Sprintf("member%d", i))
			}
			r := benchRoom(b, w)
			for _, m := range w.State().Members() {
				first := protocol.Message{Header: protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: 1}, Author: m.Peer, ID: protocol.DataID([]byte(m.Peer))}
				r.carry(r.talk.Hear(r.world(), transcript.Opened{Msg: first}))
			}
			later := r.world()
			later.Now = later.Now.Add(r.current().Policy().Retain + time.Second)
			r.carry(r.talk.Tick(later))
			b.ReportAllocs()
			for b.Loop() {
				r.publishSnapshot()
			}
		})
	}
}

// The cost of pubsub's gate, which is asked about every peer at every heartbeat and about the sender of every line.
func BenchmarkGate(b *testing.B) {
	w, _ := removedRoom(b)
	snap := new(atomic.Pointer[snapshot])
	snap.Store(snapshotOf(w, "carol"))
	carol, mallory := personaID("carol"), personaID("mallory")
	b.ReportAllocs()
	for b.Loop() {
		if s := snap.Load(); !s.member(carol) || s.member(mallory) {
			b.Fatal("the gate does not know the members")
		}
	}
}

// A refused line allocates no more than an accepted one: a flood must not gain by being refused.
func TestRefusingIsCheap(t *testing.T) {
	w, before := removedRoom(t)
	j := newJudge(snapshotOf(w, "carol"))
	j.deliver = func(inboxEvent) {}
	allocs := func(m protocol.Message) float64 {
		p := data(m.Raw())
		return testing.AllocsPerRun(100, func() { j.validateLine(context.Background(), peer.ID("forwarder"), p) })
	}
	accepted := allocs(w.Say("carol", w.Epoch(), 1))
	for who, m := range map[string]protocol.Message{"a stranger": w.Say("mallory", w.Epoch(), 1), "a removed peer": w.Say("bob", before, 6)} {
		if n := allocs(m); n > accepted {
			t.Errorf("a line of %s costs %.0f allocations, an accepted one %.0f", who, n, accepted)
		}
	}
}
