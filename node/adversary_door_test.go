package node

import (
	"context"
	"sync"
	"testing"
	"time"

	"localchat/protocol"
	"localchat/test/hostile"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestAdversaryKnocksAsAnother: a peer knocks with a nick that looks like bob's, before or after bob. The owner's words that let bob
// in do not let that peer in, and the words that refuse that peer do not refuse bob.
func TestAdversaryKnocksAsAnother(t *testing.T) {
	long(t)
	for name := range hostile.Impersonations("bob", personaID("bob")) {
		for _, first := range []bool{true, false} {
			title := name
			if first {
				title += ", and was first"
			}
			t.Run(title, func(t *testing.T) { knocksAsBob(t, name, first) })
		}
	}
}

func knocksAsBob(t *testing.T, name string, first bool) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab"}))
		m := l.infiltrate(2, lab)
		ctx, cancel := context.WithCancel(l.ctx())
		defer cancel()
		var joined sync.WaitGroup
		knock := func() {
			joined.Go(func() { _, _ = bob.Join(ctx, JoinOptions{Room: lab.ID.String()}) })
			until(l.subs["alice"], func(k Knock) bool { return k.Peer == bob.self })
		}
		if !first {
			knock()
		}
		code := m.Stands(hostile.Impersonations("bob", bob.self)[name])
		if first {
			knock()
		}
		waits := code == protocol.JoinWaiting
		// The owner means to let bob in.
		for _, who := range []string{"bob", "BOB", bob.self.String()[:len(bob.self.String())-30], protocol.ShortID(bob.self)} {
			if err := alice.Accept(l.ctx(), "lab", who); err != nil && codeOf(err) != CodeAmbiguous && codeOf(err) != CodeNotFound {
				t.Errorf("accept %s: %v", who, err)
			}
		}
		time.Sleep(time.Second) // simulated
		in := map[peer.ID]bool{}
		for _, member := range must(alice.Members(l.ctx(), "lab")).Members {
			in[member.Peer] = true
		}
		if in[m.Host.ID()] || !in[bob.self] || len(m.Gains) > 0 {
			t.Errorf("mallory waits: %v (%d); it is in: %v; bob is in: %v; %v", waits, code, in[m.Host.ID()], in[bob.self], m.Gains)
		}
		cancel()
		joined.Wait()
	})
}

// TestAdversaryShowsTokens: tokens that are not valid, however many and of whatever kind, keep nobody out that has a valid one.
func TestAdversaryShowsTokens(t *testing.T) {
	// A kind is a set of tokens that mallory has, none of which is valid for it.
	kinds := map[string]func(l *simLAN) []protocol.Token{
		"made up": func(*simLAN) (ts []protocol.Token) {
			for i := range byte(100) {
				ts = append(ts, protocol.Token{i + 1, 9})
			}
			return ts
		},
		"for another nick": func(l *simLAN) []protocol.Token { return []protocol.Token{l.token("erin")} },
		"revoked": func(l *simLAN) []protocol.Token {
			made := must(l.nodes["alice"].Invite(l.ctx(), "lab", "", time.Hour))
			l.ok(l.nodes["alice"].Uninvite(l.ctx(), "lab", made.ID))
			return []protocol.Token{must(protocol.ParseInvite(made.Text)).Token}
		},
		"expired": func(l *simLAN) []protocol.Token {
			made := must(l.nodes["alice"].Invite(l.ctx(), "lab", "", time.Second))
			time.Sleep(2 * time.Second) // simulated
			return []protocol.Token{must(protocol.ParseInvite(made.Text)).Token}
		},
		"used": func(l *simLAN) []protocol.Token {
			token := l.token("")
			friend := l.infiltrate(3, must(l.nodes["alice"].Rooms(l.ctx()))[0])
			if code := friend.Join("friend", token); code != protocol.JoinAdmitted {
				l.t.Fatal("the friend is answered", code)
			}
			return []protocol.Token{token}
		},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			simulate(t, 4, func(l *simLAN) {
				invite := AccessInvite
				alice, bob := l.start("alice"), l.start("bob")
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &invite}}))
				m := l.infiltrate(2, lab)
				m.ShowsTokens("mallory", 300, kind(l)...)
				begun := time.Now()
				if _, err := bob.Join(l.ctx(), JoinOptions{Invite: must(alice.Invite(l.ctx(), "lab", "bob", time.Hour)).Text}); err != nil || time.Since(begun) > 5*time.Second {
					t.Errorf("bob was invited, and after %v is answered: %v", time.Since(begun), err)
				}
				for _, g := range m.Gains {
					t.Error("mallory gained", g)
				}
			})
		})
	}
}

// token is the token of an invite to lab for that nick, made by alice.
func (l *simLAN) token(nick string) protocol.Token {
	return must(protocol.ParseInvite(must(l.nodes["alice"].Invite(l.ctx(), "lab", nick, time.Hour)).Text)).Token
}
