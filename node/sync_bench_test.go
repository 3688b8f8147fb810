package node

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"localchat/protocol"
)

// fullLog is a log of that many authors with lines of each.
func fullLog(authors, lines int) *lineLog {
	g := newLineLog()
	for i := range authors {
		author := personaID(fmt.Sprint("author", i))
		var prev protocol.Hash
		for j := range lines {
			var id protocol.Hash
			copy(id[:], fmt.Sprint(i, " ", j))
			h := protocol.Header{Epoch: 1, Ctr: uint64(j + 1), Prev: prev, Lamport: uint64(j + 1)}
			g.add(&line{arrivedLine: arrivedLine{msg: protocol.Message{Header: h, Author: author, ID: id}}, got: lawStart})
			prev = id
		}
	}
	return g
}

// What comparing heads costs both sides' loops when nothing has changed, by authors of ten lines each, and the bytes on the
// stream: the question, its answer and their lengths.
func BenchmarkCompareHeads(b *testing.B) {
	for _, authors := range []int{8, 64, 256} {
		b.Run(fmt.Sprint(authors), func(b *testing.B) {
			ours, theirs := fullLog(authors, 10), fullLog(authors, 10)
			all := func(*line) bool { return true }
			req := protocol.SyncRequest{Room: protocol.RoomID{1}, HaveSeq: 1, Head: protocol.Hash{1}, Heads: ours.heads()}
			reply := protocol.SyncReply{HaveSeq: 1, Head: protocol.Hash{1}, Heads: theirs.news(ours.heads(), personaID("author0"))}
			var stream bytes.Buffer
			must(none{}, errors.Join(protocol.WriteFrame(&stream, &req), protocol.WriteFrame(&stream, &reply)))
			b.ReportAllocs()
			for b.Loop() {
				asked := ours.heads()
				if lines, _ := theirs.missing(asked, all); len(lines) != 0 {
					b.Fatal("something is missing")
				}
				if news := theirs.news(asked, personaID("author0")); len(news) != 1 {
					b.Fatal("something is new")
				}
				ours.settle(nil, lawStart)
			}
			b.ReportMetric(float64(stream.Len()), "stream-B")
		})
	}
}
