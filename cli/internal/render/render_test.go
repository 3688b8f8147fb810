package render

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/safe"
	"localchat/node"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the difference before you commit it")

// TestRenderEveryEvent compares the line for every event with testdata/events.golden: type, then the line.
func TestRenderEveryEvent(t *testing.T) {
	t.Setenv("TZ", "UTC")
	r := View{Keys: true}
	var b strings.Builder
	for _, body := range clitest.Events() {
		for _, line := range append(r.Lines(node.Event{Room: clitest.LabID, RoomName: "lab", Body: body}), "")[:1] {
			if strings.ContainsFunc(string(line), safe.Forbidden) {
				t.Errorf("%s: the line %q holds characters that no terminal may get", body.Type(), line)
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
	said := node.Event{Time: at.Add(time.Hour), Room: clitest.LabID, RoomName: "lab", Body: node.Message{Peer: clitest.DaveID, Nick: "dave", Text: "hi", At: at}}
	for _, c := range []struct {
		r    View
		want string
	}{
		{View{}, "<dave> hi"},
		{View{Clock: true}, "14:05 <dave> hi"},
		{View{Clock: true, Room: clitest.LabID.String()}, "14:05 <dave> hi"},
		{View{Clock: true, Room: clitest.DenID.String()}, "14:05 [lab] <dave> hi"},
	} {
		if got := c.r.Lines(said); len(got) != 1 || string(got[0]) != c.want {
			t.Errorf("%+v: %q, want %q", c.r, got, c.want)
		}
	}
}

// TestThreeEndings: a lost network, a kick and a refusal never look alike.
func TestThreeEndings(t *testing.T) {
	seen := map[string]string{}
	for _, body := range []node.EventBody{node.OwnerUnreachable{ForS: 40}, node.Removed{Kind: "kicked", ByNick: "alice"}, node.Refused{}} {
		line := View{}.Lines(node.Event{Room: clitest.LabID, RoomName: "lab", Body: body})[0]
		start := strings.Join(strings.Fields(string(line))[:4], " ")
		if other, ok := seen[start]; ok {
			t.Errorf("%s and %s both begin %q", body.Type(), other, start)
		}
		seen[start] = body.Type()
	}
}

func TestRoomTable(t *testing.T) {
	lines := Rooms([]node.RoomInfo{
		{Name: "lab", Access: "knock", Members: 5, Words: "amber kiwi", Mine: true, In: true},
		{Name: "reading\x1b[31m", Access: "invite", Members: 1, Words: "robot", Subject: "the\nbuild", In: true},
		{Name: "x", Access: "open", Words: "orbit"},
		{Name: "y", Access: "open", Words: "orbit", Verified: true, Subject: "tea"},
		{Name: "z", Access: "open", Words: "orbit", Change: &node.KeyChange{}},
		{ID: clitest.DenID, Name: "la\u2800b", Access: "open", Words: "orbit"},
		{ID: clitest.DenID, Name: "la\U0001D159b", Access: "open", Words: "orbit"},
		{ID: clitest.DenID, Name: "la\u2060b", Access: "open", Words: "orbit"},
	})
	id := clitest.DenID.String()
	end := id[len(id)-8:]
	want := []string{
		"lab               knock      5 members; yours; owner's words: amber kiwi",
		"reading~aaaaaaaa  by invite  1 member; you are in it; owner's words: robot; the ⏎ build",
		"x                 open       members hidden; owner's words: orbit",
		"y                 open       members hidden; ✓ verified owner; owner's words: orbit; tea",
		"z                 open       members hidden; ! not the owner you know; owner's words: orbit",
		"la\u2800b~" + end + "     open       members hidden; owner's words: orbit",
		"lab~" + end + "      open       members hidden; owner's words: orbit",
		"lab~" + end + "      open       members hidden; owner's words: orbit",
	}
	for i, line := range lines {
		if string(line) != want[i] {
			t.Errorf("%q, want %q", line, want[i])
		}
	}
}

func BenchmarkRender(b *testing.B) {
	r := View{Clock: true, Room: clitest.LabID.String()}
	ev := node.Event{Time: time.Now(), Room: clitest.LabID, RoomName: "lab", Body: node.Message{Peer: clitest.DaveID, Nick: "dave", Text: "morning. the build box is at 192.168.1.40", At: time.Now()}}
	b.ReportAllocs()
	for b.Loop() {
		r.Lines(ev)
	}
}

// TestAPolicyInWords: a policy is shown in plain words.
func TestAPolicyInWords(t *testing.T) {
	p := node.PolicyInfo{Access: "knock", IdleS: 6 * 3600, RetainS: 24 * 3600, History: "since-join", SlowS: 5}
	got := ""
	for _, l := range Policy("lab", p) {
		got += string(l) + "\n"
	}
	want := `the policy of lab:
  the subject: none
  who may join: people whom the owner accepts, and people with an invite
  how long lines are kept: 1 day
  what new members see: lines said since they joined
  when the room closes by itself: after 6 hours without a line
  who may talk: everybody in the room
  how often a member may say something: one line every 5 seconds, except for the owner and the deputies
  who may invite: the owner
  who sees why a member was removed: everybody in the room
`
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	for s, want := range map[int64]safe.Text{
		1: "1 second", 600: "10 minutes", 90: "1 minute 30 seconds", 3600: "1 hour", 26 * 3600: "1 day 2 hours", 14 * 86400: "2 weeks", 0: "0 seconds",
	} {
		if got := Seconds(s); got != want {
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
		t.Errorf("a policy has %d parts, and %d are shown", n, len(policyRules))
	}
}
