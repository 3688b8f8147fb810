package node

import (
	"context"
	"slices"
	"time"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// One frame may hold 2,048 records, or as many lines. The goroutine that has read the frame verifies their signatures. The loop takes
// them in pieces, and handles other events in between.

// openRecords verifies records. It returns those before the first that does not verify, and the others as they came.
func openRecords(raws [][]byte) (opened []protocol.SignedRecord, rest [][]byte) {
	for i, raw := range raws {
		rec, err := protocol.OpenRecord(raw)
		if err != nil {
			return opened, raws[i:]
		}
		opened = append(opened, rec)
	}
	return opened, nil
}

type (
	// feed gives a room a piece of its log. The loop may not know the room yet, or the room may have ended.
	feed struct {
		r       *room
		records []protocol.SignedRecord
	}
	// roomOfSeat returns the room whose seat has asked a question.
	roomOfSeat struct {
		room  protocol.RoomID
		asked protocol.PollRequest
	}
	// givenLines gives a room a piece of the lines that another member handed over. The result says how many were new, and whether
	// each line could be judged.
	givenLines struct {
		room  protocol.RoomID
		lines []protocol.Message
		from  peer.ID
		ages  map[protocol.Hash]time.Duration
	}
	givenAnswer struct {
		fresh int
		whole bool
	}
	// inOrder sorts lines so that a line that proves that other lines count comes before them.
	inOrder struct {
		room  protocol.RoomID
		lines []protocol.Message
	}
)

func (q feed) run(*loop) (none, error) {
	for _, rec := range q.records {
		if q.r.ctx.Err() != nil {
			break
		}
		q.r.takeRecord(rec)
	}
	return none{}, nil
}

func (q roomOfSeat) run(l *loop) (*room, error) {
	r := l.rooms[q.room]
	if r == nil || r.membership.seat == nil || r.membership.seat.Admission != q.asked.Admission || r.membership.seat.Nonce != q.asked.Nonce {
		return nil, nil
	}
	return r, nil
}

// feedAll gives records to r, in pieces.
func (n *Node) feedAll(ctx context.Context, r *room, records []protocol.SignedRecord) error {
	for piece := range slices.Chunk(records, pieceRecords) {
		if _, err := ask(ctx, n, feed{r, piece}); err != nil {
			return err
		}
	}
	return nil
}

// takeAhead gives the room the records in the answer to its poll, before the answer itself is handled.
func (n *Node) takeAhead(ctx context.Context, room protocol.RoomID, asked protocol.PollRequest, reply *protocol.PollReply) {
	if reply.Member == nil || len(reply.Member.Records) == 0 {
		return
	}
	opened, rest := openRecords(reply.Member.Records)
	r, err := ask(ctx, n, roomOfSeat{room, asked})
	if err != nil || r == nil || n.feedAll(ctx, r, opened) != nil {
		return // the answer itself, which is handled next, says what to do
	}
	reply.Member.Records = rest
}

func (q inOrder) run(l *loop) ([]protocol.Message, error) {
	if r := l.rooms[q.room]; r != nil {
		return r.talk.InProofOrder(r.state(), q.lines), nil
	}
	return nil, nil
}

func (q givenLines) run(l *loop) (a givenAnswer, err error) {
	r := l.rooms[q.room]
	if r == nil {
		return a, nil
	}
	var effects []transcript.Effect
	a.fresh, a.whole, effects = r.talk.Handed(r.talk.world(), q.from, q.lines, q.ages)
	r.talk.carry(effects)
	return a, nil
}

// takeAhead gives the room the records, keys and lines of a comparison, before the comparison itself is handled.
func (s *synced) takeAhead(ctx context.Context, n *Node, r *room, before authority.State) {
	if before.Authority() == n.self {
		if len(s.records) > 0 {
			if _, err := ask(ctx, n, lostRecords{s.room, s.records}); err != nil {
				return
			}
		}
	} else if n.feedAll(ctx, r, s.records) != nil {
		return
	}
	s.fresh = len(s.records) > 0 && s.records[len(s.records)-1].Seq > before.Seq()
	s.whole = true
	if _, err := ask(ctx, n, handed{s.room, s.peer, s.proof, s.reply.Last, s.keys}); err != nil {
		return
	}
	lines, err := ask(ctx, n, inOrder{s.room, s.lines})
	if err != nil {
		return
	}
	for piece := range slices.Chunk(lines, pieceLines) {
		a, err := ask(ctx, n, givenLines{s.room, piece, s.peer, s.ages})
		if err != nil {
			return
		}
		s.fresh, s.whole = s.fresh || a.fresh > 0, s.whole && a.whole
	}
}

type (
	// lostRecords has records of a room of ours that a member has and this node has lost.
	lostRecords struct {
		room    protocol.RoomID
		records []protocol.SignedRecord
	}
	// handed has the other parts that a member handed over: a proof of a split log, the number of our last line there, and keys.
	handed struct {
		room  protocol.RoomID
		from  peer.ID
		proof []protocol.SignedRecord
		last  protocol.Cut
		keys  []protocol.EpochKey
	}
)

func (q lostRecords) run(l *loop) (none, error) {
	if r := l.rooms[q.room]; r != nil {
		r.desk.takeBack(q.records)
	}
	return none{}, nil
}

func (q handed) run(l *loop) (none, error) {
	r := l.rooms[q.room]
	if r == nil {
		return none{}, nil
	}
	r.fork.take(q.proof)
	// This comes before the keys. Lines of this node may wait for a key, and must get numbers after those of the lines before a restart.
	r.talk.carry(r.talk.LastKnown(r.talk.world(), q.from, q.last))
	r.keys.take(q.from, q.keys)
	return none{}, nil
}
