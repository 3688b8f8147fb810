package transcript

import (
	"fmt"
	"strings"
	"testing"

	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestEarlyLinesAreBounded: lines that wait for a key are bounded, of one author, of strangers together, and in bytes; strangers push
// no member out.
func TestEarlyLinesAreBounded(t *testing.T) {
	w := newLawRoom(t, "lab")
	g := w.transcript("alice")
	early := func(author peer.ID, i int) {
		g.Keep(w.env(), protocol.Message{
			Header: protocol.Header{Room: w.ID(), Epoch: 99, Ctr: uint64(i + 1)}, Author: author,
			ID: protocol.DataID([]byte(fmt.Sprint(author, i))),
		})
	}
	alice := personaID("alice")
	for i := range 2 * MaxEarlyAuthor {
		early(alice, i)
		early(alice, i) // the same again
	}
	if g.Early() != MaxEarlyAuthor {
		t.Errorf("%d lines of one author", g.Early())
	}
	for i := range 2 * MaxEarly {
		early(peer.ID(fmt.Sprint("author", i)), i)
	}
	if g.Early() != MaxEarlyAuthor+maxEarlyNew {
		t.Errorf("%d lines in all", g.Early())
	}
	if g.early.lines[0].Author != alice {
		t.Error("strangers have pushed a member's line out")
	}
	g = w.transcript("alice")
	text, size := strings.Repeat("x", protocol.MaxText), 0
	for i := range MaxEarlyAuthor {
		g.Keep(w.env(), sealed("alice", protocol.Header{Room: w.ID(), Epoch: 99, Ctr: uint64(i + 1), Lamport: 1}, text, protocol.Key{1}))
	}
	for _, m := range g.early.lines {
		size += len(m.Raw())
	}
	if size > maxEarlyBytes || size < maxEarlyBytes/2 {
		t.Errorf("%d bytes in all", size)
	}
}
