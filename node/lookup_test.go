package node

import (
	"strings"
	"testing"

	"localchat/protocol"
)

// WHO is a nick, a peer ID, or the start or end of one.
func TestFind(t *testing.T) {
	cs := []candidate{{personaID("alice"), "alice"}, {personaID("bob"), "Bob"}, {personaID("carol"), "Ærø"}, {personaID("dave"), ""}}
	id := func(name string) string { return personaID(name).String() }
	whole, end := id("bob"), protocol.ShortID(personaID("bob"))
	// A nick that is the end of somebody's peer ID.
	cs = append(cs, candidate{personaID("erin"), id("alice")[len(id("alice"))-8:]})
	rows := []struct {
		name, who string
		want      string // whose it is
		code      ErrorCode
		says      []string
	}{
		{name: "exact", who: "alice", want: "alice"},
		{name: "another case", who: "BOB", want: "bob"},
		{name: "with @", who: "@bob", want: "bob"},
		{name: "another case beyond ASCII", who: "æRØ", want: "carol"},
		{name: "a whole peer ID", who: whole, want: "bob"},
		{name: "the peer ID of one without a nick", who: id("dave"), want: "dave"},
		{name: "a start that tells it from the others", who: whole[:len(whole)-2], want: "bob"},
		{name: "the end, as screens show it", who: end, want: "bob"},
		{name: "the end with @", who: "@" + end, want: "bob"},
		{name: "the shortest end", who: whole[len(whole)-minPrefix:], want: "bob"},
		{name: "an end that is too short", who: whole[len(whole)-minPrefix+1:], code: NotFound},
		{name: "a start that all share", who: whole[:8], code: Ambiguous, says: []string{"alice", "Bob", "Ærø"}},
		{name: "the start of a nick", who: "ali", code: NotFound},
		{name: "nobody's", who: "mallory", code: NotFound, says: []string{`"mallory"`, "in lab"}},
		{name: "the peer ID of somebody else", who: id("mallory"), code: NotFound},
		{name: "nothing", who: "", code: NotFound},
		{name: "only @", who: "@", code: NotFound},
		{name: "a nick that is the end of another's peer ID: the nick", who: cs[4].nick, want: "erin"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, err := find(r.who, "in lab", cs)
			if r.want != "" && (err != nil || got.peer != personaID(r.want)) {
				t.Fatalf("it is %q, %v", got.nick, err)
			}
			if r.want == "" && (codeOf(err) != r.code || got != (candidate{})) {
				t.Fatalf("it is %q, %v", got.nick, err)
			}
			for _, s := range r.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
	if _, err := find("anybody", "in lab", nil); codeOf(err) != NotFound {
		t.Error(err)
	}
}

// Whatever is read is said again by the same name, and what is unknown is refused with the choice there is.
func TestNamesOfPolicies(t *testing.T) {
	for _, a := range []protocol.Access{protocol.Open, protocol.Knock, protocol.Invite} {
		if got, err := parseAccess(accessName(a)); err != nil || got != a {
			t.Errorf("%s is read as %s, %v", accessName(a), accessName(got), err)
		}
	}
	for _, h := range []protocol.History{protocol.HistoryNone, protocol.HistorySinceJoin, protocol.HistoryAll} {
		if got, err := parseHistory(historyName(h)); err != nil || got != h {
			t.Errorf("%s is read as %s, %v", historyName(h), historyName(got), err)
		}
	}
	for _, s := range []string{"", "OPEN", "closed", "all ", "\x1b[31mopen"} {
		if _, err := parseAccess(s); codeOf(err) != Invalid || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("access %q: %v", s, err)
		}
		if _, err := parseHistory(s); codeOf(err) != Invalid || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("history %q: %v", s, err)
		}
	}
}

func TestFirstWords(t *testing.T) {
	for text, want := range map[string]string{
		"short": "short", strings.Repeat("ø", 40): strings.Repeat("ø", 40), strings.Repeat("ø", 41): strings.Repeat("ø", 40) + "…",
	} {
		if got := firstWords(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// A room that we are taking up again is not entered before its lines come: the log may name us before that.
func TestNotInBeforeLinesCome(t *testing.T) {
	s := assail(t)
	s.inLoop(s.alice, func(l *loop) {
		r := l.rooms[s.room]
		if here, err := (lookHere{"lab"}).run(l); err != nil || !here.in {
			t.Errorf("%+v, %v", here, err)
		}
		r.joined = false
		here, err := (lookHere{"lab"}).run(l)
		r.joined = true
		if err != nil || here.in || here.resuming == nil {
			t.Errorf("%+v, %v", here, err)
		}
	})
}

// Who asks for members is given the words of each.
func TestMembersHaveWords(t *testing.T) {
	s := assail(t)
	s.join(s.host("bob"), "bob")
	info := must(s.alice.Members(s.ctx, "lab"))
	if len(info.Members) != 2 {
		t.Fatalf("%+v", info.Members)
	}
	for _, m := range info.Members {
		if m.Words != protocol.Words(m.Peer) {
			t.Errorf("%s has the words %q", m.Nick, m.Words)
		}
	}
}
