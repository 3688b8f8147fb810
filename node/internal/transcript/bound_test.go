package transcript

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestFloodPushesOutNoOtherAuthor: in a room with more lines than it may keep, the author with the most loses its oldest, and no other
// author loses any.
func TestFloodPushesOutNoOtherAuthor(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  int
		lines int
	}{{"lines", 100, MaxLines + 500}, {"bytes", protocol.MaxText, MaxLineBytes/protocol.MaxText + 100}} {
		t.Run(c.name, func(t *testing.T) {
			g := newLog()
			add := func(author peer.ID, ctr int, text string) {
				var id protocol.Hash
				copy(id[:], fmt.Sprint(author, ctr))
				m := protocol.Message{Header: protocol.Header{Ctr: uint64(ctr), Lamport: uint64(ctr)}, Author: author, ID: id}
				g.add(&Line{Opened: Opened{Msg: m, Content: protocol.Content{Text: text}}, Got: lawStart})
			}
			const few = 50
			for i := range few {
				add("quiet", i+1, "hello")
			}
			text := strings.Repeat("x", c.size)
			for i := range c.lines {
				add("loud", i+1, text)
			}
			gone := g.expire(lawStart)
			if len(g.Of("quiet")) != few || len(gone) == 0 || g.floors["quiet"] != 0 || g.floors["loud"] != uint64(len(gone)) {
				t.Errorf("%d of the quiet author's lines are left, %d are gone", len(g.Of("quiet")), len(gone))
			}
			if len(g.arrival) > MaxLines || g.bytes > MaxLineBytes {
				t.Errorf("%d lines and %d bytes are kept", len(g.arrival), g.bytes)
			}
			if c.name == "lines" && len(g.arrival) != MaxLines {
				t.Errorf("%d lines are kept", len(g.arrival))
			}
			if more := g.expire(lawStart); len(more) != 0 {
				t.Errorf("%d more go with nothing new", len(more))
			}
			g.expire(lawStart.Add(time.Second))
			if g.bytes != 0 || len(g.arrival) != 0 {
				t.Errorf("%d bytes are counted for an empty log", g.bytes)
			}
		})
	}
}

// TestFloorsAreForgotten: the floors of authors whose lines cannot count any more are forgotten, and snapshots share the floors.
func TestFloorsAreForgotten(t *testing.T) {
	g := newLog()
	for i := range 3 * protocol.MaxMembers {
		g.floors[peer.ID(string(rune(i)))] = 1
	}
	lent := g.Floors()
	g.forgetFloors(func(p peer.ID) bool { return p != peer.ID(string(rune(7))) })
	if len(g.floors) != 1 || len(lent) != 3*protocol.MaxMembers {
		t.Errorf("%d floors are left, of a snapshot %d", len(g.floors), len(lent))
	}
	allocs := testing.AllocsPerRun(100, func() { g.Floors() })
	if allocs > 0 {
		t.Errorf("a snapshot copies them: %v allocations", allocs)
	}
}
