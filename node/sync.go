package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// serveSync gives another member the records, keys and lines that it lacks. A caller that is not a member gets an empty answer.
func (n *Node) serveSync(s network.Stream) {
	var req protocol.SyncRequest
	serve(n, s, &req, func(caller peer.ID) (*protocol.SyncReply, error) {
		if !n.admission.mayAnswer(caller) {
			n.admission.refuse(n.admission.visitor(s.Conn()), aComparison)
			return nil, errTooMuch
		}
		reply, err := ask(n.ctx, n, syncAsked{caller, req, openProof(req.Proof)})
		if err == nil {
			n.admission.answered(caller, reply)
			if !reply.More { // whole pages have a budget of their own
				n.admission.count(n.admission.visitor(s.Conn()), aComparison, 1)
			}
		}
		return reply, err
	})
}

type (
	// syncAsked: another member compares its heads with ours.
	syncAsked struct {
		peer  peer.ID
		req   protocol.SyncRequest
		proof []protocol.SignedRecord // of req, verified
	}
	// synced: the answer of another member has come, decoded and verified. If err is set, there is none.
	synced struct {
		room    protocol.RoomID
		peer    peer.ID
		records []protocol.SignedRecord
		proof   []protocol.SignedRecord
		keys    []protocol.EpochKey
		lines   []protocol.Message
		ages    map[protocol.Hash]time.Duration // the ages of lines
		reply   protocol.SyncReply
		doubted map[peer.ID]uint64 // the authors whose lines the authority was asked for, and from which number on
		// fresh is set if the answer held something new, and whole if each of its lines could be judged. Each piece that is taken
		// adds to both.
		fresh, whole bool
		err          error
	}
)

// verify verifies the answer. It drops the first part that does not verify, and all parts after it.
func (s *synced) verify() {
	s.proof = openProof(s.reply.Proof)
	var rest [][]byte
	if s.records, rest = openRecords(s.reply.Records); len(rest) > 0 {
		return
	}
	s.keys, s.ages = s.reply.Keys, make(map[protocol.Hash]time.Duration, len(s.reply.Ages))
	for i, raw := range s.reply.Lines {
		m, err := protocol.OpenMessage(s.room, raw)
		if err != nil {
			return
		}
		s.lines = append(s.lines, m)
		if i < len(s.reply.Ages) {
			s.ages[m.ID] = s.reply.Ages[i]
		}
	}
}

func (q syncAsked) run(l *loop) (*protocol.SyncReply, error) {
	reply := &protocol.SyncReply{}
	here := l.rooms[q.req.Room]
	if here != nil {
		here.fork.take(q.proof) // anybody may bring it, since the authority has signed it
	}
	r, _ := l.roomWith(q.req.Room, q.peer)
	if r == nil {
		if here != nil {
			reply.Proof = here.fork.twinForFormer(q.peer, q.req.HaveSeq, q.req.Head)
			here.recordsForOwnerBefore(q.peer, q.req.HaveSeq, reply)
		}
		return reply, nil
	}
	said, effects := r.talk.Asked(r.talk.world(), q.peer, q.req)
	*reply = said
	r.talk.carry(effects)
	var more bool
	reply.Records, more = recordsAfter(r.records, q.req.HaveSeq)
	reply.More = reply.More || more
	wanted := make(map[uint64]bool, len(q.req.Keys))
	for _, e := range q.req.Keys {
		wanted[e] = true
	}
	reply.Keys = r.keys.keysFor(q.peer, 0, wanted)
	r.fork.take(q.proof)
	st := r.state()
	reply.HaveSeq, reply.Head, reply.Proof = st.Seq(), st.Head(), r.fork.twinRecord(q.req.HaveSeq, q.req.Head)
	return reply, nil
}

func (e synced) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil {
		return
	}
	if e.err != nil {
		l.n.log.Debug("sync", "room", r.id, "peer", e.peer, "err", e.err)
		r.talk.carry(r.talk.Failed(r.talk.world(), e.peer))
		return
	}
	r.talk.carry(r.talk.Compared(r.talk.world(), transcript.Answer{
		Peer: e.peer, Reply: &e.reply, Lines: e.lines, Doubted: e.doubted, Fresh: e.fresh, Judged: e.whole,
	}))
	r.desk.removeWaiting()
}

// recordsAfter returns the bytes of the records after seq, as many as fit into one frame, and whether there are more.
func recordsAfter(records []protocol.SignedRecord, seq uint64) (raw [][]byte, more bool) {
	size := 0
	for i := seq; i < uint64(len(records)); i++ {
		b := records[i].Bytes()
		size += len(b) + 8
		if size > protocol.MaxBatch/2 || len(raw) == protocol.MaxBatchItems {
			return raw, true
		}
		raw = append(raw, b)
	}
	return raw, false
}
