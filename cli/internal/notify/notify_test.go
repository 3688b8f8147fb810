package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// in is an event of the room lab.
func in(body node.EventBody) node.Event {
	return node.Event{Room: clitest.LabID, RoomName: "lab", Body: body}
}

// TestOf: which events call bob, and at which levels.
func TestOf(t *testing.T) {
	line := func(text string) node.Message { return clitest.Spoken(1, text) }
	late, old, own := line("bob?"), line("bob?"), line("I am bob")
	late.Late, old.Late, old.Backlog, own.Self = true, true, true, true
	for name, c := range map[string]struct {
		body node.EventBody
		want Kind
		at   []Level
	}{
		"a line":                    {line("hello"), Line, []Level{All}},
		"my nick":                   {line("are you there, Bob?"), Mention, []Level{All, Calls}},
		"a longer nick":             {line("bobby?"), Line, []Level{All}},
		"my nick, late":             {late, Mention, []Level{All, Calls}},
		"my nick, before the start": {old, Nothing, nil},
		"my own line":               {own, Nothing, nil},
		"an action":                 {node.Message{Peer: clitest.AliceID, Nick: "alice", Text: "looks at bob", Action: true}, Mention, []Level{All, Calls}},
		"a direct message":          {node.Direct{Peer: clitest.AliceID, Nick: "alice", Text: "psst"}, Direct, []Level{All, Calls}},
		"a direct message of mine":  {node.Direct{Peer: clitest.MeID, Nick: "bob", Text: "psst", Self: true, To: clitest.AliceID, ToNick: "alice"}, Nothing, nil},
		"an old direct message":     {node.Direct{Peer: clitest.AliceID, Nick: "alice", Text: "psst", Backlog: true}, Nothing, nil},
		"a knock":                   {node.Knock{Peer: clitest.DaveID, Nick: "dave"}, Knock, []Level{All, Calls}},
		"a knock of one ignored":    {node.Knock{Peer: clitest.DaveID, Nick: "dave", Trust: node.Trust{Ignored: true}}, Nothing, nil},
		"my removal":                {node.Removed{Kind: node.KindKicked}, Removal, []Level{All, Calls}},
		"the end of my room":        {node.Removed{Kind: node.KindClosed}, Removal, []Level{All, Calls}},
		"refused":                   {node.Refused{}, Removal, []Level{All, Calls}},
		"an offered room":           {node.TransferOffered{Until: time.Now()}, Offer, []Level{All, Calls}},
		"an offer that ended":       {node.TransferOffered{}, Nothing, nil},
		"my mute":                   {node.Muted{Seq: 1}, Mute, []Level{All, Calls}},
		"the mute of another":       {node.MemberMuted{Peer: clitest.DaveID, Nick: "dave"}, Nothing, nil},
		"the removal of another":    {node.MemberRemoved{Peer: clitest.DaveID, Nick: "dave"}, Nothing, nil},
		"somebody comes":            {node.MemberJoined{Peer: clitest.DaveID, Nick: "bob"}, Nothing, nil},
		"a warning":                 {node.Warning{Code: "attempt", Text: "bob"}, Nothing, nil},
		"a reason that names me":    {node.RemovalReason{Text: "bob"}, Nothing, nil},
	} {
		got := Of(in(c.body), "bob")
		if got != c.want {
			t.Errorf("%s: kind %d, want %d", name, got, c.want)
		}
		var at []Level
		for _, l := range []Level{All, Calls, Off} {
			if l.Wants(got) {
				at = append(at, l)
			}
		}
		if fmt.Sprint(at) != fmt.Sprint(c.at) {
			t.Errorf("%s calls at %v, want %v", name, at, c.at)
		}
	}
	if Of(in(line("")), "") != Line {
		t.Error("an empty line names somebody without a nick")
	}
}

func TestWords(t *testing.T) {
	long := strings.Repeat("bob ", 1000)
	for name, c := range map[string]struct {
		body        node.EventBody
		title, want string
		unnamed     string
	}{
		"line":    {clitest.Spoken(1, "bob: hello"), "localchat: lab", "<alice> bob: hello", "somebody names you"},
		"direct":  {node.Direct{Peer: clitest.AliceID, Nick: "alice", Text: "psst"}, "localchat: lab", "[alice to you] psst", "a direct message for you"},
		"knock":   {node.Knock{Peer: clitest.DaveID, Nick: "dave", Words: "robot lemon"}, "localchat: lab", "dave knocks", "somebody knocks"},
		"removal": {node.Removed{Kind: "kicked", Text: "too loud", ByNick: "alice", By: clitest.AliceID}, "localchat: lab", "you were kicked from lab by alice: too loud", "you are no longer in a room"},
		"mute":    {node.Muted{Text: "too loud", ByNick: "alice", By: clitest.AliceID}, "localchat: lab", "you were muted in lab by alice: too loud; you can still read, and /msg reaches the owner alone", "you are muted in a room"},
		"long":    {clitest.Spoken(1, long), "localchat: lab", string(safe.Crop(safe.Message("<alice> "+long), maxBody)), "somebody names you"},
	} {
		hear := func(text bool) Note {
			notes := new(Caller).Hear(in(c.body), clitest.Noon, "bob", Settings{Calls, text})
			if len(notes) != 1 {
				t.Fatalf("%s: %d notifications", name, len(notes))
			}
			return notes[0]
		}
		if got := hear(true); string(got.Title) != c.title || string(got.Body) != c.want {
			t.Errorf("%s: %q, want %q: %q", name, got, c.title, c.want)
		}
		if got := hear(false); string(got.Title) != "localchat" || string(got.Body) != c.unnamed {
			t.Errorf("%s without text: %q, want %q", name, got, c.unnamed)
		}
	}
	note := new(Caller).Hear(node.Event{RoomName: strings.Repeat("ab", 30), Body: clitest.Spoken(1, "bob")}, clitest.Noon, "bob", Default)[0]
	if n := safe.Cells(note.Title); n != maxTitle {
		t.Errorf("a title of %d cells, want %d: %q", n, maxTitle, note.Title)
	}
}

// A crowd hears events, one a second, and counts the notifications.
type crowd struct {
	c   Caller
	now time.Time
}

func (w *crowd) hears(body node.EventBody, level Level) (bodies []string) {
	w.now = w.now.Add(time.Second)
	for _, n := range w.c.Hear(in(body), w.now, "bob", Settings{level, true}) {
		bodies = append(bodies, string(n.Body))
	}
	return bodies
}

// TestFloodIsBounded: a member who floods causes a bounded number of notifications, and leaves room for those of other members. The
// number of those that were left out is shown once.
func TestFloodIsBounded(t *testing.T) {
	w := crowd{now: clitest.Noon}
	flood := func(n int) (bodies []string) {
		for range n {
			bodies = append(bodies, w.hears(clitest.Spoken(1, "bob!"), Calls)...)
		}
		return bodies
	}
	if got := flood(20); len(got) != maxOfPeer {
		t.Errorf("20 mentions of one member in 20 seconds give %q, want %d notifications", got, maxOfPeer)
	}
	if due := w.c.Due(); due != clitest.Noon.Add(time.Second).Add(window) {
		t.Errorf("the rest is due at %v", due)
	}
	if got := w.hears(node.Direct{Peer: clitest.DaveID, Nick: "dave", Text: "psst"}, Calls); len(got) != 1 {
		t.Errorf("another member's direct message gives %q", got)
	}
	if got := w.c.Rest(clitest.Noon.Add(window)); got != nil {
		t.Errorf("the rest is shown before its time: %q", got)
	}
	if got := w.c.Rest(w.c.Due()); len(got) != 1 || got[0].Body != "and 17 more" {
		t.Errorf("the rest is shown as %q, want that there are 17 more", got)
	}
	if got := w.c.Rest(w.now.Add(time.Hour)); got != nil || !w.c.Due().IsZero() {
		t.Errorf("the rest is shown again: %q", got)
	}
	total := 0
	for range 10 * 60 {
		total += len(flood(1))
	}
	if most := 10 * (maxOfPeer + 1); total > most || total < 10*maxOfPeer {
		t.Errorf("ten minutes of mentions give %d notifications, want at most %d", total, most)
	}
}

// TestEachKindHasItsOwnBound: neither strangers who knock nor lines that name nobody use up the notifications that a member needs.
func TestEachKindHasItsOwnBound(t *testing.T) {
	w := crowd{now: clitest.Noon}
	count := func(n int, body func(i int) node.EventBody) (shown int) {
		for i := range n {
			shown += len(w.hears(body(i), All))
		}
		return shown
	}
	stranger := func(i int) node.PeerID { return clitest.PeerID(fmt.Sprint("stranger", i)) }
	if got := count(10, func(i int) node.EventBody { return node.Knock{Peer: stranger(i), Nick: "x"} }); got != maxOfKind[Knock] {
		t.Errorf("%d notifications of ten knocks", got)
	}
	if got := count(10, func(i int) node.EventBody { return node.Message{Peer: stranger(i), Nick: "x", Text: "hello"} }); got != maxOfKind[Line] {
		t.Errorf("%d notifications of ten lines", got)
	}
	if got := count(10, func(i int) node.EventBody { return node.Direct{Peer: stranger(i), Nick: "x", Text: "hello"} }); got != maxOfKind[Mention] {
		t.Errorf("%d notifications of ten direct messages", got)
	}
	if got := count(1, func(int) node.EventBody { return node.Removed{Kind: node.KindKicked, ByNick: "alice"} }); got != 1 {
		t.Error("a removal gives no notification")
	}
	w.c.Looked()
	if got := count(1, func(i int) node.EventBody { return node.Knock{Peer: stranger(i), Nick: "x"} }); got != 1 || !w.c.Due().IsZero() {
		t.Errorf("after the person has looked, a knock gives %d notifications; the rest is due at %v", got, w.c.Due())
	}
}

// TestClockSetBack: a clock that goes back does not silence anybody.
func TestClockSetBack(t *testing.T) {
	var c Caller
	for range 10 {
		c.Hear(in(clitest.Spoken(1, "bob")), clitest.Noon, "bob", Default)
	}
	if got := c.Hear(in(clitest.Spoken(1, "bob")), clitest.Noon.Add(-time.Hour), "bob", Default); len(got) != 2 {
		t.Errorf("an hour earlier: %q, want the rest and the line", got)
	}
}
