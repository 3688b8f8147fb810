package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// directsOf returns what a new face is told of direct messages, and checks that the history has the same.
func directsOf(ctx context.Context, t *testing.T, n *Node) string {
	t.Helper()
	show := func(d Direct) string {
		if d.Self {
			return fmt.Sprintf("to %s: %s", d.ToNick, d.Text)
		}
		return fmt.Sprintf("%s: %s", d.Nick, d.Text)
	}
	var told, kept []string
	face := n.Subscribe(SubscribeOptions{Lines: true})
	defer face.Close()
	for range len(face.Events()) {
		if d, is := (<-face.Events()).Body.(Direct); is {
			told = append(told, show(d))
			if !d.Backlog {
				t.Errorf("%q is told as if it had just come", d.Text)
			}
		}
	}
	for _, d := range must(n.History(ctx, "lab")).Directs {
		kept = append(kept, show(d))
	}
	if a, b := strings.Join(told, ", "), strings.Join(kept, ", "); a != b {
		t.Errorf("a new face is told %q, and the history has %q", a, b)
	}
	return strings.Join(told, ", ")
}

// A direct message is shown to every face of both nodes, and told to those that come later, until its time is over.
func TestDirectsAreKept(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		alice, bob := s.nodes["alice"], s.nodes["bob"]
		must(alice.Policy(s.ctx(), "lab", PolicyChange{RetainS: new(int64(600))}))
		id := must(alice.Tell(s.ctx(), "lab", "bob", "psst")).ID
		if d := until[Direct](s.subs["alice"], nil); !d.Self || d.ID != id || d.To != bob.self || d.ToNick != "bob" || d.Peer != alice.self || d.Backlog {
			t.Errorf("the other faces of the sender are told %+v", d)
		}
		if d := until[Direct](s.subs["bob"], nil); d.Self || d.ID != id || d.To != "" || d.Backlog {
			t.Errorf("the reader is told %+v", d)
		}
		time.Sleep(5 * time.Minute) // simulated
		must(bob.Tell(s.ctx(), "lab", "alice", "what?"))
		if got := directsOf(s.ctx(), t, alice); got != "to bob: psst, bob: what?" {
			t.Errorf("at alice's: %q", got)
		}
		if got := directsOf(s.ctx(), t, bob); got != "alice: psst, to alice: what?" {
			t.Errorf("at bob's: %q", got)
		}
		must(bob.Ignore(s.ctx(), "lab", "alice", true))
		if got := directsOf(s.ctx(), t, bob); got != "" {
			t.Errorf("bob ignores alice, and a new face is told %q", got)
		}
		must(bob.Ignore(s.ctx(), "lab", "alice", false))
		time.Sleep(6 * time.Minute)
		if e := until(s.subs["bob"], func(e Expired) bool { return true }); len(e.IDs) != 1 || e.IDs[0] != id {
			t.Errorf("expired: %v, want %s", e.IDs, id)
		}
		if got := directsOf(s.ctx(), t, bob); got != "to alice: what?" {
			t.Errorf("after the time of the first: %q", got)
		}
		if err := bob.Leave(s.ctx(), "lab"); err != nil {
			t.Fatal(err)
		}
		must(bob.Join(s.ctx(), JoinOptions{Room: "lab"}))
		if got := directsOf(s.ctx(), t, bob); got != "" {
			t.Errorf("after bob has left: %q", got)
		}
	})
}

// What is kept of direct messages is bounded, of one peer and in all, in messages and in bytes.
func TestDirectLogIsBounded(t *testing.T) {
	for name, c := range map[string]struct{ size, ofPeer, all int }{
		"messages": {1, maxDirectsOfPeer, maxDirects},
		"bytes":    {8 << 10, maxDirectBytesOfPeer / (8 << 10), maxDirectBytes / (8 << 10)},
	} {
		var g directLog
		fill := func(with peer.ID, n int) {
			for range n {
				g.add(keptDirect{Direct: Direct{Text: strings.Repeat("x", c.size)}, with: with})
			}
		}
		fill("quiet", 1)
		fill("loud", 3*c.all)
		if len(g.all) != 1+c.ofPeer || g.all[0].with != "quiet" || g.bytes != len(g.all)*c.size {
			t.Errorf("%s: of one peer %d are kept, not %d; %d bytes", name, len(g.all)-1, c.ofPeer, g.bytes)
		}
		for i := range 10 {
			fill(peer.ID(fmt.Sprint("peer ", i)), c.ofPeer)
		}
		if len(g.all) != c.all || g.bytes != c.all*c.size {
			t.Errorf("%s: %d are kept, not %d; %d bytes", name, len(g.all), c.all, g.bytes)
		}
		if ids := g.expire(protocol.RoomID{}, time.Now()); len(ids) != c.all || len(g.all) != 0 || g.bytes != 0 {
			t.Errorf("%s: %d expired, %d left, %d bytes", name, len(ids), len(g.all), g.bytes)
		}
	}
}
