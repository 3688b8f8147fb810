package gossip

import (
	"context"
	"testing"

	"localchat/node/internal/transcript"
	"localchat/protocol"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
)

// nobody keeps nothing of what it is told.
type nobody struct{ Handler }

func (nobody) Line(peer.ID, transcript.Opened) {}
func (nobody) Record(protocol.SignedRecord)    {}
func (nobody) Early(protocol.Message)          {}

// BenchmarkValidateLine: the cost of a line before node hears of it, by verdict: everything that a stranger can send has to be cheap.
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
			j.handler = nobody{}
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

// BenchmarkGate: the cost of pubsub's gate, which is asked about every peer at every heartbeat and about the sender of every line.
func BenchmarkGate(b *testing.B) {
	w, _ := removedRoom(b)
	j := newJudge(snapshotOf(w, "carol"))
	carol, mallory := personaID("carol"), personaID("mallory")
	b.ReportAllocs()
	for b.Loop() {
		if s := j.Snapshot(); !s.member(carol) || s.member(mallory) {
			b.Fatal("the gate does not know the members")
		}
	}
}

// TestRefusingIsCheap: a refused line allocates no more than an accepted one: a flood must not gain by being refused.
func TestRefusingIsCheap(t *testing.T) {
	w, before := removedRoom(t)
	j := newJudge(snapshotOf(w, "carol"))
	j.handler = nobody{}
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
