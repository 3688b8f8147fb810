package transcript

import (
	"testing"

	"localchat/protocol"
)

// A comparison that goes on and brings nothing new ends by itself, even where each page moves on and is full.
func TestPagesOfNothingEnd(t *testing.T) {
	var g pages
	full := make([][]byte, protocol.MaxBatchItems)
	n := 0
	for ; n == 0 || g.from != ""; n++ {
		a := Answer{Peer: "mallory", Reply: &protocol.SyncReply{More: true, Lines: full}}
		a.Lines = []protocol.Message{{Header: protocol.Header{Ctr: uint64(n + 1)}, Author: "mallory"}}
		g.turn(&a, func(protocol.Message) bool { return false })
		if n > 2*MaxIdlePages {
			t.Fatal("it goes on for ever")
		}
	}
	if n != MaxIdlePages+1 {
		t.Errorf("it ends after %d pages", n)
	}
	for name, reply := range map[string]protocol.SyncReply{
		"nothing":     {More: true},
		"a short one": {More: true, Lines: full[:1]},
	} {
		a := Answer{Peer: "mallory", Reply: &reply}
		if len(reply.Lines) > 0 {
			a.Lines = []protocol.Message{{Header: protocol.Header{Ctr: 7}, Author: "mallory"}}
		}
		if g.turn(&a, func(protocol.Message) bool { return false }); g.from != "" {
			t.Errorf("%s goes on", name)
		}
	}
}
