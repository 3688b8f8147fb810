package node

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"localchat/node/internal/roomtest"
	"localchat/protocol"
)

// TestRoomWithTooLongLogIsLeft: a member leaves a room whose log is longer than it may keep, in records or in bytes, and its user is
// told why. Its other rooms go on.
func TestRoomWithTooLongLogIsLeft(t *testing.T) {
	t.Run("records", func(t *testing.T) {
		leavesLongLog(t, func(r *room) {
			r.records = append(r.records, make([]protocol.SignedRecord, maxRecords-1-len(r.records))...)
		})
	})
	t.Run("bytes", func(t *testing.T) { leavesLongLog(t, func(r *room) { r.logBytes = maxLogBytes - 1 }) })
}

// leavesLongLog holds that a member whose log has room for one more record leaves with the second.
func leavesLongLog(t *testing.T, fill func(*room)) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(alice.Create(l.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "den"}))
		must(ask(l.ctx(), bob, inLoop(func(lp *loop) {
			fill(lp.rooms[lab.ID])
		})))
		last := "one more"
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &last}))
		until[PolicyChanged](l.subs["bob"], nil)
		tooMany := "one too many"
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &tooMany}))
		until[Warning](l.subs["bob"], func(w Warning) bool { return w.Code == "log_full" })
		time.Sleep(time.Second) // simulated
		if rooms := must(bob.Rooms(l.ctx())); len(rooms) != 2 || !rooms[0].In || rooms[0].Name != "den" || rooms[1].In {
			t.Errorf("bob is in %+v", rooms)
		}
	})
}

// TestPendingRecordsAreBounded: records that came before the one that they follow wait, up to a number and up to a size.
func TestPendingRecordsAreBounded(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("carol")
	small := w.Records[1]
	r := &room{pending: make(map[uint64]protocol.SignedRecord)}
	for seq := uint64(1); seq <= maxPending; seq++ {
		if !r.hasRoomFor(small) {
			t.Fatalf("record %d has no room", seq)
		}
		r.pending[seq] = small
	}
	if r.hasRoomFor(small) {
		t.Error("one more than maxPending has room")
	}

	policy := w.State().Policy()
	policy.VoicedOnly = true
	large := protocol.SetPolicy{Policy: policy, NewEpoch: true}
	for i := range protocol.MaxMembers {
		large.Cuts = append(large.Cuts, protocol.MemberCut{Peer: roomtest.PersonaID(fmt.Sprint("m", i)), Cut: protocol.Cut{Ctr: protocol.MaxCounter, Hash: protocol.Hash{1}}})
	}
	slices.SortFunc(large.Cuts, func(a, b protocol.MemberCut) int { return cmp.Compare(a.Peer, b.Peer) })
	owner := roomtest.Persona("alice")
	rec, err := protocol.SignRecord(protocol.Record{
		Room: w.ID(), Seq: 9, Prev: protocol.Hash{1}, Term: 1, Epoch: 9, At: w.Now, Author: owner.Peer(), Body: large,
		KeyHash: protocol.CommitKey(w.ID(), 9, protocol.Key{1}),
	}, owner)
	if err != nil {
		t.Fatalf("the last lines of all members of the largest room have no place in a record: %v", err)
	}
	if n := len(rec.Bytes()); n > protocol.MaxRecord || n < protocol.MaxRecord*3/4 {
		t.Errorf("that record has %d bytes, and MaxRecord is %d", n, protocol.MaxRecord)
	}
	clear(r.pending)
	for seq := uint64(1); r.hasRoomFor(rec); seq++ {
		r.pending[seq] = rec
	}
	if n := len(r.pending); n != maxPendingBytes/len(rec.Bytes()) {
		t.Errorf("%d of the largest records wait", n)
	}
}
