package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"localchat/protocol"
)

// fullLog is a log of that many authors with lines of each.
func fullLog(authors, lines int) *Log {
	g := NewLog()
	for i := range authors {
		author := personaID(fmt.Sprint("author", i))
		var prev protocol.Hash
		for j := range lines {
			var id protocol.Hash
			copy(id[:], fmt.Sprint(i, " ", j))
			h := protocol.Header{Epoch: 1, Ctr: uint64(j + 1), Prev: prev, Lamport: uint64(j + 1)}
			g.Add(&Line{Opened: Opened{Msg: protocol.Message{Header: h, Author: author, ID: id}}, Got: lawStart})
			prev = id
		}
	}
	return g
}

// The cost of comparing heads in the loops of both sides when nothing has changed, by authors of ten lines each, and
// the bytes on the stream: the request, its answer and their lengths.
func BenchmarkCompareHeads(b *testing.B) {
	for _, authors := range []int{8, 64, 256} {
		b.Run(fmt.Sprint(authors), func(b *testing.B) {
			ours, theirs := fullLog(authors, 10), fullLog(authors, 10)
			all := func(*Line) bool { return true }
			req := protocol.SyncRequest{Room: protocol.RoomID{1}, HaveSeq: 1, Head: protocol.Hash{1}, Heads: ours.Heads()}
			reply := protocol.SyncReply{HaveSeq: 1, Head: protocol.Hash{1}, Heads: theirs.News(ours.Heads(), personaID("author0"))}
			var stream bytes.Buffer
			must(struct{}{}, errors.Join(protocol.WriteFrame(&stream, &req), protocol.WriteFrame(&stream, &reply)))
			b.ReportAllocs()
			for b.Loop() {
				asked := ours.Heads()
				if lines, _ := theirs.Missing(asked, all); len(lines) != 0 {
					b.Fatal("something is missing")
				}
				if news := theirs.News(asked, personaID("author0")); len(news) != 1 {
					b.Fatal("something is new")
				}
				ours.Settle(nil, lawStart)
			}
			b.ReportMetric(float64(stream.Len()), "stream-B")
		})
	}
}
