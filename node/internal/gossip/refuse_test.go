//go:build !race

// Under the race detector a sync.Pool forgets at random, so that there is nothing to count.

package gossip

import (
	"context"
	"testing"

	"localchat/protocol"
)

// TestRefusalsAllocateNothing: a peer that is no member can make a node refuse its messages as often as it likes, so a refusal leaves
// nothing to collect. A bad signature under a member's name has to be verified; the standard library then makes an error of 16 bytes.
func TestRefusalsAllocateNothing(t *testing.T) {
	w, before := removedRoom(t)
	other := newLawRoom(t, "another")
	good := w.Say("carol", w.Epoch(), 1).Raw()
	record := w.Records[len(w.Records)-1].Bytes()
	removed := must(protocol.SignRecord(protocol.Record{
		Room: w.ID(), Seq: w.State().Seq() + 1, Prev: w.State().Head(), Term: 1, Epoch: w.Epoch() + 1,
		At: w.Now, Author: personaID("bob"), Body: protocol.Rekey{}, KeyHash: protocol.Hash{1},
	}, persona("bob"))).Bytes()
	for _, c := range []struct {
		name   string
		raw    []byte
		record bool
		most   float64
	}{
		{name: "nothing"},
		{name: "half a line", raw: good[:len(good)/2]},
		{name: "a line of another room", raw: other.Say("alice", 1, 1).Raw(), most: 1}, // alice's signature is not for this one
		{name: "a stranger's line", raw: w.Say("mallory", w.Epoch(), 1).Raw()},
		{name: "the removed peer's line", raw: w.Say("bob", w.Epoch(), 9).Raw()},
		{name: "the removed peer's earlier line, past the cut-off", raw: w.Say("bob", before, 9).Raw()},
		{name: "a line with a bad signature", raw: flip(good, len(good)-1), most: 1},
		{name: "half a record", raw: record[:len(record)/2], record: true},
		{name: "a record of another room", raw: other.Records[0].Bytes(), record: true},
		{name: "an old record", raw: w.Records[1].Bytes(), record: true},
		{name: "the room's first record", raw: w.Records[0].Bytes(), record: true},
		{name: "the removed peer's record", raw: removed, record: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJudge(snapshotOf(w, "carol"))
			m := data(c.raw)
			judge := j.validateLine
			if c.record {
				judge = j.validateRecord
			}
			got := testing.AllocsPerRun(100, func() { judge(context.Background(), "forwarder", m) })
			if got > c.most {
				t.Errorf("%v allocations, at most %v are allowed", got, c.most)
			}
			if len(j.early)+len(j.attempts)+len(j.lines) > 0 || m.ValidatorData != nil {
				t.Error("it was not refused")
			}
		})
	}
}
