package node

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// One room has one log. A node that compares with another says the number and the hash of its last record. If two logs
// differ, the node with the longer log, or with as many records, hands over its own record of the last number that both
// have. Together with the other's record it is the proof: two records of one number that the authority has signed. A node
// with the proof freezes the room and hands the proof to every node that it meets in the room, the owner's too.

// A fork has what is known of a second log of a room. Only the loop uses it.
type fork struct {
	r     *room
	proof [][]byte // the two records that have frozen the room; nil: its log is one
}

// twinRecord returns our record of the last number that both this node and a node with haveSeq records have, if the other log may differ
// from ours; nil if it is the beginning of ours.
func (f *fork) twinRecord(haveSeq uint64, head protocol.Hash) [][]byte {
	if f.proof != nil {
		return f.proof
	}
	st := f.r.state()
	hash, ok := st.HashAt(haveSeq)
	switch {
	case haveSeq == 0, st.Seq() == 0, ok && hash == head:
		return nil
	case !ok:
		haveSeq = st.Seq()
	}
	return [][]byte{f.r.records[haveSeq-1].Bytes()}
}

// twinForFormer is twinRecord for a peer that is no member any more, up to the record that ended its place: by its own log it
// may be one.
func (f *fork) twinForFormer(p peer.ID, haveSeq uint64, head protocol.Hash) [][]byte {
	end, was := f.r.state().Removed(p)
	if !was || haveSeq == 0 || end.Removal > uint64(len(f.r.records)) {
		return nil
	}
	seq := min(haveSeq, end.Removal)
	if hash, _ := f.r.state().HashAt(seq); seq == haveSeq && hash == head {
		return nil
	}
	return [][]byte{f.r.records[seq-1].Bytes()}
}

// openProof verifies the records of a proof, outside the loop. It returns nothing if one does not verify.
func openProof(raw [][]byte) []protocol.SignedRecord {
	records, rest := openRecords(raw)
	if len(rest) > 0 {
		return nil
	}
	return records
}

// take looks whether records that were handed over prove a fork: one of them with a record of our log, or two of them.
func (f *fork) take(records []protocol.SignedRecord) {
	if len(records) == 2 {
		f.freeze(records[0], records[1])
	}
	for _, rec := range records {
		if rec.Seq <= uint64(len(f.r.records)) {
			f.freeze(f.r.records[rec.Seq-1], rec)
		}
	}
}

// freeze stops the room if a and b prove that its authority has signed two logs: nothing is believed, said or decided in it
// any more, on any node. Records that are no proof change nothing.
func (f *fork) freeze(a, b protocol.SignedRecord) {
	if f.r.frozen() {
		return
	}
	if f.r.desk.ledger != nil {
		next, ok := f.r.desk.ledger.Forked(a, b)
		if !ok {
			return
		}
		f.r.desk.ledger = &next
	} else {
		next, ok := f.r.memberState.Forked(a, b)
		if !ok {
			return
		}
		f.r.memberState = next
	}
	f.proof = [][]byte{a.Bytes(), b.Bytes()}
	f.r.publishSnapshot()
	f.r.l.emit(f.r, Warning{Code: "frozen", Peer: f.r.authority(), Text: frozenWords(f.r.label()) + "; ask the owner in person"})
	if f.r.owner() {
		f.r.l.emit(f.r, Warning{Code: "renew", Text: "an old copy of this node's data was put back, or a second copy of it is running: " + f.r.label() + " has to be replaced"})
	}
	f.spread()
}

// spread hands the proof to the members around us. Those that come later get it when they compare.
func (f *fork) spread() {
	req := f.r.headRequest()
	near := make(chan peer.ID, protocol.MaxMembers)
	for _, p := range f.r.near() {
		near <- p
	}
	close(near)
	ctx, l := f.r.ctx, f.r.l
	l.n.spawn(func(context.Context) {
		var workers sync.WaitGroup
		for range maxDials {
			workers.Go(func() {
				for p := range near {
					l.n.handOver(ctx, p, req)
				}
			})
		}
		workers.Wait()
	})
}

// contradict hands records of our log to the authority, which has just ended our membership in a way that our log does not explain. If its
// own log is another one, it learns so.
func (f *fork) contradict(records ...protocol.SignedRecord) {
	req, owner, l := f.contradiction(records), f.r.authority(), f.r.l
	l.n.spawn(func(ctx context.Context) { l.n.handOver(ctx, owner, req) })
}

// contradiction is the proof where there is one already; a frame has no place for more.
func (f *fork) contradiction(records []protocol.SignedRecord) protocol.SyncRequest {
	req := f.r.headRequest()
	if f.proof == nil {
		for _, rec := range records {
			req.Proof = append(req.Proof, rec.Bytes())
		}
	}
	return req
}

// handOver gives p the proof in a comparison, and ignores the answer.
func (n *Node) handOver(ctx context.Context, p peer.ID, proof protocol.SyncRequest) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "proof"), syncTimeout)
	defer cancel()
	var reply protocol.SyncReply
	if err := n.request(ctx, p, protocol.SyncID, &proof, &reply); err != nil {
		n.log.Debug("hand over a proof", "peer", p, "err", err)
	}
}

// contradictReason does so if our log says another thing of the record that the reason names.
func (ms *membership) contradictReason(reason protocol.SignedReason) {
	if reason.Removal > uint64(len(ms.r.records)) {
		return
	}
	rec := ms.r.records[reason.Removal-1]
	switch b := rec.Body.(type) {
	case protocol.Close:
	case protocol.Remove:
		if b.Peer != ms.r.l.n.self {
			ms.r.fork.contradict(rec)
		}
	case protocol.Warn:
		if b.Peer != ms.r.l.n.self {
			ms.r.fork.contradict(rec)
		}
	case protocol.Mute:
		if b.Peer != ms.r.l.n.self {
			ms.r.fork.contradict(rec)
		}
	default:
		ms.r.fork.contradict(rec)
	}
}

// contradictRefusal does so with the record that has let us in, and the last one.
func (ms *membership) contradictRefusal() {
	if me, in := ms.r.me(); in && me.Admission <= uint64(len(ms.r.records)) {
		ms.r.fork.contradict(ms.r.records[me.Admission-1], ms.r.records[len(ms.r.records)-1])
	}
}

// headRequest compares heads alone.
func (r *room) headRequest() protocol.SyncRequest {
	st := r.state()
	return protocol.SyncRequest{Room: r.id, HaveSeq: st.Seq(), Head: st.Head(), Proof: r.fork.proof, Heads: r.talk.Heads()}
}

// frozenWords are the same on every node.
func frozenWords(room string) string {
	return "the owner of " + room + " has signed two different logs of it, so nothing said or decided in it counts any more"
}

// frozen reports whether the room's log is forked.
func (r *room) frozen() bool { return r.state().Frozen() }
