package transcript

import (
	"strings"
	"testing"

	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestNoLineStandsLastForever: however far ahead a line claims to be, later lines stand below it.
func TestNoLineStandsLastForever(t *testing.T) {
	type said struct {
		who     string
		lamport uint64
	}
	const now = 100
	for name, evil := range map[string][]said{
		"the largest":           {{"mallory", protocol.MaxCounter}},
		"a step":                {{"mallory", maxLamportStep}},
		"just beyond":           {{"mallory", now + maxLamportAhead + 5}},
		"twice":                 {{"mallory", protocol.MaxCounter}, {"mallory", protocol.MaxCounter - 1}},
		"just within":           {{"mallory", now + maxLamportAhead - 5}},
		"two that do not agree": {{"mallory", protocol.MaxCounter}, {"bob", maxLamportStep}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newLawRoom(t, "lab")
			w.Admit("mallory", "bob", "carol")
			g := w.transcript("alice")
			ctrs := make(map[string]uint64)
			say := func(who string, lamport uint64) {
				ctrs[who]++
				h := protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: ctrs[who], Lamport: lamport}
				key, _ := w.Keys.Get(w.Epoch())
				g.Relay(w.env(), sealed(who, h, who, key))
			}
			for i := range uint64(now) {
				say("carol", i+1)
			}
			for _, e := range evil {
				say(e.who, e.lamport)
			}
			if g.lamport > now+maxLamportAhead {
				t.Errorf("our clock is at %d", g.lamport)
			}
			say("alice", g.lamport+1)
			say("carol", g.lamport+1)
			for range 3 {
				say("alice", g.lamport+1)
			}
			order := g.Ordered()
			for i, want := range []string{"alice", "alice", "alice", "carol"} {
				if got := order[len(order)-1-i].Content.Text; got != want {
					t.Errorf("the line %d from the end is of %s, not of %s", i, got, want)
				}
			}
		})
	}
}

// TestLamportClockFollowsOthers: a member that has missed much, or has only come, follows the clock of the others.
func TestLamportClockFollowsOthers(t *testing.T) {
	var n numbers
	line := func(who peer.ID, lamport uint64) {
		n.keepUp("us", protocol.Message{Author: who, Header: protocol.Header{Lamport: lamport}})
	}
	line("us", 1)
	line("bob", 500_000)
	if n.lamport != 500_000 {
		t.Errorf("a newcomer's clock is at %d", n.lamport)
	}
	line("bob", 900_000)
	if n.lamport != 500_000 {
		t.Errorf("one author has set it to %d", n.lamport)
	}
	line("carol", 900_001)
	if n.lamport != 900_001 {
		t.Errorf("two authors that agree leave it at %d", n.lamport)
	}
	line("bob", 900_002)
	if n.lamport != 900_002 {
		t.Errorf("it is at %d", n.lamport)
	}
}

// TestWordOnOurNumbers: only the authority is believed when it says that a line of this node has a number which was used before. A
// member that says so cannot make a line undelivered, and its word that it has the line counts no more; a line that it hands over is a
// proof.
func TestWordOnOurNumbers(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob", "carol")
	key := w.Key(w.Epoch())
	line := func(name string, ctr uint64, text string) protocol.Message {
		return sealed(name, protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: ctr, Lamport: ctr}, text, key)
	}
	false3 := protocol.Cut{Ctr: 3, Hash: protocol.Hash{1}}
	for name, c := range map[string]struct {
		self  string
		lines int // said before
		hear  func(g *Transcript, env Env) []Effect
		want  string // what becomes of the lines
	}{
		"the authority names another line": {"bob", 3, func(g *Transcript, env Env) []Effect {
			return g.LastKnown(env, personaID("alice"), false3)
		}, "taken taken taken"},
		"a member does": {"bob", 3, func(g *Transcript, env Env) []Effect {
			return g.LastKnown(env, personaID("carol"), false3)
		}, ""},
		"a member does of a line that nobody has said": {"bob", 2, func(g *Transcript, env Env) []Effect {
			return g.LastKnown(env, personaID("carol"), false3)
		}, ""},
		"a member does, and has them all": {"alice", 3, func(g *Transcript, env Env) []Effect {
			return append(g.LastKnown(env, personaID("carol"), false3), g.Compared(env, Answer{Peer: personaID("carol"), Reply: &protocol.SyncReply{HaveSeq: 1, Last: false3, Receipt: protocol.Runs{3}}, Judged: true})...)
		}, ""},
		"a member does, and another has them": {"alice", 3, func(g *Transcript, env Env) []Effect {
			return append(g.LastKnown(env, personaID("carol"), false3), g.Compared(env, Answer{Peer: personaID("bob"), Reply: &protocol.SyncReply{HaveSeq: 1, Receipt: protocol.Runs{3}}, Judged: true})...)
		}, "delivered delivered delivered"},
		"a member hands over a line of another life": {"alice", 3, func(g *Transcript, env Env) []Effect {
			_, _, effects := g.Handed(env, personaID("carol"), []protocol.Message{line("alice", 5, "of another life")}, nil)
			return effects
		}, "taken taken taken"},
		"a member hands over a line of the life before": {"alice", 3, func(g *Transcript, env Env) []Effect {
			m := line("alice", 1, "of the life before")
			g.drop(g.byAuthor[g.self][:1])
			_, _, effects := g.Handed(env, personaID("carol"), []protocol.Message{m}, nil)
			return effects
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g, env := w.transcript(c.self), w.env()
			for i := range c.lines {
				m := line(c.self, uint64(i+1), "hello")
				if _, ok := g.Say(env, m); !ok {
					t.Fatal("not said")
				}
			}
			var got []string
			for _, e := range c.hear(g, env) {
				switch e := e.(type) {
				case Delivered:
					got = append(got, "delivered")
				case Undelivered:
					if e.Taken {
						got = append(got, "taken")
					}
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%q, not %q", s, c.want)
			}
			if g.Next(1).Ctr <= 3 {
				t.Error("a number is used twice")
			}
			if g.End(env, personaID("carol")); len(g.contested) > 0 {
				t.Error("what a former member says is kept")
			}
		})
	}
}
