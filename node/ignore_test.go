package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/node/internal/store"
)

// heard is what a node's user was shown of what somebody said so far.
func (l *simLAN) heard(who, nick string) string {
	synctest.Wait()
	var all []string
	for _, ev := range l.subs[who].drain() {
		switch b := ev.Body.(type) {
		case Message:
			if b.Nick == nick {
				all = append(all, b.Text)
			}
		case Direct:
			if b.Nick == nick {
				all = append(all, b.Text)
			}
		}
	}
	return strings.Join(all, ", ")
}

// TestIgnore: nothing that an ignored peer says is shown, in any room, live, late, in the history or by direct message, and it cannot
// notice. Its lines are all there once it is heeded again. What the room decides about it is shown as ever.
func TestIgnore(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(carol.Create(l.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
		for _, n := range []*Node{bob, carol} {
			must(n.Join(l.ctx(), JoinOptions{Room: "lab"}))
		}
		for _, n := range []*Node{alice, bob} {
			must(n.Join(l.ctx(), JoinOptions{Room: "den"}))
		}
		must(bob.Say(l.ctx(), "lab", "one", false))
		until(l.subs["alice"], func(m Message) bool { return m.Text == "one" })

		if i := must(alice.Ignore(l.ctx(), "lab", "BOB", true)); i.Peer != bob.self || i.Nick != "bob" || i.At.IsZero() {
			t.Errorf("ignored is %+v", i)
		}
		if !l.member("alice", "bob").Ignored || l.member("alice", "carol").Ignored || l.member("carol", "bob").Ignored {
			t.Error("another than bob is ignored, or at another node than alice's")
		}
		must(bob.Say(l.ctx(), "den", "psst", false))
		two := must(bob.Say(l.ctx(), "lab", "two", false))
		if _, err := bob.Tell(l.ctx(), "lab", "alice", "hey"); err != nil {
			t.Errorf("bob can notice that alice ignores him: %v", err)
		}
		until(l.subs["bob"], func(d Delivered) bool { return d.ID == two }) // alice has it
		must(carol.Say(l.ctx(), "lab", "three", false))
		until(l.subs["alice"], func(m Message) bool { return m.Text == "three" })
		if got := l.heard("alice", "bob"); got != "one" {
			t.Errorf("alice ignores bob after one line, and is shown %q of him", got)
		}
		history := func() string {
			var all []string
			for _, m := range must(alice.History(l.ctx(), "lab")).Messages {
				all = append(all, m.Text)
			}
			return strings.Join(all, ", ")
		}
		if got := history(); got != "three" {
			t.Errorf("the history at alice's is %q", got)
		}
		attached := alice.Subscribe(SubscribeOptions{Lines: true})
		defer attached.Close()
		for range len(attached.Events()) {
			if m, is := (<-attached.Events()).Body.(Message); is && m.Nick == "bob" {
				t.Errorf("a new reader is shown %q of bob", m.Text)
			}
		}

		// Heeded again, his lines are shown as late ones, where they belong.
		must(alice.Ignore(l.ctx(), "", bob.self.String(), false))
		three := must(alice.History(l.ctx(), "lab")).Messages[2]
		if m := until(l.subs["alice"], func(m Message) bool { return m.Text == "two" }); !m.Late || m.Before != three.ID {
			t.Errorf("the line that was not shown comes as %+v", m)
		}
		until(l.subs["alice"], func(m Message) bool { return m.Text == "psst" })
		if got := history(); got != "one, two, three" {
			t.Errorf("the history at alice's is %q then", got)
		}

		// An ignored peer is removed, and knocks, like any other; the mark says that it is ignored.
		must(alice.Ignore(l.ctx(), "lab", "bob", true))
		must(alice.Kick(l.ctx(), "lab", "bob", "too loud"))
		until(l.subs["alice"], func(m MemberRemoved) bool { return m.Peer == bob.self })
		until(l.subs["alice"], func(m RemovalReason) bool { return m.Peer == bob.self && m.Text == "too loud" })
		until(l.subs["bob"], func(m Removed) bool { return m.Text == "too loud" })
		access := AccessKnock
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Access: &access}))
		ctx, cancel := context.WithCancel(l.ctx())
		defer cancel()
		go bob.Join(ctx, JoinOptions{Room: "lab", Nick: "robert"})
		if k := until(l.subs["alice"], func(k Knock) bool { return k.Peer == bob.self }); !k.Ignored {
			t.Errorf("an ignored peer knocks as %+v", k)
		}

		for _, c := range []struct {
			room, who string
			ignored   bool
			code      ErrorCode
		}{
			{"lab", "alice", true, CodeInvalid},
			{"lab", "mallory", true, CodeNotFound},
			{"attic", "bob", true, CodeNotFound},
			{"lab", "carol", false, CodeNotFound},
		} {
			if _, err := alice.Ignore(l.ctx(), c.room, c.who, c.ignored); codeOf(err) != c.code {
				t.Errorf("%+v: %v", c, err)
			}
		}
	})
}

// TestIgnoredPeersAreStored: the list outlives the node, and so does taking a peer off it; and it is bounded.
func TestIgnoredPeersAreStored(t *testing.T) {
	dir := t.TempDir()
	start := func() *Node {
		return must(New(Config{DataDir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, NoResume: true}))
	}
	ctx := context.Background()
	n := start()
	want := must(n.Ignore(ctx, "", personaID("bob").String(), true))
	must(n.Ignore(ctx, "", personaID("carol").String(), true))
	must(n.Ignore(ctx, "", personaID("carol").String(), false))
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = start()
	defer n.Close()
	if got := must(n.Ignored(ctx)); len(got) != 1 || got[0].Peer != want.Peer || !got[0].At.Equal(want.At) {
		t.Errorf("ignored are %+v, want %+v", got, want)
	}
}

// TestNotesAreBounded: a node verifies no more people than maxVerified, and ignores no more than maxIgnored.
func TestNotesAreBounded(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		full := func(n int) map[peer.ID]store.Note {
			notes := make(map[peer.ID]store.Note)
			for i := range n {
				notes[peer.ID(fmt.Sprint("peer", i))] = store.Note{}
			}
			return notes
		}
		must(ask(l.ctx(), alice, inLoop(func(l *loop) { l.trusts = newTrusts(full(maxVerified), full(maxIgnored)) })))
		if _, err := alice.Verify(l.ctx(), "lab", "bob", true); AsError(err).Reason != fault.ManyVerified {
			t.Errorf("with %d verified people, one more gives %v", maxVerified, err)
		}
		if _, err := alice.Ignore(l.ctx(), "lab", "bob", true); AsError(err).Reason != fault.ManyIgnored {
			t.Errorf("with %d ignored people, one more gives %v", maxIgnored, err)
		}
		must(ask(l.ctx(), alice, inLoop(func(l *loop) { l.trusts = newTrusts(full(maxVerified-1), full(maxIgnored-1)) })))
		must(alice.Verify(l.ctx(), "lab", "bob", true))
		must(alice.Ignore(l.ctx(), "lab", "bob", true))
	})
}
