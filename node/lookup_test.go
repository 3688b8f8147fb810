package node

import (
	"strings"
	"testing"

	"localchat/protocol"
)

// TestPolicyNames: each name that is parsed is printed as the same name, and an unknown name is refused with the valid ones.
func TestPolicyNames(t *testing.T) {
	for _, a := range []protocol.Access{protocol.Open, protocol.Knock, protocol.Invite} {
		if got, err := accessFrom(a).parse(); err != nil || got != a {
			t.Errorf("%s is read as %s, %v", accessFrom(a), accessFrom(got), err)
		}
	}
	for _, h := range []protocol.History{protocol.HistoryNone, protocol.HistorySinceJoin, protocol.HistoryAll} {
		if got, err := historyFrom(h).parse(); err != nil || got != h {
			t.Errorf("%s is read as %s, %v", historyFrom(h), historyFrom(got), err)
		}
	}
	for _, s := range []string{"", "OPEN", "closed", "all ", "\x1b[31mopen"} {
		if _, err := Access(s).parse(); codeOf(err) != CodeInvalid || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("access %q: %v", s, err)
		}
		if _, err := History(s).parse(); codeOf(err) != CodeInvalid || strings.ContainsRune(err.Error(), '\x1b') {
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

// TestNotInBeforeLinesCome: a room that is being resumed is not entered before its log arrives: the log may show us as a member before
// that.
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

// TestMembersHaveWords: the answer to a request for members has the words of each.
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
