package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"localchat/authority"
	"localchat/node/internal/store"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestFindWho: WHO is a nick, a peer ID, or the start or end of one. No form takes precedence over another.
func TestFindWho(t *testing.T) {
	id := func(name string) string { return personaID(name).String() }
	whole, end := id("bob"), protocol.ShortID(personaID("bob"))
	all := []Named{
		{personaID("alice"), "alice"},
		{personaID("bob"), "Bob"},
		{personaID("carol"), "Ærø"},
		{personaID("dave"), ""},
		{personaID("erin"), id("alice")[len(id("alice"))-8:]}, // the end of alice's ID
		{personaID("frank"), "zoe"},
		{personaID("grace"), "zoe"},
		{personaID("heidi"), "ivan"},
		{personaID("judy"), "ivаn"}, // with a Cyrillic а
		{personaID("ken"), "rnax"},
		{personaID("leo"), id("frank")[:8]},
	}
	rows := []struct {
		name, who string
		want      string // the nick of the peer found
		code      ErrorCode
		says      []string
	}{
		{name: "exact", who: "alice", want: "alice"},
		{name: "another case", who: "BOB", want: "bob"},
		{name: "with @", who: "@bob", want: "bob"},
		{name: "another case beyond ASCII", who: "æRØ", want: "carol"},
		{name: "a whole peer ID", who: whole, want: "bob"},
		{name: "the peer ID of a peer without a nick", who: id("dave"), want: "dave"},
		{name: "a start that tells it from the others", who: whole[:len(whole)-2], want: "bob"},
		{name: "the end, as screens show it", who: end, want: "bob"},
		{name: "the end with the mark of screens", who: "~" + end[4:], want: "bob"},
		{name: "the shortest end", who: whole[len(whole)-MinIDPart:], want: "bob"},
		{name: "an end that is too short", who: whole[len(whole)-MinIDPart+1:], code: CodeNotFound},
		{name: "a start that all share", who: whole[:8], code: CodeAmbiguous, says: []string{"alice", "Bob", "Ærø", "and 3 more"}},
		{name: "the start of a nick", who: "ali", code: CodeNotFound},
		{name: "no such nick", who: "mallory", code: CodeNotFound, says: []string{`"mallory"`, "in lab"}},
		{name: "the peer ID of another peer", who: id("mallory"), code: CodeNotFound},
		{name: "nothing", who: "", code: CodeNotFound},
		{name: "only @", who: "@", code: CodeNotFound},
		{name: "a nick that is the end of another's peer ID", who: all[4].Nick, code: CodeAmbiguous, says: []string{"alice", protocol.ShortID(personaID("erin"))}},
		{name: "that end in another case", who: strings.ToLower(all[4].Nick), want: "erin"},
		{name: "two of one nick", who: "zoe", code: CodeAmbiguous, says: []string{protocol.ShortID(personaID("frank")), protocol.ShortID(personaID("grace"))}},
		{name: "one of them by its end", who: protocol.ShortID(personaID("grace")), want: "grace"},
		{name: "one that another looks like", who: "ivan", code: CodeAmbiguous, says: []string{protocol.ShortID(personaID("heidi")), protocol.ShortID(personaID("judy"))}},
		{name: "only a look-alike", who: "max", code: CodeNotFound, says: []string{"rnax", protocol.ShortID(personaID("ken"))}},
		{name: "a nick that is a start", who: all[10].Nick, code: CodeAmbiguous},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for _, turned := range []bool{false, true} {
				all := slices.Clone(all)
				if turned {
					slices.Reverse(all)
				}
				got, err := FindWho(r.who, "in lab", all)
				if r.want != "" && (err != nil || got.Peer != personaID(r.want)) {
					t.Fatalf("found %q, %v", got.Nick, err)
				}
				if r.want == "" && (codeOf(err) != r.code || got != (Named{})) {
					t.Fatalf("found %q, %v", got.Nick, err)
				}
				for _, s := range r.says {
					if !turned && !strings.Contains(err.Error(), s) {
						t.Errorf("%q does not say %q", err, s)
					}
				}
			}
		})
	}
	if _, err := FindWho("anybody", "in lab", nil); codeOf(err) != CodeNotFound {
		t.Error(err)
	}
	if got, err := FindWho("zoe", "", []Named{all[5], all[5]}); err != nil || got != all[5] {
		t.Errorf("one peer that is listed twice: %v, %v", got, err)
	}
}

// TestOrdersNameOnePeer: an order names one peer, in every method that takes a WHO. If the name fits two peers at the door, two former
// members, two banned peers, or a member and a peer that knocks, all are listed, and nothing is done.
func TestOrdersNameOnePeer(t *testing.T) {
	s := assail(t)
	s.join(s.host("bob"), "bob")
	twins := []peer.ID{personaID("twin 1"), personaID("twin 2")}
	s.inLoop(s.alice, func(l *loop) {
		r := l.rooms[s.room]
		knock := func(p peer.ID, nick string) {
			t.Helper()
			if err := r.desk.step(authority.Knock{Peer: p, Request: protocol.JoinRequest{Room: s.room, Nick: nick}}); err != nil {
				t.Error(err)
				return // not Fatal, which would end the loop
			}
		}
		policy := r.state().Policy()
		policy.Access = protocol.Knock
		if err := r.desk.step(authority.SetPolicy{Policy: policy}); err != nil {
			t.Error(err)
			return
		}
		knock(twins[0], "zoe")
		knock(twins[1], "zoe")
		seq := r.state().Seq()
		orders := map[string]func(who string) error{
			"accept": func(who string) error { _, err := answerKnock{room: "lab", who: who, accept: true}.run(l); return err },
			"deny":   func(who string) error { _, err := answerKnock{room: "lab", who: who}.run(l); return err },
			"kick":   func(who string) error { _, err := kick{room: "lab", who: who}.run(l); return err },
			"ban":    func(who string) error { _, err := ban{room: "lab", who: who}.run(l); return err },
			"verify": func(who string) error { _, err := verifyPeer{"lab", who, true}.run(l); return err },
			"tell":   func(who string) error { _, err := tellTarget{"lab", who}.run(l); return err },
		}
		listed := func(name, who string, want ...PeerID) {
			t.Helper()
			err := orders[name](who)
			if codeOf(err) != CodeAmbiguous {
				t.Errorf("%s %s: %v", name, who, err)
				return
			}
			for _, p := range want {
				if !strings.Contains(err.Error(), protocol.ShortID(p)) {
					t.Errorf("%s %s: %q does not name %s", name, who, err, protocol.ShortID(p))
				}
			}
		}
		for name := range orders {
			listed(name, "zoe", twins...)
			listed(name, "ZOE", twins...)
			listed(name, s.alice.self.String()[:4])
			// No text but an Ed25519 ID is the ID of a peer.
			for _, who := range []string{"1YsFvyU", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "11"} {
				if err := orders[name](who); codeOf(err) != CodeNotFound {
					t.Errorf("%s %s: %v", name, who, err)
				}
			}
		}
		if got := r.state().Seq(); got != seq || len(r.desk.ledger.Knocks()) != 2 || len(l.trusts.by) != 0 {
			t.Errorf("something was done: record %d, was %d; %d at the door, %d verified", got, seq, len(r.desk.ledger.Knocks()), len(l.trusts.by))
			return
		}
		// One is accepted by the end of its ID, and then the other by the nick, once it is the only one.
		if err := orders["accept"](protocol.ShortID(twins[1])); err != nil {
			t.Error(err)
			return
		}
		if _, in := r.state().Member(twins[1]); !in || len(r.desk.ledger.Knocks()) != 0 {
			t.Error("another was accepted")
			return
		}
		if err := orders["accept"]("zoe"); codeOf(err) != CodeNotFound || !strings.Contains(err.Error(), "already") {
			t.Errorf("a member is accepted: %v", err)
		}
		// Two peers of one nick have left: the nick means neither, but it means a peer that is here.
		if _, err := (kick{room: "lab", who: "zoe"}).run(l); err != nil {
			t.Error(err)
			return
		}
		knock(twins[0], "Zoe")
		for _, order := range []string{"accept", "kick"} { // the peer that is here
			if err := orders[order]("zoe"); err != nil {
				t.Error(err)
				return
			}
		}
		listed("kick", "zoe", twins...)
		listed("ban", "zoe", twins...)
		for _, p := range twins {
			if err := orders["ban"](protocol.ShortID(p)); err != nil {
				t.Error(err)
				return
			}
		}
		for _, p := range twins {
			if _, banned := r.state().Banned(p, time.Now()); !banned {
				t.Errorf("%s is not banned", p)
			}
		}
		_, err := unban{"lab", "zoe"}.run(l)
		if codeOf(err) != CodeAmbiguous || len(r.state().Bans(time.Now())) != 2 {
			t.Errorf("unban zoe: %v", err)
		}
		if _, err := (unban{"lab", protocol.ShortID(twins[0])}).run(l); err != nil {
			t.Error(err)
		}
	})
}

// TestUnverifyNamesOnePeer: to take back a verification, WHO names a verified peer.
func TestUnverifyNamesOnePeer(t *testing.T) {
	s := assail(t)
	s.inLoop(s.alice, func(l *loop) {
		for i, nick := range []string{"zoe", "z0e", "bob"} {
			l.trusts.by[personaID(fmt.Sprint(i))] = store.Note{Nick: nick, At: time.Now()}
		}
		l.trusts = newTrusts(l.trusts.by, nil)
		if _, err := (verifyPeer{"lab", "zoe", false}).run(l); codeOf(err) != CodeAmbiguous || len(l.trusts.by) != 3 {
			t.Errorf("unverify zoe: %v", err)
		}
		if v, err := (verifyPeer{"lab", "bob", false}).run(l); err != nil || v.Nick != "bob" {
			t.Errorf("unverify bob: %+v, %v", v, err)
		}
		if v, err := (verifyPeer{"lab", protocol.ShortID(personaID("1")), false}).run(l); err != nil || v.Peer != personaID("1") {
			t.Errorf("unverify by the end of the ID: %+v, %v", v, err)
		}
	})
}

// TestFewPeopleAreListed: if many people fit, the error lists maxListed of them and says how many more there are.
func TestFewPeopleAreListed(t *testing.T) {
	var all []Named
	for i := range maxListed + 3 {
		all = append(all, Named{personaID(fmt.Sprint("zoe", i)), "zoe"})
	}
	_, err := FindWho("zoe", "in lab", all)
	if text := AsError(err).Text; strings.Count(text, "zoe (") != maxListed || !strings.HasSuffix(text, ", and 3 more") {
		t.Errorf("the error says %s", text)
	}
}
