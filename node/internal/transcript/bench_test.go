package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"localchat/protocol"
)

// fullLog is a log of that many authors with lines of each.
func fullLog(authors, lines int) *log {
	g := newLog()
	for i := range authors {
		author := personaID(fmt.Sprint("author", i))
		var prev protocol.Hash
		for j := range lines {
			var id protocol.Hash
			copy(id[:], fmt.Sprint(i, " ", j))
			h := protocol.Header{Epoch: 1, Ctr: uint64(j + 1), Prev: prev, Lamport: uint64(j + 1)}
			g.add(&Line{Opened: Opened{Msg: protocol.Message{Header: h, Author: author, ID: id}}, Got: lawStart})
			prev = id
		}
	}
	return g
}

// BenchmarkCompareHeads: the cost of comparing heads in the loops of both sides when nothing has changed, by authors of ten lines
// each, and the bytes on the stream: the request, its answer and their lengths.
func BenchmarkCompareHeads(b *testing.B) {
	for _, authors := range []int{8, 64, 256} {
		b.Run(fmt.Sprint(authors), func(b *testing.B) {
			ours, theirs := fullLog(authors, 10), fullLog(authors, 10)
			all := func(*Line) bool { return true }
			req := protocol.SyncRequest{Room: protocol.RoomID{1}, HaveSeq: 1, Head: protocol.Hash{1}, Heads: ours.Heads()}
			reply := protocol.SyncReply{HaveSeq: 1, Head: protocol.Hash{1}, Receipt: theirs.Receipt(personaID("author0"))}
			var stream bytes.Buffer
			must(struct{}{}, errors.Join(protocol.WriteFrame(&stream, &req), protocol.WriteFrame(&stream, &reply)))
			b.ReportAllocs()
			for b.Loop() {
				asked := ours.Heads()
				if lines, _ := theirs.missing(asked, all); len(lines) != 0 {
					b.Fatal("something is missing")
				}
				theirs.Receipt(personaID("author0"))
			}
			b.ReportMetric(float64(stream.Len()), "stream-B")
		})
	}
}

// BenchmarkStep: the time of one step, at the bounds: none may take 20 ms.
func BenchmarkStep(b *testing.B) {
	w := newLawRoom(b, "lab")
	w.Admit("carol", "bob")
	lines := w.lines("carol", MaxLines)
	fill := func(lines []Opened) *Transcript {
		g := w.transcript("alice")
		for _, o := range lines {
			g.add(&Line{Opened: o, Got: lawStart})
		}
		return g
	}
	run := func(name string, lines []Opened, step func(g *Transcript)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				g := fill(lines)
				b.StartTimer()
				step(g)
			}
		})
	}
	compare := func(name string, g *Transcript, asker string, heads []protocol.Head) {
		b.Run(name, func(b *testing.B) {
			env := w.env()
			for b.Loop() {
				g.changed() // a line has come since the last one
				g.Asked(env, personaID(asker), protocol.SyncRequest{Room: w.ID(), Heads: heads})
			}
		})
	}
	gaps := fill(nil)
	for i := 1; i < MaxLines; i += 2 {
		gaps.add(&Line{Opened: lines[i], Got: lawStart})
	}
	compare("a comparison of one that has nothing", fill(lines), "bob", nil)
	compare("a comparison of one that has all but each second line", fill(lines), "bob", gaps.Heads())
	compare("a comparison where each second line is missing", gaps, "bob", fill(lines).Heads())
	run("all lines expire", lines, func(g *Transcript) { g.expire(lawStart.Add(time.Second)) })
	run("half of the lines expire", lines, func(g *Transcript) {
		for i, l := range g.arrival {
			l.Got = lawStart.Add(time.Duration(i))
		}
		g.expire(lawStart.Add(MaxLines / 2))
	})
	run("a piece of lines", lines[128:], func(g *Transcript) {
		env := w.env()
		for _, o := range lines[:128] {
			g.takeLine(&env, o, true)
		}
	})
	w.Admit("dave")
	compare("a comparison of one that may have nothing", fill(lines), "dave", nil)
	w.Do(kickOf("carol", lines[MaxLines-1].Msg))
	ended, _ := w.State().Removed(personaID("carol"))
	run("a removal of one with all lines", lines, func(g *Transcript) {
		for _, l := range g.Of(personaID("carol")) {
			if !g.onChain(ended, l.Msg.ID) {
				b.Fatal("it does not count")
			}
		}
		g.hide(personaID("carol"), func(l *Line) bool { return l.Msg.Ctr%2 == 0 })
	})
}
