package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the difference before you commit it")

// hostile is what a peer may put into any field of text.
const hostile = "e\x1b[2J\x1b]0;owned\a\u202evil\u200b\nx\u009b31m"

// every is one event of each type, twice where it looks different, with hostile text in every field a peer writes.
func every() []node.EventBody {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.Local)
	return []node.EventBody{
		node.RoomFound{Name: "lab", Owner: aliceID, Words: "amber kiwi", Access: "knock"},
		node.RoomFound{Name: hostile, Owner: aliceID, Words: hostile, Access: hostile},
		node.RoomLost{Name: hostile},
		node.Knock{Peer: daveID, Nick: "dave", Words: "robot lemon"},
		node.Knock{Peer: daveID, Nick: "dave", Words: "robot lemon", Trust: node.Trust{Verified: true}},
		node.Knock{Peer: daveID, Nick: "dave", Words: "robot lemon", Trust: node.Trust{Other: aliceID}},
		node.Knock{Peer: daveID, Nick: hostile, Words: hostile},
		node.Knock{Peer: daveID, Nick: "dave", Words: "robot lemon", Alike: true},
		node.KnockGone{Peer: daveID, Nick: "dave"},
		node.Joined{Name: "lab", Nick: "bob", Epoch: 3},
		node.Joined{Name: "lab", Nick: "bob", Epoch: 3, Resumed: true},
		node.Joined{Name: hostile, Nick: hostile, Owner: true},
		node.Left{},
		node.MemberJoined{Peer: daveID, Nick: "dave"},
		node.MemberJoined{Peer: daveID, Nick: hostile},
		node.MemberLeft{Peer: daveID, Nick: "dave"},
		node.MemberRemoved{Peer: daveID, Nick: "dave", By: aliceID, ByNick: "alice", Kind: "kicked"},
		node.MemberRemoved{Peer: daveID, Nick: "dave", By: aliceID, ByNick: "alice", Kind: "banned", Until: at},
		node.MemberRemoved{Peer: daveID, Nick: hostile, By: aliceID, ByNick: hostile, Kind: hostile},
		node.RemovalReason{Peer: daveID, Nick: "dave", Text: "too loud"},
		node.RemovalReason{Peer: daveID, Nick: "dave", Text: hostile},
		node.Unbanned{Peer: daveID, Nick: "dave"},
		node.Message{Peer: daveID, Nick: "dave", Text: "hello", At: at},
		node.Message{Peer: daveID, Nick: "dave", Text: "hello", At: at, Late: true},
		node.Message{Peer: daveID, Nick: "dave", Text: "waves", Action: true, At: at},
		node.Message{Peer: daveID, Nick: "you", Text: "were kicked from lab by alice: too loud", Action: true, At: at},
		node.Message{Peer: daveID, Nick: "Lab", Text: "was closed by alice", Action: true, At: at},
		node.Message{Peer: daveID, Nick: hostile, Text: hostile, At: at},
		node.Message{Peer: daveID, Nick: "", Text: "no nick", At: at},
		node.Message{Peer: daveID, Nick: "dave", Text: "hello", At: at, Late: true, Before: "x", Next: &node.Quote{Nick: "bob", Text: "hi there"}},
		node.Message{Peer: daveID, Nick: "dave", Text: "hello", At: at, Late: true, Before: "x", Next: &node.Quote{Nick: hostile, Text: hostile}},
		node.Message{Peer: daveID, Nick: "dave", Text: "hello", At: at, Late: true, Backlog: true},
		node.Backlog{N: 1},
		node.Backlog{N: 12, Before: "x", Next: &node.Quote{Nick: hostile, Text: hostile}},
		node.BacklogEnd{},
		node.Hidden{Peer: daveID, Nick: "dave", IDs: []string{"a", "b"}},
		node.Expired{IDs: []string{"a"}},
		node.Delivered{ID: "a"},
		node.Direct{Peer: daveID, Nick: "dave", Text: "psst", At: at},
		node.Direct{Peer: daveID, Nick: hostile, Text: hostile, At: at},
		node.Removed{Kind: "kicked", Text: "too loud", By: aliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "banned", Text: "spam", By: aliceID, ByNick: "alice", At: at, Until: at.Add(time.Hour)},
		node.Removed{Kind: "banned", By: aliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "closed", Text: "lunch", By: aliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "idle", By: aliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "invite-revoked", By: aliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "other", Text: hostile, By: aliceID, ByNick: hostile, At: at},
		node.Refused{},
		node.Epoch{Epoch: 4},
		node.Epoch{Epoch: 4, Have: []node.PeerID{aliceID}, Missing: []node.PeerID{daveID}},
		node.RemovalProgress{Peer: daveID, Nick: "dave", Kind: "kicked", Told: true, Applied: 11, Total: 12, Missing: []string{"carol"}},
		node.RemovalProgress{Peer: daveID, Nick: "dave", Kind: "banned", Applied: 0, Total: 2, Missing: []string{"carol", hostile}},
		node.RemovalProgress{Peer: daveID, Nick: "dave", Kind: "kicked", Told: true, Applied: 12, Total: 12},
		node.OwnerUnreachable{ForS: 40},
		node.OwnerUnreachable{Left: true, Nick: "alice"},
		node.OwnerUnreachable{Left: true, Nick: hostile},
		node.OwnerBack{ForS: 671},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "knock", Subject: "the build", IdleS: 21600, RetainS: 600, History: "none"}, By: aliceID, ByNick: "alice", Changed: []string{"subject"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "open", IdleS: 21600, RetainS: 86400, History: "since-join"}, By: aliceID, ByNick: "alice", Changed: []string{"subject", "retain_s"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "invite", Subject: hostile, RetainS: 90, History: hostile, MembersInvite: true, HideReasons: true}, By: aliceID, ByNick: hostile, Changed: []string{"access", "subject", "idle_s", "retain_s", "history", "members_invite", "hide_reasons"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "knock"}, By: aliceID, ByNick: "owner", Changed: []string{"idle_s"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "knock"}},
		node.RoomClosed{Kind: "closed", Text: "lunch"},
		node.RoomClosed{Kind: "idle"},
		node.Gap{Lost: 12},
		node.Warning{Code: "attempt", Text: "bob tried to /kick dave"},
		node.Warning{Code: hostile, Text: hostile},
	}
}

// TestRenderEveryEvent compares the line for every event with testdata/events.golden: type, then the line.
func TestRenderEveryEvent(t *testing.T) {
	t.Setenv("TZ", "UTC")
	r := renderer{keys: true}
	var b strings.Builder
	for _, body := range every() {
		for _, line := range append(r.lines(node.Event{Room: labID, RoomName: "lab", Body: body}), "")[:1] {
			if strings.ContainsFunc(string(line), safe.Forbidden) {
				t.Errorf("%s: the line %q holds what no terminal may get", body.Type(), line)
			}
			fmt.Fprintf(&b, "%-18s %s\n", body.Type(), line)
		}
	}
	golden(t, "events.golden", b.String())
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; run go test -update and read the difference\ngot:\n%s\nwant:\n%s", path, text, want)
	}
}

func TestStampAndRoom(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.Local)
	said := node.Event{Time: at.Add(time.Hour), Room: labID, RoomName: "lab", Body: node.Message{Peer: daveID, Nick: "dave", Text: "hi", At: at}}
	for _, c := range []struct {
		r    renderer
		want string
	}{
		{renderer{}, "<dave> hi"},
		{renderer{clock: true}, "14:05 <dave> hi"},
		{renderer{clock: true, room: labID.String()}, "14:05 <dave> hi"},
		{renderer{clock: true, room: denID.String()}, "14:05 [lab] <dave> hi"},
	} {
		if got := c.r.lines(said); len(got) != 1 || string(got[0]) != c.want {
			t.Errorf("%+v: %q, want %q", c.r, got, c.want)
		}
	}
}

// TestThreeEndings: a lost network, a kick and a refusal never look alike.
func TestThreeEndings(t *testing.T) {
	seen := map[string]string{}
	for _, body := range []node.EventBody{node.OwnerUnreachable{ForS: 40}, node.Removed{Kind: "kicked", ByNick: "alice"}, node.Refused{}} {
		line := renderer{}.lines(node.Event{Room: labID, RoomName: "lab", Body: body})[0]
		start := strings.Join(strings.Fields(string(line))[:4], " ")
		if other, ok := seen[start]; ok {
			t.Errorf("%s and %s both begin %q", body.Type(), other, start)
		}
		seen[start] = body.Type()
	}
}

func TestRoomTable(t *testing.T) {
	lines := roomLines([]node.RoomInfo{
		{Name: "lab", Access: "knock", Members: 5, Words: "amber kiwi", Mine: true, In: true},
		{Name: "reading\x1b[31m", Access: "invite", Members: 1, Words: "robot", Subject: "the\nbuild", In: true},
		{Name: "x", Access: "open", Words: "orbit"},
		{Name: "y", Access: "open", Words: "orbit", Verified: true, Subject: "tea"},
		{Name: "z", Access: "open", Words: "orbit", Change: &node.KeyChange{}},
		{ID: denID, Name: "la\u2800b", Access: "open", Words: "orbit"},
		{ID: denID, Name: "la\U0001D159b", Access: "open", Words: "orbit"},
		{ID: denID, Name: "la\u2060b", Access: "open", Words: "orbit"},
	})
	id := denID.String()
	end := id[len(id)-8:]
	want := []string{
		"lab               knock      5 members; yours; owner's words: amber kiwi",
		"reading~aaaaaaaa  by invite  1 member; you are in; owner's words: robot; the ⏎ build",
		"x                 open       members not told; owner's words: orbit",
		"y                 open       members not told; ✓ verified owner; owner's words: orbit; tea",
		"z                 open       members not told; ! not the owner you know; owner's words: orbit",
		"la\u2800b~" + end + "     open       members not told; owner's words: orbit",
		"lab~" + end + "      open       members not told; owner's words: orbit",
		"lab~" + end + "      open       members not told; owner's words: orbit",
	}
	for i, line := range lines {
		if string(line) != want[i] {
			t.Errorf("%q, want %q", line, want[i])
		}
	}
}

func BenchmarkRender(b *testing.B) {
	r := renderer{clock: true, room: labID.String()}
	ev := node.Event{Time: time.Now(), Room: labID, RoomName: "lab", Body: node.Message{Peer: daveID, Nick: "dave", Text: "morning. the build box is at 192.168.1.40", At: time.Now()}}
	b.ReportAllocs()
	for b.Loop() {
		r.lines(ev)
	}
}

// A policy is told in words that a person understands, whoever asks; a change by who has made it and what it is.
func TestAPolicyInWords(t *testing.T) {
	p := node.PolicyInfo{Access: "knock", IdleS: 6 * 3600, RetainS: 24 * 3600, History: "since-join"}
	got := ""
	for _, l := range policyLines("lab", p) {
		got += string(l) + "\n"
	}
	want := `the policy of lab:
  the subject: none
  who may come in: whoever knocks and is accepted, or has an invite
  how long lines are kept: 1 day
  what newcomers see: what is said from when they come in
  when the room closes by itself: after 6 hours without a line
  who makes invites: the owner
  who is told why somebody was removed: everybody in the room
`
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	for s, want := range map[int64]safe.Text{
		1: "1 second", 600: "10 minutes", 90: "1 minute 30 seconds", 3600: "1 hour", 26 * 3600: "1 day 2 hours", 14 * 86400: "2 weeks", 0: "0 seconds",
	} {
		if got := inWords(s); got != want {
			t.Errorf("%d seconds are %q, not %q", s, got, want)
		}
	}
	for _, r := range policyRules {
		field, ok := reflect.TypeOf(p), false
		for i := range field.NumField() {
			ok = ok || strings.HasPrefix(field.Field(i).Tag.Get("json"), r.name)
		}
		if !ok {
			t.Errorf("a policy has no %s", r.name)
		}
	}
	if n := reflect.TypeOf(p).NumField(); n != len(policyRules) {
		t.Errorf("a policy has %d parts, and %d are told", n, len(policyRules))
	}
}
