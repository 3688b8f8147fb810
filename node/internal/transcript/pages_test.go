package transcript

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// TestPagesOfNothingEnd: a comparison that goes on and brings nothing new ends by itself, even where each page moves on and is full.
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

// TestPagesMoveOn: the next page begins after the last one, though nothing of that counts yet.
func TestPagesMoveOn(t *testing.T) {
	var g pages
	a := Answer{Peer: "bob", Reply: &protocol.SyncReply{More: true, Lines: make([][]byte, protocol.MaxBatchItems)}}
	for i := range protocol.MaxBatchItems {
		a.Lines = append(a.Lines, protocol.Message{Header: protocol.Header{Ctr: uint64(i + 1)}, Author: "carol"})
	}
	g.turn(&a, func(protocol.Message) bool { return false })
	heads := g.heads("bob", nil)
	if len(heads) != 1 || heads[0].Author != "carol" || heads[0].Runs.Last() != protocol.MaxBatchItems {
		t.Errorf("bob is asked from %v on", heads)
	}
	if heads := g.heads("dave", nil); len(heads) > 0 {
		t.Errorf("dave is asked from %v on", heads)
	}
}

// TestPagesTakeTurns: a member with page after page takes no more than three of four comparisons, and each of the others has its turn.
func TestPagesTakeTurns(t *testing.T) {
	w := newLawRoom(t, "lab")
	talk, env := w.transcript("alice"), w.env()
	bob, carol, mallory := personaID("bob"), personaID("carol"), personaID("mallory")
	env.Near = func() []peer.ID { return []peer.ID{bob, carol, mallory} }
	talk.compare.pages.from = mallory
	asked := make(map[peer.ID]int)
	for range 4 * fairTurn {
		p, _ := talk.partner(&env)
		asked[p]++
		env.Now = env.Now.Add(SyncSpacing)
		talk.compare.compared[p] = env.Now
	}
	if asked[bob] == 0 || asked[carol] == 0 || asked[mallory] > 3*fairTurn {
		t.Errorf("mallory is asked %d times, bob %d and carol %d", asked[mallory], asked[bob], asked[carol])
	}
}
