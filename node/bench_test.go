package node

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"localchat/node/internal/roomtest"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

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
	r.desk.ledger, r.records, r.keys.Keyring = &w.Ledger, w.Records, w.Keys
	return r
}

// BenchmarkTakeLine: the cost in the loop of a line that has passed validation, in a room that is as full as it can be.
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
		r.talk.carry(r.talk.Hear(r.talk.world(), line))
		if r.talk.Len() == transcript.MaxLines {
			r.talk.Transcript = transcript.New(r.id, r.l.n.self, 0, r.l.clock.Even())
		}
	}
}

// BenchmarkSay: the cost of saying a line without a network: seal, sign, verify as for any line, open.
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
		line, ok := transcript.Open(msg, r.state().Check(msg.Author, msg.Header), r.keys.Keyring, 0)
		if !ok {
			b.Fatal("it does not open")
		}
		r.talk.carry(r.talk.Hear(r.talk.world(), line))
		if r.talk.Len() == transcript.MaxLines {
			r.talk.Transcript = transcript.New(r.id, r.l.n.self, 0, r.l.clock.Even())
		}
	}
}

// BenchmarkSnapshot: the cost of a new snapshot for the validators after each change, by number of members.
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
				r.talk.carry(r.talk.Hear(r.talk.world(), transcript.Opened{Msg: first}))
			}
			later := r.talk.world()
			later.Now = later.Now.Add(r.state().Policy().Retain + time.Second)
			r.talk.carry(r.talk.Tick(later))
			b.ReportAllocs()
			for b.Loop() {
				r.snapshot()
			}
		})
	}
}
