package transcript

import (
	"fmt"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// numbered is a log of lines that name none before them, of an author each.
func numbered(ctrs ...[]uint64) *log {
	g := newLog()
	for i, cs := range ctrs {
		for _, ctr := range cs {
			var id protocol.Hash
			copy(id[:], fmt.Sprint(i, " ", ctr))
			m := protocol.Message{Header: protocol.Header{Epoch: 1, Ctr: ctr, Lamport: ctr}, Author: peer.ID(fmt.Sprintf("author %04d", i)), ID: id}
			g.add(&Line{Opened: Opened{Msg: m}, Got: lawStart})
		}
	}
	return g
}

func TestRuns(t *testing.T) {
	for _, c := range []struct {
		lines []uint64
		floor uint64
		want  protocol.Runs
	}{
		{nil, 0, protocol.Runs{}},
		{nil, 4, protocol.Runs{4}},
		{[]uint64{1, 2}, 0, protocol.Runs{2}},
		{[]uint64{2}, 0, protocol.Runs{2, 2}},
		{[]uint64{5, 6}, 4, protocol.Runs{6}},
		{[]uint64{6}, 4, protocol.Runs{6, 6, 4}},
		{[]uint64{1, 3, 4, 7}, 0, protocol.Runs{7, 7, 4, 3, 1}},
	} {
		g := numbered(c.lines)
		author := peer.ID("author 0000")
		g.floors[author] = c.floor
		if got := g.Runs(author); !slices.Equal(got, c.want) {
			t.Errorf("lines %v above %d are %v, not %v", c.lines, c.floor, got, c.want)
		}
	}
}

// TestPartsOfRuns: parts of runs name the numbers that they should, whatever the runs are.
func TestPartsOfRuns(t *testing.T) {
	const top = 9
	for set := range 1 << top {
		var lines []uint64
		for i := range uint64(top) {
			if set>>i&1 == 1 {
				lines = append(lines, i+1)
			}
		}
		runs := numbered(lines).Runs("author 0000")
		for n := uint64(1); n <= top+2; n++ {
			low, below := lowerPart(runs, int(n)), withBelow(runs, n)
			if len(low) > int(n) {
				t.Fatalf("%v is more than %d of %v", low, n, runs)
			}
			for ctr := uint64(1); ctr <= top+2; ctr++ {
				if below.Has(ctr) != (runs.Has(ctr) || ctr <= n) {
					t.Fatalf("%v and all up to %d is %v", runs, n, below)
				}
				if low.Has(ctr) != (runs.Has(ctr) && ctr <= low.Last()) {
					t.Fatalf("the lower %d of %v are %v", n, runs, low)
				}
			}
		}
	}
}

// TestGapsFillARequest: authors with gaps without end take up a request and no more, each its share. What is not named is given again,
// and none of it is thought to be here that is not.
func TestGapsFillARequest(t *testing.T) {
	var holed, whole []uint64
	for i := range uint64(MaxLines / 3) {
		holed, whole = append(holed, 2*i+2), append(whole, i+1)
	}
	g := numbered(holed, holed[:10], whole)
	heads, numbers := g.Heads(), 0
	for _, h := range heads {
		numbers += len(h.Runs)
		if runs := g.Runs(h.Author); !slices.Equal(h.Runs, runs[len(runs)-len(h.Runs):]) {
			t.Errorf("%s is named wrongly", h.Author)
		}
	}
	if want := 1 + (maxRuns-3)/2 + 20; len(heads) != 3 || numbers < want-2 || numbers > want {
		t.Errorf("%d numbers of %d authors, not %d", numbers, len(heads), want)
	}
	if lines, _ := g.missing(heads, func(*Line) bool { return true }); len(lines) == 0 || slices.ContainsFunc(lines, func(l *Line) bool { return l.Msg.Author != "author 0000" }) {
		t.Errorf("%d lines are given again, not those of one author", len(lines))
	}
	if receipt := g.Receipt("author 0000"); len(receipt) != protocol.MaxRuns || receipt.Has(2) || !receipt.Has(holed[len(holed)-1]) {
		t.Errorf("a receipt has %d numbers", len(receipt))
	}
	pages := pages{from: "mallory", last: make(map[peer.ID]uint64)}
	for i := range 2 * protocol.MaxBatchItems {
		pages.last[peer.ID(fmt.Sprintf("author %04d", i))] = 1
	}
	numbers = 0
	moved := pages.heads("mallory", heads)
	for _, h := range moved {
		numbers += len(h.Runs)
	}
	if len(moved) != protocol.MaxBatchItems || numbers > protocol.MaxRuns {
		t.Errorf("the next page is asked for with %d numbers of %d authors", numbers, len(moved))
	}
}
