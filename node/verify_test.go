package node

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// member is a member of lab as a node's user sees it.
func (l *simLAN) member(who, nick string) MemberInfo {
	l.t.Helper()
	ms := must(l.nodes[who].Members(l.ctx(), "lab")).Members
	i := slices.IndexFunc(ms, func(m MemberInfo) bool { return m.Nick == nick })
	if i < 0 {
		l.t.Fatalf("%s sees no %s: %+v", who, nick, ms)
	}
	return ms[i]
}

// TestVerify: a peer whose words were compared is marked on that node alone, until the mark is taken back.
func TestVerify(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		until(l.subs["alice"], func(m MemberJoined) bool { return m.Nick == "bob" })

		v := must(alice.Verify(l.ctx(), "lab", "BOB", true))
		if v.Peer != bob.self || v.Nick != "bob" || v.Words != bob.Info().Words || v.At.IsZero() {
			t.Errorf("the record is %+v", v)
		}
		if !l.member("alice", "bob").Verified || l.member("alice", "alice").Verified || l.member("bob", "bob").Verified || l.member("bob", "alice").Verified {
			t.Error("another than bob is verified, or on another node than alice's")
		}
		if vs := must(alice.Verified(l.ctx())); len(vs) != 1 || vs[0] != v {
			t.Errorf("verified are %+v", vs)
		}
		must(bob.Verify(l.ctx(), "lab", alice.self.String(), true))
		if rooms := must(bob.Rooms(l.ctx())); !rooms[0].Verified {
			t.Errorf("the room of a verified owner is %+v", rooms[0])
		}

		for _, c := range []struct {
			room, who string
			verified  bool
			code      ErrorCode
		}{
			{"lab", "alice", true, CodeInvalid},
			{"lab", alice.self.String(), true, CodeInvalid},
			{"lab", "mallory", true, CodeNotFound},
			{"den", "bob", true, CodeNotFound},
			{"lab", "mallory", false, CodeNotFound},
			{"lab", "alice", false, CodeNotFound},
		} {
			if _, err := alice.Verify(l.ctx(), c.room, c.who, c.verified); codeOf(err) != c.code {
				t.Errorf("%+v: %v", c, err)
			}
		}

		must(alice.Verify(l.ctx(), "", "bob", false))
		if l.member("alice", "bob").Verified || len(must(alice.Verified(l.ctx()))) != 0 {
			t.Error("bob is still verified after the mark was taken back")
		}
		if _, err := alice.Verify(l.ctx(), "lab", "bob", false); codeOf(err) != CodeNotFound {
			t.Errorf("taken back twice: %v", err)
		}
	})
}

// TestVerifiedPeersAreStored: the mark outlives the node, and so does taking it back.
func TestVerifiedPeersAreStored(t *testing.T) {
	dir := t.TempDir()
	start := func() *Node {
		return must(New(Config{DataDir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, NoResume: true}))
	}
	ctx := context.Background()
	n := start()
	want := must(n.Verify(ctx, "", personaID("bob").String(), true))
	must(n.Verify(ctx, "", personaID("carol").String(), true))
	must(n.Verify(ctx, "", personaID("carol").String(), false))
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = start()
	defer n.Close()
	if got := must(n.Verified(ctx)); len(got) != 1 || got[0].Peer != want.Peer || !got[0].At.Equal(want.At) {
		t.Errorf("verified are %+v, want %+v", got, want)
	}
}

// TestVerifiedNickOfAnotherKey: a peer has the nick of a verified peer, or one that looks like it, but another key. The owner is told
// at the door, and the members when the peer comes in, each once. The mark stays with the key.
func TestVerifiedNickOfAnotherKey(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		alice, carol, mallory := l.start("alice"), l.start("carol"), l.start("mallory")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab"}))
		enter := func(n *Node, nick string) Knock {
			t.Helper()
			joined := make(chan error, 1)
			go func() {
				_, err := n.Join(l.ctx(), JoinOptions{Room: "lab", Nick: nick})
				joined <- err
			}()
			k := until(l.subs["alice"], func(k Knock) bool { return k.Nick == nick })
			if err := alice.Accept(l.ctx(), "lab", nick); err != nil {
				t.Fatal(err)
			}
			if err := <-joined; err != nil {
				t.Fatal(err)
			}
			return k
		}
		if k := enter(carol, "carol"); k.Trust != (Trust{}) {
			t.Errorf("a stranger knocks as %+v", k.Trust)
		}
		must(alice.Verify(l.ctx(), "lab", "carol", true))
		if err := carol.Leave(l.ctx(), "lab"); err != nil {
			t.Fatal(err)
		}
		until(l.subs["alice"], func(m MemberLeft) bool { return m.Nick == "carol" })
		if k := enter(mallory, "CAR0L"); k.Verified || k.Other != carol.self {
			t.Errorf("mallory, with the nick CAR0L, knocks as %+v", k.Trust)
		}
		if m := l.member("alice", "CAR0L"); m.Verified || m.Other != carol.self {
			t.Errorf("mallory is a member as %+v", m.Trust)
		}
		if k := enter(carol, "carla"); !k.Verified || k.Other != "" {
			t.Errorf("carol, with another nick, knocks as %+v", k.Trust)
		}
		warned := func(who string) int {
			n := 0
			for _, ev := range l.subs[who].drain() {
				if w, ok := ev.Body.(Warning); ok && w.Code == "verified_nick" {
					if w.Peer != mallory.self || !strings.HasPrefix(w.Text, "CAR0L ") || !strings.Contains(w.Text, "not the carol you verified") || !strings.Contains(w.Text, mallory.Info().Words) {
						t.Errorf("%s is warned: %+v", who, w)
					}
					n++
				}
			}
			return n
		}
		if n := warned("alice"); n != 1 {
			t.Errorf("alice was warned %d times", n)
		}
		// Bob has met carol elsewhere, and enters the room that mallory is in.
		bob := l.start("bob")
		must(bob.Verify(l.ctx(), "", carol.self.String(), true))
		enter(bob, "bob")
		if n := warned("bob"); n != 0 {
			t.Errorf("bob knows no nick of carol's and was warned %d times", n)
		}
		must(bob.Verify(l.ctx(), "lab", "carla", true))
		if err := bob.Leave(l.ctx(), "lab"); err != nil {
			t.Fatal(err)
		}
		if err := mallory.Leave(l.ctx(), "lab"); err != nil {
			t.Fatal(err)
		}
		until(l.subs["alice"], func(m MemberLeft) bool { return m.Nick == "CAR0L" })
		if err := carol.Leave(l.ctx(), "lab"); err != nil {
			t.Fatal(err)
		}
		until(l.subs["alice"], func(m MemberLeft) bool { return m.Nick == "carla" })
		enter(mallory, "carla")
		enter(bob, "bob")
		synctest.Wait()
		n := 0
		for _, ev := range l.subs["bob"].drain() {
			if w, ok := ev.Body.(Warning); ok && w.Code == "verified_nick" && w.Peer == mallory.self {
				n++
			}
		}
		if n != 1 {
			t.Errorf("bob, in a room with another carla, was warned %d times: %s", n, l.subs["bob"].story())
		}
	})
}

// TestOwnerOfNameChanges: a room's name is known as that of another owner's room. The new room is refused by name with the words of
// both owners, listed with the known one, and entered by its ID, which makes the new owner the known one.
func TestOwnerOfNameChanges(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, eve := l.start("alice"), l.start("eve")
		bob := l.startOn(2, "bob", t.TempDir(), nil)
		for _, h := range l.hosts[:2] {
			must(bob.Dial(l.ctx(), h.Addrs()[0].String()+"/p2p/"+h.ID().String()))
		}
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(bob.Verify(l.ctx(), "lab", "alice", true))
		if err := alice.CloseRoom(l.ctx(), "lab", ""); err != nil {
			t.Fatal(err)
		}
		until(l.subs["bob"], func(e RoomLost) bool { return e.Owner == alice.self })
		lab := must(eve.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		_, err := bob.Join(l.ctx(), JoinOptions{Room: "lab"})
		want := KeyChange{Room: lab, Name: "lab", Owner: eve.self, Words: eve.Info().Words, Known: alice.self, KnownWords: alice.Info().Words, KnownNick: "alice"}
		if e := AsError(err); e.Change == nil || *e.Change != want || !e.Identity || !strings.Contains(e.Text, want.Words) || !strings.Contains(e.Text, want.KnownWords) {
			t.Fatalf("joining by name: %+v", e)
		}
		rooms := must(bob.Rooms(l.ctx()))
		if len(rooms) != 1 || rooms[0].Change == nil || *rooms[0].Change != want {
			t.Errorf("the rooms are %+v", rooms)
		}
		must(bob.Join(l.ctx(), JoinOptions{Room: lab.String()}))
		until(l.subs["bob"], func(w Warning) bool {
			return w.Code == "owner_key" && strings.Contains(w.Text, want.Words) && strings.Contains(w.Text, want.KnownWords)
		})
		if err := bob.Leave(l.ctx(), "lab"); err != nil {
			t.Fatal(err)
		}
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
	})
}

// TestMemberTimes: the times when a member joined and when it spoke last are exact to the second.
func TestMemberTimes(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		if m := l.member("alice", "bob"); m.Since.IsZero() || !m.LastLine.IsZero() {
			t.Errorf("bob has said nothing yet and is %+v", m)
		}
		must(bob.Say(l.ctx(), "lab", "hello", false))
		said := until(l.subs["alice"], func(m Message) bool { return m.Text == "hello" })
		if m := l.member("alice", "bob"); !m.LastLine.Equal(said.At) || m.LastLine.Before(m.Since) {
			t.Errorf("bob spoke at %v and is %+v", said.At, m)
		}
	})
}
